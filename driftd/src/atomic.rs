//! Files that are written whole or not at all.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;

/// Replaces the content of a file. Whoever reads it at any time, after a crash too, finds what it was or
/// what it is from now on, never a part: it is written beside it, to the disk, before it takes its name.
///
/// A link is followed. The new file has the permissions of the one before.
pub(crate) fn replace(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    // A link stays one.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    write_beside(&path, content).with_context(|| format!("cannot write {}", path.display()))
}

fn write_beside(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let name = path.file_name().context("it has no name")?;
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut own = OsString::from(".");
    own.push(name);
    own.push(format!(".{}.new", std::process::id()));
    let temporary = Temporary(directory.join(own));
    // What a process with our number left behind when it was killed.
    let _ = std::fs::remove_file(&temporary.0);
    let mut file = File::create_new(&temporary.0)?;
    if let Ok(before) = std::fs::metadata(path) {
        anyhow::ensure!(before.is_file(), "it is no file");
        file.set_permissions(before.permissions())?;
    }
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&temporary.0, path)?;
    // The name is in the directory, which has to get to the disk as well.
    File::open(directory)?.sync_all()?;
    Ok(())
}

/// Removed when it was not renamed.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(directory).unwrap();
        let mut names: Vec<_> =
            entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn content_is_replaced_and_nothing_is_left_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let (file, link) = (directory.path().join("b.yaml"), directory.path().join("link"));
        replace(&file, b"one").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::os::unix::fs::symlink("b.yaml", &link).unwrap();
        replace(&link, b"two").unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"two");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(names(directory.path()), ["b.yaml", "link"]);
    }

    #[test]
    fn a_failure_leaves_what_was_there() {
        let directory = tempfile::tempdir().unwrap();
        let taken = directory.path().join("taken");
        std::fs::create_dir(&taken).unwrap();
        let error = format!("{:#}", replace(&taken, b"x").unwrap_err());
        assert!(error.contains("cannot write") && error.contains("no file"), "{error}");
        assert_eq!(names(directory.path()), ["taken"]);
        assert!(replace(&directory.path().join("none/b"), b"x").is_err());
    }
}
