//! Diagnostics as rustc prints them.

use std::cell::OnceCell;
use std::fmt::Write;

use super::lines::Lines;
use super::record::DiagnosticRecord;
use super::record::PlaceRecord;
use super::snippet::fits;
use super::snippet::snippet;
use super::visible::one_line;
use crate::rules::Diagnostic;
use crate::rules::Severity;
use crate::rules::SourceId;
use crate::rules::Sources;
use crate::rules::Span;

/// Characters that are shown of a message.
const MESSAGE: usize = 400;

/// Prints diagnostics about some files.
#[derive(Debug)]
pub struct Renderer<'a> {
    sources: &'a Sources,
    /// Of each file, made when first needed.
    lines: Vec<OnceCell<Lines<'a>>>,
    colored: bool,
}

/// A mark under a line.
struct Mark<'a> {
    line: usize,
    span: Span,
    label: &'a str,
    primary: bool,
}

/// What is coloured.
#[derive(Clone, Copy)]
enum Paint {
    Severity(Severity),
    Frame,
    Bold,
}

impl<'a> Renderer<'a> {
    /// Prints without colours.
    pub fn new(sources: &'a Sources) -> Self {
        let lines = sources.iter().map(|_| OnceCell::new()).collect();
        Self { sources, lines, colored: false }
    }

    /// Prints with the colours of ANSI terminals, or without.
    #[must_use]
    pub fn colored(mut self, colored: bool) -> Self {
        self.colored = colored;
        self
    }

    /// The diagnostic as text of some lines, with a line break at the end.
    pub fn render(&self, diagnostic: &Diagnostic) -> String {
        let Diagnostic { severity, code, message, primary, secondary, help } = diagnostic;
        let mut out = String::new();
        let word = match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let head = self.paint(Paint::Severity(*severity), &format!("{word}[{code}]"));
        let message = self.paint(Paint::Bold, &format!(": {}", one_line(message, MESSAGE)));
        let _ = writeln!(out, "{head}{message}");

        let mut files = vec![primary.0.source];
        for (span, _) in secondary {
            if !files.contains(&span.source) {
                files.push(span.source);
            }
        }
        let all = || std::iter::once((primary, true)).chain(secondary.iter().map(|at| (at, false)));
        let last = all().map(|((span, _), _)| self.line_of(*span)).max().unwrap_or(1);
        let gutter = last.to_string().len();
        for (number, &file) in files.iter().enumerate() {
            let marks = all().filter(|((span, _), _)| span.source == file);
            let marks = marks
                .map(|((span, label), primary)| Mark {
                    line: self.line_of(*span),
                    span: *span,
                    label,
                    primary,
                })
                .collect();
            self.file(&mut out, marks, gutter, number == 0, *severity);
        }
        if let Some(help) = help {
            let bar = self.paint(Paint::Frame, "|");
            let equals = self.paint(Paint::Frame, "=");
            let word = self.paint(Paint::Bold, "help");
            if out.lines().count() > 2 {
                let _ = writeln!(out, "{:gutter$} {bar}", "");
            }
            let _ = writeln!(out, "{:gutter$} {equals} {word}: {}", "", one_line(help, MESSAGE));
        }
        out
    }

    /// The marks of one file.
    fn file(
        &self,
        out: &mut String,
        mut marks: Vec<Mark<'_>>,
        gutter: usize,
        first: bool,
        severity: Severity,
    ) {
        let Some(shown) = marks.iter().find(|mark| mark.primary).or(marks.first()) else { return };
        let place = self.place(shown.span, "");
        let arrow = self.paint(Paint::Frame, if first { "-->" } else { ":::" });
        let name = one_line(place.file, MESSAGE);
        // A file that could not be read has no lines to show.
        let Some(lines) = self.lines(shown.span.source).filter(|lines| !lines.is_empty()) else {
            let _ = writeln!(out, "{:gutter$}{arrow} {name}", "");
            return;
        };
        let _ = writeln!(out, "{:gutter$}{arrow} {name}:{}:{}", "", place.line, place.column);
        let bar = self.paint(Paint::Frame, "|");
        let _ = writeln!(out, "{:gutter$} {bar}", "");
        marks.sort_by_key(|mark| (mark.line, mark.span.start, mark.span.end));
        let mut before: Option<usize> = None;
        for mark in &marks {
            let (line_start, text) = lines.line(mark.line);
            let (start, end) = lines.bytes(mark.span);
            let part = snippet(text, start - line_start.min(start), end - line_start.min(end));
            match before {
                Some(line) if line == mark.line && fits(text) => {}
                _ => {
                    if let Some(line) = before
                        && mark.line > line + 2
                    {
                        let _ = writeln!(out, "{}", self.paint(Paint::Frame, "..."));
                    } else if let Some(line) = before
                        && mark.line == line + 2
                    {
                        let between = snippet(lines.line(line + 1).1, 0, 0);
                        self.source_line(out, line + 1, gutter, &between.line);
                    }
                    self.source_line(out, mark.line, gutter, &part.line);
                }
            }
            before = Some(mark.line);
            let sign = if mark.primary { "^" } else { "-" };
            let label = one_line(mark.label, MESSAGE);
            let marked = format!("{} {label}", sign.repeat(part.length));
            let color = if mark.primary { Paint::Severity(severity) } else { Paint::Frame };
            let marked = self.paint(color, marked.trim_end());
            let _ = writeln!(out, "{:gutter$} {bar} {:2$}{marked}", "", "", part.indent);
        }
    }

    fn source_line(&self, out: &mut String, line: usize, gutter: usize, text: &str) {
        let frame = self.paint(Paint::Frame, &format!("{line:>gutter$} |"));
        let _ = writeln!(out, "{}", format!("{frame} {text}").trim_end());
    }

    /// The diagnostic in lines and columns, for a program.
    pub fn record<'d>(&'d self, diagnostic: &'d Diagnostic) -> DiagnosticRecord<'d> {
        let Diagnostic { severity, code, message, primary, secondary, help } = diagnostic;
        DiagnosticRecord {
            severity: *severity,
            code,
            message,
            place: self.place(primary.0, &primary.1),
            help: help.as_deref(),
            secondary: secondary.iter().map(|(span, label)| self.place(*span, label)).collect(),
        }
    }

    fn line_of(&self, span: Span) -> usize {
        self.lines(span.source).map_or(1, |lines| lines.line_of(lines.bytes(span).0))
    }

    fn place<'d>(&'d self, span: Span, label: &'d str) -> PlaceRecord<'d> {
        let file = self.sources.get(span.source).map_or("", |source| source.name.as_str());
        let Some(lines) = self.lines(span.source) else {
            return PlaceRecord { file, line: 1, column: 1, end_line: 1, end_column: 1, label };
        };
        let (start, end) = lines.bytes(span);
        let (start, end) = (lines.position(start), lines.position(end));
        PlaceRecord {
            file,
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
            label,
        }
    }

    fn lines(&self, id: SourceId) -> Option<&Lines<'a>> {
        let source = self.sources.get(id)?;
        Some(self.lines.get(id.0 as usize)?.get_or_init(|| Lines::new(&source.text)))
    }

    fn paint(&self, paint: Paint, text: &str) -> String {
        let code = match paint {
            _ if !self.colored => return text.to_owned(),
            Paint::Severity(Severity::Error) => "1;31",
            Paint::Severity(Severity::Warning) => "1;33",
            Paint::Frame => "1;34",
            Paint::Bold => "1",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}
