//! Options, set by name.

use std::ffi::c_char;
use std::path::PathBuf;
use std::time::Duration;

use driftcore::baseline::Baseline;
use driftcore::baseline::Exceptions;
use driftcore::baseline::Grace;
use driftcore::baseline::Judge;
use driftcore::baseline::LearnOptions;
use driftcore::baseline::Normality;
use driftcore::container::ContainerdRoots;
use driftcore::container::StateRoots;
use driftcore::digest::Approved;
use driftcore::digest::Blobs;
use driftcore::digest::Verifier;
use driftcore::engine::CodeOptions;
use driftcore::engine::ConfigurationOptions;
use driftcore::engine::Scope;
use driftcore::image::ScanOptions;
use driftcore::matcher::Policy;
use driftcore::matcher::Priority;
use driftcore::provenance::Bounds;
use driftcore::rules::SetOptions;
use driftcore::sensor::SensorOptions;
use driftcore::sensor::Wanted;

use crate::error::Failure;
use crate::error::driftcore_error;
use crate::guard::guard;
use crate::guard::quiet;
use crate::handle;
use crate::status::driftcore_status;
use crate::text;

/// Options of engines, rules, classifiers, scans and learners. One thread at a time. Since 0.1.0.
#[derive(Clone, Debug, Default)]
pub struct driftcore_options {
    pub(crate) sensor: SensorOptions,
    pub(crate) roots: StateRoots,
    pub(crate) scope: Scope,
    pub(crate) bounds: Bounds,
    kinds: Wanted,
    unix_sockets: bool,
    memory: bool,
    volumes: bool,
    pub(crate) code: CodeOptions,
    pub(crate) no_packages: bool,
    pub(crate) configuration: Option<ConfigurationOptions>,
    pub(crate) secrets: Vec<PathBuf>,
    pub(crate) pods: Option<PathBuf>,
    pub(crate) allow_degraded: bool,
    baselines: Vec<PathBuf>,
    exceptions: Vec<PathBuf>,
    graces: Vec<Grace>,
    pub(crate) rules: SetOptions,
    pub(crate) learn: LearnOptions,
    pub(crate) scan: Scanning,
    /// Files that say which images were approved, and layouts that hold their content.
    pub(crate) approved: Vec<PathBuf>,
    pub(crate) layouts: Vec<PathBuf>,
    /// Whether the layers on disk are held against the image.
    pub(crate) deep: bool,
}

/// How a scan is made.
#[derive(Clone, Debug)]
pub(crate) struct Scanning {
    pub(crate) options: ScanOptions,
    pub(crate) user_xattrs: bool,
    pub(crate) whiteout_files: bool,
    pub(crate) packages: bool,
}

impl Default for Scanning {
    fn default() -> Self {
        Self {
            options: ScanOptions::default(),
            user_xattrs: false,
            whiteout_files: false,
            packages: true,
        }
    }
}

impl driftcore_options {
    /// What verifies that what runs was approved. `None` where no file is named.
    pub(crate) fn verifier(&self) -> Result<Option<Verifier>, Failure> {
        if self.approved.is_empty() {
            return Ok(None);
        }
        self.new_verifier().map(Some)
    }

    /// The same where nothing may be approved.
    pub(crate) fn new_verifier(&self) -> Result<Verifier, Failure> {
        let mut approved = Approved::new();
        for path in &self.approved {
            approved.read(path)?;
        }
        let stores = self.roots.containerd.iter();
        let stores = stores.map(|it| it.root.join("io.containerd.content.v1.content"));
        let blobs = Blobs::new(self.layouts.iter().cloned().chain(stores));
        Ok(Verifier::new(approved, blobs))
    }

    /// What is asked of the sensor beside execs, whatever rules need.
    pub(crate) const fn watched(&self) -> Wanted {
        let mut wanted = self.kinds;
        if self.unix_sockets {
            wanted = wanted.with_unix_sockets();
        }
        if self.memory {
            wanted = wanted.with_memory();
        }
        if self.volumes {
            wanted = wanted.with_volumes();
        }
        wanted
    }

