//! What rules may ask of a process: its place among sessions and groups, its capabilities, and
//! what it may do to its own file.

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore_e2e::Driftd;
use serde_json::Value;
use serde_json::json;

use crate::Case;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[("fields_of_a_process_have_their_exact_values", fields)];

/// Every field that the case looks at, printed by one rule.
const RULES: &str = "
- rule: fields
  desc: prints what is known of a process
  condition: evt.type in (execve, execveat) and container.id != host and proc.args contains mark-
  priority: INFO
  output: >-
    %proc.args %drift.evidence %proc.pid %proc.ppid %proc.pid.ts
    %proc.vpid %proc.pvpid %proc.sid %proc.vpgid %proc.pgid %thread.vtid
    %proc.is_sid_leader %proc.is_vpgid_leader %proc.is_pgid_leader
    %proc.sname %proc.sid.exe %proc.sid.exepath
    %proc.vpgid.name %proc.vpgid.exe %proc.vpgid.exepath
    %proc.pgid.name %proc.pgid.exe %proc.pgid.exepath
    %thread.cap_effective %thread.cap_permitted %thread.cap_inheritable
    %evt.arg.cap_permitted %evt.arg.vpgid %evt.arg.flags
    %proc.is_exe_writable %proc.pidns_init_start_ts %proc.exe_ino.ctime_duration_pidns_start
";

fn fields(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = world.lab.in_memory(&world.mark("fields"))?;
    let rules = directory.join("rules.yaml");
    std::fs::write(&rules, RULES)?;
    let options = world.options.clone().alerts_only().argument("--no-default-rules");
    let watch = Driftd::start(&options.argument("--rules").argument(&rules), &directory)?;
    let started = first_process(world, &watch)?;

    let container = world.start(&["--cap-drop=ALL", "--cap-add=CHOWN"])?;
    let leader = world.mark("leader");
    container.exec(&["/opt/payload", &leader])?;
    let seen = Seen::by(&watch, &leader)?;
    let own = seen.number("proc.vpid")?;
    ensure!(own > 1 && own < seen.number("proc.pid")?, "vpid {own}");
    for field in ["proc.sid", "proc.vpgid", "thread.vtid"] {
        seen.is(field, json!(own))?;
    }
    seen.is("proc.pgid", json!(seen.number("proc.pid")?))?;
    seen.leads(true)?.led_by("payload", "/opt/payload", "/opt/payload")?.may_chown()?;
    seen.is("evt.arg.vpgid", json!(own.to_string()))?;
    seen.is("evt.arg.flags", json!("EXE_WRITABLE|EXE_LOWER_LAYER"))?;
    seen.is("proc.is_exe_writable", json!(true))?;
    // The image's files are older than the namespace.
    seen.is("proc.exe_ino.ctime_duration_pidns_start", Value::Null)?;
    let start = seen.number("proc.pidns_init_start_ts")?;
    ensure!(start > started && start < seen.number("proc.pid.ts")?, "pid namespace since {start}");

    // One that the kernel judges at once, and one that waits for its content proof.
    let (image, touched) = (world.mark("child"), world.mark("child-touched"));
    container.sh(&format!("touch /opt/p2; /opt/p2 {touched}; /opt/payload {image}; true"))?;
    for (mark, evidence) in [(&image, "kernel"), (&touched, "content")] {
        let seen = Seen::by(&watch, mark)?;
        seen.is("drift.evidence", json!(evidence))?;
        let shell = seen.number("proc.pvpid")?;
        let own = seen.number("proc.vpid")?;
        ensure!(shell > 1 && own > shell, "vpid {own} of pvpid {shell}");
        seen.is("thread.vtid", json!(own))?;
        for field in ["proc.sid", "proc.vpgid"] {
            seen.is(field, json!(shell))?;
        }
        seen.is("proc.pgid", json!(seen.number("proc.ppid")?))?;
        seen.leads(false)?.led_by("sh", "/bin/sh", "/bin/busybox")?.may_chown()?;
        seen.is("proc.is_exe_writable", json!(true))?;
    }
    let since = Seen::by(&watch, &touched)?.number("proc.exe_ino.ctime_duration_pidns_start")?;
    ensure!(since < 600_000_000_000, "touched {since} ns after the start of the pid namespace");

    let nobody = world.mark("nobody");
    container.exec_as("1000:1000", &["/opt/payload", &nobody])?;
    let seen = Seen::by(&watch, &nobody)?;
    seen.is("proc.is_exe_writable", json!(false))?;
    seen.is("thread.cap_effective", json!(""))?;
    Ok(())
}

/// A container's first process is its pid namespace's. Returns when it started.
fn first_process(world: &World, watch: &Driftd) -> Result<i64> {
    let mark = world.mark("first");
    let _container =
        world.lab.docker().start_with(&world.image, &[], &["/opt/attack", "wait", &mark])?;
    let seen = Seen::by(watch, &format!("wait {mark}"))?;
    for field in ["proc.vpid", "thread.vtid", "proc.sid", "proc.vpgid"] {
        seen.is(field, json!(1))?;
    }
    seen.leads(true)?.led_by("attack", "/opt/attack", "/opt/attack")?;
    let started = seen.number("proc.pid.ts")?;
    seen.is("proc.pidns_init_start_ts", json!(started))?;
    Ok(started)
}

/// The fields of one exec.
struct Seen(Value);

impl Seen {
    /// Of the exec with these arguments.
    fn by(watch: &Driftd, arguments: &str) -> Result<Self> {
        let (alert, _) = watch
            .alert(|alert| alert["output_fields"]["proc.args"] == arguments)
            .with_context(|| format!("the exec with the arguments {arguments}"))?;
        Ok(Self(alert["output_fields"].clone()))
    }

    fn is(&self, field: &str, expected: Value) -> Result<()> {
        let got = self.0.get(field).with_context(|| format!("{field} was not printed"))?;
        ensure!(*got == expected, "{field} is {got}, expected {expected}: {}", self.0);
        Ok(())
    }

    fn number(&self, field: &str) -> Result<i64> {
        self.0[field].as_i64().with_context(|| format!("{field} is no number: {}", self.0))
    }

    /// Whether it leads its session and its group.
    fn leads(&self, leads: bool) -> Result<&Self> {
        for field in ["proc.is_sid_leader", "proc.is_vpgid_leader", "proc.is_pgid_leader"] {
            self.is(field, json!(leads))?;
        }
        Ok(self)
    }

    /// What the leader of its session and its group runs.
    fn led_by(&self, name: &str, exe: &str, path: &str) -> Result<&Self> {
        for field in ["proc.sname", "proc.vpgid.name", "proc.pgid.name"] {
            self.is(field, json!(name))?;
        }
        for group in ["sid", "vpgid", "pgid"] {
            self.is(&format!("proc.{group}.exe"), json!(exe))?;
            self.is(&format!("proc.{group}.exepath"), json!(path))?;
        }
        Ok(self)
    }

    /// It has the one capability that its container has.
    fn may_chown(&self) -> Result<()> {
        self.is("thread.cap_effective", json!("CAP_CHOWN"))?;
        self.is("thread.cap_permitted", json!("CAP_CHOWN"))?;
        self.is("thread.cap_inheritable", json!(""))?;
        self.is("evt.arg.cap_permitted", json!("1"))
    }
}
