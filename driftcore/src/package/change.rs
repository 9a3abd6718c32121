//! What became of packages.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap;

use super::Package;
use super::inventory::Listed;
use crate::event::Text;

/// A package that is not as it was. In JSON: `action` and the package, whose `version` is not
/// there when it was removed, and `old_version`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PackageChange {
    /// What became of it.
    pub change: ChangeKind,
    /// The package as it is now; of a removed one, as it was.
    pub package: Package,
    /// The version that it had, if it was there.
    pub old_version: Option<Text>,
    /// Its place among those of the image's database and of the container's.
    pub(super) before: Option<usize>,
    pub(super) after: Option<usize>,
}

impl Serialize for PackageChange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { change, package, old_version, before: _, after: _ } = self;
        let Package { manager, name, version, architecture, place, record: _ } = package;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("action", change)?;
        map.serialize_entry("manager", manager)?;
        map.serialize_entry("name", name)?;
        if *change != ChangeKind::Removed {
            map.serialize_entry("version", version)?;
        }
        if let Some(old_version) = old_version {
            map.serialize_entry("old_version", old_version)?;
        }
        if let Some(architecture) = architecture {
            map.serialize_entry("architecture", architecture)?;
        }
        map.serialize_entry("place", place)?;
        map.end()
    }
}

/// What became of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ChangeKind {
    /// It was not there.
    Installed,
    /// It is there no more.
    Removed,
    /// It has a later version.
    Upgraded,
    /// It has an earlier version.
    Downgraded,
    /// It has the same version, and the database says other things of it or of its files: another
    /// build of it, another state, or an edited record.
    Changed,
}

impl ChangeKind {
    /// The name in JSON: what was done.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Installed => "install",
            Self::Removed => "remove",
            Self::Upgraded => "upgrade",
            Self::Downgraded => "downgrade",
            Self::Changed => "change",
        }
    }
}

impl fmt::Display for ChangeKind {
    /// For people: what the package is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Installed => "installed",
            Self::Removed => "removed",
            Self::Upgraded => "upgraded",
            Self::Downgraded => "downgraded",
            Self::Changed => "changed",
        })
    }
}

impl Serialize for ChangeKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Packages of one name and machine, by their places.
type Sides = (Vec<usize>, Vec<usize>);

/// What became of the packages of one database, by name. Of managers that keep several versions of
/// a package side by side, each version counts for itself, unless one was put in the place of
/// another.
pub(super) fn changes(before: &[Listed], after: &[Listed]) -> Vec<PackageChange> {
    let mut named: BTreeMap<(&Text, Option<&Text>), Sides> = BTreeMap::new();
    for (index, listed) in before.iter().enumerate() {
        named.entry(listed.key()).or_default().0.push(index);
    }
    for (index, listed) in after.iter().enumerate() {
        named.entry(listed.key()).or_default().1.push(index);
    }
    let mut changes = Vec::new();
    for (mut old, mut new) in named.into_values() {
        // What is on both sides is as it was, or the same version in another state.
        take_pairs(&mut old, &mut new, |o, n| before.get(o) == after.get(n), |_, _| {});
        let version = |listed: &[Listed], at: usize| {
            listed.get(at).map(|listed| listed.package.version.clone())
        };
        let same = |o, n| version(before, o) == version(after, n);
        take_pairs(&mut old, &mut new, same, |o, n| {
            changes.extend(change(ChangeKind::Changed, before, Some(o), after, Some(n)));
        });
        if let ([o], [n]) = (&old[..], &new[..]) {
            let (o, n) = (*o, *n);
            let kind = direction(before, o, after, n);
            changes.extend(change(kind, before, Some(o), after, Some(n)));
            continue;
        }
        for o in old {
            changes.extend(change(ChangeKind::Removed, before, Some(o), after, None));
        }
        for n in new {
            changes.extend(change(ChangeKind::Installed, before, None, after, Some(n)));
        }
    }
    changes
}

/// Takes away what is equal on both sides.
fn take_pairs(
    old: &mut Vec<usize>,
    new: &mut Vec<usize>,
    equal: impl Fn(usize, usize) -> bool,
    mut each: impl FnMut(usize, usize),
) {
    old.retain(|&o| {
        let Some(at) = new.iter().position(|&n| equal(o, n)) else { return true };
        each(o, new.remove(at));
        false
    });
}

