//! Which mounts of a container hold secrets and configuration.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::path::PathBuf;

use super::layout::has_generation;
use crate::container::Mount;

/// Where runtimes mount secrets that no kubelet manages.
const RUN_SECRETS: [&str; 2] = ["/run/secrets", "/var/run/secrets"];
/// The directory of a pod that holds its volumes, and before which stands the kind of one.
const VOLUMES: &str = "volumes";
/// Filesystems that are read without waiting for anybody else.
const LOCAL: [&str; 9] =
    ["btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "ramfs", "tmpfs", "xfs"];

/// What put the files there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SecretKind {
    /// A secret of Kubernetes.
    Secret,
    /// A config map.
    ConfigMap,
    /// A projected volume: tokens of service accounts, and others in one.
    Projected,
    /// Fields of the pod.
    DownwardApi,
    /// One file of one of these, mounted by itself: it is never rotated.
    SubPath,
    /// At or below `/run/secrets`.
    RunSecrets,
    /// Somebody asked for it.
    AskedFor,
}

/// A mount, or a path, whose files are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// As the container sees it.
    pub(super) point: PathBuf,
    pub(super) kind: SecretKind,
    /// The number of the mount; `None` of a path that was asked for.
    pub(super) mount: Option<u64>,
    /// Nobody in the container can write there.
    pub(super) is_read_only: bool,
    /// Why it is not read.
    pub(super) refused: Option<String>,
}

/// What of the container's mounts is looked at. `runtime` are the mounts of the runtime, which show the
/// directories of the kubelet; `paths` are asked for besides, as the container sees them.
pub(super) fn places(live: &[Mount], runtime: &[Mount], paths: &[PathBuf]) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for (index, mount) in live.iter().enumerate() {
        let is_covered = live[index + 1..].iter().any(|it| it.mount_point == mount.mount_point);
        // The last of several at one point is the one that is seen.
        if is_covered {
            continue;
        }
        let asked = paths.iter().any(|path| mount.mount_point.starts_with(path));
        let asked = asked.then_some(SecretKind::AskedFor);
        if let Some(kind) = kind(mount, runtime).or(asked) {
            places.push(Place {
                point: mount.mount_point.clone(),
                kind,
                mount: Some(mount.id),
                is_read_only: mount.has_flag(b"ro"),
                refused: refused(mount),
            });
        }
    }
    for path in paths.iter().filter(|path| path.is_absolute()) {
        let is_known = |place: &Place| path.starts_with(&place.point);
        // Where it lies within a mount that is looked at as a whole, or is one, it is there already.
        if !places.iter().any(is_known) {
            let above = live.iter().filter(|mount| path.starts_with(&mount.mount_point));
            let on = above.max_by_key(|mount| mount.mount_point.as_os_str().len());
            places.push(Place {
                point: path.clone(),
                kind: SecretKind::AskedFor,
                mount: None,
                is_read_only: on.is_some_and(|mount| mount.has_flag(b"ro")),
                refused: on.and_then(refused),
            });
        }
    }
    places
}

/// A server may not answer, and whoever wrote the filesystem need not either.
fn refused(mount: &Mount) -> Option<String> {
    let is_local = LOCAL.contains(&mount.fs_type.as_str());
    (!is_local).then(|| format!("on {}, which may keep its reader waiting", mount.fs_type))
}

fn kind(mount: &Mount, runtime: &[Mount]) -> Option<SecretKind> {
    let root = Path::new(OsStr::from_bytes(&mount.root));
    // What lies on a filesystem of its own is known by where the kubelet mounted that.
    let same = |it: &&Mount| it.device == mount.device && it.root == mount.root;
    let elsewhere = runtime.iter().filter(same).find_map(|it| of_kubelet(&it.mount_point));
    of_kubelet(root)
        .or(elsewhere)
        .or_else(|| has_generation(&mount.root).then_some(SecretKind::SubPath))
        .or_else(|| {
            let is_there = |path: &&str| mount.mount_point.starts_with(path);
            RUN_SECRETS.iter().any(is_there).then_some(SecretKind::RunSecrets)
        })
}

