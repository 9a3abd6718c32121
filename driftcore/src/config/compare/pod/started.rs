//! What is started, of which image, and of which pod.

use super::Sides;
use crate::config::declared::Declared;
use crate::config::declared::PodContainer;
use crate::config::secret;

/// Programs that runtimes put before the container's where they are asked to.
const INITS: [&str; 4] =
    ["/dev/init", "/run/podman-init", "/sbin/docker-init", "/usr/libexec/podman/catatonit"];

pub(super) fn compare(pod: &PodContainer, declared: &Declared, sides: &mut Sides<'_>) {
    names(pod, declared, sides);
    image(pod, declared, sides);
    let process = &declared.bundle.process;
    if let Some(directory) = &pod.working_dir {
        sides.same("workingDir", directory.as_str(), process.cwd.as_str());
    }
    command(pod, &process.args, sides);
    // Of several containers of a pod each has its own, or all have that of the first.
    let own = declared.bundle.linux.namespaces.iter().find(|it| it.r#type == "pid");
    if let Some(own) = own.filter(|_| !pod.has_target && !pod.host_pid) {
        let is = own.path.as_deref().is_some_and(|it| !it.is_empty());
        let wanted = pod.shares_processes;
        sides.push("shareProcessNamespace", wanted.to_string(), is.to_string(), is && !wanted);
    }
}

/// What runtimes of Kubernetes write to a bundle, of the pod that they were told to make.
fn names(pod: &PodContainer, declared: &Declared, sides: &mut Sides<'_>) {
    let annotations = &declared.bundle.annotations;
    let own = Some(pod.name.clone()).filter(|it| !it.is_empty());
    for (name, wanted, keys) in [
        (
            "containers.name",
            &own,
            ["io.kubernetes.cri.container-name", "io.kubernetes.container.name"],
        ),
        (
            "metadata.name",
            &pod.pod_name,
            ["io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name"],
        ),
        (
            "metadata.namespace",
            &pod.namespace,
            ["io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace"],
        ),
        ("metadata.uid", &pod.uid, ["io.kubernetes.cri.sandbox-uid", "io.kubernetes.pod.uid"]),
    ] {
        let is = keys.iter().find_map(|key| annotations.get(*key));
        if let (Some(wanted), Some(is)) = (wanted, is) {
            sides.same(name, wanted.as_str(), is.as_str());
        }
    }
}

/// Of an image that is named by its digest. Of any other, `driftd verify` tells.
fn image(pod: &PodContainer, declared: &Declared, sides: &mut Sides<'_>) {
    let pinned = pod.image.as_deref().and_then(|it| it.rsplit_once('@'));
    if let (Some((_, digest)), Some(is)) = (pinned, &declared.image_digest) {
        sides.same("image", digest, is.as_str());
    }
}

/// Command and arguments; of what is made of variables, whatever is there.
fn command(pod: &PodContainer, is: &[String], sides: &mut Sides<'_>) {
    let (name, wanted) = match (pod.command.is_empty(), pod.args.is_empty()) {
        (true, true) => return,
        // The image's command stands before, and is compared with it.
        (true, false) => ("args", pod.args.clone()),
        (false, _) => ("command", [pod.command.as_slice(), pod.args.as_slice()].concat()),
    };
    let (before, tail) = is.split_at(is.len().saturating_sub(wanted.len()));
    let is_init = before.first().is_none_or(|it| INITS.contains(&it.as_str())) && before.len() <= 2;
    let whole = name == "args" || is_init;
    let literal = |(at, text): (usize, &String)| {
        if text.replace("$$", "").contains("$(") {
            tail.get(at).cloned().unwrap_or_default()
        } else {
            text.replace("$$", "$")
        }
    };
    let wanted: Vec<String> = wanted.iter().enumerate().map(literal).collect();
    // Arguments hold passwords now and then.
    let digest = |args: &[String]| secret::digest(args.join("\0").as_bytes());
    sides.same(name, digest(&wanted), digest(if whole { tail } else { is }));
}
