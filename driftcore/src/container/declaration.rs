//! The documents in which runtimes keep what a container was made to be, as they stand on disk.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;

use serde::de::DeserializeOwned;

use super::cgroup;
use super::containerd;
use super::roots::StateRoots;
use super::state::FILE_LIMIT;
use super::state::StateDir;
use crate::event::Timestamp;

/// How long after a change another one may have the same time.
const TICKS_NS: i64 = 1_000_000_000;
/// Where runc keeps its state, by itself and for containerd's shim; that has a directory for each namespace there.
const RUNC: &str = "/run/runc";
const RUNC_OF_SHIM: &str = "/run/containerd/runc";
/// The runtime of Docker's containers.
const DOCKER: &str = "docker";

/// One file of a runtime's state.
pub(crate) struct Document {
    /// Its path as we see it.
    pub(crate) path: String,
    bytes: Vec<u8>,
    /// When the file was last changed, by the kernel's clock.
    pub(crate) changed: Option<Timestamp>,
    /// `None` where it may be changed without leaving a trace.
    stamp: Option<Stamp>,
}

/// What tells a file, and one state of it, from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

impl Stamp {
    fn of(stat: &Metadata) -> Self {
        let changed = (stat.ctime(), stat.ctime_nsec());
        Self { device: stat.dev(), inode: stat.ino(), size: stat.size(), changed }
    }
}

/// Files that were read, as they were then.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sources {
    files: Vec<(PathBuf, Stamp)>,
    directories: Vec<PathBuf>,
    /// Whether that is all: a file that was not there may be there the next time.
    whole: bool,
}

impl Sources {
    /// The directories that they are in.
    #[cfg(feature = "sensor")]
    pub(crate) fn directories(&self) -> Vec<PathBuf> {
        self.directories.clone()
    }

    /// Whether reading them again would give the same. Asks for one state of each file.
    #[cfg(feature = "sensor")]
    pub(crate) fn are_same(&self) -> bool {
        let is_same = |(path, stamp): &(PathBuf, Stamp)| {
            std::fs::symlink_metadata(path).is_ok_and(|stat| Stamp::of(&stat) == *stamp)
        };
        self.whole && self.files.iter().all(is_same)
    }
}

impl Document {
    /// One that is named by the digest of its content: no time of a change matters.
    fn proved(path: String, bytes: Vec<u8>) -> Self {
        Self { path, bytes, changed: None, stamp: None }
    }

    /// One that nobody has on disk.
    #[cfg(test)]
    pub(crate) fn in_memory(path: &str, bytes: &[u8]) -> Self {
        Self::proved(path.to_owned(), bytes.to_owned())
    }

