//! The rules that the configuration and the command line name.

use std::io::IsTerminal;
use std::path::Path;
use std::path::PathBuf;

use anyhow::bail;
use driftcore::matcher::Policy;
use driftcore::rules::Diagnostic;
use driftcore::rules::Limits;
use driftcore::rules::Renderer;
use driftcore::rules::RuleSet;
use driftcore::rules::SHIPPED_NAME;
use driftcore::rules::SHIPPED_RULES;
use driftcore::rules::SetOptions;
use driftcore::rules::Severity;
use driftcore::rules::Sources;
use driftcore::rules::load_paths;

/// Where rules come from, in this order, and how they are matched.
#[derive(Clone, Debug, Default)]
pub(crate) struct RuleSources {
    /// The shipped rules first.
    pub(crate) shipped: bool,
    /// Files and directories.
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) options: SetOptions,
}

/// Rules and what was said about them.
pub(crate) struct LoadedRules {
    pub(crate) sources: Sources,
    /// `None` when there is an error among the diagnostics.
    pub(crate) set: Option<RuleSet>,
    diagnostics: Vec<Diagnostic>,
}

impl RuleSources {
    /// Only what these paths name.
    pub(crate) fn only(paths: &[PathBuf], policy: Policy) -> Self {
        let options = SetOptions { policy, ..SetOptions::default() };
        Self { shipped: false, paths: paths.to_vec(), options }
    }

    /// Loads and compiles.
    pub(crate) fn load(&self) -> LoadedRules {
        let mut sources = Sources::default();
        if self.shipped {
            sources.add(SHIPPED_NAME, SHIPPED_RULES);
        }
        let loaded = load_paths(&mut sources, &self.paths, &Limits::default());
        let (set, diagnostics) = RuleSet::new(loaded, &self.options);
        LoadedRules { sources, set, diagnostics }
    }

    /// Loads and compiles; warnings and errors go to stderr.
    pub(crate) fn load_or_fail(&self) -> anyhow::Result<RuleSet> {
        let loaded = self.load();
        loaded.print(&mut std::io::stderr(), std::io::stderr().is_terminal())?;
        match loaded.set {
            Some(set) => Ok(set),
            None => bail!("the rules have errors; nothing of them is used"),
        }
    }
}

impl LoadedRules {
    /// What is wrong, as far as it concerns a user.
    pub(crate) fn diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(|it| it.concerns_users(&self.sources))
    }

    /// How many errors and warnings there are.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let errors = self.diagnostics().filter(|it| it.severity == Severity::Error).count();
        (errors, self.diagnostics().count() - errors)
    }

    /// Writes the diagnostics as rustc prints its own.
    pub(crate) fn print(
        &self,
        out: &mut impl std::io::Write,
        colored: bool,
    ) -> std::io::Result<()> {
        let renderer = Renderer::new(&self.sources).colored(colored);
        for diagnostic in self.diagnostics() {
            writeln!(out, "{}", renderer.render(diagnostic))?;
        }
        Ok(())
    }
}

/// Paths are checked early, so that a typing error is no silent absence of rules.
pub(crate) fn check_paths(paths: &[PathBuf]) -> anyhow::Result<()> {
    for directory in paths.iter().filter(|path| path.is_dir()) {
        let holds_rules = std::fs::read_dir(directory)?
            .flatten()
            .any(|entry| entry.path().extension().is_some_and(|end| end == "yaml" || end == "yml"));
        if !holds_rules {
            tracing::warn!(directory = %directory.display(), "holds no rule file (*.yaml, *.yml)");
        }
    }
    match paths.iter().find(|path| !Path::exists(path)) {
        Some(path) => bail!("the rules {} do not exist", path.display()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_rules_are_sound() {
        let loaded = RuleSources { shipped: true, ..RuleSources::default() }.load();
        assert!(loaded.set.is_some());
        assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    }
}
