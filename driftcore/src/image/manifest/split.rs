//! The archive of a layer as Docker unpacked it, put together again.
//!
//! Docker throws the archive away and keeps a record of all that is not the content of a file, so that it
//! can give out the very same bytes again (`tar-split.json.gz`):
//!
//! ```text
//! {"type": 2, "payload": BASE64, ...}               bytes of the archive: headers and padding
//! {"type": 1, "name": "etc/passwd", "size": 42, ...}  the content of a file, which is in the layer
//! ```
//! Whatever became of the files, or of the record: only the archive that was unpacked has the
//! layer's digest (`diff_id`). Which file it is that changed, the record's sum of its content tells.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::rc::Rc;

use data_encoding::BASE64;
use flate2::bufread::MultiGzDecoder;
use rustix::io::Errno;
use serde::Deserialize;

use super::Fault;
use super::crc64::Crc64;
use super::layer::plain;
use crate::event::Text;
use crate::image::names::as_path;
use crate::provenance::Dir;
use crate::provenance::FileKind;

/// Longest line of a record: a header with the longest names, in BASE64.
const LINE: u64 = 8 << 20;

/// The bytes of an archive, from the files of its layer and the record.
pub(super) struct Reassembled {
    record: BufReader<MultiGzDecoder<BufReader<File>>>,
    layer: Dir,
    piece: Piece,
    altered: Rc<RefCell<Altered>>,
}

/// Files that are not what was unpacked.
#[derive(Debug, Default)]
pub(super) struct Altered {
    /// The first of them.
    pub(super) paths: Vec<Text>,
    pub(super) count: u64,
}

/// How many paths are kept.
const ALTERED: usize = 20;

/// Where it is.
enum Piece {
    Bytes(io::Cursor<Vec<u8>>),
    Content(Content),
}

/// A content that is read.
struct Content {
    path: Vec<u8>,
    /// `None`: it is not there, or shorter than it was; zeros stand for it.
    file: Option<File>,
    at: u64,
    size: u64,
    sum: Crc64,
    expected: Vec<u8>,
}

#[derive(Deserialize)]
struct Line {
    #[serde(rename = "type")]
    kind: u8,
    #[serde(default)]
    name: String,
    /// A name that is no UTF-8.
    #[serde(default)]
    name_raw: Option<String>,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    payload: Option<String>,
}

const CONTENT: u8 = 1;
const BYTES: u8 = 2;

impl Reassembled {
    /// The archive of the layer in a directory, by its record.
    pub(super) fn open(layer: &Path, record: &Path) -> io::Result<Self> {
        let record = BufReader::new(File::open(record)?);
        Ok(Self {
            record: BufReader::new(MultiGzDecoder::new(record)),
            layer: Dir::open(layer)?,
            piece: Piece::Bytes(io::Cursor::default()),
            altered: Rc::default(),
        })
    }

    /// The files that are found not to be what was unpacked, while it is read.
    pub(super) fn altered(&self) -> Rc<RefCell<Altered>> {
        Rc::clone(&self.altered)
    }

    /// Goes on to the next piece. False at the end.
    fn next(&mut self) -> io::Result<bool> {
        let mut text = Vec::new();
        let read = (&mut self.record).take(LINE).read_until(b'\n', &mut text)?;
        if read == 0 {
            return Ok(false);
        }
        let broken = |reason: &str| io::Error::other(format!("Docker's record of it: {reason}"));
        if read as u64 == LINE && !text.ends_with(b"\n") {
            return Err(broken("a line is too long"));
        }
        let line: Line =
            serde_json::from_slice(&text).map_err(|error| broken(&error.to_string()))?;
        let decoded = |text: &Option<String>| {
            let text = text.as_deref().unwrap_or_default();
            BASE64.decode(text.as_bytes()).map_err(|error| broken(&error.to_string()))
        };
        self.piece = match line.kind {
            BYTES => Piece::Bytes(io::Cursor::new(decoded(&line.payload)?)),
            CONTENT if line.size == 0 => Piece::Bytes(io::Cursor::default()),
            CONTENT => {
                let name = match &line.name_raw {
                    Some(_) => decoded(&line.name_raw)?,
                    None => line.name.into_bytes(),
                };
                let path = plain(&name, Fault::Upwards).map_err(io::Error::other)?;
                let (file, expected) = (self.content(&path)?, decoded(&line.payload)?);
                let sum = Crc64::new();
                Piece::Content(Content { path, file, at: 0, size: line.size, sum, expected })
            }
            _ => return Err(broken("a line is of no kind that is known")),
        };
        Ok(true)
    }

    /// The file with a content. `None` when there is none any more.
    fn content(&self, path: &[u8]) -> io::Result<Option<File>> {
        let found = self.layer.locate(as_path(path)).and_then(|located| {
            let regular = located.facts.kind == FileKind::Regular;
            regular.then(|| located.open()).transpose()
        });
        match found {
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
            Err(errno) => {
                let path = path.escape_ascii();
                Err(io::Error::other(format!("/{path} cannot be read: {errno}")))
            }
            Ok(file) => Ok(file),
        }
    }

