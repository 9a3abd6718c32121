//! Whether the sensor sees what it must see.

use std::time::Duration;
use std::time::Instant;

use super::EngineError;
use crate::decode::decode;
use crate::event::Event;
use crate::event::EvidenceFlags;
use crate::event::Exec;
use crate::event::FileOperation;
use crate::sensor::Batch;
use crate::sensor::Canary;
use crate::sensor::CanaryCase;
use crate::sensor::HookSet;
use crate::sensor::Sensor;
use crate::sensor::SensorOptions;
use crate::sensor::Wanted;
use crate::wire::RawEvent;

/// How long the canaries' events may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the self-test found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SelfTest {
    /// What the sensor does not see, in words. Empty: it sees.
    pub blind: Vec<String>,
    pub(super) container: Option<u64>,
}

impl SelfTest {
    /// True when every canary was seen as it is.
    pub fn passed(&self) -> bool {
        self.blind.is_empty()
    }
}

/// Loads a sensor, asks it every question of the self-test, and unloads it. Without a hook set in the
/// options, of the set for system calls.
///
/// # Errors
///
/// [`EngineError::Sensor`] when it cannot even be loaded.
pub fn self_test(options: SensorOptions) -> Result<SelfTest, EngineError> {
    let canary = Canary::prepare();
    let mut sensor = Sensor::load(options)?;
    let all = Wanted::NOTHING.with_file_changes().with_libraries();
    Ok(run(canary.as_ref().map_err(ToString::to_string), &mut sensor, &all, &mut |_| ()))
}

/// The operations on files that the set is asked about: those that are wanted; and of a set for which
/// another can stand in, one in any case.
fn asked(hooks: HookSet, wanted: &Wanted) -> Vec<FileOperation> {
    let least = match hooks {
        HookSet::Tracepoint => Wanted::NOTHING,
        _ => Wanted::NOTHING.with_file(FileOperation::MakeDirectory),
    };
    let wanted = wanted.union(least);
    CanaryCase::operations().filter(|&operation| wanted.has_file(operation)).collect()
}

/// Runs the canaries and looks for them, and for what of `wanted` they do to files, among what the rings
/// bring; `other` gets every record that is none of theirs. The sensor is asked for something else
/// afterwards.
pub(super) fn run(
    canary: Result<&Canary, String>,
    sensor: &mut Sensor,
    wanted: &Wanted,
    other: &mut dyn FnMut(&[u8]),
) -> SelfTest {
    let mut test = SelfTest::default();
    let mut missing = asked(sensor.hooks(), wanted);
    if let Err(error) =
        sensor.ask(&missing.iter().copied().fold(Wanted::NOTHING, Wanted::with_file))
    {
        test.blind.push(error.to_string());
        return test;
    }
    let pids = canary.and_then(|canary| canary.run().map_err(|error| error.to_string()));
    let pids = match pids {
        Ok(pids) => pids,
        Err(error) => {
            test.blind.push(format!("the self-test could not be done: {error}"));
            return test;
        }
    };

    let mut seen = [false; CanaryCase::ALL.len()];
    let mut batch = Batch::new();
    let deadline = Instant::now() + PATIENCE;
    while (seen.contains(&false) || !missing.is_empty()) && Instant::now() < deadline {
        match sensor.read(&mut batch) {
            Ok(_) => {}
            Err(error) => {
                test.blind.push(error.to_string());
                return test;
            }
        }
        for record in batch.records() {
            match canary_of(record, &pids) {
                None => other(record),
                Some(Seen::Deed(operation)) => missing.retain(|&it| it != operation),
                Some(Seen::Exec(index, exec)) => {
                    seen[index] = true;
                    test.container = Some(exec.task.container);
                    test.blind.extend(wrong(CanaryCase::ALL[index], &exec));
                }
            }
        }
        if batch.is_empty() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    for (case, _) in CanaryCase::ALL.iter().zip(seen).filter(|(_, seen)| !seen) {
        test.blind.push(format!("the execution of {case} in a container was not seen"));
    }
    if !missing.is_empty() {
        let missing: Vec<&str> = missing.into_iter().map(deed).collect();
        test.blind
            .push(format!("of what a container did to files was not seen: {}", missing.join(", ")));
    }
    test
}

/// What a record says of a canary.
enum Seen<'a> {
    Exec(usize, Box<Exec<'a>>),
    Deed(FileOperation),
}

fn canary_of<'a>(record: &'a [u8], pids: &[u32]) -> Option<Seen<'a>> {
    let index = |pid| pids.iter().position(|&it| it == pid);
    match decode(&RawEvent::new(record).ok()?) {
        Event::Exec(exec) => Some(Seen::Exec(index(exec.task.pid)?, Box::new(exec))),
        Event::File(file) => index(file.actor.pid).map(|_| Seen::Deed(file.operation)),
        _ => None,
    }
}