    /// What is said to be normal; reads the files that say it.
    pub(crate) fn normality(&self) -> Result<Normality, Failure> {
        let mut normality = Normality::default();
        for path in &self.baselines {
            normality.baseline.merge(Baseline::read(path)?);
        }
        normality.exceptions = self.all_exceptions()?;
        normality.graces.clone_from(&self.graces);
        Ok(normality)
    }

    fn all_exceptions(&self) -> Result<Exceptions, Failure> {
        let mut exceptions = Vec::new();
        for path in &self.exceptions {
            exceptions.extend(Exceptions::read(path)?.into_list());
        }
        Ok(Exceptions::new(exceptions))
    }

    /// What says of events what they come to; reads the files that say it.
    pub(crate) fn judge(&self) -> Result<Judge, Failure> {
        let mut baseline = (!self.baselines.is_empty()).then(Baseline::new);
        for path in &self.baselines {
            baseline.get_or_insert_default().merge(Baseline::read(path)?);
        }
        Ok(Judge::new(baseline, self.all_exceptions()?))
    }

    #[cfg(test)]
    pub(crate) fn set_for_test(&mut self, name: &str, value: &str) {
        self.set(name, value).unwrap();
    }

    /// How much of a file is read.
    pub(crate) fn bounds(&self) -> Bounds {
        // A digest is what tells drifted code that is expected from other.
        let are_asked = !self.baselines.is_empty() || !self.exceptions.is_empty();
        Bounds { digests: self.bounds.digests || are_asked, ..self.bounds }
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), Failure> {
        let wrong = |expected: &str| {
            Failure::wrong_type(format!("option {name}: expected {expected}, found {value:?}"))
        };
        let flag = || match value {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(wrong("true or false")),
        };
        let number = || value.parse::<u64>().map_err(|_| wrong("a whole number"));
        let ring = || {
            let size = value.parse::<u32>().ok();
            size.filter(|size| size.is_power_of_two() && *size >= 4096)
                .ok_or_else(|| wrong("a power of two of at least 4096"))
        };
        match name {
            "sensor.exec_ring_bytes" => self.sensor.exec_ring = ring()?,
            "sensor.life_ring_bytes" => self.sensor.life_ring = ring()?,
            "sensor.bulk_ring_bytes" => self.sensor.bulk_ring = ring()?,
            "sensor.events_per_second" => self.sensor.budget_rate = number()?,
            "sensor.events_at_once" => self.sensor.budget_burst = number()?,
            "sensor.follow_io_uring" => self.sensor.follow_io_uring = flag()?,
            "sensor.hooks" => {
                self.sensor.hooks = match value {
                    "auto" => None,
                    set => Some(set.parse().map_err(|_| wrong("auto, lsm, fentry or tracepoint"))?),
                };
            }
            "sensor.allow_degraded" => self.allow_degraded = flag()?,
            "proof.max_bytes" => self.bounds.bytes = number()?,
            "proof.max_milliseconds" => self.bounds.time = Duration::from_millis(number()?),
            "proof.digests" => self.bounds.digests = flag()?,
            "baseline.file" => add(&mut self.baselines, value, PathBuf::from(value)),
            "baseline.accept" => self.learn.accept = flag()?,
            "baseline.select" => {
                let pair = value.split_once('=').filter(|(label, _)| !label.is_empty());
                if pair.is_none() && !value.is_empty() {
                    return Err(wrong("LABEL=VALUE"));
                }
                self.learn.label = pair.map(|(label, of)| (label.to_owned(), of.to_owned()));
            }
            "exceptions.file" => add(&mut self.exceptions, value, PathBuf::from(value)),
            "grace" => {
                let (seconds, image) = match value.split_once(':') {
                    Some((seconds, image)) => (seconds, Some(image.to_owned())),
                    None => (value, None),
                };
                let form = "SECONDS, from 1 to 86400, or SECONDS:IMAGE";
                let is_form = value.is_empty() || !seconds.is_empty();
                let time = grace(seconds).filter(|_| is_form).ok_or_else(|| wrong(form))?;
                add(&mut self.graces, value, Grace { image, label: None, time });
            }
            "grace.label" => {
                let (seconds, label) = value.split_once(':').unwrap_or_default();
                let is_label = !label.is_empty() && !label.starts_with('=');
                let is_form = value.is_empty() || !seconds.is_empty() && is_label;
                let form = "SECONDS:LABEL or SECONDS:LABEL=VALUE, from 1 to 86400 seconds";
                let time = grace(seconds).filter(|_| is_form).ok_or_else(|| wrong(form))?;
                let label = Some(label.to_owned());
                add(&mut self.graces, value, Grace { image: None, label, time });
            }
            "runtimes.host" => self.roots.host = PathBuf::from(value),
            "runtimes.proc" => self.roots.proc = PathBuf::from(value),
            "runtimes.docker" => add(&mut self.roots.docker, value, PathBuf::from(value)),
            "runtimes.storage" => add(&mut self.roots.storage, value, PathBuf::from(value)),
            "runtimes.containerd" => {
                let pair = value.split_once(':').unwrap_or_default();
                if !value.is_empty() && (pair.0.is_empty() || pair.1.is_empty()) {
                    return Err(wrong("STATE:ROOT, two directories"));
                }
                let (state, root) = (PathBuf::from(pair.0), PathBuf::from(pair.1));
                add(&mut self.roots.containerd, value, ContainerdRoots { state, root });
            }
            "scope.events" => {
                self.scope.all_events = match value {
                    "drift" => false,
                    "all" => true,
                    _ => return Err(wrong("drift or all")),
                }
            }
            "events.kinds" => {
                self.kinds = match value {
                    "" => Wanted::NOTHING,
                    "file" => self.kinds.with_file_changes(),
                    "network" => self.kinds.with_sockets(),
                    "code" => self.kinds.with_libraries().with_scripts(),
                    _ => return Err(wrong("file, network, code, or nothing")),
                }
            }
            "sensor.unix_sockets" => self.unix_sockets = flag()?,
            "files.memory" => self.memory = flag()?,
            "files.volumes" => self.volumes = flag()?,
            "code.libraries" => self.code.libraries = flag()?,
            "code.scripts" => self.code.scripts = flag()?,
            "code.interpreter" => add(&mut self.code.interpreters, value, value.to_owned()),
            "packages.watch" => self.no_packages = !flag()?,
            "config.interval" => {
                let interval = Duration::from_secs(number()?);
                let options = ConfigurationOptions { interval };
                self.configuration = (!interval.is_zero()).then_some(options);
            }
            "config.secret" => add(&mut self.secrets, value, PathBuf::from(value)),
            "config.pods" => self.pods = (!value.is_empty()).then(|| PathBuf::from(value)),
            "scope.container" => add(&mut self.scope.containers, value, value.to_owned()),
            "rules.matching" => {
                self.rules.policy = match value {
                    "first" => Policy::First,
                    "all" => Policy::All,
                    _ => return Err(wrong("first or all")),
                }
            }
            "rules.least_priority" => {
                self.rules.least_priority = Priority::of(value)
                    .ok_or_else(|| wrong("a priority from emergency to debug"))?;
            }
            "rules.suggested_output" => self.rules.suggested_output = flag()?,
            "digest.approved" => add(&mut self.approved, value, PathBuf::from(value)),
            "digest.deep" => self.deep = flag()?,
            "digest.layout" => add(&mut self.layouts, value, PathBuf::from(value)),
            "scan.times" => self.scan.options.times = flag()?,
            "scan.max_bytes" => self.scan.options.largest = number()?,
            "scan.threads" => {
                self.scan.options.threads = match value {
                    "" => ScanOptions::default().threads,
                    _ => value.parse().map_err(|_| wrong("a whole number"))?,
                }
            }
            "scan.packages" => self.scan.packages = flag()?,
            "scan.whiteout_files" => self.scan.whiteout_files = flag()?,
            "scan.user_xattrs" => self.scan.user_xattrs = flag()?,
            _ => return Err(Failure::unknown_name(format!("there is no option {name:?}"))),
        }
        Ok(())
    }
}