    /// Takes in that a content was read to its end.
    fn ended(&self, content: &Content) {
        if content.file.is_some() && content.sum.bytes() == *content.expected {
            return;
        }
        let mut altered = self.altered.borrow_mut();
        altered.count += 1;
        if altered.paths.len() < ALTERED {
            altered.paths.push(Text::from([b"/", content.path.as_slice()].concat()));
        }
    }
}

impl Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.size - self.at).unwrap_or(usize::MAX).min(buffer.len());
        let buffer = buffer.get_mut(..most).unwrap_or_default();
        let mut length = match &self.file {
            Some(file) => file.read_at(buffer, self.at)?,
            None => 0,
        };
        if length == 0 {
            // Shorter than it was.
            self.file = None;
            buffer.fill(0);
            length = most;
        }
        self.sum.update(buffer.get(..length).unwrap_or_default());
        self.at += length as u64;
        Ok(length)
    }
}

impl Read for Reassembled {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            let length = match &mut self.piece {
                Piece::Bytes(bytes) => bytes.read(buffer)?,
                Piece::Content(content) if content.at < content.size => content.read(buffer)?,
                Piece::Content(_) => 0,
            };
            if length > 0 {
                return Ok(length);
            }
            if let Piece::Content(content) = &self.piece {
                self.ended(content);
            }
            if !self.next()? {
                self.piece = Piece::Bytes(io::Cursor::default());
                return Ok(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    /// What comes of a record, and the files that are not as it says.
    fn reassembled(lines: &str) -> io::Result<(Vec<u8>, String)> {
        let scratch = tempfile::tempdir().unwrap();
        let layer = scratch.path().join("diff");
        fs::create_dir_all(layer.join("etc")).unwrap();
        fs::write(layer.join("etc/conf"), "123456789").unwrap();
        fs::write(scratch.path().join("secret"), "123456789").unwrap();
        std::os::unix::fs::symlink("../secret", layer.join("out")).unwrap();
        let record = scratch.path().join("tar-split.json.gz");
        let mut encoder = GzEncoder::new(File::create(&record)?, flate2::Compression::fast());
        encoder.write_all(lines.as_bytes())?;
        encoder.finish()?;
        let mut bytes = Vec::new();
        let mut archive = Reassembled::open(&layer, &record)?;
        let altered = archive.altered();
        archive.read_to_end(&mut bytes)?;
        let altered = altered.borrow();
        let paths: Vec<String> = altered.paths.iter().map(ToString::to_string).collect();
        assert_eq!(paths.len() as u64, altered.count);
        Ok((bytes, paths.join(" ")))
    }

    /// The sum of 123456789.
    const SUM: &str = "uQlWx3WkEAE=";

    #[test]
    fn bytes_and_contents_follow_one_another() {
        let lines = format!(
            "{{\"type\":2,\"payload\":\"aGVhZA==\",\"position\":0}}\n\
             {{\"type\":1,\"name\":\"./etc/conf\",\"size\":9,\"payload\":\"{SUM}\",\"position\":1}}\n\
             {{\"type\":1,\"name\":\"etc/\",\"payload\":null,\"position\":2}}\n\
             {{\"type\":1,\"name_raw\":\"ZXRjL2NvbmY=\",\"size\":9,\"payload\":\"{SUM}\"}}\n\
             {{\"type\":2,\"payload\":\"ZW5k\"}}\n"
        );
        let expected = b"head123456789123456789end".to_vec();
        assert_eq!(reassembled(&lines).unwrap(), (expected, String::new()));
        assert_eq!(reassembled("").unwrap(), (Vec::new(), String::new()));
    }

    #[test]
    fn files_that_are_not_what_was_unpacked_are_named_and_read_on() {
        for (name, size, sum, path) in [
            ("etc/conf", 9, "AAAAAAAAAAA=", "/etc/conf"),
            ("etc/conf", 12, SUM, "/etc/conf"),
            ("etc/none", 3, SUM, "/etc/none"),
            ("etc/conf/none", 3, SUM, "/etc/conf/none"),
            ("out", 9, SUM, "/out"),
            ("etc", 9, SUM, "/etc"),
        ] {
            let lines = format!(
                "{{\"type\":1,\"name\":\"{name}\",\"size\":{size},\"payload\":\"{sum}\"}}\n\
                 {{\"type\":2,\"payload\":\"ZW5k\"}}\n"
            );
            let (bytes, altered) = reassembled(&lines).unwrap();
            assert_eq!((bytes.len(), altered.as_str()), (size + 3, path), "{name}");
            assert!(bytes.ends_with(b"end") && (name == "etc/conf" || bytes[0] == 0), "{name}");
        }
    }

    #[test]
    fn a_record_that_is_broken_or_leads_out_is_an_error() {
        for (line, reason) in [
            ("{\"type\":1,\"name\":\"../secret\",\"size\":1}", "leads upwards"),
            ("{\"type\":3}", "of no kind"),
            ("{\"type\":2,\"payload\":\"!\"}", "Docker's record"),
            ("{", "Docker's record"),
        ] {
            let error = reassembled(line).unwrap_err().to_string();
            assert!(error.contains(reason), "{line}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_record_is_too_odd(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = reassembled(&String::from_utf8_lossy(&bytes));
        }
    }
}
