//! Secrets and configuration mounts that change while `driftd run` watches, and values that nothing tells.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore::event::Action;
use driftcore::event::ConfigMark;
use driftcore::event::DriftEvent;
use driftcore::event::WriterOrigin;
use driftcore_e2e::DockerContainer;
use driftcore_e2e::Driftd;
use driftcore_e2e::bind;
use driftcore_e2e::poll;
use driftcore_e2e::workspace_root;
use serde_json::Value;

use crate::Case;
use crate::kubelet::KubeletVolume;
use crate::world::World;

pub(crate) const CASES: &[Case] = &[
    ("secrets_that_change_are_told_with_who_did_it_and_rotations_as_such", live),
    ("values_of_secrets_are_in_no_output", untold),
];

/// The events about files of one container's secrets.
fn of(watch: &Driftd, container: &DockerContainer) -> Result<Vec<DriftEvent>> {
    let mut events = watch.events()?;
    events.retain(|event| {
        event.action == Action::Secret
            && event.container.as_ref().is_some_and(|it| it.id == container.id)
    });
    Ok(events)
}

/// The first event about a file that is so.
fn found(
    watch: &Driftd,
    container: &DockerContainer,
    item: &str,
    wanted: impl Fn(&DriftEvent) -> bool,
) -> Result<DriftEvent> {
    let event = watch.event(|event| {
        event.action == Action::Secret
            && event.container.as_ref().is_some_and(|it| it.id == container.id)
            && event.config.as_ref().is_some_and(|it| it.item.as_bytes() == item.as_bytes())
            && wanted(event)
    });
    event.with_context(|| format!("{item}; there are {:#?}", of(watch, container)))
}

fn origin(event: &DriftEvent) -> Option<WriterOrigin> {
    event.config.as_ref().and_then(|item| item.origin)
}

fn mark(event: &DriftEvent) -> Option<ConfigMark> {
    event.config.as_ref().and_then(|item| item.mark)
}

