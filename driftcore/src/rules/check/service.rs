//! Ports by the names of their services.

/// Common services, sorted. A table of our own: `/etc/services` differs from node to node, and a
/// rule must mean the same on all of them.
#[rustfmt::skip]
const SERVICES: &[(&str, u16)] = &[
    ("amqp", 5672), ("bgp", 179), ("bootpc", 68), ("bootps", 67), ("chargen", 19), ("daytime", 13),
    ("discard", 9), ("domain", 53), ("echo", 7), ("finger", 79), ("ftp", 21), ("ftp-data", 20),
    ("ftps", 990), ("git", 9418), ("gopher", 70), ("http", 80), ("http-alt", 8080), ("https", 443),
    ("imap", 143), ("imap2", 143), ("imaps", 993), ("ipp", 631), ("irc", 194), ("ircd", 6667),
    ("kerberos", 88), ("ldap", 389), ("ldaps", 636), ("mdns", 5353), ("microsoft-ds", 445),
    ("ms-sql-s", 1433), ("mysql", 3306), ("netbios-dgm", 138), ("netbios-ns", 137),
    ("netbios-ssn", 139), ("nfs", 2049), ("nntp", 119), ("ntp", 123), ("openvpn", 1194),
    ("pop3", 110), ("pop3s", 995), ("postgresql", 5432), ("radius", 1812), ("redis", 6379),
    ("rsync", 873), ("rtsp", 554), ("sip", 5060), ("sip-tls", 5061), ("smtp", 25),
    ("smtps", 465), ("snmp", 161), ("snmp-trap", 162), ("snmptrap", 162), ("socks", 1080),
    ("ssh", 22), ("submission", 587), ("submissions", 465), ("sunrpc", 111), ("syslog", 514),
    ("syslog-tls", 6514), ("telnet", 23), ("telnets", 992), ("tftp", 69), ("time", 37),
    ("whois", 43), ("x11", 6000), ("xmpp-client", 5222), ("xmpp-server", 5269),
];

/// The port of a service.
pub(super) fn port(name: &str) -> Option<u16> {
    let index = SERVICES.binary_search_by(|(known, _)| known.cmp(&name)).ok()?;
    SERVICES.get(index).map(|&(_, port)| port)
}

/// The names of all services.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    SERVICES.iter().map(|&(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_sorted_and_found() {
        assert!(SERVICES.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(port("https"), Some(443));
        assert_eq!(port("HTTPS"), None);
        assert!(names().all(|name| port(name).is_some()));
    }
}