/// By the kubelet's directory of a pod: `…/volumes/kubernetes.io~secret/NAME`, and no deeper.
fn of_kubelet(path: &Path) -> Option<SecretKind> {
    let directory = path.parent()?;
    if directory.parent()?.file_name() != Some(OsStr::new(VOLUMES)) {
        return None;
    }
    match directory.file_name()?.as_bytes() {
        b"kubernetes.io~secret" => Some(SecretKind::Secret),
        b"kubernetes.io~configmap" => Some(SecretKind::ConfigMap),
        b"kubernetes.io~projected" => Some(SecretKind::Projected),
        b"kubernetes.io~downward-api" => Some(SecretKind::DownwardApi),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mounts(text: &str) -> Vec<Mount> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("mountinfo");
        std::fs::write(&path, text).unwrap();
        crate::container::read_mounts(std::fs::File::open(path).unwrap(), |_| true).unwrap()
    }

    const POD: &str = "/var/lib/kubelet/pods/0b1c/volumes";

    fn found(live: &str, runtime: &str, paths: &[&str]) -> Vec<(String, SecretKind)> {
        let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
        let places = places(&mounts(live), &mounts(runtime), &paths);
        assert!(places.iter().all(|it| it.refused.is_none()), "{places:?}");
        places.into_iter().map(|it| (it.point.display().to_string(), it.kind)).collect()
    }

    #[test]
    fn volumes_of_the_kubelet_are_known_by_its_directories() {
        use SecretKind::{ConfigMap, DownwardApi, Projected, Secret};
        for (kind, expected) in [
            ("secret", Some(Secret)),
            ("configmap", Some(ConfigMap)),
            ("projected", Some(Projected)),
            ("downward-api", Some(DownwardApi)),
            ("empty-dir", None),
            ("csi", None),
            ("secrets", None),
        ] {
            // On the node's disk, and on a tmpfs of its own.
            let disk = format!("9 1 8:1 {POD}/kubernetes.io~{kind}/n /etc/n ro - ext4 x rw\n");
            let own = "9 1 0:70 / /etc/n ro - tmpfs x rw\n";
            let host = format!("7 1 0:70 / {POD}/kubernetes.io~{kind}/n rw - tmpfs x rw\n");
            let expected: Vec<_> =
                expected.map(|it| ("/etc/n".to_owned(), it)).into_iter().collect();
            assert_eq!(found(&disk, "", &[]), expected, "{kind}");
            assert_eq!(found(own, &host, &[]), expected, "{kind}");
        }
        // Deeper, it is a directory of somebody else's.
        let deep = format!("9 1 8:1 {POD}/kubernetes.io~secret/n/x /etc/n ro - ext4 x rw\n");
        assert_eq!(found(&deep, "", &[]), []);
    }

    #[test]
    fn files_that_are_mounted_by_themselves_and_run_secrets_are_known() {
        let file = format!(
            "9 1 8:1 {POD}/kubernetes.io~configmap/n/..2026_11_30_17_30_00.12/a /etc/a ro - ext4 x rw\n"
        );
        assert_eq!(found(&file, "", &[]), [("/etc/a".to_owned(), SecretKind::SubPath)]);
        let docker = "9 1 8:1 /srv/db /run/secrets/db ro - ext4 x rw\n";
        let expected = [("/run/secrets/db".to_owned(), SecretKind::RunSecrets)];
        assert_eq!(found(docker, "", &[]), expected);
        assert_eq!(found("9 1 8:1 /srv/db /run/secretsdb ro - ext4 x rw\n", "", &[]), []);
    }

    #[test]
    fn paths_that_are_asked_for_are_mounts_or_lie_on_one() {
        let live = "1 0 0:9 / / rw - overlay x rw\n2 1 8:1 /srv /data rw - ext4 x rw\n\
                    3 2 8:1 /tls /data/tls rw - ext4 x rw\n";
        let of = |paths: &[&str]| -> Vec<String> {
            found(live, "", paths).into_iter().map(|(point, _)| point).collect()
        };
        assert_eq!(of(&["/data"]), ["/data", "/data/tls"]);
        assert_eq!(of(&["/data/tls/key.pem"]), ["/data/tls/key.pem"]);
        assert_eq!(of(&["/etc/app.conf"]), ["/etc/app.conf"]);
        assert_eq!(of(&["etc/app.conf"]), [""; 0]);
    }

    #[test]
    fn only_the_mount_that_is_seen_counts_and_no_server_is_asked() {
        let both = format!(
            "8 1 8:1 {POD}/kubernetes.io~secret/n /etc/n ro - ext4 x rw\n9 8 0:3 / /etc/n rw - tmpfs x rw\n"
        );
        assert_eq!(found(&both, "", &[]), []);
        let remote = "1 0 0:9 / / rw - overlay x rw\n2 1 0:5 / /run/secrets ro - nfs4 x rw\n";
        let places = places(&mounts(remote), &[], &[PathBuf::from("/run/secrets/a")]);
        assert_eq!(places.len(), 1);
        assert!(places[0].refused.as_ref().is_some_and(|it| it.contains("nfs4")), "{places:?}");
    }
}
