//! What is done with sockets, and what is to be seen of it.

use driftcore::event::DriftEvent;

/// Arguments of the program that does it, and the lines that are to be seen, in their order.
pub struct Sockets {
    /// The arguments, after a mark.
    pub deeds: &'static str,
    /// The lines, as [`portless_socket_line`] has them.
    pub lines: &'static [&'static str],
}

/// TCP sockets that listen.
pub const LISTENERS: Sockets = Sockets {
    deeds: "listen 127.0.0.1 7001 listen 0.0.0.0 7002 listen-v6 ::1 7003 listen :: 7004 read /etc/passwd",
    lines: &[
        "listen tcp 127.0.0.1:7001 ok",
        "listen tcp 0.0.0.0:7002 ok",
        "listen tcp [::1]:7003 ok",
        "listen tcp [::]:7004 ok dual",
    ],
};

/// TCP connections, made and refused.
pub const CONNECTIONS: Sockets = Sockets {
    deeds: "listen 127.0.0.1 7001 listen :: 7004 connect 127.0.0.1 7001 connect ::1 7004 \
         connect ::ffff:127.0.0.1 7001 connect 127.0.0.1 7004 refused 127.0.0.1 7009 refused ::1 7009",
    lines: &[
        "listen tcp 127.0.0.1:7001 ok",
        "listen tcp [::]:7004 ok dual",
        "connect tcp 127.0.0.1:* -> 127.0.0.1:7001 ok",
        "connect tcp [::1]:* -> [::1]:7004 ok",
        "connect tcp 127.0.0.1:* -> 127.0.0.1:7001 ok",
        "connect tcp 127.0.0.1:* -> 127.0.0.1:7004 ok",
        "connect tcp 127.0.0.1:* -> 127.0.0.1:7009 ECONNREFUSED",
        "connect tcp [::1]:* -> [::1]:7009 ECONNREFUSED",
    ],
};

/// UDP sockets that are bound, and first datagrams.
pub const DATAGRAMS: Sockets = Sockets {
    deeds: "bind 127.0.0.1 7005 bind :: 7006 bind 127.0.0.1 0 send 127.0.0.1 7005 send 127.0.0.1 7005 \
         send 127.0.0.1 7007 send 127.0.0.1 7005 read /etc/passwd reach ::1 7006 reach ::1 7006 \
         reach ::ffff:127.0.0.1 7005",
    lines: &[
        "bind udp 127.0.0.1:7005 ok",
        "bind udp [::]:7006 ok",
        "bind udp 127.0.0.1:* ok auto",
        "connect udp 0.0.0.0:* -> 127.0.0.1:7005 ok",
        "connect udp 0.0.0.0:* -> 127.0.0.1:7007 ok",
        "connect udp [::]:0 -> [::1]:7006 ok",
    ],
};

/// What an event says of a socket, in one line: what was done, protocol, ends and result.
pub fn socket_line(event: &DriftEvent) -> String {
    let local = event.network.as_ref().map(|network| network.local.to_string());
    line_with(event, &local.unwrap_or_default())
}

/// The same with `*` for a local port that the kernel chose.
pub fn portless_socket_line(event: &DriftEvent) -> String {
    let Some(network) = &event.network else { return socket_line(event) };
    let local = network.local.to_string();
    match local.rsplit_once(':') {
        Some((address, port))
            if (network.remote.is_some() || network.auto_port)
                && port.parse::<u16>().is_ok_and(|port| port > 1024) =>
        {
            line_with(event, &format!("{address}:*"))
        }
        _ => socket_line(event),
    }
}

fn line_with(event: &DriftEvent, local: &str) -> String {
    let Some(network) = &event.network else { return String::from("no network") };
    let remote = network.remote.as_ref().map(|it| format!(" -> {it}")).unwrap_or_default();
    let dual = if network.dual { " dual" } else { "" };
    let auto = if network.auto_port { " auto" } else { "" };
    format!(
        "{} {} {local}{remote} {}{dual}{auto}",
        event.action,
        network.protocol.as_str(),
        network.result
    )
}
