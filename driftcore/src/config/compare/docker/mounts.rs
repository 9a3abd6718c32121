//! Mounts, which Docker is told of in three members of `hostconfig.json`, and in `config.v2.json` all together.

use std::path::Path;

use super::Pair;
use crate::config::compare::declaration::Sides;
use crate::config::compare::mounts::flags;
use crate::config::declared::ApiMount;
use crate::config::declared::Bind;
use crate::config::declared::DockerHost;
use crate::config::declared::Mount;
use crate::config::declared::MountPoint;

/// Where Docker mounts something of its own.
const OWN: [&str; 12] = [
    "/dev",
    "/dev/mqueue",
    "/dev/pts",
    "/dev/shm",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/proc",
    "/run/secrets",
    "/sbin/docker-init",
    "/sys",
    "/sys/fs/cgroup",
];
/// How a bind mount propagates where nothing is said of it.
const PRIVATE: &str = "rprivate";
const ABSENT: &str = "absent";
/// What Docker mounts a tmpfs with.
const TMPFS: [&str; 3] = ["noexec", "nosuid", "nodev"];

pub(super) fn of_host(pair: &Pair<'_>, host: &DockerHost, sides: &mut Sides<'_>) {
    for bind in &host.binds {
        let Bind { source, destination, is_read_only, propagation } = bind;
        let propagation = propagation.as_deref().filter(|_| source.starts_with('/'));
        let file = text(&source_text(source), *is_read_only, propagation);
        sides.push(&format!("Binds.{destination}"), found(pair, destination, source), file);
    }
    for mount in &host.mounts {
        let (is, file) = of_api(pair, mount);
        sides.push(&format!("Mounts.{}", mount.target), is, file);
    }
    for (point, options) in &host.tmpfs {
        let is = at(pair, point).map_or_else(|| ABSENT.to_owned(), |it| tmpfs_text(&it.options));
        let options = TMPFS.into_iter().chain(options.split(','));
        let options: Vec<String> = options.map(str::to_owned).collect();
        sides.push(&format!("Tmpfs.{point}"), is, tmpfs_text(&options));
    }
    shared_memory(pair, host, sides);
    if !pair.is_plain(host) || !host.volumes_from.is_empty() {
        return;
    }
    let binds = host.binds.iter().map(|it| it.destination.as_str());
    let mounts = host.mounts.iter().map(|it| it.target.as_str());
    let tmpfs = host.tmpfs.keys().map(String::as_str);
    let volumes = pair.docker.config.config.volumes.iter().map(String::as_str);
    let named: Vec<&str> = binds.chain(mounts).chain(tmpfs).chain(volumes).collect();
    for (mount, is) in unnamed(pair, &named) {
        let member = if is_tmpfs(mount) { "Tmpfs" } else { "Binds" };
        sides.push(&format!("{member}.{}", mount.destination), is, ABSENT);
    }
}

/// What Docker starts the container with again.
pub(super) fn of_points(pair: &Pair<'_>, sides: &mut Sides<'_>) {
    let points = &pair.docker.config.mount_points;
    for (destination, point) in points {
        let (is, file) = of_point(pair, destination, point);
        sides.push(&format!("MountPoints.{destination}"), is, file);
    }
    let Some(host) = pair.docker.host.as_ref().filter(|host| pair.is_plain(host)) else { return };
    let named: Vec<&str> = points.keys().map(String::as_str).collect();
    let is_mount = |point: &str| host.mounts.iter().any(|it| clean(&it.target) == clean(point));
    for (mount, is) in unnamed(pair, &named) {
        // Of what `Tmpfs` names, it is not among them.
        if is_tmpfs(mount) && !is_mount(&mount.destination) {
            continue;
        }
        sides.push(&format!("MountPoints.{}", mount.destination), is, ABSENT);
    }
}

/// A path without what leads nowhere, as Docker has it in the bundle.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// The mount that is seen at a path.
fn at<'a>(pair: &Pair<'a>, point: &str) -> Option<&'a Mount> {
    pair.bundle.mounts.iter().rfind(|it| Path::new(&it.destination) == Path::new(point))
}

fn is_tmpfs(mount: &Mount) -> bool {
    mount.r#type.as_deref() == Some("tmpfs")
}

