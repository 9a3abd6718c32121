//! Calls on other things than files.

use std::process::Command;

use driftcore::decode::decode;
use driftcore::event::Call;
use driftcore::event::Event;
use driftcore::fields::EventType;
use driftcore::fields::EventTypes;
use driftcore::sensor::Batch;
use driftcore::sensor::Wanted;
use driftcore::wire::RawEvent;

use super::Lab;

/// What `calls.h` does, in order: the call, what it returned, and what tells it from others.
const CALLS: &[&str] = &[
    "ptrace 0 args=0,0,0",
    "memfd_create 3 args=*,1 text=hidden",
    "unshare 0 args=67108864",
    "setns 0 args=3,67108864",
    "mount 0 args=*,*,*,2 text=source text=inside text=tmpfs",
    "umount2 0 args=*,2 text=inside",
    "chroot 0 args=* text=inside",
    "capset 0 sets=0,3,1",
    "setresuid 0 args=7,8,9",
    "setuid 0 args=1234",
    "kill 0 args=*,0",
    "bpf - args=5",
    "socket 3 args=17,3,0",
    "socket 3 args=2,2,0",
    "socket 4 args=2,2,0",
    "dup2 0 args=4,0 socket=127.0.0.1:*->127.0.0.1:* of 17",
    "init_module - args=0,4 text=words",
];

const CHILDREN: usize = 15;

fn line(call: &Call<'_>) -> String {
    let name = EventType::of_call(call.number).expect("a call").name();
    // What depends on the machine: addresses, process ids, why it was refused.
    let shown = |number: u64| match number {
        20_000.. if number != 67_108_864 => "*".to_owned(),
        _ => number.to_string(),
    };
    let result = if call.result < 0 { "-".to_owned() } else { call.result.to_string() };
    let mut out = format!("{name} {result}");
    if name == "capset" {
        let [.., inheritable, permitted, effective] = call.args;
        return format!("{out} sets={inheritable},{permitted},{effective}");
    }
    let count = match name {
        "chroot" | "setuid" | "bpf" | "unshare" => 1,
        "setresuid" | "socket" | "ptrace" => 3,
        "mount" => 4,
        _ => 2,
    };
    let own_pid = u64::from(call.actor.container_pid);
    let args = call.args.iter().take(count).map(|&number| match name {
        "kill" if number == own_pid => "*".to_owned(),
        _ => shown(number),
    });
    out.push_str(&format!(" args={}", args.collect::<Vec<_>>().join(",")));
    for (text, cut) in call.texts {
        assert!(!cut, "{call:?}");
        if !text.is_empty() {
            out.push_str(&format!(" text={}", text.escape_ascii()));
        }
    }
    if let Some(socket) = call.socket {
        assert!(socket.local.port != 0 && socket.remote.port != 0, "{socket:?}");
        let (local, remote) = (socket.local.ip.unwrap(), socket.remote.ip.unwrap());
        out.push_str(&format!(" socket={local}:*->{remote}:* of {}", socket.protocol));
    }
    out
}

#[test]
fn calls_that_are_asked_for_are_seen_as_they_are() {
    let all = EventTypes::CALLS.iter().filter_map(EventType::call_number);
    let wanted = all.fold(Wanted::NOTHING, Wanted::with_call);
    let Some(mut lab) = Lab::new(&wanted) else { return };
    for (place, expected) in [("box", CALLS), ("host", &[][..])] {
        let directory = lab.scratch(&format!("calls-{place}"));
        let mut child =
            Command::new(&lab.program).arg(place).arg(&directory).arg("calls").spawn().unwrap();
        let pid = child.id();
        assert!(child.wait().unwrap().success(), "{place}");
        let mut seen = Vec::new();
        let mut batch = Batch::new();
        while lab.sensor.read(&mut batch).unwrap() || !batch.is_empty() {
            for record in batch.records() {
                if let Event::Call(call) = decode(&RawEvent::new(record).unwrap())
                    && call.actor.ppid == pid
                {
                    seen.push(line(&call));
                }
            }
        }
        // Each is made by a child, which comes to be in a call of its own.
        let (births, calls): (Vec<_>, Vec<_>) =
            seen.into_iter().partition(|line| line.starts_with("clone "));
        assert_eq!(calls, expected, "{place}");
        let children = if expected.is_empty() { 0 } else { CHILDREN };
        assert_eq!(births, vec!["clone 0 args=*,0"; children], "{place}");
    }
}
