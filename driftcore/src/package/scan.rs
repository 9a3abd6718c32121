//! The packages of a container against those of its image, along with a scan of its files.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
#[cfg(feature = "manifest")]
use std::path::Path;

use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap;

use super::Algorithm;
use super::Digest;
use super::Fault;
use super::Manager;
use super::Package;
use super::PackageChange;
#[cfg(feature = "manifest")]
use super::Packages;
use super::Place;
use super::change::changes;
use super::hash::digest_of;
use super::inventory::Claim;
use super::inventory::Inventory;
use super::inventory::Packed;
use super::inventory::Room;
use super::traces;
use crate::container::Layers;
use crate::image::Code;
use crate::image::Entry;
use crate::image::EntryKind;
use crate::image::FileType;
use crate::image::ScanError;
use crate::image::Tree;

/// Most databases that are compared.
const PLACES: usize = 10_000;
/// Largest file whose digest is held against the database's, in bytes.
const LARGEST: u64 = 4 << 30;

/// Compares the package databases that a container has changed with those of its image, and says
/// which package a file belongs to.
///
/// It goes along with an [`OverlayScan`](crate::image::OverlayScan):
/// [`upcoming`](PackageScan::upcoming) takes each path that the upper layer holds, before the
/// entries; [`owner`](PackageScan::owner) is asked of each entry; [`finish`](PackageScan::finish)
/// tells the rest. Databases that the upper layer does not touch are not compared, and are read only
/// to tell whose file an entry is; of an unchanged container nothing is read.
///
/// With a [`RootScan`](crate::image::RootScan), which knows no layers, it is
/// [`of_root`](PackageScan::of_root): all databases of the image and of the container are compared.
#[derive(Debug)]
pub struct PackageScan {
    image: ImageSide,
    container: Tree,
    touched: BTreeSet<Place>,
    /// Those of them that are still to be compared.
    pending: Vec<Place>,
    not_compared: u64,
    runs: BTreeSet<Manager>,
    read: Vec<Compared>,
    places: BTreeMap<Place, usize>,
    /// What packages of the image claim, and of the container where its database is another one: by
    /// path, the place in `read`.
    before: HashMap<Box<[u8]>, (usize, Packed)>,
    after: HashMap<Box<[u8]>, (usize, Packed)>,
    room: Room,
    /// Whether the system's databases were read.
    knows_system: bool,
    /// What could not be read of the image before.
    faults: Vec<Fault>,
    more_faults: u64,
}

/// What is known of the image.
#[derive(Debug)]
enum ImageSide {
    Tree(Tree),
    /// All its packages, but for those that were compared.
    #[cfg(feature = "manifest")]
    Packages(BTreeMap<Place, Inventory>),
}

impl ImageSide {
    /// `None` where there are no layers, which show what was written to.
    const fn tree(&self) -> Option<&Tree> {
        match self {
            Self::Tree(tree) => Some(tree),
            #[cfg(feature = "manifest")]
            Self::Packages(_) => None,
        }
    }

    fn read(&mut self, place: &Place, room: &mut Room) -> Inventory {
        match self {
            Self::Tree(tree) => Inventory::read(tree, place, room),
            #[cfg(feature = "manifest")]
            Self::Packages(all) => all.remove(place).unwrap_or_default(),
        }
    }
}

/// Whose file an entry is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Owner {
    /// The package: the container's; of a file that only a package of the image claims, that one.
    #[serde(flatten)]
    pub package: Package,
    /// Whether the file's content is what the package's database says. `None` where it says
    /// nothing, or there is no content to compare.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_packaged: Option<bool>,
    /// True for a configuration file, which is made to be changed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub config: bool,
    /// Whether the package itself was changed at run time: then the file came with it.
    #[serde(skip)]
    pub came_with_package: bool,
}

/// What a scan says of packages.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct PackageReport {
    /// Packages that are not as in the image, by database and name.
    pub changes: Vec<Changed>,
    /// The databases that were written to, or whose managers ran.
    pub databases: Vec<Database>,
    /// What of databases could not be read.
    pub faults: Vec<Fault>,
    /// Faults and databases beyond what is kept.
    pub left_out: u64,
}

