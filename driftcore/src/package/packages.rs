//! All packages of an image, for manifests and for scans against them.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::At;
use super::Fault;
use super::Manager;
use super::Package;
use super::Place;
use super::go;
use super::inventory::Inventory;
use super::inventory::Room;
use super::section;
use crate::image::Code;
use crate::image::FileType;
use crate::image::Tree;
use crate::image::TreeFile;
use crate::image::manifest::Keep;
use crate::image::manifest::ManifestError;
use crate::image::manifest::ManifestFile;
use crate::image::manifest::Section;

/// How an ELF file begins.
const ELF: &[u8] = b"\x7fELF";
/// How deep directories are looked into.
const DEPTH: usize = 512;
/// Most databases.
const PLACES: usize = 100_000;
/// Most faults of the walk that are kept.
const FAULTS: usize = 1000;

/// All packages of an image, or of any tree, with the files that they claim.
///
/// A manifest keeps only the digests of files, and no database can be read out of these. So the packages
/// are read where the image is, and kept in the manifest as a [section](Packages::section).
///
/// ```no_run
/// use driftcore::image::manifest::Image;
/// use driftcore::image::manifest::Options;
/// use driftcore::package::Packages;
///
/// # fn main() -> Result<(), driftcore::image::manifest::ManifestError> {
/// let mut options = Options::default();
/// options.keep = Some(Packages::KEEP);
/// let image = Image::open("nginx.tar", &options)?;
/// for package in Packages::of(&image.tree()).list() {
///     println!("{} {}", package.name, package.version);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Packages {
    pub(super) databases: BTreeMap<Place, Inventory>,
    /// What of the tree could not be looked at.
    pub(super) faults: Vec<Fault>,
    pub(super) more_faults: u64,
}

impl Packages {
    /// Which contents an image in archives has to [keep](crate::image::manifest::Options::keep) so that its
    /// packages can be read: those of the databases, and programs that Go built.
    pub const KEEP: Keep = Keep { may: may_be_of_packages, is: is_of_packages };

    /// Looks for all databases in a tree, and reads them. What cannot be read is among the faults of
    /// the scan that compares it.
    ///
    /// Every directory of the tree is listed, and the beginning of each file that may be executed is
    /// read.
    pub fn of(tree: &Tree) -> Self {
        let mut packages = Self::default();
        let mut places = BTreeMap::new();
        packages.find(tree, &mut places);
        if let Some(reason) = tree.unkept() {
            let reason = format!("databases or programs in it were not kept: {reason}");
            packages.fault(Fault::new(b"/", At::File, reason));
        }
        let mut room = Room::default();
        for place in places.into_keys() {
            let mut inventory = Inventory::read(tree, &place, &mut room);
            if place.manager == Manager::Go {
                // It says nothing of files but of itself.
                drop(inventory.take_claims());
            }
            packages.databases.insert(place, inventory);
        }
        packages
    }

    /// The packages that a manifest keeps. `None` when it was made without.
    ///
    /// # Errors
    ///
    /// When what it says of them is broken, or of a version to come.
    pub fn of_manifest(file: &ManifestFile) -> Result<Option<Self>, ManifestError> {
        let Some(bytes) = file.section(section::NAME) else { return Ok(None) };
        section::read(bytes).map(Some).map_err(|(at, reason)| ManifestError::Document {
            document: format!("{}: its list of packages", file.path().display()),
            reason: format!("at byte {at}: {reason}"),
        })
    }

    /// The packages as a section of a manifest.
    pub fn section(&self) -> Section {
        Section::new(section::NAME, section::write(self))
    }

    /// All of them, by database and in its order.
    pub fn list(&self) -> impl Iterator<Item = &Package> {
        self.databases.values().flat_map(|it| it.packages.iter().map(|listed| &listed.package))
    }

    /// What could not be read.
    pub fn faults(&self) -> impl Iterator<Item = &Fault> {
        self.faults.iter().chain(self.databases.values().flat_map(|it| &it.faults))
    }

    fn find(&mut self, tree: &Tree, places: &mut BTreeMap<Place, ()>) {
        let mut pending = vec![(Vec::new(), 0)];
        let mut programs = Vec::new();
        while let Some((directory, depth)) = pending.pop() {
            let shown = if directory.is_empty() { &b"/"[..] } else { directory.as_slice() };
            if depth > DEPTH {
                self.fault(Fault::new(shown, At::File, "is too deep to be looked into"));
                continue;
            }
            let listed = tree.list_modes(shown, &mut |name, file_type, mode| {
                let path = [&directory, &b"/"[..], name].concat();
                if let Some(place) = Place::of(&path, None) {
                    places.insert(place, ());
                } else if file_type == FileType::File && mode & 0o111 != 0 {
                    programs.push(path.clone());
                }
                if file_type == FileType::Directory {
                    pending.push((path, depth + 1));
                }
                if places.len() > PLACES {
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            });
            if let Err(error) = listed {
                self.fault(Fault::unread(shown, &error));
            }
            for program in programs.drain(..) {
                // What cannot be opened is a fault of no database.
                let file = tree.open(&program).ok().flatten();
                if file.is_some_and(|mut file| is_go(&program, &mut file))
                    && let Some(place) = Place::of(&program, Some(Code::Executable))
                {
                    places.insert(place, ());
                }
            }
            if places.len() > PLACES {
                let reason = format!("has more than {PLACES} databases: not all are read");
                self.fault(Fault::new(b"/", At::File, reason));
                return;
            }
        }
    }

    fn fault(&mut self, fault: Fault) {
        if self.faults.len() < FAULTS {
            self.faults.push(fault);
        } else {
            self.more_faults += 1;
        }
    }
}

fn may_be_of_packages(path: &[u8], head: &[u8]) -> bool {
    head.starts_with(ELF) || Place::of(path, None).is_some()
}

fn is_of_packages(path: &[u8], content: &mut TreeFile) -> bool {
    Place::of(path, None).is_some() || is_go(path, content)
}

fn is_go(path: &[u8], content: &mut TreeFile) -> bool {
    use std::io::Read;
    use std::io::Seek;

    let mut head = [0; ELF.len()];
    let begins = content.read_exact(&mut head).is_ok() && head == ELF;
    begins && content.rewind().is_ok() && go::is_program(path, content)
}