fn live(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = world.directory("secrets-live");
    fs::create_dir(&directory)?;
    let config = directory.join("driftd.toml");
    // No comparison comes by itself.
    fs::write(&config, "[config]\ninterval = 3600\n")?;
    let options = world.options.clone().argument("--config").argument(&config);
    let watch = Driftd::start(&options, &directory.join("watch"))?;

    let mut creds = KubeletVolume::new(&directory, "secret", "creds")?;
    creds.write(&[("password", "one"), ("user", "web")])?;
    let mut rest = KubeletVolume::new(&directory, "configmap", "rest")?;
    rest.write(&[("app.conf", "x")])?;
    let container = world.start(&[&bind(creds.directory(), "/etc/creds")])?;
    let twin = world.start(&[&bind(rest.directory(), "/etc/rest")])?;

    // Until it is known, nothing is told: it is rotated until it is.
    let mut round = 0;
    let rotated = poll(Duration::from_secs(60), || {
        round += 1;
        creds.write(&[("password", &format!("round {round}")), ("user", "web")]).ok()?;
        poll(Duration::from_secs(2), || {
            let events = of(&watch, &container).ok()?;
            events.into_iter().find(|event| mark(event) == Some(ConfigMark::Rotation))
        })
    });
    let rotated = rotated.context("no rotation is told of")?;
    ensure!(!rotated.drift && origin(&rotated) == Some(WriterOrigin::Outside), "{rotated:#?}");
    let process = rotated.process.as_ref().context("nobody rotated it")?;
    ensure!(process.pid == std::process::id(), "{process:#?}");
    let item = rotated.config.as_ref().context("no item")?;
    ensure!(item.item.as_bytes() == b"/etc/creds/password", "{item:?}");
    for side in [&item.declared, &item.live] {
        let text = side.as_ref().context("no digest")?;
        ensure!(text.as_bytes().starts_with(b"sha256:"), "{text}");
    }

    // A write from within.
    container.sh("printf stolen >/etc/creds/password")?;
    let password = found(&watch, &container, "/etc/creds/password", |event| event.drift)?;
    ensure!(
        origin(&password) == Some(WriterOrigin::Inside) && mark(&password).is_none(),
        "{password:#?}"
    );
    let process = password.process.as_ref().context("nobody wrote it")?;
    let script = process.cmdline.iter().any(|it| it.to_string().contains("printf stolen"));
    ensure!(script, "{process:#?}");

    // The kubelet puts it right.
    creds.write(&[("password", "right"), ("user", "web")])?;
    let ended = found(&watch, &container, "/etc/creds/password", |event| event.ended)?;
    ensure!(ended.drift, "{ended:#?}");

    // A swap from within is not the kubelet's.
    container.sh("cd /etc/creds; next=..2026_11_30_20_00_00.77; mkdir $next; \
         printf right >$next/password; printf root >$next/user; \
         /bin/busybox ln -s $next ..data_tmp; /bin/busybox mv -T ..data_tmp ..data")?;
    let user = found(&watch, &container, "/etc/creds/user", |event| event.drift)?;
    ensure!(origin(&user) == Some(WriterOrigin::Inside) && mark(&user).is_none(), "{user:#?}");
    creds.write(&[("password", "right"), ("user", "web")])?;
    found(&watch, &container, "/etc/creds/user", |event| event.ended)?;

    // The host changes a file in place.
    fs::write(creds.files()?.join("user"), "admin")?;
    let user = found(&watch, &container, "/etc/creds/user", |event| {
        event.drift && origin(event) == Some(WriterOrigin::Outside)
    })?;
    let process = user.process.as_ref().context("nobody wrote it")?;
    ensure!(process.pid == std::process::id(), "{process:#?}");

    // Who enters from the host on his own is none of the container's, nor are his children; the runtime's are.
    let all = ["password", "user", "mount", "all", "exec"].map(|name| (name, "right"));
    creds.write(&all)?;
    found(&watch, &container, "/etc/creds/user", |event| {
        event.ended
            && event
                .config
                .as_ref()
                .is_some_and(|it| it.live == user.config.as_ref().and_then(|it| it.live.clone()))
    })?;
    let script = |name: &str| format!("(printf entered >/etc/creds/{name}); /bin/sleep 0");
    for option in ["mount", "all"] {
        let (pid, script) = (container.pid()?.to_string(), script(option));
        let option = format!("--{option}");
        let arguments = ["--target", &pid, &option, "/bin/busybox", "sh", "-c", &script];
        let output = Command::new("nsenter").args(arguments).output()?;
        ensure!(output.status.success(), "{output:?}");
    }
    container.sh(&script("exec"))?;
    for (name, wanted) in [
        ("mount", WriterOrigin::Outside),
        ("all", WriterOrigin::Outside),
        ("exec", WriterOrigin::Inside),
    ] {
        let event = found(&watch, &container, &format!("/etc/creds/{name}"), |event| event.drift)?;
        ensure!(origin(&event) == Some(wanted) && mark(&event).is_none(), "{event:#?}");
        let process = event.process.as_ref().context("nobody wrote it")?;
        let script = process.cmdline.iter().any(|it| it.to_string().contains("printf entered"));
        ensure!(script, "{process:#?}");
    }

    ensure!(of(&watch, &twin)?.is_empty(), "{:#?}", of(&watch, &twin));
    let drifted = of(&watch, &container)?.iter().filter(|it| it.drift && !it.ended).count();
    ensure!(drifted == 6, "{:#?}", of(&watch, &container));
    Ok(())
}

/// What no output may hold.
const VALUE: &str = "velvet-otter-4711-gravel";
/// What only command lines may.
const ARGUMENT: &str = "marble-heron-2203-thicket";

