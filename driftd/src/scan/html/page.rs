//! The parts of the page, from its top to its end.

use std::io;
use std::io::Write;

use driftcore::image::EntryKind;
use driftcore::image::Problem;
use driftcore::package::Database;
use serde_json::Value;

use super::Html;
use super::markup::Markup;
use super::row::class;
use super::row::label;
use crate::scan::describe::advice;
use crate::scan::group::Group;
use crate::scan::packages::UNKNOWN;
use crate::scan::summary::Summary;

/// How many problems are listed.
const PROBLEMS: usize = 500;
/// How many packages are.
const PACKAGES: usize = 5_000;

/// Nothing is loaded from anywhere, and nothing runs but what has these hashes: a name that got into
/// the page as markup after all would be dead.
pub(super) const POLICY: &str = "default-src 'none'; \
     style-src 'sha256-gkOeZnfkLp0IL7p7iE2R9WjnSjc4Z7BUL7em6kID5Ek='; \
     script-src 'sha256-XPkU0U+383VpA43S+aaVvnZihrYygrT26MDbNd4sSHE='; \
     base-uri 'none'; form-action 'none'";
pub(super) const STYLE: &str = include_str!("style.css");
pub(super) const SCRIPT: &str = include_str!("filter.js");

/// The kinds by which the page is filtered, with what each is called.
const FILTERS: [(&str, EntryKind, Group); 8] = [
    ("added", EntryKind::Added, Group::Added),
    ("modified", EntryKind::Modified, Group::Content),
    ("replaced", EntryKind::Replaced, Group::Content),
    ("type", EntryKind::Type, Group::Shape),
    ("renamed", EntryKind::Renamed, Group::Shape),
    ("attributes", EntryKind::Attributes, Group::Attributes),
    ("deleted", EntryKind::Deleted, Group::Deleted),
    ("noise", EntryKind::Added, Group::Noise),
];

