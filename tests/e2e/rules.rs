//! Rules of the user's own, live and replayed.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Output;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore_e2e::Driftd;
use driftcore_e2e::poll;
use driftcore_e2e::workspace_root;
use rustix::process::Signal;
use serde_json::Value;

use crate::Case;
use crate::code::drop_at;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("users_rule_fires_with_its_output_and_fields", users_rule),
    ("rules_of_the_original_design_cry_over_drift_and_not_over_chmod", original_design),
    ("falcos_own_rule_cries_over_drift_and_not_over_chmod", falcos_rule),
    ("terminal_shells_and_package_managers_fire_and_scripts_do_not", guests),
    ("falcos_rules_about_files_see_a_container_write", falco_files),
    ("shipped_rules_about_files_fire_once_they_are_on", shipped_files),
    ("rules_about_files_that_come_with_a_reload_are_fed", files_after_reload),
    ("reload_under_load_loses_and_doubles_nothing", reload),
    ("bad_rules_end_with_status_2_and_show_the_place", bad_rules),
    ("rules_check_list_and_fields_say_what_they_should", commands),
    ("replay_of_recorded_events_gives_the_same_alerts", replay),
];

/// Writes a rule file into a directory of its own.
fn rule_file(world: &World, name: &str, text: &str) -> Result<PathBuf> {
    let directory = world.directory(name);
    fs::create_dir_all(&directory)?;
    let path = directory.join(format!("{name}.yaml"));
    fs::write(&path, text)?;
    Ok(path)
}

/// A `driftd run` with these rule files.
fn run_with(world: &World, rules: &[&Path], default: bool, name: &str) -> Result<Driftd> {
    let mut options = world.options.clone();
    for path in rules {
        options = options.argument("--rules").argument(path);
    }
    if !default {
        options = options.argument("--no-default-rules");
    }
    Driftd::start(&options, &world.directory(name))
}

/// The alert about the exec that carries `mark`.
fn alert(driftd: &Driftd, rule: &str, mark: &str) -> Result<Value> {
    let about = |alert: &Value| {
        let cmdline = alert["drift"]["process"]["cmdline"].as_array();
        alert["rule"] == rule
            && cmdline.is_some_and(|cmdline| cmdline.iter().any(|argument| argument == mark))
    };
    Ok(driftd.alert(about).with_context(|| format!("of {rule:?} about {mark}"))?.0)
}

/// Whether any alert is about the exec that carries `mark`.
fn is_silent(driftd: &Driftd, mark: &str) -> bool {
    driftd.alerts().iter().all(|(alert, _)| {
        let cmdline = alert["drift"]["process"]["cmdline"].as_array();
        cmdline.is_none_or(|cmdline| cmdline.iter().all(|argument| argument != mark))
    })
}