/// Takes out of JSON what shows command lines by design.
fn without_command_lines(value: &mut Value) {
    match value {
        Value::Object(members) => {
            // An alert shows what its rule asks for.
            members
                .retain(|name, _| !matches!(name.as_str(), "cmdline" | "output" | "output_fields"));
            members.values_mut().for_each(without_command_lines);
        }
        Value::Array(values) => values.iter_mut().for_each(without_command_lines),
        _ => {}
    }
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

fn untold(world: &World) -> Result<()> {
    let _turn = world.shared();
    let directory = world.directory("secrets-untold");
    fs::create_dir(&directory)?;
    let config = directory.join("driftd.toml");
    fs::write(&config, "[config]\ninterval = 1\n[files]\nmemory = true\nvolumes = true\n")?;
    let options = world.options.clone().argument("--config").argument(&config);
    let options = options.argument("--log-level").argument("trace");
    let watch = Driftd::start(&options, &directory.join("watch"))?;
    let text = Text::start(world, &config, &directory)?;
    let limits = fs::read_to_string(format!("/proc/{}/limits", watch.pid()))?;
    let core = limits.lines().find(|line| line.starts_with("Max core file size"));
    let core: Vec<&str> = core.context("no such limit")?.split_whitespace().collect();
    ensure!(core[4..6] == ["0", "0"], "{core:?}");

    let mut creds = KubeletVolume::new(&directory, "secret", "creds")?;
    creds.write(&[("password", VALUE)])?;
    let variable = format!("--env=API_KEY={VALUE}");
    let volume = bind(creds.directory(), "/etc/creds");
    // The first process's environment is another one than was declared.
    let script = "export API_KEY=$(cat /etc/creds/password)-new LD_AUDIT=/x; exec /bin/sleep 1000";
    let arguments = ["/bin/sh", "-c", script];
    let container =
        world.lab.docker().start_with(&world.image, &[&variable, &volume], &arguments)?;
    let exec = |environment: &str, script: &str| -> Result<()> {
        let mut command = world.lab.docker().command();
        command.args(["exec", &format!("--env=TOKEN={environment}"), &container.id]);
        let output = command.args(["/bin/sh", "-c", script]).output()?;
        ensure!(output.status.success(), "{output:?}");
        Ok(())
    };
    exec(VALUE, "cp /opt/payload /tmp/p; printf x >>/tmp/p; /tmp/p; true")?;
    exec(&format!("{VALUE}-2"), &format!("/bin/sleep 0; : {ARGUMENT}"))?;
    watch.event(|event| {
        event.container.as_ref().is_some_and(|it| it.id == container.id)
            && event.config.as_ref().is_some_and(|it| it.item.as_bytes() == b"API_KEY")
    })?;
    let told = poll(Duration::from_secs(60), || {
        creds.write(&[("password", &format!("{VALUE}-{}", creds.round()))]).ok()?;
        poll(Duration::from_secs(2), || (!of(&watch, &container).ok()?.is_empty()).then_some(()))
    });
    told.context("the secret is told of")?;
    exec(
        VALUE,
        "cat /etc/creds/password >/tmp/copy; printf \"$TOKEN$API_KEY\" >/etc/creds/password",
    )?;
    found(&watch, &container, "/etc/creds/password", |event| event.drift)?;

    // Everything else that looks at it.
    let approved = directory.join("approved");
    fs::write(&approved, format!("docker.io/library/x@sha256:{}\n", "0".repeat(64)))?;
    let events = directory.join("watch/all.jsonl").display().to_string();
    let learned = directory.join("baseline.yaml").display().to_string();
    let approved = approved.display().to_string();
    let rules = workspace_root().join("rules").display().to_string();
    let place = |name: &str| directory.join(name).display().to_string();
    let [merged, image, pods, bad_pods] =
        ["merged.yaml", "image", "pods.json", "bad-pods.json"].map(place);
    let pod = pod_of(&container);
    fs::write(&pods, serde_json::json!({"kind": "List", "items": [pod]}).to_string())?;
    // What is wrong stands right behind the value, or is the value.
    let json = pod.to_string();
    let at = json.find(VALUE).context("no value in the pod")?;
    fs::write(&bad_pods, &json[..at + VALUE.len() + 1])?;
    let (name, events, learned) = (container.name.as_str(), events.as_str(), learned.as_str());
    // Other tests may give its name to another image.
    let reference = world.image.id.as_str();
    let mut refused = Vec::new();
    for (number, content) in broken().into_iter().enumerate() {
        let path = place(&format!("broken-{number}"));
        fs::write(&path, content)?;
        refused.push(path);
    }
    let mut commands: Vec<(&str, Vec<&str>)> = Vec::new();
    for path in &refused {
        commands.push(("verify", vec!["--approved", path]));
        commands.push(("verify", vec!["--approved", &approved, "--pods", path]));
        commands.push(("posture", vec!["--pods", path]));
        commands.push(("config show", vec![name, "--pods", path]));
    }
    let more: &[(&str, &[&str])] = &[
        ("config show", &[name, "--pods", &pods]),
        ("config show", &[name, "--pods", &pods, "--format", "json"]),
        ("config show", &[name, "--pods", &bad_pods]),
        ("scan", &[name, "--format", "html"]),
        ("manifest", &[reference, "-o", &image]),
        ("verify", &["--approved", &approved, "--deep"]),
        ("verify", &["--approved", &approved, "--deep", "--format", "json"]),
        ("verify", &["--approved", &approved, "--pods", &pods]),
        ("verify", &["--approved", &approved, "--pods", &pods, "--format", "json"]),
        ("verify", &["--approved", &approved, "--pods", &bad_pods]),
        ("verify", &["--approved", &bad_pods]),
        ("verify", &["--approved", &pods, "--pods", &pods]),
        ("posture", &[name]),
        ("posture", &[name, "--format", "json"]),
        ("posture", &[name, "--suggest"]),
        ("posture", &[name, "--events", events, "--format", "json"]),
        ("posture", &[]),
        ("posture", &["--pods", &pods]),
        ("posture", &["--pods", &pods, "--format", "json"]),
        ("posture", &["--pods", &bad_pods]),
        ("baseline check", &["--baseline", learned, events]),
        ("baseline check", &["--baseline", learned, events, "--format", "json"]),
        ("baseline suggest", &["--from", events]),
        ("baseline suggest", &["--from", events, "--format", "json"]),
        ("baseline merge", &[learned, learned, "-o", &merged]),
        ("config show", &[name]),
        ("config show", &[name, "--format", "json"]),
        ("scan", &[name]),
        ("scan", &[name, "--format", "json"]),
        ("verify", &["--approved", &approved]),
        ("verify", &["--approved", &approved, "--format", "json"]),
        ("containers", &[]),
        ("containers", &["--format", "json"]),
        ("doctor", &[]),
        ("baseline show", &[learned]),
        ("replay", &["--rules", &rules, events]),
    ];
    // The others take what it learns.
    commands.push(("baseline learn", vec!["--from", events, "--accept", "-o", learned]));
    commands.extend(more.iter().map(|(command, arguments)| (*command, arguments.to_vec())));
    for (command, arguments) in &commands {
        let plain = command.starts_with("baseline ") || *command == "replay";
        let mut driftd =
            if plain { world.options.plain(command) } else { world.options.command(command) };
        let output = driftd.args(["--log-level", "trace"]).args(arguments).output()?;
        for (stream, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            let text = String::from_utf8_lossy(bytes);
            ensure!(!has(bytes, VALUE), "{command} {arguments:?}: {stream}: {text}");
            // An event is shown as it was recorded, and rules ask for command lines.
            let shows_events =
                *command == "replay" || *command == "baseline check" && arguments.len() > 3;
            ensure!(!has(bytes, ARGUMENT) || shows_events, "{command}: {stream}: {text}");
        }
        let refused = String::from_utf8_lossy(&output.stderr);
        ensure!(!refused.contains("Usage:"), "{command} {arguments:?}: {refused}");
        ensure!(*command != "manifest" || output.status.success(), "{command}: {refused}");
    }

    // What `run` wrote. A command line is shown: users' rules ask for it.
    let inside = watch.alert(|alert| {
        alert["rule"] == "Secret Changed from Inside Container"
            && alert["drift"]["container"]["id"] == container.id.as_str()
    })?;
    ensure!(inside.0["drift"]["config"]["origin"] == "inside", "{}", inside.0);
    let alerts = watch.alerts();
    let (told, errors) = text.end(&["item=LD_AUDIT ", "item=/etc/creds/password "])?;
    ensure!(!has(told.as_bytes(), VALUE) && !has(errors.as_bytes(), VALUE), "{told}{errors}");
    ensure!(!has(errors.as_bytes(), ARGUMENT), "{errors}");
    let mut lines = 0;
    for (alert, _) in &alerts {
        ensure!(!has(alert.to_string().as_bytes(), VALUE), "{alert}");
    }
    for entry in files(&directory.join("watch"))? {
        let bytes = fs::read(&entry)?;
        ensure!(!has(&bytes, VALUE), "{} holds the value", entry.display());
        if entry.extension().is_some_and(|it| it == "jsonl") {
            for line in bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
                let Ok(mut event) = serde_json::from_slice::<Value>(line) else { continue };
                lines += 1;
                without_command_lines(&mut event);
                ensure!(!has(event.to_string().as_bytes(), ARGUMENT), "{event}");
            }
        } else {
            ensure!(!has(&bytes, ARGUMENT), "{} holds the argument", entry.display());
        }
    }
    ensure!(lines > 10, "only {lines} events");
    for path in [learned, merged.as_str(), image.as_str()] {
        let bytes = fs::read(path).with_context(|| format!("{path} was not written"))?;
        ensure!(!has(&bytes, VALUE) && !has(&bytes, ARGUMENT), "{path} holds a value");
    }
    Ok(())
}

