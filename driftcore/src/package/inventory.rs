//! The packages of one side of one database, and what they claim.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::ControlFlow;

use sha2::Digest as _;
use sha2::Sha256;

use super::At;
use super::Digest;
use super::Fault;
use super::Package;
use super::PackageFile;
use super::Place;
use super::Sink;
use super::read;
use crate::event::Text;
use crate::image::Tree;

/// Most packages of one database.
const PACKAGES: usize = 200_000;
/// Most faults that are kept.
const FAULTS: usize = 1000;
/// Directories that may be links to others: databases name files by the links.
const LINKS: [&str; 10] = [
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/usr/sbin",
    "/usr/lib64",
    "/var/run",
    "/var/lock",
];

/// A package with a digest of what it says of its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) package: Package,
    pub(super) files: [u8; 16],
}

impl Listed {
    pub(super) const fn key(&self) -> (&Text, Option<&Text>) {
        (&self.package.name, self.package.architecture.as_ref())
    }
}

/// What a package says of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    /// Its place among the packages.
    pub(super) package: usize,
    pub(super) digest: Option<Digest>,
    pub(super) config: bool,
}

/// The packages of a database, in its order.
#[derive(Debug, Default)]
pub(super) struct Inventory {
    pub(super) packages: Vec<Listed>,
    pub(super) faults: Vec<Fault>,
    /// Faults that were not kept.
    pub(super) more_faults: u64,
    claims: HashMap<Box<[u8]>, Packed>,
    digests: Vec<Digest>,
    /// What of it is left.
    room: Room,
    place: Vec<u8>,
    links: Vec<(Vec<u8>, Vec<u8>)>,
    without_files: bool,
    is_full: bool,
}

/// How much may be claimed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Files.
    pub(super) files: usize,
    /// Bytes of their paths.
    pub(super) paths: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { files: 1_000_000, paths: 96 << 20 }
    }
}

impl Room {
    /// Takes room for a claim of a path of this length. False when there is none.
    pub(super) fn take(&mut self, path: usize) -> bool {
        let length = path + 64;
        if self.files == 0 || self.paths < length {
            return false;
        }
        self.files -= 1;
        self.paths -= length;
        true
    }
}

/// A claim in few bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packed {
    package: u32,
    /// In the list of digests; the last number of all for none.
    digest: u32,
    config: bool,
}

/// What a package says of its files, with one more of them: the same in every build of ours, as
/// manifests keep it.
fn with_file(files: [u8; 16], file: &PackageFile<'_>) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(files);
    hash.update((file.path.len() as u64).to_le_bytes());
    hash.update(file.path);
    hash.update([u8::from(file.config)]);
    if let Some(digest) = &file.digest {
        hash.update(digest.algorithm().as_str());
        hash.update(digest.as_bytes());
    }
    let mut short = [0; 16];
    short.copy_from_slice(&hash.finalize()[..16]);
    short
}

/// A file that a package claims.
#[cfg(feature = "manifest")]
#[derive(Debug)]
pub(super) struct FileClaim {
    /// Absolute and without links.
    pub(super) path: Box<[u8]>,
    /// Its place among the packages.
    pub(super) package: usize,
    pub(super) config: bool,
}

#[cfg(feature = "manifest")]
impl Inventory {
    /// An inventory that was read elsewhere; nothing is known of the digests of files.
    pub(super) fn of_parts(
        packages: Vec<Listed>,
        claims: Vec<FileClaim>,
        faults: Vec<Fault>,
        more_faults: u64,
    ) -> Self {
        let none = u32::MAX;
        let packed = |claim: FileClaim| {
            let FileClaim { path, package, config } = claim;
            let package = u32::try_from(package).unwrap_or(none);
            (path, Packed { package, digest: none, config })
        };
        let claims = claims.into_iter().map(packed).collect();
        Self { packages, faults, more_faults, claims, ..Self::default() }
    }

    /// What each package claims: paths, sorted, and whether they are configuration files.
    pub(super) fn claims_by_package(&self) -> Vec<Vec<(&[u8], bool)>> {
        let mut by_package = vec![Vec::new(); self.packages.len()];
        for (path, packed) in &self.claims {
            if let Some(claims) = by_package.get_mut(packed.package as usize) {
                claims.push((&**path, packed.config));
            }
        }
        by_package.iter_mut().for_each(|claims| claims.sort_unstable());
        by_package
    }
}

