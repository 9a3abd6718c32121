//! The configuration file.

use std::os::unix::ffi::OsStrExt;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use anyhow::bail;
use driftcore::baseline::Baseline;
use driftcore::baseline::Exceptions;
use driftcore::baseline::Grace;
use driftcore::baseline::Normality;
use driftcore::container::ContainerdRoots;
use driftcore::container::StateRoots;
use driftcore::digest::Approved;
use driftcore::digest::Blobs;
use driftcore::digest::Verifier;
use driftcore::engine::CodeOptions;
use driftcore::engine::ConfigurationCalls;
use driftcore::engine::ConfigurationOptions;
use driftcore::event::PortRange;
use driftcore::image::manifest::ManifestFile;
use driftcore::matcher::Priority;
use driftcore::network::Expectations;
use driftcore::network::Expected;
use driftcore::network::Remote;
use driftcore::provenance::Bounds;
use driftcore::provenance::ImageFiles;
use driftcore::provenance::KnownImages;
use driftcore::rules::SetOptions;
use driftcore::sensor::HookSet;
use driftcore::sensor::SensorOptions;
use driftcore::sensor::Wanted;
use serde::Deserialize;

use crate::cli::CommonArguments;
use crate::cli::Matching;
use crate::cli::RulesArguments;
use crate::ruleset::RuleSources;
use crate::ruleset::check_paths;

/// `driftd.toml`; every key is documented in the `driftd.toml` beside this crate's manifest. Unknown keys are refused.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    sensor: Sensor,
    proof: Proof,
    runtimes: Runtimes,
    rules: Rules,
    events: Events,
    expected: Vec<ExpectedBlock>,
    code: Code,
    files: Files,
    baseline: Baselines,
    exceptions: ExceptionFiles,
    grace: Vec<GraceBlock>,
    packages: Packages,
    config: Configuration,
    image: Image,
    digest: Approvals,
}

/// In the place of a hook set: the best one that loads and proves itself.
const AUTO: &str = "auto";

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Sensor {
    exec_ring_bytes: u32,
    life_ring_bytes: u32,
    bulk_ring_bytes: u32,
    events_per_second: u64,
    events_at_once: u64,
    follow_io_uring: bool,
    unix_sockets: bool,
    hooks: String,
    nice: i32,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Proof {
    max_bytes: u64,
    max_milliseconds: u64,
    digests: bool,
}

/// What containers normally do.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Baselines {
    files: Vec<PathBuf>,
}

/// Exceptions from it, and from what is drift by its own nature.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ExceptionFiles {
    files: Vec<PathBuf>,
}

/// How long after their start some containers may prepare files.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct GraceBlock {
    image: Option<String>,
    label: Option<String>,
    seconds: u64,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Events {
    kinds: Vec<EventKind>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Code {
    libraries: bool,
    scripts: bool,
    interpreters: Vec<String>,
}

/// On which mounts files count beside the container's root.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Files {
    memory: bool,
    volumes: bool,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Packages {
    watch: bool,
}

/// Whether calls after which containers are compared are asked for though no rule speaks of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Calls {
    /// Where that costs nothing.
    #[default]
    Free,
    Always,
    Never,
}

/// How containers are set up.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Configuration {
    interval: u64,
    calls: Calls,
    secrets: Vec<PathBuf>,
    pods: Option<PathBuf>,
}

/// What is known of images.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Image {
    manifests: Vec<PathBuf>,
}

/// Which images were approved.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Approvals {
    approved: Vec<PathBuf>,
    layouts: Vec<PathBuf>,
}

/// What is expected of the sockets of some containers.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ExpectedBlock {
    image: Option<String>,
    label: Option<String>,
    listen: Option<Vec<String>>,
    connect: Option<Vec<String>>,
    unix: Option<Vec<String>>,
}