fn users_rule(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let rules = rule_file(
        world,
        "users-rule",
        "- list: tools
  items: [p1, p3]
- macro: spawned
  condition: (evt.type in (execve, execveat))
- rule: Tool by a Shell
  desc: d
  condition: >
    spawned and container.id != host and proc.name in (tools) and proc.pname = sh
    and proc.aname[2] exists and proc.args startswith 'mark-' and proc.exepath glob '/opt/p?'
  output: >
    tool=%proc.name %proc.args parent=%proc.pname[1]
    image=%container.image.repository none=%fd.name pid=%proc.vpid
  priority: NOTICE
  tags: [b, a]
",
    )?;
    let driftd = run_with(world, &[&rules], true, "users-rule-run")?;
    let (hit, miss) = (world.mark("users"), world.mark("users"));
    container.sh(&format!("/opt/p2 {miss}; /opt/p3 {hit}; true"))?;
    let alert = alert(&driftd, "Tool by a Shell", &hit)?;
    ensure!(alert["priority"] == "Notice" && alert["source"] == "syscall", "{alert}");
    ensure!(alert["tags"] == serde_json::json!(["a", "b"]), "{alert}");
    let fields = &alert["output_fields"];
    let repository = world.image.reference.split(':').next().unwrap_or_default();
    for (name, value) in [
        ("proc.name", "p3"),
        ("proc.args", hit.as_str()),
        ("proc.pname", "sh"),
        ("container.image.repository", repository),
        ("container.id", &container.id[..12]),
        ("container.name", &container.name),
    ] {
        ensure!(fields[name] == value, "{name} is not {value}: {fields}");
    }
    ensure!(fields["fd.name"].is_null() && fields["evt.time"].is_i64(), "{fields}");
    let pid = &alert["drift"]["process"]["container_pid"];
    ensure!(fields["proc.vpid"] == *pid && pid.is_i64(), "{alert}");
    let output = alert["output"].as_str().context("no output")?;
    let expected =
        format!("Notice tool=p3 {hit} parent=sh[1] image={repository} none=<NA> pid={pid}");
    ensure!(output.contains(&expected), "{output:?} lacks {expected:?}");
    ensure!(output.contains(&format!("container_name={}", container.name)), "{output:?}");
    ensure!(is_silent(&driftd, &miss), "a rule fired for what it is not about");
    Ok(())
}

/// A dropped program, an image file that was only chmod-ed, and an image file: marks of their runs.
fn deeds(world: &World, container: &driftcore_e2e::DockerContainer) -> Result<[String; 3]> {
    let marks = [world.mark("dropped"), world.mark("chmod"), world.mark("image")];
    let [dropped, chmod, image] = &marks;
    container.sh(&format!(
        "{}; /tmp/x {dropped}; chmod 711 /opt/p2; /opt/p2 {chmod}; /opt/p3 {image}; true",
        drop_at("/tmp/x")
    ))?;
    Ok(marks)
}

fn original_design(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let examples = workspace_root().join("rules/examples");
    let driftd = run_with(world, &[&examples], true, "original")?;
    // The shipped rule comes first and would be the only one to fire.
    let first = world.mark("first");
    container.sh(&format!("{}; /tmp/y {first}; true", drop_at("/tmp/y")))?;
    alert(&driftd, "New Binary Executed in Container", &first)?;
    drop(driftd);

    let directory = world.directory("original-all");
    fs::create_dir_all(&directory)?;
    let config = directory.join("driftd.toml");
    fs::write(&config, "[rules]\nmatching = \"all\"\n")?;
    let options = world.options.clone();
    let options = options.argument("--rules").argument(&examples);
    let options = options.argument("--config").argument(&config);
    let driftd = Driftd::start(&options, &directory.join("run"))?;
    let [dropped, chmod, image] = deeds(world, &container)?;
    let rule = "Drift Detected (Container Image Modified Binary)";
    let alert = alert(&driftd, rule, &dropped)?;
    ensure!(alert["output_fields"]["proc.exepath"] == "/tmp/x", "{alert}");
    for mark in [chmod, image] {
        driftd.event(|event| crate::world::carries(event, &mark))?;
        ensure!(is_silent(&driftd, &mark), "a rule fired for {mark}");
    }
    Ok(())
}

fn falcos_rule(world: &World) -> Result<()> {
    let _turn = world.shared();
    let file = workspace_root().join("../shared/falco-rules/falco_rules.yaml");
    if !file.is_file() {
        eprintln!("{} is not here: Falco's own rules are not tried live", file.display());
        return Ok(());
    }
    let container = world.start(&[])?;
    let driftd = run_with(world, &[&file], false, "falco")?;
    let [dropped, chmod, image] = deeds(world, &container)?;
    let alert = alert(&driftd, "Drop and execute new binary in container", &dropped)?;
    ensure!(alert["priority"] == "Critical", "{alert}");
    for mark in [chmod, image] {
        driftd.event(|event| crate::world::carries(event, &mark))?;
        ensure!(is_silent(&driftd, &mark), "a rule fired for {mark}");
    }
    Ok(())
}

