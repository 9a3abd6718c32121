//! The command line.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use clap::Parser;
use clap::Subcommand;
use clap::ValueEnum;
use clap::builder::PossibleValuesParser;
use driftcore::image::EntryKind;
use driftcore::image::manifest::Platform;
use driftcore::matcher::Policy;
use driftcore::posture::Level;
use driftcore::sensor::HookSet;
use tracing::level_filters::LevelFilter;

/// Container drift detection: what a container runs that its image did not bring.
#[derive(Debug, Parser)]
#[command(name = "driftd", version, arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// What is logged on stderr: off, error, warn, info, debug or trace
    #[arg(long, global = true, default_value = "warn", value_name = "LEVEL")]
    pub(crate) log_level: LevelFilter,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Detect drift as it happens; alerts on stdout until SIGINT or SIGTERM
    Run(RunArguments),
    /// Compare a container, running or stopped, with the image it came from; exit status 1 when it
    /// differs
    Scan(ScanArguments),
    /// Write down what an image brings, file by file, for `driftd scan --manifest`
    Manifest(ManifestArguments),
    /// Compare the digests of images that run with those that were approved; exit status 1 when one was not
    Verify(VerifyArguments),
    /// Say what would have made drift impossible, by the Pod Security Standards of Kubernetes
    Posture(PostureArguments),
    /// Compare what a container was declared to be with what it is; exit status 1 when it differs
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Say what this kernel and these runtimes allow, and prove that the sensor sees
    Doctor(DoctorArguments),
    /// List the containers that run here
    Containers(ContainersArguments),
    /// Check, list and document rules
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Match rules against recorded events; exit status 1 when a rule fired
    Replay(ReplayArguments),
    /// Learn what containers normally do, and hold events against it
    #[command(subcommand)]
    Baseline(BaselineCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum BaselineCommand {
    /// Learn from recorded events, or from a stream of them, what containers normally do
    Learn(BaselineLearnArguments),
    /// Say of which containers baselines speak, and how much
    Show(BaselineShowArguments),
    /// Hold events against a baseline; exit status 1 when one departs
    Check(BaselineCheckArguments),
    /// Put baselines together: what any of them expects is expected
    Merge(BaselineMergeArguments),
    /// Suggest the fewest exceptions that would have silenced what was seen
    Suggest(BaselineSuggestArguments),
}

#[derive(Debug, Args)]
pub(crate) struct BaselineLearnArguments {
    /// Events as `driftd run --events-all` writes them ("-": a stream of them, which may go on)
    #[arg(long, value_name = "FILE")]
    pub(crate) from: PathBuf,

    /// Only the events of that time after the first one, e.g. 10m or 1h30m
    #[arg(long = "for", value_name = "DURATION")]
    pub(crate) duration: Option<Duration>,

    /// Only containers with this label; the baseline then speaks of all that have it, whatever their
    /// image
    #[arg(long, value_name = "LABEL=VALUE", value_parser = label)]
    pub(crate) select: Option<(String, String)>,

    /// Drift becomes normal too: drifted code by its digest, undeclared sockets, and what drifted code does
    #[arg(long)]
    pub(crate) accept: bool,

    /// Where the baseline is written
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,

    /// How is told what was learned, and what refused
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct BaselineShowArguments {
    /// Baselines
    #[arg(required = true, value_name = "FILE")]
    pub(crate) baselines: Vec<PathBuf>,

    /// How they are shown
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct BaselineCheckArguments {
    /// A baseline (repeatable); what any of them expects is expected. Without one, what departs is what was
    /// drift when it was recorded
    #[arg(long, required_unless_present = "exceptions", value_name = "FILE")]
    pub(crate) baseline: Vec<PathBuf>,

    /// Approved exceptions, tried on what departs
    #[arg(long, value_name = "FILE")]
    pub(crate) exceptions: Option<PathBuf>,

    /// How departures are told; text: each different one once; json: an object a line, with the event
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,

    /// Events as `driftd run --events-all` writes them ("-": stdin)
    #[arg(value_name = "EVENTS")]
    pub(crate) events: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct BaselineMergeArguments {
    /// Baselines
    #[arg(required = true, value_name = "FILE")]
    pub(crate) baselines: Vec<PathBuf>,

    /// Where they are written as one; may be one of them
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct BaselineSuggestArguments {
    /// Events as `driftd run --events-all` writes them ("-": stdin)
    #[arg(long, value_name = "EVENTS")]
    pub(crate) from: PathBuf,

    /// A baseline (repeatable): what departs from it is to be silenced. Without one, what was drift when it
    /// was recorded
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Vec<PathBuf>,

    /// Exceptions that are approved already
    #[arg(long, value_name = "FILE")]
    pub(crate) exceptions: Option<PathBuf>,

    /// How they are printed; text: a document that lacks nothing but the reasons
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// A span of time: numbers, each with `s`, `m`, `h` or `d` behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Duration(pub(crate) std::time::Duration);

impl FromStr for Duration {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FAULT: &str = "give numbers with s, m, h or d, such as 90s, 10m or 1h30m";
        let mut seconds: u64 = 0;
        let mut rest = text;
        while !rest.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|it: char| it.is_ascii_digit()).len();
            let (number, tail) = rest.split_at(digits);
            let mut tail = tail.chars();
            let unit = match tail.next() {
                Some('s') => 1,
                Some('m') => 60,
                Some('h') => 3600,
                Some('d') => 86_400,
                _ => return Err(FAULT),
            };
            let number: u64 = number.parse().map_err(|_| FAULT)?;
            seconds =
                number.checked_mul(unit).and_then(|it| it.checked_add(seconds)).ok_or(FAULT)?;
            rest = tail.as_str();
        }
        if seconds == 0 { Err(FAULT) } else { Ok(Self(std::time::Duration::from_secs(seconds))) }
    }
}

fn label(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("give a label as LABEL=VALUE"),
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Show what was declared, what is, and what differs: environment, mounts, rights, limits, sysctls
    Show(ConfigShowArguments),
}

#[derive(Debug, Args)]
pub(crate) struct ConfigShowArguments {
    #[command(flatten)]
    pub(crate) common: CommonArguments,

    /// The container: id, name or unique prefix of an id
    #[arg(value_name = "CONTAINER")]
    pub(crate) container: String,

    /// Pods as `kubectl get pods -o json` prints them: what the container's pod declares is compared, too; - for
    /// standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) pods: Option<PathBuf>,

    /// How the report is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Parse and type-check rule files; exit status 2 when there are errors
    Check(RulesCheckArguments),
    /// List the rules with their status, and what the sensor cannot give them
    List(RulesListArguments),
    /// Print the catalogue of fields
    Fields(RulesFieldsArguments),
}

#[derive(Debug, Args)]
pub(crate) struct RulesCheckArguments {
    /// Rule files, or directories of them
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// Without the shipped rules before them
    #[arg(long)]
    pub(crate) no_default_rules: bool,

    /// How diagnostics are printed; json: an object a line
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct RulesListArguments {
    #[command(flatten)]
    pub(crate) common: CommonArguments,

    #[command(flatten)]
    pub(crate) rules: RulesArguments,

    /// How the list is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct RulesFieldsArguments {
    /// How the catalogue is printed
    #[arg(long, value_enum, default_value_t = CatalogueFormat::Text)]
    pub(crate) format: CatalogueFormat,
}

/// Which rules are matched, besides those of the configuration.
#[derive(Clone, Debug, Args)]
pub(crate) struct RulesArguments {
    /// A rule file, or a directory of them, behind the shipped rules (repeatable)
    #[arg(long = "rules", value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// Without the shipped rules
    #[arg(long)]
    pub(crate) no_default_rules: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// A rule file, or a directory of them (repeatable); nothing else is loaded
    #[arg(long, required = true, value_name = "PATH")]
    pub(crate) rules: Vec<PathBuf>,

    /// Accepted for the sake of symmetry with `run`: the shipped rules are never loaded
    #[arg(long)]
    pub(crate) no_default_rules: bool,

    /// Whether only the first rule that matches an event fires, or all
    #[arg(long, value_enum, default_value_t = Matching::First)]
    pub(crate) matching: Matching,

    /// How alerts are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,

    /// Events as JSON lines, DriftEvents or flat objects of fields ("-": stdin)
    #[arg(value_name = "EVENTS")]
    pub(crate) events: PathBuf,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct RunArguments {
    #[command(flatten)]
    pub(crate) common: CommonArguments,

    #[command(flatten)]
    pub(crate) rules: RulesArguments,

    /// How alerts are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,

    /// Write drift events as JSON lines to this file ("-": stdout; alerts then go to stderr)
    #[arg(long, value_name = "FILE")]
    pub(crate) events: Option<PathBuf>,

    /// Write all events as JSON lines to this file, also those that are no drift
    #[arg(long, value_name = "FILE")]
    pub(crate) events_all: Option<PathBuf>,

    /// Only this container: id, name or unique prefix of an id (repeatable)
    #[arg(long = "container", value_name = "CONTAINER")]
    pub(crate) containers: Vec<String>,

    /// From where operations on files are seen: lsm, fentry or tracepoint, instead of what the
    /// configuration says
    #[arg(long, value_name = "SET")]
    pub(crate) hooks: Option<HookSet>,

    /// Go on when the self-test shows that the sensor is blind, and report it
    #[arg(long)]
    pub(crate) allow_degraded: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ScanArguments {
    #[command(flatten)]
    pub(crate) common: CommonArguments,

    /// The container: id, name or unique prefix of an id
    #[arg(
        value_name = "CONTAINER",
        required_unless_present_any = ["upper", "rootfs"],
        conflicts_with_all = ["upper", "rootfs"],
    )]
    pub(crate) container: Option<String>,

    /// The upper directory of an overlay, in the place of a container
    #[arg(long, value_name = "DIR", requires = "lower")]
    pub(crate) upper: Option<PathBuf>,

    /// A lower directory of the overlay (repeatable, topmost first)
    #[arg(long, value_name = "DIR", requires = "upper")]
    pub(crate) lower: Vec<PathBuf>,

    /// The overlay of --upper keeps its marks in user.overlay.* (mount option userxattr)
    #[arg(long, requires = "upper")]
    pub(crate) userxattr: bool,

    /// Files of --upper and --lower named .wh.NAME mark NAME as deleted, as aufs and fuse-overlayfs
    /// leave them
    #[arg(long, requires = "upper")]
    pub(crate) whiteout_files: bool,

    /// How many threads read large files; by default one for each processor
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,

    /// A root directory, in the place of a container; goes with --image or --manifest
    #[arg(long, value_name = "DIR", conflicts_with = "upper", requires = "against")]
    pub(crate) rootfs: Option<PathBuf>,

    /// The image to compare with, as `driftd manifest` takes it: `LAYOUT[:TAG]`, `ARCHIVE[:TAG]`, or the name of
    /// one that a runtime keeps here
    #[arg(long, value_name = "IMAGE", group = "against", conflicts_with = "upper")]
    pub(crate) image: Option<String>,

    /// The manifest to compare with, which `driftd manifest` wrote
    #[arg(long, value_name = "FILE", group = "against", conflicts_with = "upper")]
    pub(crate) manifest: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) reading: ImageArguments,

    /// How the report is printed; html: one page that needs nothing else
    #[arg(long, value_enum, default_value_t = ScanFormat::Text)]
    pub(crate) format: ScanFormat,

    /// Kinds of entries that give exit status 1; by default all but copied_up. What is noise or
    /// ignored never does
    #[arg(
        long,
        value_name = "KIND,...",
        value_delimiter = ',',
        value_parser = PossibleValuesParser::new(EntryKind::ALL.map(EntryKind::as_str)),
    )]
    pub(crate) fail_on: Vec<String>,

    /// A file of patterns, as in .gitignore, of paths that may differ; comments above a pattern
    /// are its reason
    #[arg(long, value_name = "FILE")]
    pub(crate) ignore: Option<PathBuf>,

    /// A time of modification alone counts as a change, too
    #[arg(long)]
    pub(crate) times: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ManifestArguments {
    #[command(flatten)]
    pub(crate) common: CommonArguments,

    /// The image: the directory of an OCI layout or the archive of one or of `docker save`, each with
    /// :TAG behind it where it has several, or the name or digest of an image that containerd or Docker
    /// keeps here
    #[arg(value_name = "IMAGE", required_unless_present = "show", conflicts_with = "show")]
    pub(crate) image: Option<String>,

    /// Where the manifest is written; without it, it is printed
    #[arg(short, long, value_name = "FILE", conflicts_with = "show")]
    pub(crate) output: Option<PathBuf>,

    /// Print a manifest that was written
    #[arg(long, value_name = "FILE")]
    pub(crate) show: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) reading: ImageArguments,

    /// How a manifest is printed
    #[arg(long, value_enum, default_value_t = Format::Text, conflicts_with = "output")]
    pub(crate) format: Format,
}

/// How an image is read.
#[derive(Clone, Debug, Args)]
pub(crate) struct ImageArguments {
    /// The platform, where the image is there for several: OS/ARCHITECTURE[/VARIANT]; by default the
    /// host's
    #[arg(long, value_name = "PLATFORM")]
    pub(crate) platform: Option<Platform>,

    /// Most entries of all layers of an image together; 8000000 by default
    #[arg(long, value_name = "COUNT")]
    pub(crate) max_entries: Option<u64>,

    /// Most bytes of a layer, decompressed; 128 GiB by default
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_layer_size: Option<u64>,

    /// Most bytes that a compressed byte of a layer may become, once it became 1 GiB; 2000 by default
    #[arg(long, value_name = "BYTES")]
    pub(crate) max_ratio: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    #[command(flatten)]
    pub(crate) common: CommonArguments,

    /// What was approved (repeatable): Kubernetes manifests as YAML or JSON, or a list of image references, a
    /// line each
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) approved: Vec<PathBuf>,

    /// Pods as `kubectl get pods -o json` prints them, in the place of this node's containers; - for standard
    /// input
    #[arg(long, value_name = "FILE")]
    pub(crate) pods: Option<PathBuf>,

    /// A directory with the content of images by digest (repeatable): an OCI image layout. It tells an index
    /// from its manifests and from their configurations. The content stores of this node's containerd are
    /// known
    #[arg(long, value_name = "DIR")]
    pub(crate) layout: Vec<PathBuf>,

    /// Also hold the layers on disk of each container of this node against the digests of its image, and what
    /// their directories show against the layers: reads all of them
    #[arg(long, conflicts_with = "pods")]
    pub(crate) deep: bool,

    /// Exit status 1 also when it cannot be told which image runs, or with --deep whether its layers are whole
    #[arg(long)]
    pub(crate) strict: bool,

    /// How the report is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct PostureArguments {
    #[command(flatten)]
    pub(crate) common: CommonArguments,

    /// A container of this node, running or not; a security context that what it did would have allowed is
    /// suggested, too. Without it and without --pods: all that run here
    #[arg(value_name = "CONTAINER")]
    pub(crate) container: Option<String>,

    /// Pods as `kubectl get pods -o json` prints them, in the place of this node's containers; - for standard
    /// input
    #[arg(long, value_name = "FILE", conflicts_with = "container")]
    pub(crate) pods: Option<PathBuf>,

    /// What the container did, as `driftd run --events-all` writes it ("-": stdin), beside what its upper layer
    /// shows
    #[arg(long, value_name = "FILE", requires = "container")]
    pub(crate) events: Option<PathBuf>,

    /// Print the suggested security context alone, as YAML
    #[arg(long, requires = "container", conflicts_with = "format")]
    pub(crate) suggest: bool,

    /// Exit status 1 when a container does not meet this level
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(crate) fail_on: Option<PostureLevel>,

    /// How the report is printed; text: the worst first
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// A level that may be asked for.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PostureLevel {
    /// Known escalations of privileges are prevented
    Baseline,
    /// Hardened
    Restricted,
}