/// A deed of the canaries, in words.
fn deed(operation: FileOperation) -> &'static str {
    match operation {
        FileOperation::Create => "a file that was made",
        FileOperation::Write => "a write",
        FileOperation::Mode => "a change of mode",
        FileOperation::Owner => "a change of owner",
        FileOperation::Truncate => "a truncation",
        FileOperation::Link => "a hard link",
        FileOperation::Rename => "a rename",
        FileOperation::Unlink => "a file that was removed",
        FileOperation::Symlink => "a symbolic link",
        FileOperation::MakeDirectory => "a directory that was made",
        FileOperation::RemoveDirectory => "a directory that was removed",
        FileOperation::Read => "an open to read",
        FileOperation::Map => "a file that was mapped executable",
        _ => "an operation on a file",
    }
}

/// What is wrong with the evidence about a canary.
fn wrong(case: CanaryCase, exec: &Exec<'_>) -> Option<String> {
    let mut path = Vec::new();
    exec.exe.write_to(&mut path);
    if path != case.path().as_bytes() {
        let path = String::from_utf8_lossy(&path);
        return Some(format!("the path of {case} was read as {path}, not {}", case.path()));
    }
    let file = &exec.file;
    let on_root = EvidenceFlags::ON_ROOT_SUPERBLOCK
        .union(EvidenceFlags::OVERLAY)
        .union(EvidenceFlags::LAYERS_KNOWN);
    if !file.flags.contains(on_root) {
        return Some(format!("{case} was not seen as a file of the container's overlay root"));
    }
    let data = file.flags.contains(EvidenceFlags::UPPER_DATA);
    let layers = (file.upper.is_some(), file.lower.is_some(), data);
    let right = match case {
        CanaryCase::Image => !layers.0 && layers.1,
        CanaryCase::CopiedUp => {
            layers == (true, true, true)
                && file.upper.map(|inode| inode.size) == file.lower.map(|inode| inode.size)
        }
        CanaryCase::Added | CanaryCase::Acting => layers.0 && !layers.1,
    };
    (!right).then(|| {
        let (upper, lower, data) = layers;
        format!("the layers of {case} were misread: upper {upper}, lower {lower}, data {data}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::FileEvidence;
    use crate::event::Inode;
    use crate::event::KernelPath;

    const ON_ROOT: EvidenceFlags = EvidenceFlags::ON_ROOT_SUPERBLOCK
        .union(EvidenceFlags::OVERLAY)
        .union(EvidenceFlags::LAYERS_KNOWN);

    fn seen(
        components: &'static [u8],
        flags: EvidenceFlags,
        upper: Option<u64>,
        lower: Option<u64>,
    ) -> Exec<'static> {
        let layer = |size| Inode { size, ..Inode::default() };
        Exec {
            exe: KernelPath { components, truncated: false },
            file: FileEvidence {
                flags,
                upper: upper.map(layer),
                lower: lower.map(layer),
                ..FileEvidence::default()
            },
            ..Exec::default()
        }
    }

    #[test]
    fn right_answers_pass() {
        let data = ON_ROOT.union(EvidenceFlags::UPPER_DATA);
        let answers = [
            (CanaryCase::Image, seen(b"canary-image\0", ON_ROOT, None, Some(9))),
            (CanaryCase::CopiedUp, seen(b"canary-copied-up\0", data, Some(9), Some(9))),
            (CanaryCase::Added, seen(b"canary-added\0", data, Some(9), None)),
        ];
        for (case, exec) in answers {
            assert_eq!(wrong(case, &exec), None);
        }
    }

    #[test]
    fn a_set_is_asked_what_is_wanted_of_it() {
        let rename = Wanted::NOTHING.with_file(FileOperation::Rename);
        assert_eq!(asked(HookSet::Tracepoint, &rename), [FileOperation::Rename]);
        assert!(asked(HookSet::Tracepoint, &Wanted::NOTHING).is_empty());
        assert_eq!(asked(HookSet::Lsm, &Wanted::NOTHING), [FileOperation::MakeDirectory]);
        let all = Wanted::NOTHING.with_file_changes().with_libraries();
        let all = asked(HookSet::Fentry, &all.with_file(FileOperation::Read));
        assert_eq!(all.len(), CanaryCase::operations().count());
        assert!(all.iter().all(|&it| deed(it) != "an operation on a file"));
    }

    #[test]
    fn each_wrong_answer_is_named() {
        let data = ON_ROOT.union(EvidenceFlags::UPPER_DATA);
        let elsewhere = data.without(EvidenceFlags::ON_ROOT_SUPERBLOCK);
        let answers = [
            (CanaryCase::Image, seen(b"canary-image\0run\0", ON_ROOT, None, Some(9)), "path"),
            (CanaryCase::Image, seen(b"canary-image\0", ON_ROOT, Some(9), Some(9)), "layers"),
            (CanaryCase::Added, seen(b"canary-added\0", data, Some(9), Some(9)), "layers"),
            (CanaryCase::Added, seen(b"canary-added\0", elsewhere, Some(9), None), "root"),
            (CanaryCase::CopiedUp, seen(b"canary-copied-up\0", data, Some(8), Some(9)), "layers"),
            (
                CanaryCase::CopiedUp,
                seen(b"canary-copied-up\0", ON_ROOT, Some(9), Some(9)),
                "layers",
            ),
        ];
        for (case, exec, word) in answers {
            let said = wrong(case, &exec).expect("it is wrong");
            assert!(said.contains(word), "{said}");
        }
    }
}
