//! Marks that go when nobody needs them any more.
//!
//! A mark is taken off through the file that it is on, and the files of a container that has ended are reached
//! through none of its processes any more; to keep them open would keep their filesystems from being unmounted.
//! So once containers have ended, those that run are marked anew, in a group of their own, as they are read;
//! then the old group goes, and all that it marked with it.

use std::collections::BTreeSet;
use std::os::fd::BorrowedFd;

use super::records::Object;
use super::records::Record;
use super::watch::Watch;

/// The marks of all containers.
pub(super) struct Marks {
    watch: Watch,
    /// The group before, and the containers that are not marked anew yet.
    old: Option<(Watch, BTreeSet<u64>)>,
}

impl Marks {
    /// Without any.
    ///
    /// # Errors
    ///
    /// As [`Watch::new`].
    pub(super) fn new() -> Result<Self, nix::Error> {
        Ok(Self { watch: Watch::new()?, old: None })
    }

    /// Readable when something happened.
    pub(super) fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.old.iter().map(|(old, _)| old.fd()).chain([self.watch.fd()])
    }

    /// Marks a directory or a file, as [`Watch::mark`].
    ///
    /// # Errors
    ///
    /// As there.
    pub(super) fn mark(
        &mut self,
        node: BorrowedFd<'_>,
        is_directory: bool,
    ) -> Result<Option<Object>, nix::Error> {
        self.watch.mark(node, is_directory)
    }

    /// Takes what happened. What both groups know of is told twice.
    pub(super) fn take(&mut self) -> Vec<Record> {
        let mut records = self.old.as_mut().map(|(old, _)| old.take()).unwrap_or_default();
        records.extend(self.watch.take());
        records
    }

    /// Begins to mark these containers anew. False when the last time is not over yet, or there can be no
    /// other group.
    pub(super) fn renew(&mut self, containers: impl Iterator<Item = u64>) -> bool {
        if self.old.is_some() {
            return false;
        }
        let watch = match Watch::new() {
            Ok(watch) => watch,
            Err(error) => {
                tracing::debug!(%error, "marks of containers that ended stay");
                return false;
            }
        };
        let left: BTreeSet<u64> = containers.collect();
        let old = std::mem::replace(&mut self.watch, watch);
        self.old = (!left.is_empty()).then_some((old, left));
        true
    }

    /// This container was marked anew, or is no more.
    pub(super) fn is_done(&mut self, container: u64) {
        if let Some((_, left)) = &mut self.old {
            left.remove(&container);
            if left.is_empty() {
                self.old = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::AsFd;
    use std::os::fd::AsRawFd;
    use std::path::Path;

    use super::*;

    /// What the kernel says is marked.
    fn marked(marks: &Marks) -> Vec<usize> {
        let count = |fd: BorrowedFd<'_>| {
            let info = format!("/proc/self/fdinfo/{}", fd.as_raw_fd());
            std::fs::read_to_string(info).unwrap().matches("fanotify ino:").count()
        };
        marks.fds().map(count).collect()
    }

    fn mark(marks: &mut Marks, path: &Path) -> bool {
        let directory = File::open(path).unwrap();
        marks.mark(directory.as_fd(), true).is_ok()
    }

    #[test]
    fn marks_of_containers_that_ended_go_once_the_others_are_made_anew() {
        let place = tempfile::tempdir().unwrap();
        let (stays, ends) = (place.path().join("stays"), place.path().join("ends"));
        std::fs::create_dir(&stays).unwrap();
        std::fs::create_dir(&ends).unwrap();
        let Ok(mut marks) = Marks::new() else { return };
        if !mark(&mut marks, &stays) || !mark(&mut marks, &ends) {
            // A filesystem without handles.
            return;
        }
        assert_eq!(marked(&marks), [2]);
        assert!(marks.renew([1, 2].into_iter()));
        assert!(!marks.renew([1].into_iter()), "one after another");
        assert!(mark(&mut marks, &stays));
        // Nothing is missed meanwhile.
        assert_eq!(marked(&marks), [2, 1]);
        marks.take();
        std::fs::write(ends.join("x"), "x").unwrap();
        assert!(marks.take().iter().any(|record| record.name == b"x"));
        marks.is_done(1);
        assert_eq!(marked(&marks), [2, 1]);
        marks.is_done(2);
        assert_eq!(marked(&marks), [1]);
        std::fs::write(ends.join("y"), "y").unwrap();
        std::fs::write(stays.join("z"), "z").unwrap();
        let names: Vec<_> = marks.take().into_iter().map(|record| record.name).collect();
        assert!(names.contains(&b"z".to_vec()) && !names.contains(&b"y".to_vec()), "{names:?}");
        // Where none runs, nothing is waited for.
        assert!(marks.renew(std::iter::empty()));
        assert_eq!(marked(&marks), [0]);
    }
}