/// A time of grace in seconds; nothing is none.
fn grace(seconds: &str) -> Option<Duration> {
    if seconds.is_empty() {
        return Some(Duration::ZERO);
    }
    let seconds = seconds.parse().ok().filter(|it| (1..=86_400).contains(it));
    seconds.map(Duration::from_secs)
}

/// Adds to a list; nothing empties it.
fn add<T>(list: &mut Vec<T>, value: &str, item: T) {
    if value.is_empty() {
        list.clear();
    } else {
        list.push(item);
    }
}

/// Options with their defaults, for `driftcore_options_free`. Any thread. Since 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn driftcore_options_new() -> *mut driftcore_options {
    quiet(std::ptr::null_mut(), || Some(handle::give(driftcore_options::default())))
}

/// Sets an option. Both strings are copied. NULL anywhere but in `error`: refused. One thread at a
/// time. Since 0.1.0.
///
/// | name | value | default |
/// | --- | --- | --- |
/// | sensor.exec_ring_bytes | a power of two | 8388608 |
/// | sensor.life_ring_bytes | a power of two | 2097152 |
/// | sensor.bulk_ring_bytes | a power of two | 8388608 |
/// | sensor.events_per_second | beside execs, of one container; 0: any number | 2000 |
/// | sensor.events_at_once | before that rate counts | 8000 |
/// | sensor.follow_io_uring | false: report each ring that a container makes, and not what is done through it | true |
/// | sensor.hooks | from where operations on files are seen: lsm, fentry, tracepoint, or auto: the first of these that proves itself | auto |
/// | sensor.unix_sockets | true: connections to Unix sockets outside of the container are seen | false |
/// | sensor.allow_degraded | true: go on when the self-test fails, and report it | false |
/// | proof.max_bytes | the most bytes of a file that are compared | 268435456 |
/// | proof.max_milliseconds | the longest time that it may take | 2000 |
/// | proof.digests | true: all drifted code is read for its SHA-256, not only what is compared | false |
/// | baseline.file | adds a baseline: what it expects is no drift, what it does not is | none |
/// | baseline.accept | true: drift is learned as normal, too; drifted code by its digest | false |
/// | baseline.select | LABEL=VALUE: only containers with that label are learned from, and the baseline speaks of all that have it | none |
/// | exceptions.file | adds a file of approved exceptions | none |
/// | grace | adds a time after a start for a container's own first program to prepare files: SECONDS, or SECONDS:IMAGE with a pattern | none |
/// | grace.label | the same for containers that have a label: SECONDS:LABEL or SECONDS:LABEL=VALUE | none |
/// | runtimes.host | the host's root directory, as this process sees it | / |
/// | runtimes.proc | the host's proc filesystem | /proc |
/// | runtimes.docker | adds a data root of Docker | /var/lib/docker |
/// | runtimes.containerd | adds a containerd: STATE:ROOT | where distributions put it |
/// | runtimes.storage | adds a root of containers/storage | where distributions put it |
/// | scope.events | drift, or all: also events that are no drift | drift |
/// | events.kinds | adds a kind of events that is watched beside execs: file, network or code | what the rules speak of |
/// | files.memory | true: operations on files count also on filesystems in memory, as secrets are | false |
/// | files.volumes | true: and on volumes, and whatever else is mounted | false |
/// | code.libraries | false: what is mapped executable is never looked at | true |
/// | code.scripts | false: what interpreters read is never looked at | true |
/// | code.interpreter | adds a program that runs scripts, without a version | those that are known |
/// | packages.watch | false: package databases are not compared when they change | true |
/// | config.interval | seconds between two comparisons of how a container is set up with what was declared; 0: never | 0 |
/// | config.secret | adds a file, directory or mount of containers, as these see it, whose files are compared as secrets are | what the kubelet mounts, /run/secrets |
/// | config.pods | a file of pods as `kubectl get pods -o json` prints them, with which their containers are compared, too; read again when it changed | none |
/// | scope.container | adds a container (id, its beginning, or name) | all containers |
/// | rules.matching | first, or all: how many rules may match an event | first |
/// | rules.least_priority | emergency to debug | debug |
/// | rules.suggested_output | true: container, image and pod behind each output | true |
/// | digest.approved | adds a file that says which images were approved: Kubernetes manifests, or a list | nothing is verified |
/// | digest.layout | adds an OCI image layout that holds the content of images | containerd's content stores |
/// | digest.deep | true: a verifier holds the layers on disk of containers of this node against their image, too | false |
/// | scan.times | true: a time of modification alone counts as a change, too | false |
/// | scan.max_bytes | the most bytes of a file that a scan reads | 4294967296 |
/// | scan.threads | how many threads read large files; 0: none is started | one for each processor |
/// | scan.packages | false: packages are not compared | true |
/// | scan.whiteout_files | true: files named .wh.NAME are whiteouts | false |
/// | scan.user_xattrs | true: the overlay of the directories has its marks in user.overlay.* | false |
///
/// The empty value empties what is added to.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_options_set(
    options: *mut driftcore_options,
    name: *const c_char,
    value: *const c_char,
    error: *mut *mut driftcore_error,
) -> driftcore_status {
    guard(error, || {
        let options = handle::borrow_mut!(options)?;
        options.set(text::name("name", name)?, text::name("value", value)?)
    })
}