/// As Falco's own files have them: the macros for opens, and a rule that is made of them.
const FALCO_FILES: &str = "
- macro: open_write
  condition: (evt.type in (open,openat,openat2) and evt.is_open_write=true and fd.typechar='f' and fd.num>=0)
- macro: container
  condition: (container.id != host)
- list: log_directories
  items: [/var/log, /dev/log]
- macro: access_log_files
  condition: (fd.directory in (log_directories))
- rule: Clear Logs
  desc: d
  condition: open_write and access_log_files and evt.arg.flags contains O_TRUNC and container
  output: Log files were tampered | file=%fd.name evt_type=%evt.type flags=%evt.arg.flags command=%proc.cmdline
  priority: WARNING
- rule: Links over Files
  desc: d
  condition: (evt.type in (symlink, symlinkat) and evt.arg.target in (/etc/shadow) and container)
  output: Symlinks created | target=%evt.arg.target linkpath=%evt.arg.linkpath
  priority: WARNING
- rule: Setuid
  desc: d
  condition: >
    (evt.type in (chmod, fchmod, fchmodat) and evt.arg.mode contains S_ISUID and evt.failed=false and container)
  output: fd=%evt.arg.fd filename=%evt.arg.filename mode=%evt.arg.mode
  priority: NOTICE
";

/// A `driftd run` that is asked for nothing but what the rules speak of.
fn run_unasked(world: &World, rules: &Path, default: bool, name: &str) -> Result<Driftd> {
    let mut options = world.options.clone().alerts_only().argument("--rules").argument(rules);
    if !default {
        options = options.argument("--no-default-rules");
    }
    Driftd::start(&options, &world.directory(name))
}

/// The alert of a rule about a file.
fn alert_about(driftd: &Driftd, rule: &str, path: &str) -> Result<Value> {
    let about = |alert: &Value| alert["rule"] == rule && alert["drift"]["file"]["path"] == path;
    Ok(driftd.alert(about).with_context(|| format!("of {rule:?} about {path}"))?.0)
}

fn falco_files(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let rules = rule_file(world, "falco-files", FALCO_FILES)?;
    let driftd = run_unasked(world, &rules, false, "falco-files-run")?;
    let mark = world.mark("log");
    let log = format!("/var/log/{mark}");
    container.sh(&format!(
        "mkdir -p /var/log; echo 1 >> {log}.appended; cat {log}.appended; echo 1 > {log}; \
         ln -s /etc/motd /tmp/{mark}.motd; ln -s /etc/shadow /tmp/{mark}; \
         chmod 0755 {log}; chmod 4755 {log}"
    ))?;
    let cleared = alert_about(&driftd, "Clear Logs", &log)?;
    let fields = &cleared["output_fields"];
    ensure!(fields["fd.name"] == log.as_str(), "{cleared}");
    let flags = fields["evt.arg.flags"].as_str().unwrap_or_default();
    ensure!(flags.contains("O_TRUNC|O_CREAT|O_WRONLY"), "{cleared}");
    let setuid = alert_about(&driftd, "Setuid", &log)?;
    let mode = setuid["output_fields"]["evt.arg.mode"].as_str().unwrap_or_default();
    ensure!(mode.ends_with("|S_ISUID"), "{setuid}");
    let linked = alert_about(&driftd, "Links over Files", &format!("/tmp/{mark}"))?;
    ensure!(linked["output_fields"]["evt.arg.target"] == "/etc/shadow", "{linked}");
    let about =
        driftd.alerts().iter().filter(|(alert, _)| alert.to_string().contains(&mark)).count();
    ensure!(about == 3, "{about} alerts: {:?}", driftd.alerts());
    Ok(())
}

