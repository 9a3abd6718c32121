//! The packages of an image as a section of its manifest.
//!
//! ```text
//! 1 byte   version: 1
//! number   how many databases; of each:
//!            bytes, bytes   manager, path
//!            number         how many packages; of each:
//!              3 × bytes      name, version, architecture (empty: none)
//!              16 bytes       digest of its record
//!              16 bytes       digest of what it says of its files
//!              number         how many files it claims, by path; of each:
//!                number         how many bytes of the path are those of the one before, doubled;
//!                               1 more for a configuration file
//!                bytes          the rest of the path
//!            faults
//! faults   of the walk
//!
//! faults: number, each: bytes, bytes (path, reason); number: how many more there were
//! ```
//! Numbers and bytes are those of the manifest (docs/manifest.md).

use super::At;
use super::Fault;
use super::Manager;
use super::Package;
use super::Packages;
use super::Place;
use super::inventory::FileClaim;
use super::inventory::Inventory;
use super::inventory::Listed;
use super::inventory::Room;
use super::reader::READERS;
use crate::event::Text;
use crate::image::Problem;
use crate::image::manifest::number;
use crate::image::manifest::put_bytes;
use crate::image::manifest::put_number;

pub(super) const NAME: &str = "packages";
const VERSION: u8 = 1;
/// Longest path that is read.
const PATH: usize = 4096;
/// Most databases and packages: what takes few bytes here takes many in memory.
const DATABASES: u64 = 100_000;
const PACKAGES: u64 = 1_000_000;

pub(super) fn write(packages: &Packages) -> Vec<u8> {
    let mut out = vec![VERSION];
    put_number(&mut out, packages.databases.len() as u64);
    for (place, inventory) in &packages.databases {
        put_bytes(&mut out, place.manager.as_str().as_bytes());
        put_bytes(&mut out, place.path.as_bytes());
        put_number(&mut out, inventory.packages.len() as u64);
        let claims = inventory.claims_by_package();
        for (listed, claims) in inventory.packages.iter().zip(claims) {
            put_package(&mut out, listed, &claims);
        }
        put_faults(&mut out, &inventory.faults, inventory.more_faults);
    }
    put_faults(&mut out, &packages.faults, packages.more_faults);
    out
}

fn put_package(out: &mut Vec<u8>, listed: &Listed, claims: &[(&[u8], bool)]) {
    let Listed { package, files } = listed;
    let Package { manager: _, name, version, architecture, place: _, record } = package;
    put_bytes(out, name.as_bytes());
    put_bytes(out, version.as_bytes());
    put_bytes(out, architecture.as_ref().map_or(b"", Text::as_bytes));
    out.extend_from_slice(record);
    out.extend_from_slice(files);
    put_number(out, claims.len() as u64);
    let mut before: &[u8] = b"";
    for &(path, config) in claims {
        let shared = path.iter().zip(before).take_while(|(a, b)| a == b).count();
        put_number(out, (shared as u64) << 1 | u64::from(config));
        put_bytes(out, path.get(shared..).unwrap_or_default());
        before = path;
    }
}

fn put_faults(out: &mut Vec<u8>, faults: &[Fault], more: u64) {
    put_number(out, faults.len() as u64);
    for fault in faults {
        // With its place in the file, in words.
        let Problem { path, reason, .. } = fault.clone().into();
        put_bytes(out, path.as_bytes());
        put_bytes(out, reason.as_bytes());
    }
    put_number(out, more);
}

/// Reads a section.
///
/// # Errors
///
/// The byte at which it is broken, and how.
pub(super) fn read(bytes: &[u8]) -> Result<Packages, (usize, String)> {
    let mut reader = Reader { rest: bytes, room: Room::default(), packages: PACKAGES };
    let result = reader.packages();
    result.map_err(|reason| (bytes.len() - reader.rest.len(), reason))
}

/// What is still to be read. Nothing is allocated for a number that only says how much is to come.
struct Reader<'a> {
    rest: &'a [u8],
    /// For claims: paths are written by what differs from the one before.
    room: Room,
    packages: u64,
}