impl<W: Write> Html<W> {
    pub(super) fn head(&mut self) -> io::Result<()> {
        self.out.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")?;
        self.out.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"")?;
        self.out.raw(POLICY)?;
        self.out.raw(
            "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>Drift of ",
        )?;
        self.out.text(&self.title)?;
        self.out.raw("</title>\n<style>")?;
        self.out.raw(STYLE)?;
        self.out.raw("</style>\n</head>\n<body>\n")
    }

    /// Whose report it is, and in one line what it says.
    pub(super) fn banner(&mut self, summary: &Summary) -> io::Result<()> {
        let out = &mut self.out;
        out.raw("<header>\n<p class=\"brand\">Driftcore \u{b7} drift report</p>\n<h1>")?;
        out.name("", &self.title)?;
        out.raw("</h1>\n<dl class=\"of\">")?;
        let container = &self.target["container"];
        for (title, value) in [
            ("Image", &container["image"]),
            ("Image digest", &container["image_digest"]),
            ("Runtime", &container["runtime"]),
            ("Container", &container["id"]),
            ("Namespace", &container["namespace"]),
            ("Pod", &container["pod"]),
            ("Started", &container["started_at"]),
        ] {
            let Some(value) = value.as_str() else { continue };
            let value = if title == "Started" { value.get(..19).unwrap_or(value) } else { value };
            out.raw("<div><dt>")?;
            out.raw(title)?;
            out.raw("</dt><dd>")?;
            out.name("", value)?;
            out.raw("</dd></div>")?;
        }
        if let Some(mounted) = self.target["mounted"].as_bool() {
            out.raw("<div><dt>State</dt><dd>")?;
            out.raw(if mounted { "mounted" } else { "not mounted" })?;
            out.raw("</dd></div>")?;
        }
        out.raw("<div><dt>Scanned</dt><dd>")?;
        let time = self.time.to_string();
        out.text(time.get(..19).unwrap_or(&time).replace('T', " "))?;
        out.raw(" UTC</dd></div></dl>\n</header>\n<main>\n")?;
        out.raw(match (summary.drift, summary.code, summary.unseen) {
            (0, _, 0) => "<section class=\"verdict good\"><h2>As in the image</h2>",
            (0, ..) => {
                "<section class=\"verdict unsure\"><h2>Nothing found, but not all was seen</h2>"
            }
            (_, 0, _) => "<section class=\"verdict unsure\"><h2>It differs from its image</h2>",
            _ => "<section class=\"verdict bad\"><h2>It has code that its image has not</h2>",
        })?;
        out.raw("<p>")?;
        out.number(summary.drift)?;
        out.raw(if summary.drift == 1 { " path differs" } else { " paths differ" })?;
        if summary.code > 0 {
            out.raw(", <b>")?;
            out.number(summary.code)?;
            out.raw(" of them programs, libraries or scripts</b>")?;
        }
        if summary.unseen > 0 {
            out.raw(", and ")?;
            out.number(summary.unseen)?;
            out.raw(" could not be read or compared")?;
        }
        out.raw(".</p><p class=\"todo\">")?;
        out.text(advice(summary))?;
        out.raw("</p></section>\n")
    }

    /// The counts, as tiles that are also the filter, and a bar.
    pub(super) fn numbers(&mut self, summary: &Summary) -> io::Result<()> {
        let noise = summary.noise;
        let count = |kind: EntryKind, group: Group| match group {
            Group::Noise => noise,
            _ => summary.kinds.get(kind.as_str()).copied().unwrap_or(0),
        };
        let total: u64 = FILTERS.iter().map(|&(_, kind, group)| count(kind, group)).sum();
        let out = &mut self.out;
        if total > 0 {
            out.raw(
                "<svg class=\"bar\" viewBox=\"0 0 1000 12\" preserveAspectRatio=\"none\" \
                 aria-hidden=\"true\">",
            )?;
            let mut from = 0;
            for (_, kind, group) in FILTERS {
                // Each that is there is seen.
                let of = count(kind, group);
                let share = of.saturating_mul(1000).checked_div(total).unwrap_or(0);
                let width = share.max(u64::from(of > 0) * 3);
                if width == 0 {
                    continue;
                }
                out.raw("<rect class=\"")?;
                out.raw(class(kind, group))?;
                out.raw("\" x=\"")?;
                out.text(from.to_string())?;
                out.raw("\" y=\"0\" height=\"12\" width=\"")?;
                out.text(width.to_string())?;
                out.raw("\"/>")?;
                from += width;
            }
            out.raw("</svg>\n")?;
        }
        out.raw("<form class=\"tiles\" autocomplete=\"off\">")?;
        for (id, kind, group) in FILTERS {
            let of = count(kind, group);
            out.raw("<label class=\"tile ")?;
            out.raw(class(kind, group))?;
            out.raw(if of == 0 {
                " none\"><input type=\"checkbox\" checked id=\"show-"
            } else {
                "\"><input type=\"checkbox\" checked id=\"show-"
            })?;
            out.raw(id)?;
            out.raw("\"><b>")?;
            out.number(of)?;
            out.raw("</b> ")?;
            out.raw(if group == Group::Noise { "noise" } else { label(kind) })?;
            out.raw("</label>")?;
        }
        out.raw("</form>\n<p class=\"quiet\">Written to, and proved equal to the image's: ")?;
        out.number(summary.kinds.get(EntryKind::CopiedUp.as_str()).copied().unwrap_or(0))?;
        out.raw(". Ignored: ")?;
        out.number(summary.ignored)?;
        out.raw(
            ". Noise is what the runtime makes itself. A kind that is not ticked is not shown.</p>\n",
        )
    }

    /// The groups that nobody should scroll for.
    pub(super) fn worst(&mut self) -> io::Result<()> {
        let Self { out, listed, counts, folded, .. } = self;
        for group in Group::ALL {
            let (rows, count) = (&listed[group as usize], counts[group as usize]);
            let folded = folded[group as usize];
            if !group.is_worst() || count == 0 {
                continue;
            }
            out.raw("<section class=\"list\"><h2>")?;
            out.raw(group.title())?;
            out.raw(" <span class=\"c\">")?;
            out.number(count)?;
            out.raw("</span></h2><ul>")?;
            for (path, row) in rows {
                out.raw("\n<li>")?;
                row.write(out, path)?;
                out.raw("</li>")?;
            }
            let more = count.saturating_sub(rows.len() as u64 + folded);
            if more > 0 {
                out.raw("\n<li class=\"cut\">and ")?;
                out.number(more)?;
                out.raw(" more: see the tree below, and the JSON report for all</li>")?;
            }
            if folded > 0 {
                out.raw("\n<li class=\"cut\">")?;
                out.number(folded)?;
                out.raw(" came with the packages below, as they are packaged: see the tree</li>")?;
            }
            out.raw("</ul></section>\n")?;
        }
        Ok(())
    }

    /// The packages that changed, and the databases that tell of them.
    pub(super) fn packages(&mut self, packages: &[Value]) -> io::Result<()> {
        let Self { out, databases, .. } = self;
        out.raw("<section><h2>Packages <span class=\"c\">")?;
        out.number(packages.len() as u64)?;
        out.raw("</span></h2>")?;
        match databases.as_deref() {
            None => {
                out.raw("<p class=\"quiet\">Not compared: ")?;
                out.raw(UNKNOWN)?;
                out.raw(".</p>")?;
            }
            Some([]) => {
                out.raw("<p class=\"quiet\">No package database was written to.</p>")?;
            }
            Some(databases) => self::databases(out, databases)?,
        }
        if !packages.is_empty() {
            changes(out, packages)?;
        }
        if packages.len() > PACKAGES {
            out.raw("<p class=\"cut\">and ")?;
            out.number((packages.len() - PACKAGES) as u64)?;
            out.raw(" more, only in the JSON report</p>")?;
        }
        out.raw("</section>\n")
    }

    pub(super) fn tree(&mut self, summary: &Summary) -> io::Result<()> {
        if self.tree.is_empty() {
            return Ok(());
        }
        let out = &mut self.out;
        out.raw("<section class=\"all\"><h2>All paths <span class=\"c\">")?;
        out.number(summary.drift + summary.noise)?;
        out.raw(
            "</span></h2>\n<div class=\"tools\" hidden><input type=\"search\" \
             placeholder=\"Filter by path\" aria-label=\"Filter by path\" spellcheck=\"false\">\
             <button type=\"button\" id=\"unfold\">Unfold</button>\
             <button type=\"button\" id=\"fold\">Fold</button><output></output></div>\n",
        )?;
        if self.tree.cut() > 0 {
            out.raw("<p class=\"cut\">The tree leaves out ")?;
            out.number(self.tree.cut())?;
            out.raw(
                " of them and says where, so that a browser can show it: the JSON report has all.</p>\n",
            )?;
        }
        self.tree.write(out)?;
        out.raw("</section>\n")
    }

    pub(super) fn problems(&mut self, summary: &Summary, problems: &[Problem]) -> io::Result<()> {
        if problems.is_empty() {
            return Ok(());
        }
        let out = &mut self.out;
        let all = summary.unseen + summary.vanished;
        out.raw("<section><h2>Not read or not compared <span class=\"c\">")?;
        out.number(all)?;
        out.raw("</span></h2><div class=\"scroll\"><table><thead><tr><th>Path</th><th>Why</th></tr></thead><tbody>")?;
        for problem in problems.iter().take(PROBLEMS) {
            out.raw("\n<tr><td>")?;
            out.name("n", problem.path.as_bytes())?;
            out.raw("</td><td>")?;
            out.text(&problem.reason)?;
            out.raw("</td></tr>")?;
        }
        out.raw("</tbody></table></div>")?;
        let more = all.saturating_sub(problems.len().min(PROBLEMS) as u64);
        if more > 0 {
            out.raw("<p class=\"cut\">and ")?;
            out.number(more)?;
            out.raw(" more: see the JSON report</p>")?;
        }
        out.raw("</section>\n")
    }

    pub(super) fn ignored(&mut self, summary: &Summary) -> io::Result<()> {
        if summary.ignored_by.is_empty() {
            return Ok(());
        }
        let out = &mut self.out;
        out.raw(
            "<section><h2>Ignored</h2><div class=\"scroll\"><table><thead><tr><th>Entries</th>\
             <th>Pattern</th><th>Reason</th></tr></thead><tbody>",
        )?;
        for pattern in &summary.ignored_by {
            out.raw("\n<tr><td>")?;
            out.number(pattern.entries)?;
            out.raw("</td><td>")?;
            out.name("n", &pattern.pattern)?;
            out.raw("</td><td>")?;
            out.text(pattern.reason.as_deref().unwrap_or("no reason given"))?;
            out.raw("</td></tr>")?;
        }
        out.raw("</tbody></table></div></section>\n")
    }

    /// Against what was compared.
    pub(super) fn layers(&mut self) -> io::Result<()> {
        let out = &mut self.out;
        let lowers = self.target["lowers"].as_array().map_or(&[][..], Vec::as_slice);
        out.raw("<details class=\"layers\"><summary>Compared layers <span class=\"c\">")?;
        out.number(lowers.len() as u64)?;
        out.raw("</span></summary><ol>")?;
        if let Some(upper) = self.target["upper"].as_str() {
            out.raw("\n<li>upper ")?;
            out.name("n", upper)?;
            out.raw("</li>")?;
        }
        for (key, what) in [("rootfs", "\n<li>root "), ("against", "\n<li>against ")] {
            if let Some(text) = self.target[key].as_str() {
                out.raw(what)?;
                out.name("n", text)?;
                out.raw("</li>")?;
            }
        }
        for lower in lowers.iter().filter_map(Value::as_str) {
            out.raw("\n<li>")?;
            out.name("n", lower)?;
            out.raw("</li>")?;
        }
        out.raw("</ol></details>\n")
    }

    pub(super) fn foot(&mut self, summary: &Summary) -> io::Result<()> {
        let out = &mut self.out;
        out.raw("</main>\n<footer>driftd ")?;
        out.raw(env!("CARGO_PKG_VERSION"))?;
        out.raw(" \u{b7} ")?;
        out.number(summary.names)?;
        out.raw(" names looked at, ")?;
        out.number(summary.bytes)?;
        out.raw(" bytes read in ")?;
        out.number(summary.milliseconds)?;
        out.raw(" ms</footer>\n<script>")?;
        out.raw(SCRIPT)?;
        out.raw("</script>\n</body>\n</html>\n")
    }
}

