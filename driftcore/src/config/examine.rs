//! One look at a container that runs.

use std::path::PathBuf;

use serde_json::Value;
use serde_json::json;

use super::Comparison;
use super::ConfigError;
use super::Declared;
use super::Live;
use super::Secrets;
use super::compare;
use crate::container::Runtimes;
use crate::event::Container;

/// What was declared of a container and what it is now, its secrets among it: `secrets` are the files, directories
/// and mounts that are compared as such besides, as of [`Secrets::read`]. Nobody has seen them before, so what differs
/// of them is what the kubelet did not write.
///
/// # Errors
///
/// As of [`Live::read`] and [`Secrets::read`]: the container does not run, or only just begins to.
pub fn examine(
    runtimes: &Runtimes,
    declared: &Declared,
    secrets: &[PathBuf],
) -> Result<Comparison, ConfigError> {
    let live = Live::read(runtimes, declared)?;
    let secrets = Secrets::read(runtimes, declared, secrets)?;
    let mut comparison = compare(declared, &live);
    comparison.append(secrets.compare(&secrets));
    Ok(comparison)
}

impl Comparison {
    /// All of it as a JSON object: docs/config-drift.md says what is in it.
    pub fn report(&self, container: &Container) -> Value {
        json!({
            "version": 1,
            "container": container,
            "differences": self.differences().count(),
            "items": self.items,
            "problems": self.problems,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Aspect;
    use crate::config::Item;

    #[test]
    fn a_report_counts_what_differs() {
        let item = |differs| Item::new(Aspect::Limit, "memory.max").differs(differs);
        let comparison = Comparison {
            items: vec![item(true), item(false)],
            problems: vec!["why".to_owned()],
            ..Comparison::default()
        };
        let container = Container { id: "c1".to_owned(), ..Container::default() };
        let report = comparison.report(&container);
        assert_eq!((&report["version"], &report["differences"]), (&json!(1), &json!(1)));
        assert_eq!(
            (&report["container"]["id"], &report["problems"]),
            (&json!("c1"), &json!(["why"]))
        );
        assert_eq!(report["items"][0]["aspect"], "limit");
    }
}
