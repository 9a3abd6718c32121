//! A sink for tests, which keeps all that it is given.

use std::ops::ControlFlow;

use super::Fault;
use super::Package;
use super::PackageFile;
use super::Sink;

/// All that a reader handed on, as lines: `name version [architecture]`, and below it
/// `  path [config] [digest]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Collected {
    pub(super) lines: Vec<String>,
    pub(super) packages: Vec<Package>,
    pub(super) faults: Vec<String>,
    /// Whether files are wanted.
    pub(super) files: bool,
    /// After how many packages and files it breaks.
    pub(super) most: Option<usize>,
}

impl Collected {
    /// One that wants files.
    pub(super) fn with_files() -> Self {
        Self { files: true, ..Self::default() }
    }

    /// The packages, one a line, in the order of their names.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.lines.iter().filter(|line| !line.starts_with(' ')).cloned().collect();
        names.sort();
        names
    }

    /// The lines about one package.
    pub(super) fn of(&self, name: &str) -> Vec<&str> {
        let lines = self.lines.iter().map(String::as_str);
        let mut lines = lines.skip_while(|line| line.split(' ').next() != Some(name));
        let first = lines.next();
        first.into_iter().chain(lines.take_while(|line| line.starts_with(' '))).collect()
    }

    fn line(&mut self, line: String) -> ControlFlow<()> {
        self.lines.push(line);
        match self.most {
            Some(most) if self.lines.len() >= most => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}

impl Sink for Collected {
    fn package(&mut self, package: Package) -> ControlFlow<()> {
        let Package { name, version, architecture, .. } = &package;
        let mut line = format!("{name} {version}");
        if let Some(architecture) = architecture {
            line.push_str(&format!(" {architecture}"));
        }
        self.packages.push(package);
        self.line(line)
    }

    fn file(&mut self, file: PackageFile<'_>) -> ControlFlow<()> {
        let mut line = format!("  {}", String::from_utf8_lossy(file.path));
        if file.config {
            line.push_str(" config");
        }
        if let Some(digest) = file.digest {
            line.push_str(&format!(" {digest}"));
        }
        self.line(line)
    }

    fn fault(&mut self, fault: Fault) -> ControlFlow<()> {
        self.faults.push(fault.to_string());
        ControlFlow::Continue(())
    }

    fn wants_files(&self) -> bool {
        self.files
    }
}

/// A directory that has one of the samples at a path in it.
pub(super) fn copied(sample: &str, path: &str) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let samples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/packages");
    copy(&samples.join(sample), &root.path().join(path));
    root
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().unwrap().is_dir() {
            copy(&from, &to);
        } else {
            std::fs::copy(from, to).unwrap();
        }
    }
}
