//! How an engine is made.

use std::path::PathBuf;
use std::sync::Arc;

use super::CodeOptions;
use super::ConfigurationCalls;
use super::ConfigurationOptions;
use super::Engine;
use super::EngineError;
use super::proofs::ProofOptions;
use crate::baseline::Normality;
use crate::container::StateRoots;
#[cfg(feature = "digest")]
use crate::digest::Verifier;
use crate::event::Container;
use crate::network::Expectations;
use crate::provenance::Bounds;
use crate::provenance::KnownImages;
use crate::rules::RuleSet;
use crate::sensor::SensorOptions;
use crate::sensor::Wanted;
use crate::sink::Sink;

/// Which events reach the sink.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Also events that are no drift. They cost what they say; without, code from the image is
    /// judged and forgotten.
    pub all_events: bool,
    /// Only these containers, each an id, a name, or the beginning of an id. Empty: all.
    pub containers: Vec<String>,
}

impl Scope {
    /// Whether the container is one of those asked for.
    pub fn includes(&self, container: Option<&Container>) -> bool {
        self.containers.is_empty()
            || container.is_some_and(|container| {
                self.containers.iter().any(|wanted| {
                    container.name.as_deref() == Some(wanted) || container.id.starts_with(wanted)
                })
            })
    }
}

/// Options of an engine, and the way to one.
#[derive(Debug, Default)]
pub struct EngineBuilder {
    pub(super) sensor: SensorOptions,
    pub(super) roots: StateRoots,
    pub(super) scope: Scope,
    pub(super) proofs: ProofOptions,
    pub(super) allow_degraded: bool,
    pub(super) rules: Option<Arc<RuleSet>>,
    pub(super) wanted: Wanted,
    pub(super) expectations: Expectations,
    pub(super) normality: Normality,
    pub(super) code: CodeOptions,
    pub(super) packages: WatchPackages,
    pub(super) configuration: Option<ConfigurationOptions>,
    pub(super) configuration_calls: ConfigurationCalls,
    pub(super) secrets: Vec<PathBuf>,
    pub(super) pods: Option<PathBuf>,
    pub(super) images: KnownImages,
    #[cfg(feature = "digest")]
    pub(super) verifier: Option<Verifier>,
}

/// Whether package databases are watched: yes, unless told otherwise.
#[derive(Clone, Copy, Debug)]
pub(super) struct WatchPackages(pub(super) bool);

impl Default for WatchPackages {
    fn default() -> Self {
        Self(true)
    }
}

impl EngineBuilder {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sizes of the rings.
    pub fn sensor(&mut self, options: SensorOptions) -> &mut Self {
        self.sensor = options;
        self
    }

    /// Where the container runtimes keep their state.
    pub fn state_roots(&mut self, roots: StateRoots) -> &mut Self {
        self.roots = roots;
        self
    }

    /// Which events reach the sink. Default: drift, of all containers.
    pub fn scope(&mut self, scope: Scope) -> &mut Self {
        self.scope = scope;
        self
    }

    /// How much of a file is compared before its verdict is `unknown`. Default: 256 MiB, 2 s.
    pub fn bounds(&mut self, bounds: Bounds) -> &mut Self {
        self.proofs.bounds = bounds;
        self
    }

    /// The rules that make alerts. Default: none; events come all the same. A running engine takes
    /// others by [`Engine::rules`].
    pub fn rules(&mut self, rules: impl Into<Arc<RuleSet>>) -> &mut Self {
        self.rules = Some(rules.into());
        self
    }

    /// What is asked of the sensor beside execs, whatever the rules need: what they speak of is asked for
    /// anyway. Default: nothing.
    pub fn watch(&mut self, wanted: Wanted) -> &mut Self {
        self.wanted = wanted;
        self
    }

    /// What is expected of containers' sockets, beside the ports that images expose, that are published
    /// and that Kubernetes names. Default: nothing. A running engine takes others by
    /// [`Engine::expectations`].
    pub fn expect(&mut self, expectations: Expectations) -> &mut Self {
        self.expectations = expectations;
        self
    }

    /// What is normal: baselines, exceptions, and grace after the start of containers. Default: nothing is said
    /// of it, and each event is drift by its own nature or not. A running engine takes another one by
    /// [`Engine::normality`].
    ///
    /// Digests of drifted code are needed by most of it: see [`Bounds::digests`].
    pub fn normality(&mut self, normality: Normality) -> &mut Self {
        self.normality = normality;
        self
    }