/// The databases that were compared.
fn databases<W: Write>(out: &mut Markup<W>, databases: &[Database]) -> io::Result<()> {
    out.raw(
        "<div class=\"scroll\"><table><thead><tr><th>Database</th><th>Manager</th>\
         <th class=\"r\">Changed packages</th><th>What is known</th></tr></thead><tbody>",
    )?;
    for database in databases.iter().take(PACKAGES) {
        let Database { place, written, changes, run, .. } = database;
        out.raw("\n<tr><td>")?;
        out.name("n", place.path.as_bytes())?;
        out.raw("</td><td>")?;
        out.raw(place.manager.as_str())?;
        out.raw("</td><td class=\"r\">")?;
        out.number(*changes)?;
        out.raw("</td><td>")?;
        out.raw(match (database.is_forged(), run, written) {
            (true, ..) => {
                "<b class=\"worst\">changed without a trace of its manager: written by something \
                 else</b>"
            }
            (_, Some(true), _) => "its manager ran",
            (_, _, true) => "written to",
            _ => "compared",
        })?;
        out.raw("</td></tr>")?;
    }
    out.raw("</tbody></table></div>")?;
    if databases.len() > PACKAGES {
        out.raw("<p class=\"cut\">and ")?;
        out.number((databases.len() - PACKAGES) as u64)?;
        out.raw(" more databases, only in the JSON report</p>")?;
    }
    Ok(())
}

