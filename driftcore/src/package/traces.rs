//! What a run of a package manager leaves behind beside its database.

use super::Manager;

/// Files that every run of a manager that changes packages opens for writing, or puts anew, beside
/// the database: locks, logs, what it keeps beside. Empty where nothing is sure.
pub(super) const fn of(manager: Manager) -> &'static [&'static str] {
    match manager {
        Manager::Dpkg => {
            &["/var/lib/dpkg/lock", "/var/lib/dpkg/lock-frontend", "/var/log/dpkg.log"]
        }
        Manager::Apk => &[
            "/lib/apk/db/lock",
            "/lib/apk/db/scripts.tar",
            "/lib/apk/db/triggers",
            "/usr/lib/apk/db/lock",
            "/usr/lib/apk/db/scripts.tar",
            "/usr/lib/apk/db/triggers",
        ],
        Manager::Rpm => &["/var/lib/rpm/.rpm.lock", "/usr/lib/sysimage/rpm/.rpm.lock"],
        Manager::Pip | Manager::Npm | Manager::Gem | Manager::Cargo | Manager::Go => &[],
    }
}

/// The manager whose runs write to a path.
pub(super) fn whose(path: &[u8]) -> Option<Manager> {
    const LEAVING: [Manager; 3] = [Manager::Dpkg, Manager::Apk, Manager::Rpm];
    // Asked of every path that changed.
    let may =
        path.starts_with(b"/var/l") || path.starts_with(b"/lib/") || path.starts_with(b"/usr/lib/");
    let leaves = |manager: &Manager| of(*manager).iter().any(|trace| trace.as_bytes() == path);
    LEAVING.into_iter().find(|manager| may && leaves(manager))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_are_told_by_their_path() {
        for manager in [Manager::Dpkg, Manager::Apk, Manager::Rpm] {
            for trace in of(manager) {
                assert_eq!(whose(trace.as_bytes()), Some(manager), "{trace}");
            }
        }
        assert_eq!(whose(b"/var/lib/dpkg/status"), None);
        assert_eq!(whose(b"/srv/var/lib/dpkg/lock"), None);
    }
}