    /// The configuration of an image, by its digest, as Docker's image store or containerd's content store has it. `None`
    /// where none has it.
    ///
    /// # Errors
    ///
    /// Text that names what could not be read, or what has another digest than its name says.
    pub(crate) fn of_image(roots: &StateRoots, digest: &str) -> Result<Option<Self>, String> {
        // The digest becomes part of a path.
        let hex = digest.strip_prefix("sha256:").filter(|hex| cgroup::is_id(hex));
        let Some(hex) = hex else { return Ok(None) };
        let proved = |directory: &StateDir, file: &str| {
            let Some(bytes) = directory.read(file, FILE_LIMIT)? else { return Ok(None) };
            if containerd::sha256(&bytes) != digest {
                return Err(format!("{}: has another digest", directory.name(file)));
            }
            Ok(Some(Self::proved(directory.name(file), bytes)))
        };
        for root in &roots.docker {
            let Some(directory) = StateDir::open(roots, root)? else { continue };
            for driver in directory.entries("image") {
                let file = format!("image/{driver}/imagedb/content/sha256/{hex}");
                if let Some(found) = proved(&directory, &file)? {
                    return Ok(Some(found));
                }
            }
        }
        for daemon in &roots.containerd {
            let Some(directory) = StateDir::open(roots, &daemon.root)? else { continue };
            let file = format!("io.containerd.content.v1.content/blobs/sha256/{hex}");
            if let Some(found) = proved(&directory, &file)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// What its JSON says.
    ///
    /// # Errors
    ///
    /// Text that names the file and the place where it is not what it should be. It quotes nothing.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, String> {
        serde_json::from_slice(&self.bytes).map_err(|error| {
            let what = match error.classify() {
                serde_json::error::Category::Data => "not what is expected",
                _ => "no JSON",
            };
            format!("{}:{}:{}: {what}", self.path, error.line(), error.column())
        })
    }
}

/// What a runtime wrote down about a container.
#[derive(Default)]
pub(crate) struct Declaration {
    /// The OCI runtime's `config.json`.
    pub(crate) bundle: Option<Document>,
    /// When the bundle's first process was there: the runtime had read the bundle by then.
    pub(crate) made: Option<Timestamp>,
    /// Docker's `hostconfig.json`.
    pub(crate) host_config: Option<Document>,
    /// Docker's `config.v2.json`.
    pub(crate) config: Option<Document>,
    /// runc's `state.json`.
    pub(crate) runc: Option<Document>,
    /// The first process, by what the runtime wrote down.
    pub(crate) pid: Option<u32>,
    /// What could not be read.
    pub(crate) problems: Vec<String>,
}

impl Declaration {
    /// Reads what a container's runtime wrote down about it; runtimes keep their state there. Each file is bounded in
    /// size; what cannot be read is among the problems and hides nothing else.
    pub(crate) fn find(roots: &StateRoots, id: &str, runtime: &str) -> Self {
        let mut found = Self::default();
        if cgroup::is_id(id) && runtime == DOCKER {
            for root in &roots.docker {
                let taken = found.docker(roots, root, id);
                found.keep(taken);
            }
        }
        if cgroup::is_identifier(id) {
            for daemon in &roots.containerd {
                let taken = found.containerd(roots, &daemon.state, id, runtime);
                found.keep(taken);
            }
        }
        if cgroup::is_id(id) {
            for root in &roots.storage {
                let bundle = format!("overlay-containers/{id}/userdata");
                let taken = found.bundle(roots, root, &bundle, "pidfile");
                found.keep(taken);
                let taken = found.runc(roots, Path::new(RUNC), id);
                found.keep(taken);
            }
        }
        // Under a state directory that nobody told us, the bundle is where the runtime's own process
        // works: containerd's shim in that of the container, or of another one in the same pod.
        if found.bundle.is_none()
            && let Some(bundle) = found.pid.and_then(|pid| beside_parent(roots, pid, id))
        {
            let taken = found.bundle(roots, &bundle, ".", "init.pid");
            found.keep(taken);
            let namespace = bundle.parent().and_then(Path::file_name).and_then(|it| it.to_str());
            let taken = StateDir::open(roots, &bundle)
                .and_then(|it| found.runc_of_shim(roots, it.as_ref(), ".", namespace, id));
            found.keep(taken);
        }
        found
    }

    /// The files that it was read from.
    pub(crate) fn sources(&self) -> Sources {
        let all = [&self.bundle, &self.config, &self.host_config, &self.runc];
        let files: Option<Vec<_>> = all
            .into_iter()
            .flatten()
            .map(|document| Some((PathBuf::from(&document.path), document.stamp?)))
            .collect();
        let whole = self.bundle.is_some()
            && files.is_some()
            && self.config.is_some() == self.host_config.is_some()
            && self.problems.is_empty();
        let all = [&self.bundle, &self.config, &self.host_config, &self.runc].into_iter().flatten();
        let above = |document: &Document| Some(Path::new(&document.path).parent()?.to_owned());
        let mut directories: Vec<PathBuf> = all.filter_map(above).collect();
        directories.dedup();
        Sources { files: files.unwrap_or_default(), directories, whole }
    }

    fn keep(&mut self, result: Result<(), String>) {
        if let Err(problem) = result {
            self.problems.push(problem);
        }
    }

