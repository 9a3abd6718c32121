//! A sink that keeps all, for tests.

use std::ops::ControlFlow;

use super::At;
use super::Fault;
use super::Package;
use super::PackageFile;
use super::Sink;

/// All that a reader handed on.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Gathered {
    pub(super) packages: Vec<Package>,
    /// Package, path, digest, whether it is configuration.
    pub(super) files: Vec<(String, String, Option<String>, bool)>,
    pub(super) faults: Vec<Fault>,
    pub(super) without_files: bool,
}

impl Gathered {
    /// `name version` of each package.
    pub(super) fn names(&self) -> Vec<String> {
        self.packages
            .iter()
            .map(|package| format!("{} {}", package.name, package.version))
            .collect()
    }

    /// The places of the faults, each of which must name a byte or a line.
    pub(super) fn places(&self) -> Vec<At> {
        self.faults.iter().map(|fault| fault.at).collect()
    }
}

impl Sink for Gathered {
    fn package(&mut self, package: Package) -> ControlFlow<()> {
        self.packages.push(package);
        ControlFlow::Continue(())
    }

    fn file(&mut self, file: PackageFile<'_>) -> ControlFlow<()> {
        let package = self.packages.last().map(|package| package.name.to_string());
        let path = String::from_utf8_lossy(file.path).into_owned();
        let digest = file.digest.map(|digest| digest.to_string());
        self.files.push((package.unwrap_or_default(), path, digest, file.config));
        ControlFlow::Continue(())
    }

    fn fault(&mut self, fault: Fault) -> ControlFlow<()> {
        self.faults.push(fault);
        ControlFlow::Continue(())
    }

    fn wants_files(&self) -> bool {
        !self.without_files
    }
}
