use std::path::Path;

use super::*;

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const NOT_MOUNTED: (u32, u32) = (4095, 1);

/// A host with a proc of its own, so that nothing of this machine shows through.
struct Host {
    dir: tempfile::TempDir,
}

impl Host {
    fn new(mountinfo: &str) -> Self {
        let host = Self { dir: tempfile::tempdir().unwrap() };
        host.write("proc/self/mountinfo", &host.place(mountinfo));
        host.write("proc/1/mountinfo", "");
        host
    }

    fn place(&self, text: &str) -> String {
        text.replace("<H>", self.dir.path().to_str().unwrap())
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn docker(&self) {
        let config =
            format!(r#"{{"ID":"{A}","Name":"/n","Driver":"overlay2","State":{{"Running":true}}}}"#);
        self.write(&format!("var/lib/docker/containers/{A}/config.v2.json"), &config);
        self.write(&format!("var/lib/docker/image/overlay2/layerdb/mounts/{A}/mount-id"), "m1");
    }

    fn runtimes(&self) -> Runtimes {
        Runtimes::new(StateRoots {
            host: self.dir.path().to_owned(),
            proc: self.dir.path().join("proc"),
            ..StateRoots::default()
        })
    }

    fn resolve(&self, cgroup: &str, root_device: (u32, u32)) -> Resolved {
        let cgroup = cgroup.as_bytes();
        self.runtimes().resolve(&Query { cgroup, pid: 9, mnt_namespace: 77, root_device })
    }
}

const MOUNT: &str = "48 44 0:39 / <H>/var/lib/docker/overlay2/m1/merged rw - overlay overlay \
    rw,lowerdir=l/A:l/B,upperdir=m1/diff,workdir=m1/work\n";

#[test]
fn a_docker_container_gets_its_root_mount_and_layers() {
    let host = Host::new(MOUNT);
    host.docker();
    let resolved = host.resolve(&format!("/docker/{A}"), (0, 39));
    assert!(resolved.complete, "{resolved:?}");
    assert_eq!(
        (resolved.container.id.as_str(), resolved.container.runtime.as_str()),
        (A, "docker")
    );
    let layers = resolved.root.unwrap().layers.unwrap();
    let overlay = host.dir.path().join("var/lib/docker/overlay2");
    assert_eq!(layers.upper, overlay.join("m1/diff"));
    assert_eq!(layers.lowers, [overlay.join("l/A"), overlay.join("l/B")]);
}

#[test]
fn a_container_with_another_root_never_takes_the_id() {
    let host = Host::new(MOUNT);
    host.docker();
    let resolved = host.resolve(&format!("/docker/{A}/default/inner"), (0, 40));
    assert_eq!(resolved.container.id, "mnt-77");
    assert_eq!(resolved.container.runtime, "unknown");
    assert!(resolved.problems[0].contains("another root"));
}

#[test]
fn a_name_that_no_runtime_confirms_is_not_taken() {
    let host = Host::new("");
    for cgroup in ["/process_api/c8f8771d12a8efd886e60ce96e6a9d20", "/default/myname", "/", ""] {
        let resolved = host.resolve(cgroup, NOT_MOUNTED);
        assert_eq!(resolved.container.id, "mnt-77", "{cgroup}");
        assert!(resolved.complete && resolved.root.is_none());
    }
}

#[test]
fn a_bundle_confirms_a_short_name_only_once_it_is_whole() {
    let host = Host::new("");
    let config = "run/containerd/io.containerd.runtime.v2.task/default/myname/config.json";
    host.write(config, "{\"half");
    let resolved = host.resolve("/default/myname", NOT_MOUNTED);
    assert_eq!((resolved.container.id.as_str(), resolved.complete), ("mnt-77", false));
    host.write(config, "{}");
    let resolved = host.resolve("/default/myname", NOT_MOUNTED);
    assert_eq!(resolved.container.id, "myname");
    assert_eq!(resolved.container.runtime, "containerd");
    assert_eq!(host.resolve("/other/myname", NOT_MOUNTED).container.id, "mnt-77");
}

#[test]
fn missing_state_keeps_the_id_and_asks_again() {
    let host = Host::new("");
    let resolved = host.resolve(&format!("/system.slice/docker-{A}.scope"), NOT_MOUNTED);
    assert_eq!(resolved.container.id, A);
    assert!(!resolved.complete);
}

#[test]
fn a_private_data_root_is_found_by_the_mount() {
    let host = Host::new(&MOUNT.replace("/var/lib/docker", "/var/lib/docker/../other"));
    assert!(!host.resolve(&format!("/docker/{A}"), (0, 39)).complete);
    let host = Host::new(&MOUNT.replace("/var/lib/docker", "/srv/d"));
    let config = format!(r#"{{"ID":"{A}","Name":"/n","State":{{"Running":true}}}}"#);
    host.write(&format!("srv/d/containers/{A}/config.v2.json"), &config);
    let resolved = host.resolve(&format!("/docker/{A}"), (0, 39));
    assert_eq!(resolved.container.name.as_deref(), Some("n"));
    assert_eq!(
        resolved.root.unwrap().mount_point,
        Path::new(&host.place("<H>/srv/d/overlay2/m1/merged"))
    );
}

#[test]
fn the_runtimes_own_mount_is_known_by_the_cgroup_alone() {
    let device = |host: &Host, cgroup: &str| {
        host.runtimes().own_mount(cgroup.as_bytes()).map(|mount| mount.device)
    };
    let host = Host::new(MOUNT);
    let cgroup = format!("/docker/{A}");
    assert_eq!(device(&host, &cgroup), None, "no runtime confirms it");
    host.docker();
    assert_eq!(device(&host, &cgroup), Some((0, 39)));
    assert_eq!(device(&host, &format!("/docker/{A}/inner")), Some((0, 39)));
    assert_eq!(device(&host, "/"), None);
    let elsewhere = Host::new(&MOUNT.replace("/m1/", "/m2/"));
    elsewhere.docker();
    assert_eq!(device(&elsewhere, &cgroup), None, "mounted at no place of its own");
}
