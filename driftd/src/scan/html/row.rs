//! One entry in the page.

use std::io;
use std::io::Write;

use driftcore::image::Entry;
use driftcore::image::EntryKind;
use driftcore::image::FileType;
use driftcore::package::Owner;
use driftcore::package::Package;

use super::markup::Markup;
use crate::scan::describe::facts;
use crate::scan::group::Group;

/// How many processes are told of a file.
const PROCESSES: usize = 3;

/// What the page says of an entry, besides its name.
#[derive(Debug)]
pub(super) struct Row {
    kind: EntryKind,
    group: Group,
    pub(super) file_type: FileType,
    old_path: Option<Box<[u8]>>,
    facts: Box<str>,
    sha256: Option<[u8; 32]>,
    users: Box<[u8]>,
    package: Option<Claim>,
}

/// The package that claims a file.
#[derive(Debug)]
struct Claim {
    /// Its name and version.
    package: Box<[u8]>,
    /// The content is not what its database says.
    altered: bool,
    config: bool,
}

impl Claim {
    fn new(owner: &Owner) -> Self {
        let Package { name, version, .. } = &owner.package;
        let package = [name.as_bytes(), version.as_bytes()].join(&b' ');
        let altered = owner.as_packaged == Some(false);
        Self { package: package.into(), altered, config: owner.config }
    }
}

impl Row {
    pub(super) fn new(entry: &Entry, group: Group, owner: Option<&Owner>) -> Self {
        let state = entry.after.as_ref().or(entry.before.as_ref());
        let mut users = Vec::new();
        for user in entry.processes.iter().take(PROCESSES) {
            if !users.is_empty() {
                users.extend_from_slice(b", ");
            }
            users.extend_from_slice(user.name.as_bytes());
            users.extend_from_slice(
                format!(" (pid {}) {} it", user.pid, user.how.as_str()).as_bytes(),
            );
        }
        Self {
            kind: entry.kind,
            group,
            file_type: state.map_or(FileType::Unknown, |state| state.file_type),
            old_path: entry.old_path.as_ref().map(|path| path.as_bytes().into()),
            facts: facts(entry).join(" \u{b7} ").into(),
            sha256: entry.after.as_ref().and_then(|after| after.sha256),
            users: users.into(),
            package: owner.map(Claim::new),
        }
    }

    /// How many bytes of text it has.
    pub(super) fn bytes(&self) -> usize {
        let old_path = self.old_path.as_ref().map_or(0, |path| path.len());
        let package = self.package.as_ref().map_or(0, |claim| claim.package.len());
        old_path + self.facts.len() + self.users.len() + package
    }

    /// Writes the entry in one element, under a name.
    pub(super) fn write<W: Write>(&self, out: &mut Markup<W>, name: &[u8]) -> io::Result<()> {
        out.raw("<span class=\"e ")?;
        out.raw(class(self.kind, self.group))?;
        out.raw("\"><b class=\"k\">")?;
        out.raw(if self.group == Group::Noise { "noise" } else { label(self.kind) })?;
        out.raw("</b> ")?;
        out.name(if self.group.is_worst() { "n w" } else { "n" }, name)?;
        if let Some(old_path) = &self.old_path {
            out.raw(" <span class=\"o\">in the image ")?;
            out.name("n", old_path)?;
            out.raw("</span>")?;
        }
        out.raw(" <span class=\"f\">")?;
        out.text(&*self.facts)?;
        out.raw("</span>")?;
        if let Some(Claim { package, altered, config }) = &self.package {
            out.raw(" <span class=\"p\">")?;
            out.name("", package)?;
            out.raw(match (altered, config) {
                (true, true) => " <b>other content than packaged, a configuration file</b></span>",
                (true, false) => " <b>other content than packaged</b></span>",
                _ => "</span>",
            })?;
        }
        if !self.users.is_empty() {
            out.raw(" <span class=\"u\">")?;
            out.text(&self.users)?;
            out.raw("</span>")?;
        }
        if let Some(sha256) = &self.sha256 {
            out.raw(" <code class=\"h\">")?;
            out.hexadecimal(sha256)?;
            out.raw("</code>")?;
        }
        out.raw("</span>")
    }
}

/// What an entry of a kind is called.
pub(super) const fn label(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::CopiedUp => "as before",
        _ => kind.as_str(),
    }
}

/// The class by which an entry has its colour, and is filtered.
pub(super) const fn class(kind: EntryKind, group: Group) -> &'static str {
    if matches!(group, Group::Noise) {
        return "k-noise";
    }
    match kind {
        EntryKind::Added => "k-added",
        EntryKind::Modified => "k-modified",
        EntryKind::Replaced => "k-replaced",
        EntryKind::Type => "k-type",
        EntryKind::Renamed => "k-renamed",
        EntryKind::Deleted => "k-deleted",
        _ => "k-attributes",
    }
}