/// Frees options and sets the pointer to them to NULL; engines made with them stay as they are.
/// NULL, or a pointer to NULL: nothing. Any thread, while no
/// other uses it. Since 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driftcore_options_free(options: *mut *mut driftcore_options) {
    handle::free!(options);
}

#[cfg(test)]
mod tests {
    use driftcore::sensor::HookSet;

    use super::*;
    use crate::status::driftcore_status::*;

    /// The rows of the table in the header: name and default.
    fn table() -> Vec<(String, String)> {
        include_str!("options.rs")
            .lines()
            .filter_map(|line| line.strip_prefix("/// | "))
            .filter(|line| line.contains('.'))
            .map(|line| {
                let cells: Vec<&str> = line.trim_end_matches(" |").split(" | ").collect();
                (cells[0].to_owned(), cells[2].to_owned())
            })
            .collect()
    }

    #[test]
    fn every_documented_option_is_there_with_its_default() {
        assert_eq!(table().len(), 46);
        for (name, default) in table() {
            let mut options = driftcore_options::default();
            let outcome = options.set(&name, &default);
            let documented_only = [
                "all containers",
                "where distributions put it",
                "what the rules speak of",
                "those that are known",
                "what the kubelet mounts, /run/secrets",
                "nothing is verified",
                "containerd's content stores",
                "one for each processor",
                "none",
            ];
            if documented_only.contains(&&*default) {
                assert!(options.set(&name, "").is_ok(), "{name}");
                continue;
            }
            outcome.unwrap();
            if name == "runtimes.docker" {
                assert_eq!(options.roots.docker, vec![PathBuf::from(default); 2]);
                continue;
            }
            let same = format!("{options:?}") == format!("{:?}", driftcore_options::default());
            assert!(same, "{name} is not {default} by default");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let status =
            |name, value| driftcore_options::default().set(name, value).unwrap_err().status;
        assert_eq!(status("sensor.ring", "1"), DRIFTCORE_STATUS_UNKNOWN_NAME);
        for (name, value) in [
            ("sensor.exec_ring_bytes", "5000"),
            ("sensor.allow_degraded", "yes"),
            ("sensor.follow_io_uring", "1"),
            ("sensor.hooks", "kprobe"),
            ("scan.times", "1"),
            ("scan.max_bytes", "4G"),
            ("scan.threads", "all"),
            ("proof.max_bytes", "-1"),
            ("proof.digests", "1"),
            ("baseline.accept", "1"),
            ("baseline.select", "app"),
            ("baseline.select", "=web"),
            ("grace", "0"),
            ("grace", "x:*"),
            ("grace", ":*"),
            ("grace.label", "5"),
            ("grace.label", "0:app"),
            ("grace.label", ":app"),
            ("grace.label", "5:=web"),
            ("digest.deep", "yes"),
            ("runtimes.containerd", "/run/containerd"),
            ("rules.matching", "some"),
            ("rules.least_priority", "loud"),
            ("scope.events", ""),
            ("events.kinds", "files"),
        ] {
            assert_eq!(status(name, value), DRIFTCORE_STATUS_WRONG_TYPE, "{name}");
        }
    }

    #[test]
    fn kinds_of_events_add_up() {
        let mut options = driftcore_options::default();
        options.set("events.kinds", "file").unwrap();
        assert!(options.watched().has_files() && !options.watched().has_sockets());
        options.set("events.kinds", "network").unwrap();
        assert!(options.watched().has_files() && options.watched().has_sockets());
        options.set("events.kinds", "").unwrap();
        assert_eq!(options.watched(), Wanted::NOTHING);
        options.set("files.memory", "true").unwrap();
        options.set("files.volumes", "true").unwrap();
        options.set("files.volumes", "false").unwrap();
        assert_eq!(options.watched(), Wanted::NOTHING.with_memory());
    }

    #[test]
    fn one_file_of_pods_counts_until_it_is_taken_back() {
        let mut options = driftcore_options::default();
        for path in ["/etc/one.json", "/etc/pods.json"] {
            options.set("config.pods", path).unwrap();
        }
        assert_eq!(options.pods, Some(PathBuf::from("/etc/pods.json")));
        options.set("config.pods", "").unwrap();
        assert_eq!(options.pods, None);
    }

    #[test]
    fn rings_are_followed_unless_that_is_not_wanted() {
        let mut options = driftcore_options::default();
        options.set("sensor.follow_io_uring", "false").unwrap();
        assert!(!options.sensor.follow_io_uring);
    }

    #[test]
    fn hook_sets_are_named() {
        let mut options = driftcore_options::default();
        options.set("sensor.hooks", "fentry").unwrap();
        assert_eq!(options.sensor.hooks, Some(HookSet::Fentry));
    }

    #[test]
    fn what_is_normal_is_read_with_its_place() {
        let mut options = driftcore_options::default();
        options.set("grace", "30:registry.example/*:1").unwrap();
        options.set("grace", "5").unwrap();
        let graces = options.normality().unwrap().graces;
        assert_eq!(graces[0].image.as_deref(), Some("registry.example/*:1"));
        assert_eq!((graces[0].time.as_secs(), graces[1].time.as_secs()), (30, 5));
        assert_eq!(graces[1].image, None);
        options.set("grace.label", "7:app=web").unwrap();
        let graces = options.normality().unwrap().graces;
        assert_eq!((graces[2].label.as_deref(), graces[2].time.as_secs()), (Some("app=web"), 7));
        assert_eq!(graces[2].image, None);
        options.set("grace", "").unwrap();
        assert!(options.normality().unwrap().is_empty() && !options.bounds().digests);

        let path = std::env::temp_dir().join(format!("driftcore-options-{}", std::process::id()));
        std::fs::write(&path, "version: 1\nexceptions: 7\n").unwrap();
        options.set("exceptions.file", path.to_str().unwrap()).unwrap();
        let failure = options.normality().unwrap_err();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(failure.status, DRIFTCORE_STATUS_INVALID_ARGUMENT);
        assert!(options.bounds().digests);
        options.set("baseline.file", "/nonexistent/b").unwrap();
        assert_eq!(options.normality().unwrap_err().status, DRIFTCORE_STATUS_NOT_FOUND);
    }

    #[test]
    fn priorities_are_named_as_in_rules() {
        let mut options = driftcore_options::default();
        options.set("rules.least_priority", "info").unwrap();
        assert_eq!(options.rules.least_priority, Priority::Informational);
    }

    #[test]
    fn lists_grow_and_are_emptied() {
        let mut options = driftcore_options::default();
        options.set("scope.container", "a").unwrap();
        options.set("scope.container", "b").unwrap();
        assert_eq!(options.scope.containers, ["a", "b"]);
        options.set("scope.container", "").unwrap();
        assert!(options.scope.containers.is_empty());
        options.set("code.interpreter", "").unwrap();
        options.set("code.interpreter", "own").unwrap();
        assert_eq!(options.code.interpreters, ["own"]);
        options.set("runtimes.containerd", "/s:/r").unwrap();
        assert_eq!(options.roots.containerd.last().unwrap().root, PathBuf::from("/r"));
    }
}