impl ExpectedBlock {
    fn parse(&self) -> anyhow::Result<Expected> {
        let listen = self.listen.as_ref().map(|texts| all(texts, "listen", PortRange::parse));
        let connect = self.connect.as_ref().map(|texts| all(texts, "connect", Remote::parse));
        let (listen, connect) = (listen.transpose()?, connect.transpose()?);
        let unix = self.unix.clone();
        if listen.is_none() && connect.is_none() && unix.is_none() {
            bail!("[[expected]]: give `listen`, `connect` or `unix`");
        }
        Ok(Expected { image: self.image.clone(), label: self.label.clone(), listen, connect, unix })
    }
}

impl GraceBlock {
    fn grace(&self) -> Grace {
        Grace {
            image: self.image.clone(),
            label: self.label.clone(),
            time: Duration::from_secs(self.seconds),
        }
    }
}

/// The values of all texts; an error names the one that is none.
fn all<T>(
    texts: &[String],
    key: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> anyhow::Result<Vec<T>> {
    let examples = match key {
        "listen" => "80, 443/tcp or 8000-8100/udp",
        _ => "10.0.0.0/8, 10.0.0.5:5432, [fd00::/8]:443/tcp or *:53/udp",
    };
    let one = |text: &String| {
        parse(text).with_context(|| {
            format!("[[expected]] {key}: \"{text}\" is not of a form like {examples}")
        })
    };
    texts.iter().map(one).collect()
}

/// Kinds of events that the event files ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum EventKind {
    /// Executions are always there; libraries and scripts are asked for by it.
    Binary,
    File,
    Network,
    Config,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Rules {
    default: bool,
    paths: Vec<PathBuf>,
    matching: Matching,
    least_priority: String,
    suggested_output: bool,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Runtimes {
    host: PathBuf,
    docker: Vec<PathBuf>,
    containerd: Vec<Containerd>,
    storage: Vec<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Containerd {
    state: PathBuf,
    root: PathBuf,
}

impl Default for Sensor {
    fn default() -> Self {
        let options = SensorOptions::default();
        Self {
            exec_ring_bytes: options.exec_ring,
            life_ring_bytes: options.life_ring,
            bulk_ring_bytes: options.bulk_ring,
            events_per_second: options.budget_rate,
            events_at_once: options.budget_burst,
            follow_io_uring: options.follow_io_uring,
            unix_sockets: false,
            hooks: AUTO.to_owned(),
            nice: -10,
        }
    }
}

impl Default for Proof {
    fn default() -> Self {
        let Bounds { bytes, time, digests } = Bounds::default();
        let max_milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self { max_bytes: bytes, max_milliseconds, digests }
    }
}

impl Default for Events {
    fn default() -> Self {
        Self {
            kinds: vec![EventKind::Binary, EventKind::File, EventKind::Network, EventKind::Config],
        }
    }
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            interval: ConfigurationOptions::default().interval.as_secs(),
            calls: Calls::default(),
            secrets: Vec::new(),
            pods: None,
        }
    }
}

impl Default for Packages {
    fn default() -> Self {
        Self { watch: true }
    }
}

impl Default for Code {
    fn default() -> Self {
        let CodeOptions { libraries, scripts, interpreters, .. } = CodeOptions::default();
        Self { libraries, scripts, interpreters }
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            default: true,
            paths: Vec::new(),
            matching: Matching::First,
            least_priority: "debug".to_owned(),
            suggested_output: true,
        }
    }
}

impl Default for Runtimes {
    fn default() -> Self {
        let StateRoots { host, docker, containerd, storage, .. } = StateRoots::default();
        let containerd =
            containerd.into_iter().map(|roots| Containerd { state: roots.state, root: roots.root });
        Self { host, docker, containerd: containerd.collect(), storage }
    }
}

