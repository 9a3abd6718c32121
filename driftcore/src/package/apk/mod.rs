//! Alpine's packages: `lib/apk/db/installed`, an entry a package, lines of a letter, a colon and a
//! value, entries apart by empty lines.
//!
//! ```text
//! C:Q1...=   digest of the package    P: name   V: version   A: architecture
//! F: directory, for the files that follow
//! R: file in it    Z:Q1...= its SHA-1, of a symbolic link that of its target
//! ```

mod version;

use std::io::BufRead;
use std::io::BufReader;
use std::ops::ControlFlow;

use data_encoding::BASE64;

use super::Algorithm;
use super::At;
use super::Digest;
use super::Fault;
use super::Manager;
use super::Package;
use super::PackageFile;
use super::Sink;
use super::lines::Is;
use super::lines::LINE;
use super::lines::Lines;
use super::reader::Reader;
use crate::event::Text;
use crate::image::Code;
use crate::image::Tree;

/// Most bytes of what an entry says of the package itself.
const ENTRY: usize = 1 << 20;

pub(super) const READER: Reader = Reader {
    manager: Manager::Apk,
    // The second one from apk 3 on.
    of_system: &["/lib/apk/db", "/usr/lib/apk/db"],
    place_of,
    read,
    order: version::compare,
};

fn place_of(path: &[u8], _: Option<Code>) -> Option<&[u8]> {
    let place = path.strip_suffix(b"/installed")?;
    matches!(place, b"/lib/apk/db" | b"/usr/lib/apk/db").then_some(place)
}

fn read(tree: &Tree, place: &[u8], sink: &mut dyn Sink) -> ControlFlow<()> {
    let path = [place, b"/installed"].concat();
    match tree.open(&path) {
        Ok(Some(file)) => parse(BufReader::with_capacity(64 << 10, file), &path, place, sink),
        Ok(None) => ControlFlow::Continue(()),
        Err(error) => sink.fault(Fault::unread(&path, &error)),
    }
}

/// One entry, as far as it is read.
#[derive(Default)]
struct Entry {
    start: u64,
    /// What is said of the package itself.
    text: Vec<u8>,
    name: Vec<u8>,
    version: Vec<u8>,
    architecture: Vec<u8>,
    /// Whether it was handed on.
    told: bool,
    /// Whether it cannot be taken: nothing more of it is.
    broken: bool,
    directory: Option<Vec<u8>>,
    /// A file whose digest may follow.
    file: Option<(Vec<u8>, Option<Digest>)>,
}

fn parse(from: impl BufRead, path: &[u8], place: &[u8], sink: &mut dyn Sink) -> ControlFlow<()> {
    let mut lines = Lines::new(from);
    let mut entry = Entry::default();
    let mut begun = false;
    loop {
        let line = match lines.next() {
            Ok(line) => line,
            Err(error) => {
                entry.finish(begun, path, place, sink)?;
                let reason = format!("cannot be read further: {error}");
                return sink.fault(Fault::new(path, At::Byte(lines.offset()), reason));
            }
        };
        let Some(line) = line else { break };
        if line.text.is_empty() {
            std::mem::take(&mut entry).finish(begun, path, place, sink)?;
            begun = false;
            continue;
        }
        if !begun {
            begun = true;
            entry.start = line.offset;
        }
        let reason = match line.is {
            Is::TooLong => Some(format!("the line is longer than {LINE} bytes")),
            Is::Last => Some("the file ends within a line: it is cut off".to_owned()),
            Is::Whole => entry.take(line.text, path, place, sink)?,
        };
        if let Some(reason) = reason {
            let fault = Fault::new(path, At::Byte(line.offset), reason);
            sink.fault(fault)?;
        }
    }
    let unended = begun;
    entry.finish(begun, path, place, sink)?;
    if unended {
        let reason = "the file ends without an empty line: it is cut off";
        sink.fault(Fault::new(path, At::Byte(lines.offset()), reason))?;
    }
    ControlFlow::Continue(())
}