fn direction(before: &[Listed], o: usize, after: &[Listed], n: usize) -> ChangeKind {
    let (Some(o), Some(n)) = (before.get(o), after.get(n)) else { return ChangeKind::Changed };
    let manager = n.package.manager;
    match manager.compare_versions(o.package.version.as_bytes(), n.package.version.as_bytes()) {
        Ordering::Less => ChangeKind::Upgraded,
        Ordering::Greater => ChangeKind::Downgraded,
        Ordering::Equal => ChangeKind::Changed,
    }
}

fn change(
    change: ChangeKind,
    before: &[Listed],
    old: Option<usize>,
    after: &[Listed],
    new: Option<usize>,
) -> Option<PackageChange> {
    let was = old.and_then(|old| before.get(old));
    let is = new.and_then(|new| after.get(new));
    let package = is.or(was)?.package.clone();
    let old_version = was.map(|was| was.package.version.clone());
    Some(PackageChange { change, package, old_version, before: old, after: new })
}

#[cfg(test)]
mod tests {
    use super::super::Manager;
    use super::*;

    fn listed(name: &str, version: &str, record: &str) -> Listed {
        let (name, version) = (name.as_bytes(), version.as_bytes());
        let package = Package::new(Manager::Dpkg, b"/db", name, version, record.as_bytes());
        Listed { package, files: [0; 16] }
    }

    fn told(before: &[Listed], after: &[Listed]) -> Vec<String> {
        let tell = |change: PackageChange| {
            let PackageChange { change, package, old_version, .. } = change;
            let old = old_version.filter(|old| *old != package.version);
            let old = old.map(|old| format!("{old} -> ")).unwrap_or_default();
            format!("{change} {} {old}{}", package.name, package.version)
        };
        changes(before, after).into_iter().map(tell).collect()
    }

    #[test]
    fn each_change_is_told_and_what_is_as_it_was_is_not() {
        let before = [
            listed("as-it-was", "1", "x"),
            listed("gone", "1", "x"),
            listed("later", "1.9", "x"),
            listed("earlier", "2", "x"),
            listed("rebuilt", "1", "x"),
            listed("rewritten", "1.0", "x"),
        ];
        let after = [
            listed("rewritten", "1.00", "x"),
            listed("rebuilt", "1", "y"),
            listed("later", "1.10", "x"),
            listed("earlier", "2~rc1", "x"),
            listed("new", "1", "x"),
            listed("as-it-was", "1", "x"),
        ];
        let expected = [
            "downgraded earlier 2 -> 2~rc1",
            "removed gone 1",
            "upgraded later 1.9 -> 1.10",
            "installed new 1",
            "changed rebuilt 1",
            "changed rewritten 1.0 -> 1.00",
        ];
        assert_eq!(told(&before, &after), expected);
        assert!(told(&before, &before).is_empty());
    }

    #[test]
    fn other_digests_of_files_are_a_change() {
        let before = listed("a", "1", "x");
        let after = Listed { files: [1; 16], ..before.clone() };
        assert_eq!(told(&[before], &[after]), ["changed a 1"]);
    }

    #[test]
    fn versions_side_by_side_count_each_for_itself() {
        let [one, two, three] = ["1", "2", "3"].map(|version| listed("kernel", version, "x"));
        let (one, two, three) = (&one, &two, &three);
        let of = |all: &[&Listed]| all.iter().map(|&listed| listed.clone()).collect::<Vec<_>>();
        assert_eq!(told(&of(&[one]), &of(&[one, two])), ["installed kernel 2"]);
        assert_eq!(told(&of(&[one, two]), &of(&[two])), ["removed kernel 1"]);
        assert_eq!(told(&of(&[one, two]), &of(&[two, three])), ["upgraded kernel 1 -> 3"]);
        let expected = ["removed kernel 1", "installed kernel 2", "installed kernel 3"];
        assert_eq!(told(&of(&[one]), &of(&[two, three])), expected);
    }

    #[test]
    fn json_has_the_package_and_what_became_of_it() {
        let (one, two) = ([listed("a", "1", "x")], [listed("a", "2", "x")]);
        let json = serde_json::to_value([changes(&one, &two), changes(&one, &[])].concat());
        let expected = serde_json::json!([
            { "action": "upgrade", "manager": "dpkg", "name": "a", "version": "2",
              "old_version": "1", "place": "/db" },
            { "action": "remove", "manager": "dpkg", "name": "a", "old_version": "1",
              "place": "/db" },
        ]);
        assert_eq!(json.unwrap(), expected);
    }
}
