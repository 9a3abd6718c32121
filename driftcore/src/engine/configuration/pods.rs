//! The file in which pods are declared, as somebody outside keeps it up.

use std::fs::File;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::path::PathBuf;

use crate::config::ConfigError;
use crate::config::Declared;
use crate::config::take_pods;
use crate::event::Container;

/// One state of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State {
    file: (u64, u64),
    size: u64,
    changed: (i64, i64),
}

impl State {
    fn of(stat: &Metadata) -> Self {
        Self {
            file: (stat.dev(), stat.ino()),
            size: stat.size(),
            changed: (stat.ctime(), stat.ctime_nsec()),
        }
    }
}

/// Reads the file when it has changed, and when there is a container that was not looked for in it.
#[derive(Debug)]
pub(super) struct PodsFile {
    path: PathBuf,
    /// A state in which it could not be read, which was told.
    refused: Option<Option<State>>,
}

impl PodsFile {
    /// Reads the whole file once.
    ///
    /// # Errors
    ///
    /// The place of what is wrong in it.
    pub(super) fn new(path: PathBuf) -> Result<Self, ConfigError> {
        read(&path, &mut [])?;
        Ok(Self { path, refused: None })
    }

    /// The state that it is in now; `None` when it is not there.
    pub(super) fn state(&self) -> Option<State> {
        std::fs::metadata(&self.path).ok().map(|stat| State::of(&stat))
    }

    /// Tells containers what their pods declare. Where that cannot be read, they keep what they were told before,
    /// and it is said once.
    pub(super) fn take(&mut self, state: Option<State>, all: &mut [(&Container, &mut Declared)]) {
        match read(&self.path, all) {
            Ok(()) => self.refused = None,
            Err(error) if self.refused != Some(state) => {
                tracing::warn!(%error, "pods are declared as they were before");
                self.refused = Some(state);
            }
            Err(_) => {}
        }
    }
}

fn read(path: &Path, all: &mut [(&Container, &mut Declared)]) -> Result<(), ConfigError> {
    let file = File::open(path)
        .map_err(|error| ConfigError::Content(format!("{}: {error}", path.display())))?;
    take_pods(all, path, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_wrong_changes_nothing_and_is_told_at_the_start() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pods.json");
        let error = PodsFile::new(path.clone()).unwrap_err().to_string();
        assert!(error.contains("pods.json: No such file"), "{error}");
        std::fs::write(&path, "{\"items\": [\n{\"spec\": 7}]}").unwrap();
        let error = PodsFile::new(path.clone()).unwrap_err().to_string();
        assert!(error.contains("pods.json:2:11: invalid type: integer, expected"), "{error}");

        let pod = |user: &str| {
            format!(
                r#"{{"metadata":{{"name":"web"}},"spec":{{"containers":[{{"name":"app",
                "securityContext":{{"runAsUser":{user}}}}}]}}}}"#
            )
        };
        std::fs::write(&path, pod("7")).unwrap();
        let mut pods = PodsFile::new(path.clone()).unwrap();
        let state = pods.state();
        assert!(state.is_some() && state == pods.state());
        let container = Container {
            name: Some("app".to_owned()),
            pod: Some("web".to_owned()),
            ..Container::default()
        };
        let mut declared = Declared::default();
        pods.take(state, &mut [(&container, &mut declared)]);
        let before = declared.clone();
        assert_ne!(declared, Declared::default());
        std::fs::write(&path, pod("\"seven\"")).unwrap();
        assert_ne!(pods.state(), state);
        pods.take(pods.state(), &mut [(&container, &mut declared)]);
        assert!(declared == before && pods.refused == Some(pods.state()));
        std::fs::write(&path, pod("8")).unwrap();
        pods.take(pods.state(), &mut [(&container, &mut declared)]);
        assert!(declared != before && pods.refused.is_none());
        std::fs::write(&path, "{}").unwrap();
        pods.take(pods.state(), &mut [(&container, &mut declared)]);
        assert_eq!(declared, Declared::default(), "there is no such pod any more");
    }
}