/// A package that is not as in the image, with what the scan saw of its files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Changed {
    /// What became of it.
    #[serde(flatten)]
    pub change: PackageChange,
    /// How many entries of the scan are its files.
    pub files: u64,
    /// Of them programs, libraries and scripts.
    pub code: u64,
    /// Of them those whose content is not what the database says.
    pub altered: u64,
}

/// A package database that was written to, or whose manager ran. In JSON also `forged`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Database {
    /// Whose and where.
    pub place: Place,
    /// Whether the upper layer has something of it.
    pub written: bool,
    /// How many packages are not as in the image.
    pub changes: u64,
    /// Whether the manager left what each of its runs leaves beside the database (a lock, a log).
    /// `None` of managers that leave nothing.
    pub run: Option<bool>,
}

impl Database {
    /// True when packages changed without a trace of the manager: somebody else wrote to the
    /// database.
    pub fn is_forged(&self) -> bool {
        self.changes > 0 && self.run == Some(false)
    }
}

impl Serialize for Database {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { place: Place { manager, path }, written, changes, run } = self;
        let mut map = serializer.serialize_map(Some(6))?;
        map.serialize_entry("manager", manager)?;
        map.serialize_entry("place", path)?;
        map.serialize_entry("written", written)?;
        map.serialize_entry("changes", changes)?;
        map.serialize_entry("run", run)?;
        map.serialize_entry("forged", &self.is_forged())?;
        map.end()
    }
}

#[derive(Debug)]
struct Compared {
    place: Place,
    before: Inventory,
    /// `None`: it is the image's.
    after: Option<Inventory>,
    changes: Vec<Changed>,
    by_before: HashMap<usize, usize>,
    by_after: HashMap<usize, usize>,
}

impl PackageScan {
    /// For a container with these layers. They need not be mounted.
    ///
    /// # Errors
    ///
    /// [`ScanError::Layer`] when a layer's directory cannot be opened.
    pub fn new(layers: &Layers) -> Result<Self, ScanError> {
        let image = ImageSide::Tree(Tree::image(layers)?);
        Ok(Self::of_sides(image, Tree::container(layers)?))
    }

    /// For a root directory, against the packages of an image. It goes along with a
    /// [`RootScan`](crate::image::RootScan), and reads all databases that the image has, and the system's.
    /// Of another database it learns by the first entry that is part of it: entries before that have
    /// no owner in it.
    ///
    /// Where only contents are compared, a manager that ran may have left no difference: that it did not
    /// ([`Database::run`]) is never said.
    ///
    /// # Errors
    ///
    /// [`ScanError::Layer`] when the directory cannot be opened.
    #[cfg(feature = "manifest")]
    pub fn of_root(root: &Path, image: Packages) -> Result<Self, ScanError> {
        let container = Tree::root(root)?;
        let Packages { databases, mut faults, more_faults } = image;
        in_the_image(&mut faults);
        // What a program was built of is compared when the program differs.
        let of_image = databases.keys().filter(|place| place.manager != Manager::Go).cloned();
        let mut pending: BTreeSet<Place> = of_image.collect();
        // Two of them may be one.
        pending.extend(Place::of_system().filter_map(|place| place.real(&container)));
        let mut scan = Self::of_sides(ImageSide::Packages(databases), container);
        scan.pending.extend(pending);
        (scan.faults, scan.more_faults) = (faults, more_faults);
        Ok(scan)
    }

    fn of_sides(image: ImageSide, container: Tree) -> Self {
        Self {
            image,
            container,
            touched: BTreeSet::new(),
            pending: Vec::new(),
            not_compared: 0,
            runs: BTreeSet::new(),
            read: Vec::new(),
            places: BTreeMap::new(),
            before: HashMap::new(),
            after: HashMap::new(),
            room: Room::default(),
            knows_system: false,
            faults: Vec::new(),
            more_faults: 0,
        }
    }

    /// A path that the upper layer holds, absolute. Looks at its bytes alone.
    pub fn upcoming(&mut self, path: &[u8]) {
        self.touch(path, None);
        self.runs.extend(traces::whose(path));
    }