    /// Images of which all files are known: where the root of a container is no overlay, its files are
    /// judged by them. Default: none; without, what such a container runs is `unknown`. A running engine
    /// takes others by [`Engine::images`].
    pub fn images(&mut self, images: KnownImages) -> &mut Self {
        self.images = images;
        self
    }

    /// What was approved to run: containers of other images are reported as events of kind `digest`, once
    /// for each container and answer. Default: nothing is asked. A running engine takes another list by
    /// [`Engine::approvals`].
    #[cfg(feature = "digest")]
    pub fn approve(&mut self, verifier: Verifier) -> &mut Self {
        self.verifier = Some(verifier);
        self
    }

    /// Which code beside what is executed is looked at, once somebody asks for it.
    pub fn code(&mut self, options: CodeOptions) -> &mut Self {
        self.code = options;
        self
    }

    /// Whether package databases are compared when a package manager was executed or a file of one was
    /// changed, and each package that differs is reported as `package` drift. Default: yes. It asks
    /// nothing more of the sensor; a thread of its own reads the databases of containers whose root is
    /// an overlay, once they have been left alone for a second.
    pub fn packages(&mut self, watch: bool) -> &mut Self {
        self.packages = WatchPackages(watch);
        self
    }

    /// Compares how each container is set up with what its runtime wrote down, and reports each item that
    /// departs from it as `config` drift, once when it does and once, as `ended`, when it does no more.
    /// Default: `None`, nothing is compared. A thread of its own looks at containers at an interval, and
    /// after calls that may change something, as far as [rules or the engine](Self::configuration_calls) ask the
    /// sensor for such calls; when the mounts or limits of a container change; and at execs.
    pub fn configuration(&mut self, options: Option<ConfigurationOptions>) -> &mut Self {
        self.configuration = options.map(ConfigurationOptions::bounded);
        self
    }

    /// Whether comparisons of configurations ask the sensor for calls that no rule asks for. Neither rules nor the
    /// sink are told of them. Default: where it costs nothing.
    pub fn configuration_calls(&mut self, which: ConfigurationCalls) -> &mut Self {
        self.configuration_calls = which;
        self
    }

    /// Files, directories and mounts of containers, absolute as these see them, whose files are compared as secrets
    /// are, where [`EngineBuilder::configuration`] asks for comparisons: beside what the kubelet mounts and what is at
    /// or below `/run/secrets`. Default: none.
    pub fn secrets(&mut self, paths: Vec<PathBuf>) -> &mut Self {
        self.secrets = paths;
        self
    }

    /// A file of pods as `kubectl get pods -o json` prints them, with which the containers of these pods are compared
    /// besides, where [`EngineBuilder::configuration`] asks for comparisons. It is read again when it has changed;
    /// replace it by a rename. [`EngineBuilder::build`] fails when it is not what Kubernetes prints; what is
    /// wrong with it later is logged, and what it said before stands. Default: none.
    pub fn pods(&mut self, path: Option<PathBuf>) -> &mut Self {
        self.pods = path;
        self
    }

    /// Goes on when the self-test fails, and reports `sensor/blind` instead of failing.
    pub fn allow_degraded(&mut self, allow: bool) -> &mut Self {
        self.allow_degraded = allow;
        self
    }

    /// Loads and attaches the probes, proves that they see, takes in the containers that already
    /// run, and reports those of their processes that run drifted code. From then on, what
    /// happens waits in the rings for [`Engine::poll`] or [`Engine::run`].
    ///
    /// # Errors
    ///
    /// [`EngineError`] says which capability or kernel feature is missing, or what the self-test
    /// did not see.
    pub fn build(&mut self, sink: impl Sink + Send + 'static) -> Result<Engine, EngineError> {
        Engine::new(self, Box::new(sink))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_chosen_by_id_prefix_or_name() {
        let container = Container {
            id: "0123456789ab".to_owned(),
            name: Some("web".to_owned()),
            ..Container::default()
        };
        let scope = |wanted: &[&str]| Scope {
            all_events: false,
            containers: wanted.iter().map(|&wanted| wanted.to_owned()).collect(),
        };
        assert!(scope(&[]).includes(None));
        assert!(scope(&["web"]).includes(Some(&container)));
        assert!(scope(&["x", "0123"]).includes(Some(&container)));
        assert!(!scope(&["we"]).includes(Some(&container)));
        assert!(!scope(&["web"]).includes(None));
    }
}