    fn docker(&mut self, roots: &StateRoots, root: &Path, id: &str) -> Result<(), String> {
        if self.config.is_some() {
            return Ok(());
        }
        let Some(directory) = StateDir::open(roots, root)? else { return Ok(()) };
        let Some(config) = document(&directory, &format!("containers/{id}/config.v2.json"))? else {
            return Ok(());
        };
        self.pid =
            self.pid.or_else(|| config.json::<Config>().ok()?.state.pid.filter(|&it| it > 0));
        self.config = Some(config);
        self.host_config = document(&directory, &format!("containers/{id}/hostconfig.json"))?;
        Ok(())
    }

    fn containerd(
        &mut self,
        roots: &StateRoots,
        state: &Path,
        id: &str,
        runtime: &str,
    ) -> Result<(), String> {
        let Some(directory) = StateDir::open(roots, state)? else { return Ok(()) };
        for tasks in containerd::TASKS {
            for namespace in directory.entries(tasks) {
                // Docker's ids are its own; of the other namespaces, a container is in one.
                if (namespace == containerd::DOCKER) == (runtime == DOCKER) {
                    let bundle = format!("{tasks}/{namespace}/{id}");
                    let before = self.bundle.is_some();
                    self.bundle(roots, state, &bundle, "init.pid")?;
                    if !before {
                        let namespace = Some(namespace.as_str());
                        self.runc_of_shim(roots, Some(&directory), &bundle, namespace, id)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes what runc keeps of a container of containerd: where its shim was told to, else where that does by itself.
    fn runc_of_shim(
        &mut self,
        roots: &StateRoots,
        directory: Option<&StateDir>,
        bundle: &str,
        namespace: Option<&str>,
        id: &str,
    ) -> Result<(), String> {
        let (Some(directory), Some(namespace)) = (directory, namespace) else { return Ok(()) };
        if self.bundle.is_none() || self.runc.is_some() {
            return Ok(());
        }
        let options: ShimOptions =
            directory.json(&format!("{bundle}/options.json"))?.unwrap_or_default();
        let root =
            options.root.filter(|it| it.is_absolute()).unwrap_or_else(|| RUNC_OF_SHIM.into());
        self.runc(roots, &root.join(namespace), id)
    }

    /// Takes runc's state below a directory of its own.
    fn runc(&mut self, roots: &StateRoots, root: &Path, id: &str) -> Result<(), String> {
        if self.bundle.is_none() || self.runc.is_some() {
            return Ok(());
        }
        let Some(directory) = StateDir::open(roots, root)? else { return Ok(()) };
        self.runc = document(&directory, &format!("{id}/state.json"))?;
        Ok(())
    }

    /// Takes a bundle, unless one was taken before.
    fn bundle(
        &mut self,
        roots: &StateRoots,
        root: &Path,
        bundle: &str,
        pid_file: &str,
    ) -> Result<(), String> {
        if self.bundle.is_some() {
            return Ok(());
        }
        let Some(directory) = StateDir::open(roots, root)? else { return Ok(()) };
        self.bundle = document(&directory, &format!("{bundle}/config.json"))?;
        if self.bundle.is_some()
            && let Some(pid) = document(&directory, &format!("{bundle}/{pid_file}"))?
        {
            let number = std::str::from_utf8(&pid.bytes).ok().and_then(|it| it.trim().parse().ok());
            self.pid = number.or(self.pid);
            self.made = pid.changed;
        }
        Ok(())
    }
}

/// Of the `options.json` that containerd's shim keeps beside a bundle.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct ShimOptions {
    /// Where runc is told to keep its state.
    root: Option<PathBuf>,
}

/// Of `config.v2.json`.
#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Config {
    state: State,
}

#[derive(Default, serde::Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct State {
    pid: Option<u32>,
}

fn document(directory: &StateDir, relative: &str) -> Result<Option<Document>, String> {
    let Some(bytes) = directory.read(relative, FILE_LIMIT)? else { return Ok(None) };
    let stat = directory.file(relative)?.and_then(|file| file.metadata().ok());
    let changed = stat.as_ref().map(|stat| {
        Timestamp::from_nanos(stat.ctime().saturating_mul(1_000_000_000) + stat.ctime_nsec())
    });
    // The times of files are coarse: a second change within a tick has that of the first.
    let is_old = |changed: Timestamp| Timestamp::now().as_nanos() - changed.as_nanos() > TICKS_NS;
    let stamp = stat.filter(|_| changed.is_some_and(is_old)).map(|stat| Stamp::of(&stat));
    Ok(Some(Document { path: directory.name(relative), bytes, changed, stamp }))
}

/// The bundle of a container, found by where the process that looks after it works.
fn beside_parent(roots: &StateRoots, pid: u32, id: &str) -> Option<PathBuf> {
    let stat = std::fs::read_to_string(roots.proc.join(pid.to_string()).join("stat")).ok()?;
    // After the name in parentheses, which may hold anything: state, then the parent.
    let parent: u32 = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
    let work = std::fs::read_link(roots.proc.join(parent.to_string()).join("cwd")).ok()?;
    (parent > 1).then(|| work.with_file_name(id))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::container::ContainerdRoots;
    use crate::container::Runtimes;

    fn id() -> String {
        "a".repeat(64)
    }

    /// A host with the state of one Docker container.
    fn host() -> (tempfile::TempDir, Runtimes) {
        let host = tempfile::tempdir().unwrap();
        let write = |path: String, text: &str| {
            let path = host.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let id = id();
        write(format!("docker/containers/{id}/config.v2.json"), r#"{"State":{"Pid":70}}"#);
        write(format!("docker/containers/{id}/hostconfig.json"), "{}");
        let bundle = format!("run/{}/moby/{id}", containerd::TASKS[0]);
        write(format!("{bundle}/config.json"), "{}");
        write(format!("{bundle}/init.pid"), "71\n");
        write(format!("{bundle}/options.json"), r#"{"binary_name":"runc","root":"/run/mine"}"#);
        write(format!("run/mine/moby/{id}/state.json"), "{}");
        write(format!("run/{}/k8s.io/pod/config.json", containerd::TASKS[0]), "{}");
        write("run/containerd/runc/k8s.io/pod/state.json".into(), "{}");
        write("proc/self/mountinfo".into(), "");
        write("proc/1/mountinfo".into(), "");
        let roots = StateRoots {
            host: host.path().to_owned(),
            proc: host.path().join("proc"),
            docker: vec!["/docker".into()],
            containerd: vec![ContainerdRoots { state: "/run".into(), root: "/lib".into() }],
            storage: Vec::new(),
        };
        (host, Runtimes::new(roots))
    }

    #[test]
    fn all_documents_of_a_docker_container_are_found() {
        let (_host, runtimes) = host();
        let found = Declaration::find(&runtimes.all_roots(), &id(), DOCKER);
        assert!(found.bundle.unwrap().path.contains("/moby/"));
        assert!(found.host_config.is_some() && found.config.is_some());
        assert!(found.runc.unwrap().path.contains("/mine/moby/"));
        assert_eq!(found.pid, Some(71));
        assert!(found.made.is_some() && found.problems.is_empty());
        let found = Declaration::find(&runtimes.all_roots(), "pod", "containerd");
        assert!(found.bundle.is_some() && found.config.is_none() && found.pid.is_none());
        assert!(found.runc.unwrap().path.contains("/containerd/runc/k8s.io/pod/"));
        assert!(Declaration::find(&runtimes.all_roots(), "../x", DOCKER).bundle.is_none());
    }

    #[test]
    fn the_configuration_of_an_image_is_proved_by_its_digest() {
        let (host, runtimes) = host();
        let digest = containerd::sha256(b"{}");
        let hex = digest.strip_prefix("sha256:").unwrap();
        assert!(Document::of_image(&runtimes.all_roots(), &digest).unwrap().is_none());
        for store in
            ["lib/io.containerd.content.v1.content/blobs", "docker/image/overlay2/imagedb/content"]
        {
            let file = host.path().join(store).join("sha256").join(hex);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, "{}").unwrap();
            let found = Document::of_image(&runtimes.all_roots(), &digest).unwrap().unwrap();
            assert!(found.path.ends_with(&format!("{store}/sha256/{hex}")), "{}", found.path);
            fs::write(&file, "{ }").unwrap();
            let error = Document::of_image(&runtimes.all_roots(), &digest).err().unwrap();
            assert!(error.ends_with("has another digest"), "{error}");
            fs::remove_file(&file).unwrap();
        }
        for wrong in ["", "sha256:../../../etc/passwd", hex] {
            assert!(Document::of_image(&runtimes.all_roots(), wrong).unwrap().is_none());
        }
    }

    #[test]
    fn a_bundle_elsewhere_is_found_by_its_shim() {
        let (host, runtimes) = host();
        let run = host.path().join("run");
        fs::rename(&run, host.path().join("other")).unwrap();
        fs::create_dir_all(host.path().join("proc/70")).unwrap();
        fs::create_dir_all(host.path().join("proc/69")).unwrap();
        fs::write(host.path().join("proc/70/stat"), "70 (a) b) S 69 1").unwrap();
        let work = format!("/other/{}/moby/sandbox", containerd::TASKS[0]);
        std::os::unix::fs::symlink(work, host.path().join("proc/69/cwd")).unwrap();
        let found = Declaration::find(&runtimes.all_roots(), &id(), DOCKER);
        assert!(found.bundle.unwrap().path.contains("/other/"), "{:?}", found.problems);
    }

    #[cfg(feature = "sensor")]
    #[test]
    fn files_are_read_again_when_one_of_them_changed() {
        let (host, runtimes) = host();
        let path = host.path().join(format!("docker/containers/{}/hostconfig.json", id()));
        assert!(
            !Declaration::find(&runtimes.all_roots(), &id(), DOCKER).sources().are_same(),
            "too young to tell"
        );
        let mut found = Declaration::find(&runtimes.all_roots(), &id(), DOCKER);
        let documents =
            [&mut found.bundle, &mut found.config, &mut found.host_config, &mut found.runc];
        for document in documents.into_iter().flatten() {
            document.stamp = Some(Stamp::of(&fs::metadata(&document.path).unwrap()));
        }
        let sources = found.sources();
        assert!(sources.are_same());
        assert_eq!(sources.directories().len(), 3, "the bundle's, Docker's and runc's");
        let new = host.path().join("new");
        fs::write(&new, "{}").unwrap();
        fs::rename(&new, &path).unwrap();
        assert!(!sources.are_same(), "another file of the same size");
        found.host_config = None;
        assert!(!found.sources().are_same(), "one is missing that Docker has");
        assert!(!Declaration::default().sources().are_same());
    }

    #[test]
    fn what_is_wrong_is_told_without_its_content() {
        let (host, runtimes) = host();
        let config = format!("docker/containers/{}/config.v2.json", id());
        fs::write(host.path().join(config), r#"{"State":{"Pid":"hunter2"}}"#).unwrap();
        let found = Declaration::find(&runtimes.all_roots(), &id(), DOCKER);
        let error = found.config.unwrap().json::<Config>().err().unwrap();
        assert!(error.contains("config.v2.json:1:") && !error.contains("hunter2"), "{error}");
        let bundle = format!("run/{}/moby/{}/config.json", containerd::TASKS[0], id());
        fs::remove_file(host.path().join(&bundle)).unwrap();
        fs::create_dir(host.path().join(&bundle)).unwrap();
        let found = Declaration::find(&runtimes.all_roots(), &id(), DOCKER);
        assert!(found.problems[0].contains("not a regular file"), "{:?}", found.problems);
    }
}
