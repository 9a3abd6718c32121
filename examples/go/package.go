package driftcore

// #include <driftcore.h>
//
// static uint32_t entry_owner(const driftcore_entry *entry, driftcore_owner *owner) {
//     owner->size = sizeof *owner;
//     return driftcore_entry_owner(entry, owner);
// }
import "C"

// An Answer is what a question got that may not be answerable.
type Answer uint32

// The answers.
const (
	Unknown Answer = C.DRIFTCORE_ANSWER_UNKNOWN // it cannot be told
	No      Answer = C.DRIFTCORE_ANSWER_NO
	Yes     Answer = C.DRIFTCORE_ANSWER_YES
)

// String is "unknown", "no" or "yes".
func (a Answer) String() string { return name([]string{"unknown", "no", "yes"}, a) }

// A Package is one that a package manager knows.
type Package struct {
	Manager      string // dpkg, apk, rpm, pip, npm, gem, cargo or go
	Name         string
	Version      string // as the manager writes it
	Architecture string // empty where the database does not say
	Place        string // the path of the database
}

// An Owner is the package that claims the file of an [Entry].
type Owner struct {
	Package
	AsPackaged      Answer // whether the file's content is what the database says
	Config          bool   // a configuration file, which is made to be changed
	CameWithPackage bool   // the package itself changed at run time: the file came, or went, with it
}

// A PackageChangeKind says what became of a package since the image.
type PackageChangeKind uint32

// What may become of a package.
const (
	PackageOther     PackageChangeKind = C.DRIFTCORE_PACKAGE_OTHER     // what this package does not name
	PackageInstall   PackageChangeKind = C.DRIFTCORE_PACKAGE_INSTALL   // it was not there
	PackageRemove    PackageChangeKind = C.DRIFTCORE_PACKAGE_REMOVE    // it is there no more
	PackageUpgrade   PackageChangeKind = C.DRIFTCORE_PACKAGE_UPGRADE   // it has a later version
	PackageDowngrade PackageChangeKind = C.DRIFTCORE_PACKAGE_DOWNGRADE // it has an earlier version
	PackageChanged   PackageChangeKind = C.DRIFTCORE_PACKAGE_CHANGE    // the same version, another record
)

// String is the name in reports.
func (k PackageChangeKind) String() string {
	return C.GoString(C.driftcore_package_change_name(C.uint32_t(k)))
}

// A PackageChange is a package that is not as in the image. It is plain data.
type PackageChange struct {
	Package           // as it is now; of a removed one, without a version
	OldVersion string // in the image; empty when it was not there
	Kind       PackageChangeKind
	Files      uint64 // entries of the scan that are its files
	Code       uint64 // of them programs, libraries and scripts
	Altered    uint64 // of them those whose content is not what the database says
}

// A PackageDatabase is one that was written to, or whose manager ran.
type PackageDatabase struct {
	Manager string
	Place   string
	Changes uint64 // packages that are not as in the image
	Run     Answer // whether the manager left what each of its runs leaves
	Written bool   // the upper layer has something of it
	Forged  bool   // packages changed, and the manager left no trace
}

func newPackageChange(changed *C.driftcore_changed_package) PackageChange {
	return PackageChange{
		Package: Package{
			Manager:      text(changed.manager),
			Name:         text(changed.name),
			Version:      text(changed.version),
			Architecture: text(changed.architecture),
			Place:        text(changed.place),
		},
		OldVersion: text(changed.old_version),
		Kind:       PackageChangeKind(changed.change),
		Files:      uint64(changed.files),
		Code:       uint64(changed.code),
		Altered:    uint64(changed.altered),
	}
}

func newPackageDatabase(database *C.driftcore_package_database) PackageDatabase {
	return PackageDatabase{
		Manager: text(database.manager),
		Place:   text(database.place),
		Changes: uint64(database.changes),
		Run:     Answer(database.run),
		Written: database.is_written != 0,
		Forged:  database.is_forged != 0,
	}
}

func owner(object *C.driftcore_entry) *Owner {
	var found C.driftcore_owner
	if C.entry_owner(object, &found) == 0 {
		return nil
	}
	return &Owner{
		Package: Package{
			Manager:      text(found.manager),
			Name:         text(found.name),
			Version:      text(found.version),
			Architecture: text(found.architecture),
			Place:        text(found.place),
		},
		AsPackaged:      Answer(found.as_packaged),
		Config:          found.is_config != 0,
		CameWithPackage: found.came_with_package != 0,
	}
}