/// The packages that are not as in the image.
fn changes<W: Write>(out: &mut Markup<W>, packages: &[Value]) -> io::Result<()> {
    const TEXTS: [(&str, &str); 5] = [
        ("action", "What"),
        ("manager", "Manager"),
        ("name", "Package"),
        ("old_version", "In the image"),
        ("version", "Now"),
    ];
    const NUMBERS: [(&str, &str); 3] =
        [("files", "Files"), ("code", "Code"), ("altered", "Not as packaged")];
    out.raw("<div class=\"scroll\"><table><thead><tr>")?;
    for (_, title) in TEXTS {
        out.raw("<th>")?;
        out.raw(title)?;
        out.raw("</th>")?;
    }
    for (_, title) in NUMBERS {
        out.raw("<th class=\"r\">")?;
        out.raw(title)?;
        out.raw("</th>")?;
    }
    out.raw("</tr></thead><tbody>")?;
    for package in packages.iter().take(PACKAGES) {
        out.raw("\n<tr>")?;
        for (key, _) in TEXTS {
            out.raw("<td>")?;
            out.name("", package[key].as_str().unwrap_or_default())?;
            out.raw("</td>")?;
        }
        for (key, _) in NUMBERS {
            let number = package[key].as_u64().unwrap_or(0);
            let bad = key == "altered" && number > 0;
            out.raw(if bad { "<td class=\"r worst\">" } else { "<td class=\"r\">" })?;
            out.number(number)?;
            out.raw("</td>")?;
        }
        out.raw("</tr>")?;
    }
    out.raw("</tbody></table></div>")
}
