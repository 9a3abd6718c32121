//! Which processes run in which namespaces.

use std::fmt::Write as _;
use std::fs::File;

use rustc_hash::FxHashMap;

use super::process;
use crate::container::Runtimes;

/// The processes of all containers of this node, by the namespaces that they are in.
#[derive(Debug, Default)]
pub(crate) struct Census {
    by_mounts: FxHashMap<u64, Vec<u32>>,
    by_pids: FxHashMap<u64, Vec<u32>>,
    /// Why it is not whole.
    pub(super) problem: Option<String>,
}

impl Census {
    /// Looks at every process once; those of the host are left out.
    pub(crate) fn take(runtimes: &Runtimes) -> Self {
        let proc = &runtimes.roots().proc;
        let mut census = Self::default();
        let held = File::open(proc).and_then(|held| Ok((held, std::fs::read_dir(proc)?)));
        let (held, entries) = match held {
            Ok(opened) => opened,
            Err(error) => {
                census.problem = Some(format!("{}: {error}", proc.display()));
                return census;
            }
        };
        let host = ["mnt", "pid"].map(|kind| process::host_namespace(proc, kind));
        let mut path = String::new();
        for entry in entries.flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            let mut note = |kind, map: &mut FxHashMap<u64, Vec<u32>>, host: Option<u64>| {
                path.clear();
                // Writing to a text does not fail.
                let _ = write!(path, "{pid}/ns/{kind}");
                let namespace = process::link_number(&held, &path);
                if let Some(number) = namespace.filter(|_| namespace != host) {
                    map.entry(number).or_default().push(pid);
                }
            };
            note("mnt", &mut census.by_mounts, host[0]);
            note("pid", &mut census.by_pids, host[1]);
        }
        census
    }

    /// Those in one of two namespaces, by number.
    pub(super) fn of(&self, mounts: Option<u64>, pids: Option<u64>) -> Vec<u32> {
        let of = |map: &FxHashMap<u64, Vec<u32>>, number: Option<u64>| {
            number.and_then(|number| map.get(&number).cloned()).unwrap_or_default()
        };
        let mut all = of(&self.by_mounts, mounts);
        all.extend(of(&self.by_pids, pids));
        all.sort_unstable();
        all.dedup();
        all
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::container::StateRoots;

    #[test]
    fn processes_are_found_by_either_namespace() {
        let host = tempfile::tempdir().unwrap();
        for (pid, mounts, pids) in [(1, 10, 20), (5, 11, 21), (6, 11, 20), (7, 12, 21), (8, 10, 20)]
        {
            let directory = host.path().join(format!("{pid}/ns"));
            fs::create_dir_all(&directory).unwrap();
            symlink(format!("mnt:[{mounts}]"), directory.join("mnt")).unwrap();
            symlink(format!("pid:[{pids}]"), directory.join("pid")).unwrap();
        }
        fs::create_dir(host.path().join("net")).unwrap();
        let roots = StateRoots { proc: host.path().to_owned(), ..StateRoots::default() };
        let census = Census::take(&Runtimes::new(roots));
        assert_eq!(census.of(Some(11), Some(21)), [5, 6, 7]);
        assert_eq!(census.of(Some(11), Some(20)), [5, 6], "the host's are left out");
        assert!(census.of(None, None).is_empty() && census.problem.is_none());
    }
}
