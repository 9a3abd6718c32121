//! Names of users and groups by the container's own files, and how the container is set up.

use std::fs;
use std::process::Command;

use anyhow::Result;
use anyhow::ensure;
use driftcore_e2e::DockerContainer;
use driftcore_e2e::Driftd;
use driftcore_e2e::bind;
use serde_json::Value;

use crate::Case;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("account_names_are_the_containers_own", names),
    ("account_files_that_are_links_never_lead_to_the_hosts", links),
    ("alerts_tell_how_the_container_is_set_up", details),
];

const RULES: &str = r#"
- rule: Marked program
  desc: A program with a mark among its arguments, by somebody who is not root
  condition: >
    evt.type = execve and proc.args contains mark-accounts and user.name != root
  output: >
    %user.name %user.homedir %user.shell %group.name %container.privileged %container.host_pid
    %container.host_network %container.mounts %container.mount.dest[/*accounts-data*]
  priority: NOTICE
"#;

/// A `driftd` with the rule alone.
fn start(world: &World) -> Result<Driftd> {
    let directory = world.directory("accounts");
    fs::create_dir_all(&directory)?;
    let rules = directory.join("rules.yaml");
    fs::write(&rules, RULES)?;
    let options = world.options.clone().argument("--no-default-rules");
    let options = options.argument("--rules").argument(rules).alerts_only();
    Driftd::start(&options, &directory)
}

/// What the alert says of a program that a user runs in a container.
fn run(
    world: &World,
    driftd: &Driftd,
    container: &DockerContainer,
    user: &str,
) -> Result<serde_json::Map<String, Value>> {
    let mark = world.mark("accounts");
    let mut command: Command = container.docker().command();
    command.args(["exec", "--user", user, &container.id, "/opt/payload", &mark]);
    let output = command.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let is_it = |alert: &Value| alert["drift"]["process"]["cmdline"][1] == mark.as_str();
    let (alert, _) = driftd.alert(is_it)?;
    alert["output_fields"].as_object().cloned().ok_or_else(|| anyhow::anyhow!("alert {alert}"))
}

fn names(world: &World) -> Result<()> {
    let _turn = world.shared();
    let container = world.start(&[])?;
    container.sh(
        "printf 'root:x:0:0::/root:/bin/sh\nbob:x:4711:4712:Bob:/home/bob:/bin/ash\n' > /etc/passwd; \
         printf 'root:x:0:\nstaff:x:4712:\n' > /etc/group",
    )?;
    let driftd = start(world)?;
    let fields = run(world, &driftd, &container, "4711:4712")?;
    ensure!(fields["user.name"] == "bob", "fields {fields:?}");
    ensure!(fields["user.homedir"] == "/home/bob", "fields {fields:?}");
    ensure!(fields["user.shell"] == "/bin/ash", "fields {fields:?}");
    ensure!(fields["group.name"] == "staff", "fields {fields:?}");
    // One that nobody knows has a text all the same; a change is seen.
    let fields = run(world, &driftd, &container, "815:816")?;
    ensure!(fields["user.name"] == "<NA>", "fields {fields:?}");
    ensure!(fields["group.name"] == "<NA>", "fields {fields:?}");
    container.sh("echo 'eve:x:815:816::/:/bin/sh' >> /etc/passwd")?;
    std::thread::sleep(std::time::Duration::from_millis(200));
    let fields = run(world, &driftd, &container, "815:816")?;
    ensure!(fields["user.name"] == "eve", "fields {fields:?}");
    Ok(())
}

fn links(world: &World) -> Result<()> {
    let _turn = world.shared();
    // A user that the host knows and the image does not.
    let host = fs::read_to_string("/etc/passwd")?;
    let known = host.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, uid) = (fields.next()?, fields.nth(1)?);
        (uid != "0" && name != "root").then(|| (name.to_owned(), uid.to_owned()))
    });
    let Some((name, uid)) = known else { return Ok(()) };
    let container = world.start(&["--volume=/etc:/host-etc:ro"])?;
    let driftd = start(world)?;
    for target in
        ["/host-etc/passwd", "../../../../../../../../etc/passwd.host", "/proc/1/root/etc/passwd"]
    {
        container.sh(&format!("rm -f /etc/passwd; ln -s {target} /etc/passwd"))?;
        std::thread::sleep(std::time::Duration::from_millis(200));
        let fields = run(world, &driftd, &container, &format!("{uid}:{uid}"))?;
        ensure!(fields["user.name"] == "<NA>", "{target}: {name} shows in {fields:?}");
    }
    // An absolute link resolves in the container, where its target may exist.
    container.sh(&format!(
        "echo 'own:x:{uid}:{uid}::/:/bin/sh' > /etc/accounts; ln -sf /etc/accounts /etc/passwd"
    ))?;
    std::thread::sleep(std::time::Duration::from_millis(200));
    let fields = run(world, &driftd, &container, &format!("{uid}:{uid}"))?;
    ensure!(fields["user.name"] == "own", "fields {fields:?}");
    Ok(())
}

fn details(world: &World) -> Result<()> {
    let _turn = world.shared();
    let data = world.directory("accounts-data");
    fs::create_dir_all(&data)?;
    let volume = bind(&data, "/data:ro");
    let container = world.start(&["--pid=host", &volume])?;
    let plain = world.start(&[])?;
    let driftd = start(world)?;
    let fields = run(world, &driftd, &container, "4711:4712")?;
    ensure!(fields["container.privileged"] == false, "fields {fields:?}");
    ensure!(fields["container.host_pid"] == true, "fields {fields:?}");
    ensure!(fields["container.host_network"] == false, "fields {fields:?}");
    let mount = format!("{}:/data:ro:false:rprivate", data.display());
    ensure!(fields["container.mounts"] == mount.as_str(), "fields {fields:?}, expected {mount}");
    ensure!(fields["container.mount.dest[/*accounts-data*]"] == "/data", "fields {fields:?}");
    let fields = run(world, &driftd, &plain, "4711:4712")?;
    ensure!(fields["container.privileged"] == false, "fields {fields:?}");
    ensure!(fields["container.host_pid"] == false, "fields {fields:?}");
    ensure!(fields["container.mounts"] == "", "fields {fields:?}");
    // A machine that is itself confined cannot have one.
    match world.start(&["--privileged"]) {
        Ok(privileged) => {
            let fields = run(world, &driftd, &privileged, "4711:4712")?;
            ensure!(fields["container.privileged"] == true, "fields {fields:?}");
        }
        Err(error) => eprintln!("no privileged container here: {error}"),
    }
    Ok(())
}
