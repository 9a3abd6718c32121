//! What embedders are told of configurations: by pods too, and no value of a secret.

use std::fs;
use std::path::Path;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use driftcore_e2e::bind;
use rustix::process::Signal;
use serde_json::Value;
use serde_json::json;

use crate::LiveCase;
use crate::live::Watch;
use crate::live::World;
use crate::look::Look;
use crate::programs::make_examples;
use crate::stage::Mode;

pub(crate) const CASES: &[LiveCase] = &[
    ("configurations_are_compared_with_what_pods_declare", pods),
    ("values_of_secrets_are_in_no_json_of_an_embedder", untold),
];

/// What no JSON may hold.
const VALUE: &str = "velvet-otter-4711-gravel";

/// The event about an item of a container's configuration.
fn about(line: &str, container: &str, item: &str) -> Option<Value> {
    let event: Value = serde_json::from_str(line).ok()?;
    let is_it = event["kind"] == "config"
        && event["container"]["id"] == container
        && event["config"]["item"] == item;
    is_it.then_some(event)
}

/// A pod that declares one container of Docker's, which asks for another user than it has.
pub(crate) fn pod_of(container: &str, user: u32) -> Value {
    json!({
        "metadata": {"name": "shop", "namespace": "default", "uid": "u"},
        "spec": {
            "containers": [{
                "name": "web", "image": "x",
                "securityContext": {"runAsUser": user},
            }],
        },
        "status": {"containerStatuses": [{"name": "web", "containerID": format!("docker://{container}")}]},
    })
}

fn pods(world: &World) -> Result<()> {
    let program = make_examples(&world.stage, "gcc")?.join("watch");
    let directory = world.stage.directory("pods")?;
    let runtimes = world.runtimes()?;
    let start = || runtimes.lab.docker().start(&runtimes.image, &["--user=1000"]);
    let (container, twin) = (start()?, start()?);
    let file = directory.join("pods.json");
    fs::write(&file, format!("{}\n{}", pod_of(&container.id, 7), pod_of(&twin.id, 1000)))?;
    let option = |name: &str, value: &Path| format!("{name}={}", value.display());
    let (interval, pods) = ("config.interval=1", option("config.pods", &file));
    let options = ["-j", "-o", interval, "-o", &pods, "-o"];
    let also = format!("scope.container={}", twin.id);
    let watch = Watch::c(world, &program, &container, &[&options[..], &[also.as_str()]].concat())?;

    let line = watch.line(|line| about(line, &container.id, "pod:runAsUser").is_some())?;
    let event: Value = serde_json::from_str(&line)?;
    let told = (&event["config"]["declared"], &event["config"]["live"], &event["drift"]);
    ensure!(told == (&"7".into(), &"1000".into(), &true.into()), "{event}");
    let (lines, _) = watch.end(Signal::TERM)?;
    let of_twin = lines.iter().find(|line| about(line, &twin.id, "pod:runAsUser").is_some());
    ensure!(of_twin.is_none(), "{of_twin:?}");
    Ok(())
}

fn untold(world: &World) -> Result<()> {
    let program = make_examples(&world.stage, "gcc")?.join("watch");
    let directory = world.stage.directory("untold")?;
    let secrets = directory.join("secrets");
    let _ = fs::remove_dir_all(&secrets);
    fs::create_dir_all(&secrets)?;
    fs::write(secrets.join("password"), VALUE)?;
    let runtimes = world.runtimes()?;
    let docker = runtimes.lab.docker();
    let variable = format!("--env=API_KEY={VALUE}");
    let volume = bind(&secrets, "/run/secrets");
    // The first process's environment is another one than was declared.
    let script =
        "export API_KEY=$(cat /run/secrets/password)-new LD_AUDIT=/x; exec /bin/sleep 1000";
    let arguments = ["/bin/sh", "-c", script];
    let container = docker.start_with(&runtimes.image, &[&variable, &volume], &arguments)?;
    let options = ["-a", "-j", "-o", "config.interval=1", "-o", "events.kinds=file"];
    let volumes = ["-o", "files.memory=true", "-o", "files.volumes=true"];
    let watch = Watch::c(world, &program, &container, &[&options[..], &volumes].concat())?;

    watch.line(|line| about(line, &container.id, "API_KEY").is_some())?;
    let mut exec = docker.command();
    exec.args(["exec", &format!("--env=TOKEN={VALUE}"), &container.id, "/bin/sh", "-c"]);
    let output = exec
        .arg("cat /run/secrets/password >/tmp/copy; printf \"$TOKEN$API_KEY\" >/run/secrets/password; sleep 2")
        .output()?;
    ensure!(output.status.success(), "{output:?}");
    watch.line(|line| about(line, &container.id, "TOKEN").is_some())?;
    let secret =
        watch.line(|line| about(line, &container.id, "/run/secrets/password").is_some())?;
    let secret: Value = serde_json::from_str(&secret)?;
    let live = secret["config"]["live"].as_str().context("no digest")?;
    ensure!(live.starts_with("sha256:") && secret["drift"] == true, "{secret}");

    let (lines, log) = watch.end(Signal::TERM)?;
    ensure!(lines.len() > 5, "only {} events", lines.len());
    for line in lines.iter().chain([&log]) {
        ensure!(!line.contains(VALUE), "{line}");
    }

    // What is asked for, and what is wrong with what is given.
    let look = Look::new(world)?;
    let path = |name: &str| directory.join(name).display().to_string();
    let [pods, broken, approved, list] = ["pods", "broken", "approved", "list"].map(path);
    let mut pod = pod_of(&container.id, 7);
    pod["spec"]["containers"][0]["env"] = json!([{"name": "API_KEY", "value": VALUE}]);
    fs::write(&pods, pod.to_string())?;
    let text = pod.to_string();
    let at = text.find(VALUE).context("no value in the pod")? + VALUE.len() + 1;
    fs::write(&broken, &text[..at])?;
    fs::write(&approved, format!("API_KEY={VALUE}\n"))?;
    fs::write(&list, "nobody/else:1\n")?;
    let name = container.name.as_str();
    let suggest = world.stage.compile("suggest", Mode::Plain, &directory)?;
    let root = docker.root().display().to_string();
    let suggested = world.stage.command(&suggest).args([name, &root]).output()?;
    let mut outputs = vec![suggested];
    for (what, arguments, succeeds) in [
        ("config", &[name][..], true),
        ("config", &[name, &pods], true),
        ("config", &[name, &broken], false),
        ("verify", &[&list], true),
        ("verify", &[&list, "deep"], true),
        ("verify", &[&approved], false),
        ("verify", &[&broken], false),
    ] {
        let output = look.ask(world, what, arguments)?;
        ensure!(output.status.success() == succeeds, "{what} {arguments:?}: {output:?}");
        outputs.push(output);
    }
    for output in outputs {
        for bytes in [&output.stdout, &output.stderr] {
            let text = String::from_utf8_lossy(bytes);
            ensure!(!text.contains(VALUE), "{text}");
        }
        ensure!(!output.stdout.is_empty() || !output.stderr.is_empty(), "nothing is said");
    }
    Ok(())
}