impl From<PostureLevel> for Level {
    fn from(level: PostureLevel) -> Self {
        match level {
            PostureLevel::Baseline => Self::Baseline,
            PostureLevel::Restricted => Self::Restricted,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    #[command(flatten)]
    pub(crate) common: CommonArguments,

    /// Ask this hook set (lsm, fentry or tracepoint) instead of the one that the configuration says
    #[arg(long, value_name = "SET")]
    pub(crate) hooks: Option<HookSet>,

    /// How the report is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct ContainersArguments {
    #[command(flatten)]
    pub(crate) common: CommonArguments,

    /// How the list is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
}

/// Where things are.
#[derive(Clone, Debug, Args)]
pub(crate) struct CommonArguments {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// A data directory of Docker besides those configured (repeatable)
    #[arg(long, value_name = "DIR")]
    pub(crate) docker_root: Vec<PathBuf>,

    /// A state directory of containerd besides those configured; goes with the
    /// --containerd-root at the same place (repeatable)
    #[arg(long, value_name = "DIR")]
    pub(crate) containerd_state: Vec<PathBuf>,

    /// A root directory of containerd besides those configured (repeatable)
    #[arg(long, value_name = "DIR")]
    pub(crate) containerd_root: Vec<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScanFormat {
    Text,
    Json,
    Html,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CatalogueFormat {
    Text,
    Json,
    Markdown,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Matching {
    #[default]
    First,
    All,
}

impl From<Matching> for Policy {
    fn from(matching: Matching) -> Self {
        match matching {
            Matching::First => Self::First,
            Matching::All => Self::All,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn durations_are_read() {
        for (text, seconds) in [("90s", 90), ("10m", 600), ("1h30m", 5400), ("2d", 172_800)] {
            let duration = Duration(std::time::Duration::from_secs(seconds));
            assert_eq!(text.parse(), Ok(duration), "{text}");
        }
        for bad in ["", "10", "m", "0s", "10x", "-1s", "1.5h", "99999999999999999999s", "9e9d"] {
            assert!(bad.parse::<Duration>().is_err(), "{bad}");
        }
        assert!("999999999999999999d".parse::<Duration>().is_err());
    }
}
