//! Which hook set an engine takes: the best one that loads and proves itself.

use super::EngineError;
use super::selftest;
use super::selftest::SelfTest;
use crate::sensor::Canary;
use crate::sensor::HookSet;
use crate::sensor::Sensor;
use crate::sensor::SensorError;
use crate::sensor::SensorOptions;
use crate::sensor::Wanted;

/// Why a set is not chosen while other mounts are asked for.
const ROOT_ALONE: &str =
    "it sees what is done by name on the container's root alone, and other mounts are asked for";

/// The hook set of an engine, and why it is not a better one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HookChoice {
    /// From where operations on files are seen.
    pub set: HookSet,
    /// The sets that were tried before it, each with the reason why it cannot be used here.
    pub refused: Vec<(HookSet, String)>,
}

/// A sensor, what its self-test found, and how it came to its hook set.
pub(super) struct Chosen {
    pub(super) sensor: Sensor,
    pub(super) test: SelfTest,
    pub(super) choice: HookChoice,
}

/// Loads the first of the sets that proves itself, or the one that is asked for, whatever its self-test
/// finds. `wanted`: what it is going to be asked for. `other` gets each record that comes meanwhile and is
/// none of the self-test's.
pub(super) fn choose(
    options: SensorOptions,
    wanted: &Wanted,
    other: &mut dyn FnMut(&[u8]),
) -> Result<Chosen, EngineError> {
    let mut sets = HookSet::ALL.to_vec();
    if let Some(set) = options.hooks {
        sets = vec![set];
    }
    let mut refused = Vec::new();
    if options.hooks.is_none() && (wanted.has_memory() || wanted.has_volumes()) {
        // Of names alone, the others tell the container's root from other mounts, and nothing more.
        sets.retain(|&set| set == HookSet::Tracepoint);
        let others = HookSet::ALL.into_iter().filter(|&set| set != HookSet::Tracepoint);
        refused.extend(others.map(|set| (set, ROOT_ALONE.to_owned())));
    }
    loop {
        let set = sets.remove(0);
        // Before the probes are loaded: it brings the overlay module in.
        let canary = Canary::prepare();
        let sensor = Sensor::load(SensorOptions { hooks: Some(set), ..options });
        let mut sensor = match sensor {
            Ok(sensor) => sensor,
            Err(error) if sets.is_empty() || !is_of_set(&error) => return Err(error.into()),
            Err(SensorError::NoHookSet { reason, .. }) => {
                refused.push((set, reason));
                continue;
            }
            Err(error) => {
                refused.push((set, error.to_string()));
                continue;
            }
        };
        let cannot_ask = canary.is_err();
        let canary = canary.as_ref().map_err(ToString::to_string);
        let test = selftest::run(canary, &mut sensor, wanted, other);
        // What no set could be asked speaks against none.
        if test.passed() || sets.is_empty() || cannot_ask {
            return Ok(Chosen { sensor, test, choice: HookChoice { set, refused } });
        }
        refused.push((set, test.blind.join("; ")));
    }
}

/// Whether another hook set may fare better.
fn is_of_set(error: &SensorError) -> bool {
    matches!(error, SensorError::NoHookSet { .. } | SensorError::Bpf { .. })
}