fn shipped_files(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let on = workspace_root().join("testdata/rules/files_on.yaml");
    let driftd = run_unasked(world, &on, true, "shipped-files")?;
    let mark = world.mark("files");
    container.sh(&format!(
        "mkdir -p /etc/cron.d /root/.ssh /usr/local/bin /var/log; : > /tmp/{mark}; chmod 4711 /tmp/{mark}; \
         echo x > /etc/cron.d/{mark}; echo x >> /root/.ssh/authorized_keys; \
         cp /opt/payload /usr/local/bin/{mark}; cat /etc/cron.d/{mark}; echo x > /opt/{mark}; \
         echo x > /var/log/{mark}; rm /var/log/{mark}"
    ))?;
    for (rule, path) in [
        ("Setuid Bit or File Capability Set in Container", format!("/tmp/{mark}")),
        ("Scheduled Task or Service Written in Container", format!("/etc/cron.d/{mark}")),
        ("SSH Keys Written in Container", "/root/.ssh/authorized_keys".to_owned()),
        ("Binary Directory Written in Container", format!("/usr/local/bin/{mark}")),
        ("Log File Cleared in Container", format!("/var/log/{mark}")),
    ] {
        alert_about(&driftd, rule, &path)?;
    }
    let path = format!("/opt/{mark}");
    let about = |(alert, _): &(Value, _)| alert["drift"]["file"]["path"] == path.as_str();
    ensure!(!driftd.alerts().iter().any(about), "a rule fired for {path}");
    Ok(())
}

fn files_after_reload(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let rules = rule_file(world, "files-reload", "- list: nothing\n  items: []\n")?;
    let driftd = run_unasked(world, &rules, false, "files-reload-run")?;
    let mark = world.mark("reload");
    container.sh(&format!("mkdir -p /var/log; echo 1 > /var/log/{mark}.before"))?;
    fs::write(&rules, FALCO_FILES)?;
    driftd.signal(Signal::HUP)?;
    let done = poll(Duration::from_secs(15), || {
        driftd.stderr().contains("were loaded again").then_some(())
    });
    ensure!(done.is_some(), "the reload was not done: {}", driftd.stderr());
    container.sh(&format!("echo 1 > /var/log/{mark}"))?;
    alert_about(&driftd, "Clear Logs", &format!("/var/log/{mark}"))?;
    ensure!(!driftd.alerts().iter().any(|(alert, _)| alert.to_string().contains(".before")));
    Ok(())
}