impl Config {
    /// The configuration that the arguments name, with what they add.
    pub(crate) fn load(arguments: &CommonArguments) -> anyhow::Result<Self> {
        let mut config = match &arguments.config {
            Some(path) => Self::read(path)?,
            None => Self::default(),
        };
        if arguments.containerd_state.len() != arguments.containerd_root.len() {
            bail!(
                "--containerd-state and --containerd-root go together: {} and {} were given",
                arguments.containerd_state.len(),
                arguments.containerd_root.len()
            );
        }
        let pairs = arguments.containerd_state.iter().zip(&arguments.containerd_root);
        config.runtimes.containerd.extend(
            pairs.map(|(state, root)| Containerd { state: state.clone(), root: root.clone() }),
        );
        config.runtimes.docker.extend(arguments.docker_root.iter().cloned());
        config.check()?;
        Ok(config)
    }

    fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the configuration {}", path.display()))?;
        toml::from_str(&text)
            .with_context(|| format!("the configuration {} is not right", path.display()))
    }

    fn check(&self) -> anyhow::Result<()> {
        let rings = [
            ("exec_ring_bytes", self.sensor.exec_ring_bytes),
            ("life_ring_bytes", self.sensor.life_ring_bytes),
            ("bulk_ring_bytes", self.sensor.bulk_ring_bytes),
        ];
        for (key, size) in rings {
            if !size.is_power_of_two() || size < 4096 {
                bail!("sensor.{key} = {size}: give a power of two of at least 4096 bytes");
            }
        }
        if !(-20..=19).contains(&self.sensor.nice) {
            bail!("sensor.nice = {}: give a number from -20 to 19", self.sensor.nice);
        }
        if self.sensor.hooks != AUTO
            && let Err(error) = self.sensor.hooks.parse::<HookSet>()
        {
            bail!("sensor.hooks: {error}; {AUTO} takes the best one");
        }
        if Priority::of(&self.rules.least_priority).is_none() {
            bail!(
                "rules.least_priority = \"{}\": give one of emergency, alert, critical, error, \
                 warning, notice, informational, debug",
                self.rules.least_priority
            );
        }
        let is_plain =
            |part: Component<'_>| matches!(part, Component::RootDir | Component::Normal(_));
        let is_path = |path: &Path| path.parent().is_some() && path.components().all(is_plain);
        let wrong = |path: &&PathBuf| !(path.is_absolute() && is_path(path));
        if let Some(path) = self.config.secrets.iter().find(wrong) {
            bail!(
                "config.secrets: {path:?}: give an absolute path below the container's root, without `..`"
            );
        }
        self.expectations()?;
        if let Some(block) = self.grace.iter().find(|it| !(1..=86_400).contains(&it.seconds)) {
            bail!("[[grace]] seconds = {}: give a number from 1 to 86400", block.seconds);
        }
        Ok(())
    }

    /// The rules of the configuration, and those that the arguments add.
    pub(crate) fn rules(&self, arguments: &RulesArguments) -> anyhow::Result<RuleSources> {
        let paths = self.rules.paths.iter().chain(&arguments.paths).cloned().collect::<Vec<_>>();
        check_paths(&paths)?;
        Ok(RuleSources {
            shipped: self.rules.default && !arguments.no_default_rules,
            paths,
            options: SetOptions {
                policy: self.rules.matching.into(),
                least_priority: Priority::of(&self.rules.least_priority).unwrap_or(Priority::Debug),
                suggested_output: self.rules.suggested_output,
                ..SetOptions::default()
            },
        })
    }

    /// What is expected of containers' sockets.
    pub(crate) fn expectations(&self) -> anyhow::Result<Expectations> {
        let blocks = self.expected.iter().map(ExpectedBlock::parse);
        Ok(Expectations::new(blocks.collect::<anyhow::Result<_>>()?))
    }

    /// What is said to be normal; reads the files that say it.
    pub(crate) fn normality(&self) -> anyhow::Result<Normality> {
        let mut normality = Normality::default();
        for path in &self.baseline.files {
            normality.baseline.merge(Baseline::read(path)?);
        }
        let mut exceptions = Vec::new();
        for path in &self.exceptions.files {
            exceptions.extend(Exceptions::read(path)?.into_list());
        }
        normality.exceptions = Exceptions::new(exceptions);
        normality.graces = self.grace.iter().map(GraceBlock::grace).collect();
        Ok(normality)
    }

    /// The images whose manifests are named, with all their files. Of a directory, all files in it are
    /// manifests.
    pub(crate) fn images(&self) -> anyhow::Result<KnownImages> {
        let mut images = KnownImages::default();
        for path in &self.image.manifests {
            for file in manifests(path)? {
                let manifest = ManifestFile::open(&file).context("image.manifests")?;
                let index: Arc<dyn ImageFiles> = Arc::new(manifest.index()?);
                for digest in manifest.head().digests() {
                    images.insert(digest, Arc::clone(&index));
                }
            }
        }
        Ok(images)
    }

    /// The files that say which images were approved; empty where nothing is verified.
    pub(crate) fn approved(&self) -> &[PathBuf] {
        &self.digest.approved
    }

    /// What verifies that what runs was approved. `None` where no file is named.
    pub(crate) fn verifier(&self) -> anyhow::Result<Option<Verifier>> {
        if self.digest.approved.is_empty() {
            return Ok(None);
        }
        let mut approved = Approved::new();
        for path in &self.digest.approved {
            approved.read(path).context("digest.approved")?;
        }
        Ok(Some(Verifier::new(approved, self.blobs(&self.digest.layouts))))
    }

    /// Where the content of images is at hand: in these layouts, and in containerd's content stores.
    pub(crate) fn blobs(&self, layouts: &[PathBuf]) -> Blobs {
        let stores = self.state_roots().containerd.into_iter();
        let stores = stores.map(|it| it.root.join("io.containerd.content.v1.content"));
        Blobs::new(layouts.iter().cloned().chain(stores))
    }

    /// Nice value of the thread that reads the rings.
    pub(crate) fn nice(&self) -> i32 {
        self.sensor.nice
    }

    pub(crate) fn sensor(&self) -> SensorOptions {
        SensorOptions {
            exec_ring: self.sensor.exec_ring_bytes,
            life_ring: self.sensor.life_ring_bytes,
            bulk_ring: self.sensor.bulk_ring_bytes,
            budget_rate: self.sensor.events_per_second,
            budget_burst: self.sensor.events_at_once,
            follow_io_uring: self.sensor.follow_io_uring,
            hooks: self.sensor.hooks.parse().ok(),
        }
    }

    /// What is asked of the sensor beside execs, whatever rules need: by itself, and by event files where
    /// there are any.
    pub(crate) fn wanted(&self, event_files: bool) -> Wanted {
        let has = |kind| event_files && self.events.kinds.contains(&kind);
        let mut wanted = Wanted::NOTHING;
        if self.sensor.unix_sockets {
            wanted = wanted.with_unix_sockets();
        }
        if self.files.memory {
            wanted = wanted.with_memory();
        }
        if self.files.volumes {
            wanted = wanted.with_volumes();
        }
        if has(EventKind::File) {
            wanted = wanted.with_file_changes();
        }
        if has(EventKind::Network) {
            wanted = wanted.with_sockets();
        }
        if has(EventKind::Binary) {
            wanted = wanted.with_libraries().with_scripts();
        }
        wanted
    }

    /// Whether package databases are compared when they change.
    pub(crate) const fn watches_packages(&self) -> bool {
        self.packages.watch
    }

    /// How often configurations are compared, where event files or rules ask for them.
    pub(crate) fn configuration(
        &self,
        event_files: bool,
        rules: bool,
    ) -> Option<ConfigurationOptions> {
        let asked = rules || event_files && self.events.kinds.contains(&EventKind::Config);
        let interval = Duration::from_secs(self.config.interval);
        (asked && !interval.is_zero()).then_some(ConfigurationOptions { interval })
    }

    /// Whether comparisons ask for calls that no rule asks for.
    pub(crate) const fn configuration_calls(&self) -> ConfigurationCalls {
        match self.config.calls {
            Calls::Free => ConfigurationCalls::WhereFree,
            Calls::Always => ConfigurationCalls::Always,
            Calls::Never => ConfigurationCalls::Never,
        }
    }

    /// Which files of containers are compared as secrets are.
    pub(crate) fn secrets(&self) -> &[PathBuf] {
        &self.config.secrets
    }

    /// The file of what pods declare.
    pub(crate) fn pods(&self) -> Option<&Path> {
        self.config.pods.as_deref()
    }

    /// Which code beside what is executed is looked at.
    pub(crate) fn code(&self) -> CodeOptions {
        let mut options = CodeOptions::default();
        options.libraries = self.code.libraries;
        options.scripts = self.code.scripts;
        options.interpreters.clone_from(&self.code.interpreters);
        options
    }

    pub(crate) fn bounds(&self) -> Bounds {
        Bounds {
            bytes: self.proof.max_bytes,
            time: Duration::from_millis(self.proof.max_milliseconds),
            // A digest is what tells drifted code that is expected from other.
            digests: self.proof.digests
                || !self.baseline.files.is_empty()
                || !self.exceptions.files.is_empty(),
        }
    }

    pub(crate) fn state_roots(&self) -> StateRoots {
        let Runtimes { host, docker, containerd, storage } = self.runtimes.clone();
        let containerd = containerd
            .into_iter()
            .map(|roots| ContainerdRoots { state: roots.state, root: roots.root });
        StateRoots {
            host,
            docker,
            containerd: containerd.collect(),
            storage,
            ..StateRoots::default()
        }
    }
}