    fn touch(&mut self, path: &[u8], code: Option<Code>) {
        let Some(place) = Place::of(path, code) else { return };
        if self.touched.contains(&place) {
            return;
        }
        if self.touched.len() < PLACES {
            self.touched.insert(place.clone());
            self.pending.push(place);
        } else {
            self.not_compared += 1;
        }
    }

    /// Whose file an entry is, if a package claims it. Reads databases when it is asked for the
    /// first time of what may be in one, and the file itself where its digest has to be known.
    pub fn owner(&mut self, entry: &Entry) -> Option<Owner> {
        let state = entry.after.as_ref().or(entry.before.as_ref())?;
        if self.image.tree().is_none() {
            self.runs.extend(traces::whose(entry.path.as_bytes()));
        }
        self.touch(entry.path.as_bytes(), entry.after.as_ref().and_then(|after| after.code));
        if !entry.is_drift() || state.file_type == FileType::Directory {
            return None;
        }
        self.compare_touched();
        if entry.before.is_some() || !self.touched.is_empty() {
            self.know_system();
        }
        let found = self.find(entry)?;
        let compared = self.read.get_mut(found.read)?;
        let expected = found.claim.digest.filter(|_| found.is_of_container);
        let as_packaged = expected.and_then(|digest| has(&self.container, entry, &digest));
        let change = found.change.and_then(|at| compared.changes.get_mut(at));
        let came_with_package = change.is_some();
        if let Some(change) = change {
            let is_code = entry.after.as_ref().is_some_and(|after| after.code.is_some());
            change.files += 1;
            change.code += u64::from(is_code);
            change.altered += u64::from(as_packaged == Some(false));
        }
        let package = found.package;
        let config = found.claim.config;
        Some(Owner { package, as_packaged, config, came_with_package })
    }

    /// What is to be said of packages after the last entry.
    pub fn finish(mut self) -> PackageReport {
        self.compare_touched();
        let mut report = PackageReport {
            left_out: self.not_compared + self.more_faults,
            faults: std::mem::take(&mut self.faults),
            ..Default::default()
        };
        let is_of_root = self.image.tree().is_none();
        let mut ran = std::mem::take(&mut self.runs);
        for compared in self.read {
            let Compared { place, mut before, mut after, changes, .. } = compared;
            let manager = place.manager;
            let written = self.touched.contains(&place);
            let run = match ran.contains(&manager) {
                false if is_of_root || traces::of(manager).is_empty() => None,
                ran => Some(ran),
            };
            // Any program may have packages in it that it was built of; most have not.
            let lists = std::iter::once(&before).chain(&after);
            let is_one = lists.into_iter().any(|list| !list.packages.is_empty());
            in_the_image(&mut before.faults);
            let inventories = std::iter::once(&mut before).chain(&mut after);
            for inventory in inventories {
                report.faults.append(&mut inventory.faults);
                report.left_out += inventory.more_faults;
            }
            let count = changes.len() as u64;
            if (written || count > 0) && is_one || run == Some(true) {
                report.databases.push(Database { place, written, changes: count, run });
            }
            report.changes.extend(changes);
        }
        // Of these no database was read, for nothing is in it that differs.
        ran.retain(|manager| report.databases.iter().all(|it| it.place.manager != *manager));
        for manager in ran {
            let place = Place::of_system().find(|place| place.manager == manager);
            let database =
                place.map(|place| Database { place, written: false, changes: 0, run: Some(true) });
            report.databases.extend(database);
        }
        report
    }

    fn compare_touched(&mut self) {
        for place in std::mem::take(&mut self.pending) {
            if !self.places.contains_key(&place) {
                let after = Inventory::read(&self.container, &place, &mut self.room);
                self.read_image(place, Some(after));
            }
        }
    }

    fn read_image(&mut self, place: Place, mut after: Option<Inventory>) {
        let index = self.read.len();
        let mut before = self.image.read(&place, &mut self.room);
        // A program says of itself what it was built of: it came with no package for that.
        if place.manager != Manager::Go {
            for (path, claim) in before.take_claims() {
                self.before.entry(path).or_insert((index, claim));
            }
            for (path, claim) in after.iter_mut().flat_map(Inventory::take_claims) {
                self.after.entry(path).or_insert((index, claim));
            }
        }
        self.places.insert(place.clone(), index);
        self.read.push(Compared::of(place, before, after));
    }