impl<'a> Reader<'a> {
    fn packages(&mut self) -> Result<Packages, String> {
        let version = self.take(1)?.first().copied().unwrap_or(0);
        if version != VERSION {
            return Err(format!("it is of version {version}, and {VERSION} is known"));
        }
        let mut packages = Packages::default();
        let count = self.number()?;
        if count > DATABASES {
            return Err(format!("it has more than {DATABASES} databases"));
        }
        for _ in 0..count {
            let manager = self.manager()?;
            let place = Place::new(manager, self.bytes()?);
            let inventory = self.inventory(&place)?;
            if packages.databases.insert(place, inventory).is_some() {
                return Err("it names a database twice".to_owned());
            }
        }
        (packages.faults, packages.more_faults) = self.faults()?;
        if !self.rest.is_empty() {
            return Err("something follows its end".to_owned());
        }
        Ok(packages)
    }

    fn manager(&mut self) -> Result<Manager, String> {
        let name = self.bytes()?;
        let mut known = READERS.iter().map(|reader| reader.manager);
        known
            .find(|manager| manager.as_str().as_bytes() == name)
            .ok_or_else(|| format!("the package manager {} is not known", Text::from(name)))
    }

    fn inventory(&mut self, place: &Place) -> Result<Inventory, String> {
        let mut packages = Vec::new();
        let mut claims = Vec::new();
        let count = self.number()?;
        self.packages = self
            .packages
            .checked_sub(count)
            .ok_or_else(|| format!("it has more than {PACKAGES} packages"))?;
        for _ in 0..count {
            let (name, version) = (self.bytes()?, self.bytes()?);
            let mut package =
                Package::new(place.manager, place.path.as_bytes(), name, version, b"");
            let architecture = self.bytes()?;
            package.architecture = (!architecture.is_empty()).then(|| architecture.into());
            package.record = self.digest()?;
            let files = self.digest()?;
            self.claims(packages.len(), &mut claims)?;
            packages.push(Listed { package, files });
        }
        let (faults, more) = self.faults()?;
        Ok(Inventory::of_parts(packages, claims, faults, more))
    }

    fn claims(&mut self, package: usize, claims: &mut Vec<FileClaim>) -> Result<(), String> {
        let mut before: Vec<u8> = Vec::new();
        for _ in 0..self.number()? {
            let number = self.number()?;
            let shared = usize::try_from(number >> 1).unwrap_or(usize::MAX);
            let rest = self.bytes()?;
            if shared > before.len() || shared + rest.len() > PATH {
                return Err("a path is none".to_owned());
            }
            before.truncate(shared);
            before.extend_from_slice(rest);
            if !self.room.take(before.len()) {
                return Err("its packages claim too many files".to_owned());
            }
            let path = before.as_slice().into();
            claims.push(FileClaim { path, package, config: number & 1 != 0 });
        }
        Ok(())
    }

    fn faults(&mut self) -> Result<(Vec<Fault>, u64), String> {
        let mut faults = Vec::new();
        for _ in 0..self.number()? {
            let (path, reason) = (self.bytes()?, self.bytes()?);
            faults.push(Fault::new(path, At::File, String::from_utf8_lossy(reason)));
        }
        Ok((faults, self.number()?))
    }

    fn number(&mut self) -> Result<u64, String> {
        match number(&mut self.rest) {
            Ok(Some(number)) => Ok(number),
            Ok(None) => Err("a number is none that can be".to_owned()),
            Err(_) => Err("it ends too early".to_owned()),
        }
    }