/// A pod of that container, with the value in each place that may hold one.
fn pod_of(container: &DockerContainer) -> Value {
    serde_json::json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web-0", "namespace": "shop", "uid": "u-1",
                     "annotations": {"kubectl.kubernetes.io/last-applied-configuration": VALUE}},
        "spec": {"containers": [{
            "name": "app", "image": "lab", "args": ["--token", VALUE], "command": [VALUE],
            "env": [{"name": "API_KEY", "value": VALUE}, {"name": "OTHER", "value": VALUE}],
            "lifecycle": {"postStart": {"exec": {"command": [VALUE]}},
                          "preStop": {"httpGet": {"host": "h", "httpHeaders": [{"name": "A", "value": VALUE}]}}},
            "livenessProbe": {"exec": {"command": ["sh", "-c", VALUE]}},
            "securityContext": {"privileged": true}}]},
        "status": {"containerStatuses": [
            {"name": "app", "containerID": format!("docker://{}", container.id),
             "state": {"terminated": {"message": VALUE}}}]}
    })
}

/// Files of manifests and pods that cannot be read, with the value where it goes wrong.
fn broken() -> Vec<String> {
    let manifest = |spec: &str| format!("kind: Pod\nmetadata: {{name: p}}\nspec:\n{spec}\n");
    vec![
        // Of a file that is no manifest at all.
        format!("API_KEY={VALUE}\n"),
        format!("{VALUE}\n"),
        format!("export TOKEN=\"{VALUE}\" # x\n"),
        format!("\"{VALUE}\""),
        format!("[\"{VALUE}\"]"),
        format!("- {VALUE}\n- b: {VALUE}\n"),
        // Not closed, not indented, of another type.
        manifest(&format!("  containers: [{{name: a, env: [{{name: K, value: \"{VALUE}")),
        manifest(&format!("  containers:\n    - name: a\n      env:\n     - {VALUE}: x")),
        manifest(&format!("  containers: {VALUE}")),
        manifest(&format!("  containers: [{VALUE}]")),
        manifest(&format!("  containers: [{{name: a, image: [{VALUE}]}}]")),
        manifest(&format!("  containers: [{{name: {{x: {VALUE}}}, image: a}}]")),
        manifest(&format!("  containers: [{{name: a, image: \"UPPER {VALUE}\"}}]")),
        manifest(&format!("  {VALUE}: &a [*a, *{VALUE}]")),
        manifest(&format!(
            "  containers: [{{name: a, image: a, {VALUE}, {VALUE}: !!int {VALUE}}}]\n\t{VALUE}"
        )),
        format!("{{\"kind\": \"Pod\", \"spec\": {{\"containers\": \"{VALUE}\"}}}}"),
        format!("{{\"kind\": \"Pod\", \"spec\": {{\"containers\": [\"{VALUE}\"]}}}}"),
        format!("{{\"kind\": \"Pod\", \"metadata\": \"{VALUE}\", \"spec\": {{}}}}"),
        format!("{{\"spec\": {{\"containers\": [{{\"name\": \"a\", \"env\": \"{VALUE}\"}}]}}}}"),
        format!(
            "{{\"spec\": {{\"containers\": [{{\"name\": \"a\", \"env\": [{{\"name\": \"K\", \"value\": [\"{VALUE}\"]}}]}}]}}}}"
        ),
        format!("{{\"spec\": {{\"containers\": [{{\"name\": \"a\", \"{VALUE}\": {VALUE}}}]}}}}"),
        format!("{{\"items\": \"{VALUE}\"}}"),
    ]
}