    /// Reads the databases that may claim any file.
    fn know_system(&mut self) {
        // Otherwise they were compared at once.
        let Some(image) = self.image.tree() else { return };
        if std::mem::replace(&mut self.knows_system, true) {
            return;
        }
        // Two of them may be one.
        let places: Vec<Place> = Place::of_system().filter_map(|place| place.real(image)).collect();
        for place in places {
            if !self.places.contains_key(&place) {
                self.read_image(place, None);
            }
        }
    }
}

impl Compared {
    fn of(place: Place, before: Inventory, after: Option<Inventory>) -> Self {
        let found = match &after {
            Some(after) => changes(&before.packages, &after.packages),
            None => Vec::new(),
        };
        let by = |side: fn(&PackageChange) -> Option<usize>| {
            let all = found.iter().enumerate();
            all.filter_map(|(at, change)| Some((side(change)?, at))).collect()
        };
        let (by_before, by_after) = (by(|change| change.before), by(|change| change.after));
        let counted = |change| Changed { change, files: 0, code: 0, altered: 0 };
        let changes = found.into_iter().map(counted).collect();
        Self { place, before, after, changes, by_before, by_after }
    }
}

fn in_the_image(faults: &mut [Fault]) {
    for fault in faults {
        fault.reason.insert_str(0, "in the image: ");
    }
}

struct Found {
    /// Its place among the databases.
    read: usize,
    package: Package,
    claim: Claim,
    change: Option<usize>,
    /// Whether it is a package that the container has.
    is_of_container: bool,
}

impl PackageScan {
    /// Whose file an entry is: of what is there, first of all the container's package.
    fn find(&self, entry: &Entry) -> Option<Found> {
        let path = entry.path.as_bytes();
        let is_same = |(at, _): &&(usize, Packed)| {
            self.read.get(*at).is_some_and(|compared| compared.after.is_none())
        };
        let of_both = || self.before.get(path).filter(is_same);
        let after = entry.after.is_some().then(|| self.after.get(path).or_else(of_both)).flatten();
        if let Some(&(read, packed)) = after {
            let compared = self.read.get(read)?;
            let list = compared.after.as_ref().unwrap_or(&compared.before);
            let claim = list.claim(packed);
            let package = list.packages.get(claim.package)?.package.clone();
            let change = compared.by_after.get(&claim.package).copied();
            return Some(Found { read, package, claim, change, is_of_container: true });
        }
        let old_path = entry.old_path.as_ref().map_or(path, |path| path.as_bytes());
        let &(read, packed) = self.before.get(old_path).filter(|_| entry.before.is_some())?;
        let compared = self.read.get(read)?;
        let claim = compared.before.claim(packed);
        let package = compared.before.packages.get(claim.package)?.package.clone();
        let change = compared.by_before.get(&claim.package).copied();
        Some(Found { read, package, claim, change, is_of_container: false })
    }
}

/// Whether the container's file has this digest. `None` where it cannot be told.
fn has(container: &Tree, entry: &Entry, expected: &Digest) -> Option<bool> {
    let after = entry.after.as_ref()?;
    if matches!(entry.kind, EntryKind::Attributes) {
        return None;
    }
    let algorithm = expected.algorithm();
    match after.file_type {
        FileType::File => {
            if let (Algorithm::Sha256, Some(known)) = (algorithm, &after.sha256) {
                return Some(known == expected.as_bytes());
            }
            let file = container.open(entry.path.as_bytes()).ok()??;
            let mut file = std::io::Read::take(file, LARGEST);
            let found = digest_of(algorithm, &mut file).ok()??;
            (file.limit() > 0).then_some(found == *expected)
        }
        FileType::Symlink => {
            let mut target = after.target.as_ref()?.as_bytes();
            Some(digest_of(algorithm, &mut target).ok()?? == *expected)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