    fn bytes(&mut self) -> Result<&'a [u8], String> {
        let length = self.number()?;
        self.take(usize::try_from(length).unwrap_or(usize::MAX))
    }

    fn digest(&mut self) -> Result<[u8; 16], String> {
        let mut digest = [0; 16];
        digest.copy_from_slice(self.take(16)?);
        Ok(digest)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let Some((taken, rest)) = self.rest.split_at_checked(length) else {
            return Err("it ends too early".to_owned());
        };
        self.rest = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn claim(path: &str, package: usize, config: bool) -> FileClaim {
        FileClaim { path: path.as_bytes().into(), package, config }
    }

    fn packages() -> Packages {
        let listed = |name: &[u8], version: &[u8], architecture: Option<&str>| {
            let mut package = Package::new(Manager::Dpkg, b"/var/lib/dpkg", name, version, name);
            package.architecture = architecture.map(Text::from);
            Listed { package, files: [name.len() as u8; 16] }
        };
        let all = vec![listed(b"curl", b"7.88", Some("amd64")), listed(b"n\xff", b"", None)];
        let claims = vec![
            claim("/usr/bin/curl", 0, false),
            claim("/etc/curlrc", 0, true),
            claim("/usr/bin/c", 1, false),
        ];
        let faults = vec![Fault::new(b"/var/lib/dpkg/status", At::Line(7), "is odd")];
        let mut packages = Packages::default();
        let inventory = Inventory::of_parts(all, claims, faults, 3);
        packages.databases.insert(Place::new(Manager::Dpkg, b"/var/lib/dpkg"), inventory);
        let empty = Inventory::of_parts(Vec::new(), Vec::new(), Vec::new(), 0);
        packages.databases.insert(Place::new(Manager::Rpm, b"/var/lib/rpm"), empty);
        packages.faults.push(Fault::new(b"/deep", At::File, "is too deep"));
        packages.more_faults = 9;
        packages
    }

    #[test]
    fn what_is_written_is_read() {
        let written = write(&packages());
        let read = read(&written).unwrap();
        // But for the places of faults, which are words from then on.
        assert_eq!(write(&super::read(&write(&read)).unwrap()), write(&read));
        let dpkg = &read.databases[&Place::new(Manager::Dpkg, b"/var/lib/dpkg")];
        assert_eq!(dpkg.packages, packages().databases.into_values().next().unwrap().packages);
        let claims = dpkg.claims_by_package();
        let paths = |at: usize| {
            claims[at].iter().map(|(path, config)| (path.escape_ascii().to_string(), *config))
        };
        let expected = [("/etc/curlrc".to_owned(), true), ("/usr/bin/curl".to_owned(), false)];
        assert_eq!(paths(0).collect::<Vec<_>>(), expected);
        assert_eq!(paths(1).collect::<Vec<_>>(), [("/usr/bin/c".to_owned(), false)]);
        assert_eq!(dpkg.faults, [Fault::new(b"/var/lib/dpkg/status", At::File, "line 7: is odd")]);
        assert_eq!((dpkg.more_faults, read.more_faults, read.list().count()), (3, 9, 2));
    }

    #[test]
    fn what_is_broken_is_refused_with_its_place() {
        let written = write(&packages());
        for length in 0..written.len() {
            let (at, reason) = read(&written[..length]).unwrap_err();
            assert!(at <= length, "{reason}");
        }
        for (bytes, at, reason) in [
            (&b"\x02"[..], 1, "version"),
            (b"\x01\x01\x03npm\x01/\x00\x00\x00\x00\x00x", 13, "follows its end"),
            (b"\x01\x01\x03nix", 6, "nix is not known"),
            (b"\x01\x80\x00", 3, "number"),
            (b"\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, "databases"),
        ] {
            let (found, said) = read(bytes).unwrap_err();
            assert!(said.contains(reason) && found == at, "{found}: {said}");
        }
        let mut twice = vec![1, 2];
        twice.extend(b"\x03npm\x01/\x00\x00\x00\x03npm\x01/\x00\x00\x00\x00\x00");
        assert!(read(&twice).unwrap_err().1.contains("twice"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(
            at in 0usize..200, byte: u8, bytes in proptest::collection::vec(any::<u8>(), 0..64),
        ) {
            let mut written = write(&packages());
            if let Some(place) = written.get_mut(at) {
                *place = byte;
            }
            for bytes in [written, [&[1][..], &bytes].concat()] {
                if let Ok(packages) = read(&bytes) {
                    prop_assert_eq!(packages.list().count(), read(&write(&packages)).unwrap().list().count());
                }
            }
        }
    }
}
