//! What runtimes wrote down of a container: files on disk, as they are read there.

use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::OnceLock;

use driftcore::config::Declared;
use driftcore::config::Live;
use driftcore::config::compare;
use driftcore::container::ContainerdRoots;
use driftcore::container::Runtimes;
use driftcore::container::StateRoots;
use driftcore::container::Stored;

/// A bundle for what is beside it.
const BUNDLE: &str = r#"{"process":{"args":["sh"],"env":["A=b"]},"root":{"path":"/root"},"mounts":[{"destination":"/proc","type":"proc"},
    {"destination":"/data","type":"bind","source":"/srv","options":["rbind","ro"]}],"linux":{"namespaces":[{"type":"pid"},{"type":"uts"}],
    "resources":{"devices":[{"allow":false,"access":"rwm"}]},"maskedPaths":["/proc/kcore"]}}"#;
/// Docker's part, of a container that runs.
const CONFIG: &str = r#"{"ID":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","Name":"/web",
    "State":{"Running":true,"Pid":70},"Config":{}}"#;

/// A host with one container of Docker.
struct Place {
    // Goes with the place.
    _host: tempfile::TempDir,
    runtimes: Runtimes,
    stored: Stored,
    bundle: PathBuf,
    docker: PathBuf,
    runc: PathBuf,
}

impl Place {
    fn new() -> Self {
        let host = tempfile::tempdir().expect("a directory");
        let id = "a".repeat(64);
        let place = |path: &str| {
            let path = host.path().join(path);
            fs::create_dir_all(&path).expect("a directory");
            path
        };
        let docker = place(&format!("docker/containers/{id}"));
        let bundle = place(&format!("run/io.containerd.runtime.v2.task/moby/{id}"));
        let runc = place(&format!("run/containerd/runc/moby/{id}"));
        for process in ["self", "1"] {
            fs::write(place(&format!("proc/{process}")).join("mountinfo"), "").expect("a file");
        }
        fs::write(docker.join("config.v2.json"), CONFIG).expect("a file");
        fs::write(docker.join("hostconfig.json"), "{}").expect("a file");
        fs::write(bundle.join("config.json"), BUNDLE).expect("a file");
        fs::write(bundle.join("init.pid"), "70").expect("a file");
        let roots = StateRoots {
            host: host.path().to_owned(),
            proc: host.path().join("proc"),
            docker: vec!["/docker".into()],
            containerd: vec![ContainerdRoots { state: "/run".into(), root: "/lib".into() }],
            storage: Vec::new(),
        };
        let runtimes = Runtimes::new(roots);
        let stored = runtimes.find(&id).expect("the container");
        Self { _host: host, runtimes, stored, bundle, docker, runc }
    }

    fn read(&self) {
        if let Ok(declared) = Declared::read(&self.runtimes, &self.stored) {
            drop(compare(&declared, &Live::default()));
        }
    }
}

fn at_place(body: impl FnOnce(&Place)) {
    static PLACE: OnceLock<Mutex<Place>> = OnceLock::new();
    let place = PLACE.get_or_init(|| Mutex::new(Place::new()));
    // One that panicked with it has told already.
    body(&place.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
}

/// Takes bytes as the `config.json` of a bundle.
pub fn bundle(bytes: &[u8]) {
    at_place(|place| {
        fs::write(place.bundle.join("config.json"), bytes).expect("a file");
        place.read();
    });
}

/// Takes bytes as Docker's `hostconfig.json` and `config.v2.json` and runc's `state.json`, with zeros between them.
pub fn docker(bytes: &[u8]) {
    let mut parts = bytes.split(|&byte| byte == 0);
    let mut next = || parts.next().unwrap_or_default();
    let (host, config, runc) = (next(), next(), next());
    at_place(|place| {
        fs::write(place.bundle.join("config.json"), BUNDLE).expect("a file");
        fs::write(place.docker.join("hostconfig.json"), host).expect("a file");
        let config = if config.is_empty() { CONFIG.as_bytes() } else { config };
        fs::write(place.docker.join("config.v2.json"), config).expect("a file");
        fs::write(place.runc.join("state.json"), runc).expect("a file");
        place.read();
    });
}