impl Inventory {
    /// Reads a database, of whose claims there is room for so many. Takes it from the room.
    pub(super) fn read(tree: &Tree, place: &Place, room: &mut Room) -> Self {
        let place_path = place.path.as_bytes().to_vec();
        let mut inventory = Self { place: place_path, room: *room, ..Self::default() };
        for link in LINKS {
            let target = tree.real_path(link.as_bytes()).ok().flatten();
            if let Some(target) = target.filter(|target| target != link.as_bytes()) {
                inventory.links.push((link.as_bytes().to_vec(), target));
            }
        }
        // It never breaks but where it is full, which is a fault.
        let _ = read(tree, place, &mut inventory);
        *room = inventory.room;
        inventory
    }

    /// Reads the packages of a database alone.
    pub(super) fn read_without_files(tree: &Tree, place: &Place) -> Self {
        let place_path = place.path.as_bytes().to_vec();
        let mut inventory = Self { place: place_path, without_files: true, ..Self::default() };
        let _ = read(tree, place, &mut inventory);
        inventory
    }

    /// Takes out what is claimed: paths, absolute and without links.
    pub(super) fn take_claims(&mut self) -> impl Iterator<Item = (Box<[u8]>, Packed)> + use<> {
        std::mem::take(&mut self.claims).into_iter()
    }

    /// What such a claim says.
    pub(super) fn claim(&self, packed: Packed) -> Claim {
        let Packed { package, digest, config } = packed;
        let digest = self.digests.get(digest as usize).copied();
        Claim { package: package as usize, digest, config }
    }

    fn real<'a>(&self, path: &'a [u8]) -> std::borrow::Cow<'a, [u8]> {
        for (link, target) in &self.links {
            if let Some(rest) = path.strip_prefix(link.as_slice())
                && rest.starts_with(b"/")
            {
                return [target.as_slice(), rest].concat().into();
            }
        }
        path.into()
    }

    fn full(&mut self, reason: String) -> ControlFlow<()> {
        if !std::mem::replace(&mut self.is_full, true) {
            let place = std::mem::take(&mut self.place);
            self.fault(Fault::new(&place, At::File, reason))?;
        }
        ControlFlow::Continue(())
    }
}

impl Sink for Inventory {
    fn package(&mut self, package: Package) -> ControlFlow<()> {
        if self.packages.len() >= PACKAGES {
            self.full(format!("has more than {PACKAGES} packages: the rest is not read"))?;
            return ControlFlow::Break(());
        }
        self.packages.push(Listed { package, files: [0; 16] });
        ControlFlow::Continue(())
    }

    fn file(&mut self, file: PackageFile<'_>) -> ControlFlow<()> {
        let Some(index) = self.packages.len().checked_sub(1) else {
            return ControlFlow::Continue(());
        };
        if let Some(listed) = self.packages.get_mut(index) {
            listed.files = with_file(listed.files, &file);
        }
        let mut room = self.room;
        if !room.take(file.path.len()) {
            return self.full("too many files are claimed: of the rest it is not told".to_owned());
        }
        let none = u32::MAX;
        let digest = match file.digest {
            Some(digest) => {
                self.digests.push(digest);
                u32::try_from(self.digests.len() - 1).unwrap_or(none)
            }
            None => none,
        };
        let package = u32::try_from(index).unwrap_or(none);
        let path = self.real(file.path).into_owned().into_boxed_slice();
        // Directories are of many packages; of files, the first one counts.
        if let Entry::Vacant(vacant) = self.claims.entry(path) {
            vacant.insert(Packed { package, digest, config: file.config });
            self.room = room;
        }
        ControlFlow::Continue(())
    }

    fn fault(&mut self, fault: Fault) -> ControlFlow<()> {
        if self.faults.len() < FAULTS {
            self.faults.push(fault);
        } else {
            self.more_faults += 1;
        }
        ControlFlow::Continue(())
    }

    fn wants_files(&self) -> bool {
        !self.without_files
    }
}
