//! What is said of packages, for people.

use driftcore::image::Entry;
use driftcore::package::Changed;
use driftcore::package::Database;
use driftcore::package::Manager;
use driftcore::package::Owner;
use driftcore::package::Package;
use driftcore::package::PackageReport;
use driftcore::package::Place;

use super::group::Group;
use super::printable::Printable;

/// Why packages are not compared, if they are not.
pub(super) const UNKNOWN: &str =
    "the manifest was made without those of the image; `driftd manifest` keeps them now";

/// How many packages are listed.
const PACKAGES: usize = 100;

/// Whether an entry needs no line of its own beside its package's or its database's: it came with a
/// package and is not known to be anything else than what the package has, or it is the database.
/// What gives other rights always has one, whatever a package claims.
pub(super) fn is_folded(entry: &Entry, group: Group, owner: Option<&Owner>) -> bool {
    match owner {
        Some(owner) => {
            owner.came_with_package
                && owner.as_packaged != Some(false)
                && group != Group::Privileged
        }
        None => {
            matches!(group, Group::Content | Group::Added | Group::Deleted)
                && Place::of(entry.path.as_bytes(), None).is_some()
        }
    }
}

/// What is said of the package that claims a file.
pub(super) fn of(owner: &Owner) -> String {
    let mut text = format!("of {}", Printable(&owner.package.name));
    if owner.as_packaged == Some(false) {
        let config = if owner.config { " (a configuration file)" } else { "" };
        text.push_str(&format!(", other content than its database says{config}"));
    }
    text
}

/// The lines about packages and their databases.
pub(super) fn lines(report: &PackageReport) -> Vec<String> {
    let mut lines: Vec<String> = report.databases.iter().filter_map(database).collect();
    let (programs, packages): (Vec<_>, Vec<_>) =
        report.changes.iter().partition(|it| it.change.package.manager == Manager::Go);
    // The modules of one program follow one another.
    let programs: Vec<_> =
        programs.chunk_by(|a, b| a.change.package.place == b.change.package.place).collect();
    let more = (packages.len() + programs.len()).saturating_sub(PACKAGES);
    let all = packages.into_iter().map(package).chain(programs.into_iter().map(program));
    lines.extend(all.take(PACKAGES));
    if more > 0 {
        lines.push(format!("... and {more} more: --format json has all of them"));
    }
    lines
}

fn program(modules: &[&Changed]) -> String {
    let Some(first) = modules.first() else { return String::new() };
    let Package { name, place, .. } = &first.change.package;
    let (place, name, count) = (Printable(place), Printable(name), modules.len());
    format!("{place}: other Go modules than the image's, {count} of them, {name} the first")
}

fn package(changed: &Changed) -> String {
    let package = &changed.change.package;
    let old = changed.change.old_version.as_ref().filter(|old| **old != package.version);
    let old = old.map(|old| format!("{} -> ", Printable(old))).unwrap_or_default();
    let mut text = format!(
        "{} {} {old}{} ({}",
        changed.change.change,
        Printable(&package.name),
        Printable(&package.version),
        package.manager,
    );
    text.push_str(&match changed.files {
        0 => String::new(),
        1 => ", 1 file".to_owned(),
        files => format!(", {files} files"),
    });
    if changed.code > 0 {
        text.push_str(&format!(", {} of them code", changed.code));
    }
    if changed.altered > 0 {
        text.push_str(&format!(", {} not as packaged", changed.altered));
    }
    text.push(')');
    text
}

fn database(database: &Database) -> Option<String> {
    let Place { manager, path, .. } = &database.place;
    let path = Printable(path);
    if database.is_forged() {
        return Some(format!(
            "{path} was changed, but {manager} left no trace of a run: written by something else"
        ));
    }
    match (database.changes, database.run) {
        (0, Some(true)) => {
            Some(format!("{path}: {manager} ran, and the packages are as they were"))
        }
        (0, _) => Some(format!("{path} was written to, and the packages are as they were")),
        _ => None,
    }
}
