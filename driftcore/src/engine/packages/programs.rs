//! Programs that are package managers.

use crate::package::Manager;

/// A package manager's program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) manager: Manager,
    /// How near it is to the database: of several that ran, the nearest one did it.
    pub(super) rank: u8,
}

/// Who writes to the database without being a manager that we know.
pub(super) const WRITER: u8 = 0;
const FRONT_END: u8 = 1;
const ITSELF: u8 = 2;

/// The managers by the names of their programs.
const PROGRAMS: &[(&[u8], Manager, u8)] = &[
    (b"dpkg", Manager::Dpkg, ITSELF),
    (b"apt", Manager::Dpkg, FRONT_END),
    (b"apt-get", Manager::Dpkg, FRONT_END),
    (b"aptitude", Manager::Dpkg, FRONT_END),
    (b"apk", Manager::Apk, ITSELF),
    (b"apk.static", Manager::Apk, ITSELF),
    (b"rpm", Manager::Rpm, ITSELF),
    (b"dnf", Manager::Rpm, FRONT_END),
    (b"dnf-3", Manager::Rpm, FRONT_END),
    (b"dnf5", Manager::Rpm, FRONT_END),
    (b"microdnf", Manager::Rpm, FRONT_END),
    (b"tdnf", Manager::Rpm, FRONT_END),
    (b"yum", Manager::Rpm, FRONT_END),
    (b"zypper", Manager::Rpm, FRONT_END),
];

/// The manager that a program is, by the path of its file.
pub(super) fn manager_of(path: &[u8]) -> Option<Program> {
    let name = path.get(memchr::memrchr(b'/', path)? + 1..)?;
    let (_, manager, rank) = PROGRAMS.iter().find(|(program, ..)| *program == name)?;
    Some(Program { manager: *manager, rank: *rank })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn managers_are_told_by_the_name_of_their_program() {
        let manager = |path: &str| manager_of(path.as_bytes()).map(|it| (it.manager, it.rank));
        assert_eq!(manager("/usr/bin/dpkg"), Some((Manager::Dpkg, ITSELF)));
        assert_eq!(manager("/usr/bin/apt-get"), Some((Manager::Dpkg, FRONT_END)));
        assert_eq!(manager("/sbin/apk"), Some((Manager::Apk, ITSELF)));
        assert_eq!(manager("/usr/bin/dpkg-deb"), None);
        assert_eq!(manager("dpkg"), None);
    }
}