/// A `driftd run` that prints alerts as text.
struct Text {
    child: std::process::Child,
    out: std::path::PathBuf,
    err: std::path::PathBuf,
}

impl Text {
    fn start(world: &World, config: &Path, directory: &Path) -> Result<Self> {
        let (out, err) = (directory.join("text.out"), directory.join("text.err"));
        let mut command = world.options.command("run");
        command.args(["--output", "text", "--log-level", "trace", "--config"]).arg(config);
        let child =
            command.stdout(fs::File::create(&out)?).stderr(fs::File::create(&err)?).spawn()?;
        let text = Self { child, out, err };
        let ready = || fs::read_to_string(&text.err).ok()?.contains("ready").then_some(());
        poll(Duration::from_secs(60), ready).context("it is not ready")?;
        Ok(text)
    }

    /// What it printed, and its log, once these are among what it printed.
    fn end(self, wanted: &[&str]) -> Result<(String, String)> {
        let printed = || {
            let told = fs::read_to_string(&self.out).ok()?;
            wanted.iter().all(|it| told.contains(it)).then_some(told)
        };
        let told = poll(Duration::from_secs(20), printed);
        let told = told.with_context(|| format!("{:?}", fs::read_to_string(&self.out)))?;
        Ok((told, fs::read_to_string(&self.err)?))
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// All files below a directory.
fn files(directory: &Path) -> Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.extend(files(&entry.path())?);
        } else {
            found.push(entry.path());
        }
    }
    Ok(found)
}
