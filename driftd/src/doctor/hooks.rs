//! What each hook set would be on this node.

use driftcore::engine::EngineError;
use driftcore::engine::self_test;
use driftcore::sensor::Features;
use driftcore::sensor::HookSet;
use driftcore::sensor::SensorError;
use driftcore::sensor::SensorOptions;
use serde_json::Value;
use serde_json::json;

/// A hook set that was asked.
pub(super) struct Asked {
    pub(super) set: HookSet,
    /// Why it cannot be used. Empty: it has proved itself.
    pub(super) blind: Vec<String>,
}

impl Asked {
    /// Loads it, asks it every question of the self-test, and unloads it.
    pub(super) fn ask(set: HookSet, options: SensorOptions) -> Self {
        let blind = match self_test(SensorOptions { hooks: Some(set), ..options }) {
            Ok(test) => test.blind,
            Err(EngineError::Sensor(SensorError::NoHookSet { reason, .. })) => vec![reason],
            Err(error) => vec![error.to_string()],
        };
        Self { set, blind }
    }

    pub(super) fn proved(&self) -> bool {
        self.blind.is_empty()
    }

    pub(super) fn to_json(&self, features: &Features) -> Value {
        json!({
            "set": self.set.name(),
            "proved": self.proved(),
            "blind": self.blind,
            "covers": covered(features),
            "costs": costs(self.set),
            "cannot_see": cannot_see(self.set, features),
        })
    }
}

/// Kinds of events, each with what happened, that any set sees.
fn covered(features: &Features) -> Vec<&'static str> {
    let mut covers = vec!["binary/exec", "network/listen", "network/connect"];
    if features.unified_cgroups {
        covers.push("network/bind");
    }
    covers
}

/// What a set costs those who are not watched, while operations on files are asked for.
pub(super) fn costs(set: HookSet) -> &'static str {
    match set {
        HookSet::Lsm | HookSet::Fentry => {
            "a short program at each open, write and change of a file; other system calls pay nothing"
        }
        _ => "a short program at each system call of the host, and the slow path into the kernel",
    }
}

/// What a set does not see of what is done to files on this kernel, or cannot tell.
pub(super) fn cannot_see(set: HookSet, features: &Features) -> Vec<&'static str> {
    let mut list = Vec::new();
    match set {
        HookSet::Lsm | HookSet::Fentry => {
            list.push("whether a write that was begun has succeeded");
            if !features.io_threads {
                list.push(
                    "for whom threads of the kernel do what is asked of io_uring: a ring that a \
                     container makes is reported instead",
                );
            }
        }
        _ => {
            list.push(
                "for certain, which file is meant by what is given its name alone: such an event may \
                 say that it is unproved",
            );
            if !features.uring_requests {
                list.push(
                    "what is done through io_uring: a ring that a container makes is reported instead",
                );
            }
            if !features.find_vma {
                list.push("mappings of files that mprotect makes writable or executable");
            }
        }
    }
    list
}