fn is_read_only(mount: &Mount) -> bool {
    mount.has("ro") || mount.has("rro")
}

fn text(source: &str, is_read_only: bool, propagation: Option<&str>) -> String {
    let mode = if is_read_only { "ro" } else { "rw" };
    match propagation.filter(|it| !it.is_empty() && *it != PRIVATE) {
        Some(propagation) => format!("{source} {mode} {propagation}"),
        None => format!("{source} {mode}"),
    }
}

/// A path of the host, or the name of a volume; one without is any.
fn source_text(source: &str) -> String {
    match source {
        "" => "a volume".to_owned(),
        path if path.starts_with('/') => clean(path),
        name => name.to_owned(),
    }
}

/// The name of a volume of Docker's own, by where it lies.
fn volume_of(source: &str) -> Option<&str> {
    let (above, name) = source.strip_suffix("/_data")?.rsplit_once('/')?;
    above.ends_with("/volumes").then_some(name)
}

/// What the bundle has there, in the words of somebody who asks for `wanted`: the name of a volume is not its path,
/// and where volumes of other drivers lie, only these know.
fn found(pair: &Pair<'_>, point: &str, wanted: &str) -> String {
    let Some(mount) = at(pair, point) else { return ABSENT.to_owned() };
    let is = mount.source.as_deref().unwrap_or_default();
    let is_path = wanted.starts_with('/');
    let source = match volume_of(is) {
        _ if is_path => clean(is),
        Some(name) if !wanted.is_empty() => name.to_owned(),
        _ => source_text(wanted),
    };
    text(&source, is_read_only(mount), propagation(mount).filter(|_| is_path))
}

fn propagation(mount: &Mount) -> Option<&str> {
    crate::config::compare::mounts::propagation(mount)
}

/// What the bundle has, and what the file says.
fn of_api(pair: &Pair<'_>, mount: &ApiMount) -> (String, String) {
    match mount.r#type.as_str() {
        "bind" => {
            let propagation = Some(mount.bind_options.propagation.as_str());
            let file = text(&source_text(&mount.source), mount.read_only, propagation);
            (found(pair, &mount.target, &mount.source), file)
        }
        "volume" if mount.volume_options.subpath.is_empty() => {
            let file = text(&source_text(&mount.source), mount.read_only, None);
            (found(pair, &mount.target, &mount.source), file)
        }
        "tmpfs" => {
            let is = at(pair, &mount.target);
            let is = is.map_or_else(|| ABSENT.to_owned(), |it| tmpfs_text(&it.options));
            (is, api_tmpfs(mount))
        }
        // Where the others come from, Docker alone knows.
        kind => {
            let is = at(pair, &mount.target).map(|it| text(kind, is_read_only(it), None));
            (is.unwrap_or_else(|| ABSENT.to_owned()), text(kind, mount.read_only, None))
        }
    }
}

fn of_point(pair: &Pair<'_>, destination: &str, point: &MountPoint) -> (String, String) {
    if point.r#type == "tmpfs" {
        return of_api(pair, &ApiMount { target: destination.to_owned(), ..point.spec.clone() });
    }
    let is_own = point.r#type == "volume" && matches!(point.driver.as_str(), "" | "local");
    let wanted = match point.r#type.as_str() {
        "bind" => point.source.as_str(),
        // Of a volume the name is what counts.
        "volume" if is_own && point.spec.volume_options.subpath.is_empty() => point.name.as_str(),
        _ => "",
    };
    let propagation = Some(point.propagation.as_str()).filter(|_| wanted.starts_with('/'));
    let file = text(&source_text(wanted), !point.is_writable, propagation);
    (found(pair, destination, wanted), file)
}

/// Flags, size and mode; the last word counts.
fn tmpfs_text(options: &[String]) -> String {
    let mount = Mount { options: options.to_vec(), ..Mount::default() };
    let mut words = vec!["tmpfs".to_owned()];
    words.extend(flags(&mount).into_iter().map(str::to_owned));
    let last = |key: &str| options.iter().rev().find_map(|it| it.strip_prefix(key));
    words.extend(last("size=").map(|size| format!("size={}", bytes(size))));
    words.extend(last("mode=").map(|mode| format!("mode={}", mode.trim_start_matches('0'))));
    words.join(" ")
}