/// The file at a path, or those in the directory, but for hidden ones.
fn manifests(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let read = || -> std::io::Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(path)?.collect::<std::io::Result<Vec<_>>>()?;
        let shown = entries.into_iter().filter(|it| !it.file_name().as_bytes().starts_with(b"."));
        let mut files: Vec<PathBuf> = shown.map(|entry| entry.path()).collect();
        files.sort();
        Ok(files)
    };
    read().with_context(|| format!("image.manifests: cannot list {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_example_holds_every_key_and_the_defaults() {
        let text = include_str!("../driftd.toml");
        let shipped: Config = toml::from_str(text).unwrap();
        assert_eq!(shipped, Config::default());
        for key in
            ["exec_ring_bytes", "nice", "max_milliseconds", "storage", "host", "docker", "matching"]
        {
            assert!(text.contains(&format!("\n{key} = ")), "{key}");
        }
    }

    #[test]
    fn unknown_keys_are_refused_by_name() {
        let error = toml::from_str::<Config>("[sensor]\nexec_ring = 1\n").unwrap_err();
        assert!(error.to_string().contains("exec_ring"), "{error}");
    }

    #[test]
    fn nice_values_are_checked() {
        let config: Config = toml::from_str("[sensor]\nnice = -21\n").unwrap();
        let error = config.check().unwrap_err().to_string();
        assert!(error.contains("nice = -21"), "{error}");
    }

    #[test]
    fn expectations_are_read_and_checked() {
        let read = |text: &str| toml::from_str::<Config>(text).unwrap();
        let config = read("[[expected]]\nimage = \"*\"\nlisten = [\"80\"]\nconnect = [\"*:53\"]\n");
        assert_ne!(config.expectations().unwrap(), Expectations::default());
        for (text, named) in [
            ("listen = [\"http\"]", "\"http\""),
            ("connect = [\"10.0.0.0/40\"]", "\"10.0.0.0/40\""),
            ("image = \"x\"", "`listen`"),
        ] {
            let error = read(&format!("[[expected]]\n{text}\n")).check().unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
        let error = toml::from_str::<Config>("[[expected]]\nport = 1\n").unwrap_err().to_string();
        assert!(error.contains("port"), "{error}");
    }

    #[test]
    fn what_is_normal_is_read_and_checked() {
        let read = |text: &str| toml::from_str::<Config>(text).unwrap();
        assert!(read("").normality().unwrap().is_empty());
        assert!(!read("").bounds().digests);
        let grace = read("[[grace]]\nimage = \"*/web:*\"\nseconds = 30\n");
        grace.check().unwrap();
        assert_eq!(grace.normality().unwrap().graces[0].time, Duration::from_secs(30));
        for text in ["[[grace]]\n", "[[grace]]\nseconds = 90000\n"] {
            let error = read(text).check().unwrap_err().to_string();
            assert!(error.contains("from 1 to 86400"), "{error}");
        }
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("b.yaml");
        std::fs::write(&path, "version: 1\nworkloads:\n  - image: x\n").unwrap();
        let config = read(&format!("[baseline]\nfiles = [{path:?}]\n"));
        assert!(config.bounds().digests);
        let error = config.normality().unwrap_err().to_string();
        assert!(error.contains("b.yaml:3:12: `x` is no digest"), "{error}");
        std::fs::write(&path, "version: 1\nexceptions: [{reason: x, path: /a}]\n").unwrap();
        let config = read(&format!("[exceptions]\nfiles = [{path:?}]\n"));
        assert_eq!(config.normality().unwrap().exceptions.uses().count(), 1);
        let error = config.baseline.files.is_empty().then(|| Baseline::read(&path).unwrap_err());
        assert!(error.unwrap().to_string().contains("`exceptions` is not known"));
    }

    #[test]
    fn paths_of_secrets_are_checked() {
        let of =
            |path: &str| toml::from_str::<Config>(&format!("[config]\nsecrets = [{path:?}]\n"));
        of("/vault/secrets").unwrap().check().unwrap();
        for path in ["/", "", "etc/tls", "/etc/../root"] {
            let error = of(path).unwrap().check().unwrap_err().to_string();
            assert!(error.starts_with(&format!("config.secrets: {path:?}: ")), "{error}");
        }
    }

    #[test]
    fn ring_sizes_are_checked() {
        let config: Config = toml::from_str("[sensor]\nexec_ring_bytes = 5000\n").unwrap();
        let error = config.check().unwrap_err().to_string();
        assert!(error.contains("exec_ring_bytes = 5000"), "{error}");
    }
    #[test]
    fn whether_comparisons_ask_for_calls_is_one_of_three_words() {
        let read = |text: &str| toml::from_str::<Config>(text);
        let calls = |word: &str| read(&format!("[config]\ncalls = {word:?}\n"));
        for (word, expected) in [
            ("free", ConfigurationCalls::WhereFree),
            ("always", ConfigurationCalls::Always),
            ("never", ConfigurationCalls::Never),
        ] {
            assert_eq!(calls(word).unwrap().configuration_calls(), expected);
        }
        assert_eq!(read("").unwrap().configuration_calls(), ConfigurationCalls::WhereFree);
        let error = calls("often").unwrap_err().to_string();
        assert!(error.contains("often") && error.contains("always"), "{error}");
    }

    #[test]
    fn the_event_files_ask_for_the_kinds_that_are_listed() {
        let wanted = |text: &str| toml::from_str::<Config>(text).unwrap().wanted(true);
        assert!(wanted("").has_files());
        assert!(wanted("").has_sockets());
        assert!(!wanted("[events]\nkinds = [\"network\"]\n").has_files());
        assert!(!wanted("").has_unix_sockets());
        let unix: Config = toml::from_str("[sensor]\nunix_sockets = true\n").unwrap();
        assert_eq!(unix.wanted(false), Wanted::NOTHING.with_unix_sockets());
        let mounts: Config = toml::from_str("[files]\nmemory = true\nvolumes = true\n").unwrap();
        assert_eq!(mounts.wanted(false), Wanted::NOTHING.with_memory().with_volumes());
        let binary = wanted("[events]\nkinds = [\"binary\"]\n");
        assert_eq!(binary, Wanted::NOTHING.with_libraries().with_scripts());
        assert_eq!(wanted("[events]\nkinds = []\n"), Wanted::NOTHING);
        let error = toml::from_str::<Config>("[events]\nkinds = [\"flie\"]\n").unwrap_err();
        assert!(error.to_string().contains("flie"), "{error}");
    }
}