impl Entry {
    /// Takes a line. Says what is wrong with it.
    fn take(
        &mut self,
        line: &[u8],
        path: &[u8],
        place: &[u8],
        sink: &mut dyn Sink,
    ) -> ControlFlow<(), Option<String>> {
        let &[letter, b':', ref value @ ..] = line else {
            return ControlFlow::Continue(Some("the line is no letter and colon".to_owned()));
        };
        if letter == b'F' && !self.told {
            self.tell(path, place, sink)?;
        }
        if !self.told && !self.broken {
            if self.text.len() + line.len() < ENTRY {
                self.text.extend_from_slice(line);
                self.text.push(b'\n');
            } else {
                self.broken = true;
                let reason = format!("the entry is longer than {ENTRY} bytes");
                return ControlFlow::Continue(Some(reason));
            }
        }
        match letter {
            b'P' => self.name = value.to_vec(),
            b'V' => self.version = value.to_vec(),
            b'A' => self.architecture = value.to_vec(),
            b'F' => {
                self.tell_file(sink)?;
                self.directory = Some(value.to_vec());
            }
            b'R' => {
                self.tell_file(sink)?;
                let Some(directory) = &self.directory else {
                    let reason = "a file stands in no directory".to_owned();
                    return ControlFlow::Continue(Some(reason));
                };
                let mut file = vec![b'/'];
                file.extend_from_slice(directory);
                if !directory.is_empty() {
                    file.push(b'/');
                }
                file.extend_from_slice(value);
                self.file = Some((file, None));
            }
            b'Z' => {
                let digest = digest(value);
                if digest.is_none() {
                    return ControlFlow::Continue(Some("the digest is none".to_owned()));
                }
                if let Some((_, of_file)) = &mut self.file {
                    *of_file = digest;
                }
            }
            _ => {}
        }
        ControlFlow::Continue(None)
    }

    /// Hands on the package.
    fn tell(&mut self, path: &[u8], place: &[u8], sink: &mut dyn Sink) -> ControlFlow<()> {
        if self.told || self.broken {
            return ControlFlow::Continue(());
        }
        let missing = if self.name.is_empty() {
            Some("the entry names no package".to_owned())
        } else if self.version.is_empty() {
            let name = String::from_utf8_lossy(&self.name);
            Some(format!("the entry of {name} has no version"))
        } else {
            None
        };
        if let Some(reason) = missing {
            self.broken = true;
            return sink.fault(Fault::new(path, At::Byte(self.start), reason));
        }
        self.told = true;
        let Self { name, version, text, .. } = self;
        let mut package = Package::new(Manager::Apk, place, name, version, text);
        if !self.architecture.is_empty() {
            package.architecture = Some(Text::from(self.architecture.as_slice()));
        }
        sink.package(package)
    }

    fn tell_file(&mut self, sink: &mut dyn Sink) -> ControlFlow<()> {
        match self.file.take() {
            Some((path, digest)) if self.told && sink.wants_files() => {
                let mut file = PackageFile::new(&path);
                file.digest = digest;
                sink.file(file)
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn finish(
        mut self,
        begun: bool,
        path: &[u8],
        place: &[u8],
        sink: &mut dyn Sink,
    ) -> ControlFlow<()> {
        if !begun {
            return ControlFlow::Continue(());
        }
        self.tell(path, place, sink)?;
        self.tell_file(sink)
    }
}

/// `Q1` and SHA-1, `Q2` and SHA-256, both in Base64; hexadecimal MD5 in old databases.
fn digest(text: &[u8]) -> Option<Digest> {
    let algorithm = match text.get(..2)? {
        b"Q1" => Algorithm::Sha1,
        b"Q2" => Algorithm::Sha256,
        _ => return Digest::from_hex(Algorithm::Md5, text),
    };
    Digest::new(algorithm, &BASE64.decode(text.get(2..)?).ok()?)
}

#[cfg(test)]
mod tests;