fn api_tmpfs(mount: &ApiMount) -> String {
    let options = &mount.tmpfs_options;
    let mut words: Vec<String> = TMPFS.map(str::to_owned).into();
    words.extend(mount.read_only.then(|| "ro".to_owned()));
    words.extend((options.size_bytes > 0).then(|| format!("size={}", options.size_bytes)));
    words.extend((options.mode > 0).then(|| format!("mode={:o}", options.mode)));
    tmpfs_text(&words)
}

/// `64m` -> `67108864`; what is no number is left as it is.
fn bytes(size: &str) -> String {
    let unit = size.chars().last().map(|it| it.to_ascii_lowercase());
    let shift = match unit {
        Some('k') => 10,
        Some('m') => 20,
        Some('g') => 30,
        _ => 0,
    };
    let digits = if shift == 0 { size } else { &size[..size.len() - 1] };
    let number = digits.parse::<u64>().ok().and_then(|it| it.checked_mul(1 << shift));
    number.map_or_else(|| size.to_owned(), |it| it.to_string())
}

/// The size of /dev/shm, where the container has one of its own.
fn shared_memory(pair: &Pair<'_>, host: &DockerHost, sides: &mut Sides<'_>) {
    let Some(mount) = at(pair, "/dev/shm").filter(|it| is_tmpfs(it) && host.shm_size > 0) else {
        return;
    };
    let is_named = host.tmpfs.contains_key("/dev/shm")
        || host.mounts.iter().any(|it| clean(&it.target) == "/dev/shm");
    let size = mount.options.iter().rev().find_map(|it| it.strip_prefix("size="));
    if let Some(size) = size.filter(|_| !is_named) {
        sides.push("ShmSize", bytes(size), host.shm_size.to_string());
    }
}

/// Mounts of the bundle that are none of Docker's own, at none of these paths, with what they are.
fn unnamed<'a>(pair: &Pair<'a>, named: &[&str]) -> Vec<(&'a Mount, String)> {
    let is_named = |mount: &&Mount| {
        let point = Path::new(&mount.destination);
        let source = mount.source.as_deref().unwrap_or_default();
        OWN.iter().chain(named).any(|it| Path::new(it) == point)
            || mount.is_bind() && !pair.id.is_empty() && source.contains(pair.id)
    };
    let others = pair.bundle.mounts.iter().filter(|it| it.is_bind() || is_tmpfs(it));
    let others = others.filter(|it| !is_named(it));
    let with_text = others.map(|mount| {
        let source = mount.source.as_deref().unwrap_or_default();
        let is = if is_tmpfs(mount) {
            tmpfs_text(&mount.options)
        } else {
            text(volume_of(source).unwrap_or(source), is_read_only(mount), propagation(mount))
        };
        (mount, is)
    });
    with_text.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_of_a_tmpfs_mean_the_same_however_they_are_written() {
        let text =
            |options: &str| tmpfs_text(&options.split(',').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(
            text("noexec,nosuid,nodev,rprivate,size=1m,ro"),
            text("ro,size=1024k,nodev,nosuid,noexec")
        );
        assert_eq!(text("mode=0700"), text("mode=700"));
        assert_ne!(text("noexec"), text("noexec,exec"));
        assert_eq!(bytes("9"), "9");
        assert_eq!(bytes("50%"), "50%");
        assert_eq!(bytes("99999999999999999g"), "99999999999999999g");
        let mount: ApiMount = serde_json::from_str(
            r#"{"TmpfsOptions":{"SizeBytes":1048576,"Mode":448},"ReadOnly":true}"#,
        )
        .unwrap();
        assert_eq!(api_tmpfs(&mount), "tmpfs ro nosuid nodev noexec size=1048576 mode=700");
    }

    #[test]
    fn paths_are_those_that_docker_makes_of_them() {
        for path in ["/srv/data", "/srv//data/", "/srv/./x/../data", "/../srv/data"] {
            assert_eq!(clean(path), "/srv/data");
        }
        assert_eq!(clean("/"), "/");
        assert_eq!(clean(""), "/");
    }

    #[test]
    fn volumes_are_told_by_their_names() {
        assert_eq!(volume_of("/var/lib/docker/volumes/db/_data"), Some("db"));
        assert_eq!(volume_of("/srv/db/_data"), None);
        assert_eq!(volume_of("/_data"), None);
    }
}