fn guests(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let driftd = run_with(world, &[], true, "guests")?;
    let [shell, script, manager, fence] =
        ["shell", "script", "manager", "fence"].map(|what| world.mark(what));
    // `docker exec --tty` gives the shell a terminal; the one of a script has none.
    let mut exec = world.lab.docker().command();
    let status = exec
        .args(["exec", "--tty", &container.id, "/bin/sh", "-c", &format!(": {shell}")])
        .stdin(Stdio::null())
        .output()?
        .status;
    ensure!(status.success(), "the shell ended with {status}");
    container.sh(&format!(": {script}"))?;
    container.sh(&format!(
        "ln -s /opt/p3 /tmp/apk; /tmp/apk {manager}; {}; /tmp/x {fence}; true",
        drop_at("/tmp/x")
    ))?;
    alert(&driftd, "New Binary Executed in Container", &fence)?;
    let about = |mark: &str| {
        driftd
            .alerts()
            .iter()
            .filter(|(alert, _)| alert["drift"]["process"]["cmdline"].to_string().contains(mark))
            .map(|(alert, _)| alert["rule"].as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    ensure!(about(&shell) == ["Terminal Shell in Container"], "{:?}", about(&shell));
    ensure!(about(&script).is_empty(), "{:?}", about(&script));
    ensure!(about(&manager) == ["Package Manager in Container"], "{:?}", about(&manager));
    Ok(())
}

/// A rule for every exec of /opt/p3, under another name with each reload.
fn generation(number: usize) -> String {
    format!(
        "- rule: Generation {number}
  desc: d
  condition: evt.type = execve and proc.exepath = /opt/p3
  output: generation {number} of %proc.args
  priority: DEBUG
"
    )
}

fn reload(world: &World) -> Result<()> {
    const EXECS: usize = 4_000;
    const RELOADS: usize = 8;
    let _turn = world.alone();
    let container = world.start(&[])?;
    let rules = rule_file(world, "reload", &generation(0))?;
    let driftd = run_with(world, &[&rules], false, "reload-run")?;
    let mark = world.mark("reload");
    std::thread::scope(|scope| {
        let storm =
            scope.spawn(|| container.sh(&format!("/opt/attack storm {EXECS} 2 {mark} /opt/p3")));
        let mut number = 0;
        while number < RELOADS || !storm.is_finished() {
            number += 1;
            std::thread::sleep(Duration::from_millis(40));
            // Every fourth is broken: the one before goes on.
            let text = if number % 4 == 0 { "- rule: [".to_owned() } else { generation(number) };
            fs::write(&rules, text)?;
            driftd.signal(Signal::HUP)?;
            let done = poll(Duration::from_secs(15), || {
                let said = driftd.stderr();
                let lines = said.lines().filter(|line| line.starts_with("driftd: "));
                (lines.filter(|line| line.contains("rules")).count() >= number).then_some(())
            });
            ensure!(done.is_some(), "reload {number} was not done: {}", driftd.stderr());
        }
        storm.join().map_err(|_| anyhow::anyhow!("the storm ended by a panic"))??;
        anyhow::Ok(())
    })?;

    let numbered = |alert: &Value| {
        let cmdline = alert["drift"]["process"]["cmdline"].as_array()?;
        (cmdline.get(1)? == mark.as_str()).then(|| cmdline.get(2)?.as_str().map(str::to_owned))?
    };
    poll(Duration::from_secs(20), || {
        (driftd.alerts().iter().filter_map(|(alert, _)| numbered(alert)).count() >= EXECS)
            .then_some(())
    });
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut generations: BTreeMap<String, usize> = BTreeMap::new();
    for (alert, _) in driftd.alerts() {
        let Some(number) = numbered(&alert) else { continue };
        *seen.entry(number).or_default() += 1;
        let rule = alert["rule"].as_str().context("no rule")?.to_owned();
        // Name and output are of one set.
        let output = alert["output"].as_str().context("no output")?;
        ensure!(output.contains(&rule.to_lowercase()), "{rule} printed {output}");
        *generations.entry(rule).or_default() += 1;
    }
    ensure!(seen.len() == EXECS, "{} of {EXECS} execs made an alert", seen.len());
    ensure!(seen.values().all(|&count| count == 1), "an exec made several alerts");
    ensure!(generations.len() > 1, "no reload fell into the storm: {generations:?}");
    ensure!(!generations.contains_key("Generation 4"), "broken rules were taken");
    let said = driftd.stderr();
    ensure!(said.contains("the rules stay as they are"), "nothing said of bad rules: {said}");
    Ok(())
}

fn bad_rules(world: &World) -> Result<()> {
    let _turn = world.shared();
    let bad = "- rule: R
  desc: d
  condition: evt.type = execve and proc.nmae = bash
  output: o
  priority: DEBUG
";
    let rules = rule_file(world, "bad-rules", bad)?;
    let mut driftd = world.options.command("run");
    let output = driftd.arg("--rules").arg(&rules).output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.code() == Some(2), "ended with {}: {said}", output.status);
    for part in ["unknown-field", ":3:36", "proc.name", "^^^^^^^^^"] {
        ensure!(said.contains(part), "no {part:?} in:\n{said}");
    }
    Ok(())
}

fn driftd(world: &World, arguments: &[&str]) -> Result<Output> {
    let (command, arguments) = arguments.split_first().context("no command")?;
    Ok(world.options.plain(command).args(arguments).stdin(Stdio::null()).output()?)
}

fn commands(world: &World) -> Result<()> {
    let _turn = world.shared();
    let shipped = workspace_root().join("rules/drift.yaml");
    let shipped = shipped.to_str().context("a path that is no UTF-8")?;
    let good = driftd(world, &["rules", "check", shipped])?;
    ensure!(good.status.code() == Some(0), "{good:?}");

    let bad = rule_file(world, "check", "- rule: R\n  condition: a.b = 1\n  frobs: 1\n")?;
    let bad = bad.to_str().context("a path that is no UTF-8")?;
    let bad = driftd(world, &["rules", "check", "--format", "json", bad])?;
    ensure!(bad.status.code() == Some(2), "{bad:?}");
    let lines = String::from_utf8(bad.stdout)?;
    for line in lines.lines() {
        let diagnostic: Value = serde_json::from_str(line)?;
        ensure!(diagnostic["line"].is_u64() && diagnostic["code"].is_string(), "{line}");
    }
    ensure!(lines.lines().count() >= 2, "one error of several:\n{lines}");

    let list = driftd(world, &["rules", "list", "--format", "json"])?;
    let list: Value = serde_json::from_slice(&list.stdout)?;
    let rules = list["rules"].as_array().context("no rules")?;
    let of = |status: &str, hooks: Value| {
        let is_so = |rule: &&Value| rule["status"] == status && rule["hooks"] == hooks;
        rules.iter().filter(is_so).count()
    };
    ensure!(of("active", serde_json::json!(["exec"])) == 18, "{list}");
    ensure!(of("active", serde_json::json!(["file calls"])) == 3, "{list}");
    ensure!(of("disabled", serde_json::json!(["file calls"])) == 11, "{list}");
    let shipped = driftcore::rules::SHIPPED_RULES.matches("\n- rule: ").count();
    ensure!(rules.len() == shipped, "{} of {shipped} shipped rules", rules.len());

    for format in ["text", "json", "markdown"] {
        let fields = driftd(world, &["rules", "fields", "--format", format])?;
        let text = String::from_utf8(fields.stdout)?;
        ensure!(text.contains("drift.verdict") && text.contains("proc.aname"), "{format}");
    }
    let none = driftd(world, &["rules", "check", "/no/such/rules.yaml"])?;
    let said = String::from_utf8_lossy(&none.stderr).into_owned();
    ensure!(none.status.code() == Some(2) && said.contains("/no/such/rules.yaml"), "{said}");
    Ok(())
}

fn replay(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    let driftd = run_with(world, &[], true, "replay-run")?;
    let marks = deeds(world, &container)?;
    alert(&driftd, "New Binary Executed in Container", &marks[0])?;
    driftd.event(|event| crate::world::carries(event, &marks[2]))?;
    let ended = driftd.end(Signal::TERM)?;

    let recorded: Vec<String> =
        ended.all.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    let shipped = workspace_root().join("rules/drift.yaml");
    let mut replay = world.options.plain("replay");
    let mut child = replay
        .args(["--output", "json", "--rules"])
        .arg(&shipped)
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().context("no stdin")?;
    let text = recorded.join("\n");
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output()?;
    writer.join().map_err(|_| anyhow::anyhow!("the writer ended by a panic"))??;
    ensure!(output.status.code() == Some(1), "a rule fired, but {}", output.status);
    let key = |alert: &Value| (alert["rule"].clone(), alert["time"].clone());
    let again: Vec<Value> = String::from_utf8(output.stdout)?
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    let live: Vec<_> = ended.alerts.iter().map(key).collect();
    let again: Vec<_> = again.iter().map(key).collect();
    ensure!(live == again, "live {live:?}, replayed {again:?}");
    ensure!(!live.is_empty(), "no alert at all");
    Ok(())
}
