//! The files of a manifest by path, in memory.

use std::fmt;
use std::io;

use super::Limits;
use super::ManifestError;
use super::ManifestFile;
use super::NodeKind;
use super::Nodes;
use super::walk_order;
use crate::provenance::ImageFile;
use crate::provenance::ImageFiles;

/// The files of an image by path, for judging what runs in its containers
/// ([`KnownImages`](crate::provenance::KnownImages)). It takes about 50 bytes a file and their paths.
pub struct ManifestIndex {
    /// All paths, one behind the other, in the order of the manifest.
    paths: Vec<u8>,
    files: Vec<File>,
}

struct File {
    /// Where its path ends; it begins where the one before ends.
    end: u64,
    /// Of a regular file.
    content: Option<(u64, [u8; 32])>,
}

impl fmt::Debug for ManifestIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManifestIndex").field("files", &self.files.len()).finish_non_exhaustive()
    }
}

impl ManifestFile {
    /// The files by path, in memory.
    ///
    /// # Errors
    ///
    /// When it cannot be read any more, or has more files or longer paths than
    /// [`Limits`] allow an image by default.
    pub fn index(&self) -> Result<ManifestIndex, ManifestError> {
        let mut index = ManifestIndex { paths: Vec::new(), files: Vec::new() };
        let limits = Limits::default();
        let mut nodes = self.nodes()?;
        while nodes.advance()? {
            let node = nodes.node();
            index.paths.extend_from_slice(&node.path);
            let held = index.paths.len() as u64;
            if held > limits.held || index.files.len() as u64 >= limits.entries {
                let reason = io::Error::other("it has more files than are held in memory");
                return Err(ManifestError::file(self.path(), reason));
            }
            let content = match node.kind {
                NodeKind::File { size, sha256 } => Some((size, sha256)),
                _ => None,
            };
            index.files.push(File { end: held, content });
        }
        index.paths.shrink_to_fit();
        index.files.shrink_to_fit();
        Ok(index)
    }
}

impl ManifestIndex {
    fn path(&self, at: usize) -> &[u8] {
        let end = |at: usize| self.files.get(at).map_or(0, |file| file.end as usize);
        let start = at.checked_sub(1).map_or(0, end);
        self.paths.get(start..end(at)).unwrap_or_default()
    }

    fn find(&self, path: &[u8]) -> Option<&File> {
        let (mut low, mut high) = (0, self.files.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match walk_order(self.path(middle), path) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return self.files.get(middle),
            }
        }
        None
    }
}

impl ImageFiles for ManifestIndex {
    fn at(&self, path: &[u8]) -> ImageFile {
        match self.find(path.strip_prefix(b"/").unwrap_or(path)) {
            Some(File { content: Some((size, sha256)), .. }) => {
                ImageFile::File { size: *size, sha256: *sha256 }
            }
            Some(_) => ImageFile::Other,
            None => ImageFile::Nothing,
        }
    }
}
