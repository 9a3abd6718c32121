package driftcore

// #include <stdlib.h>
// #include "bridge.h"
//
// static outcome layers_new(const char *upper, const char **lowers, size_t count, int64_t started,
//                           driftcore_layers **layers) {
//     OUTCOME(driftcore_layers_new, upper, (const char *const *)lowers, count, started, layers);
// }
// static outcome classify(driftcore_evidence evidence, _GoString_ path,
//                         const driftcore_layers *layers, const driftcore_options *options,
//                         driftcore_classified **classified) {
//     evidence.size = sizeof evidence;
//     OUTCOME(driftcore_classify, &evidence, _GoStringPtr(path), _GoStringLen(path), layers, options,
//             classified);
// }
// static driftcore_classified_info classified_info(const driftcore_classified *classified) {
//     driftcore_classified_info info = {.size = sizeof info};
//     driftcore_classified_get(classified, &info, NULL);
//     return info;
// }
// static driftcore_container classified_container(const driftcore_classified *classified) {
//     driftcore_container container = {.size = sizeof container};
//     container.size = driftcore_classified_container(classified, &container);
//     return container;
// }
import "C"

import (
	"time"
	"unsafe"
)

// FileFlags say what is known of a file.
type FileFlags uint32

// What may be known of a file.
const (
	FileOnRootSuperblock FileFlags = C.DRIFTCORE_EVIDENCE_FLAG_ON_ROOT_SUPERBLOCK // on the superblock of the container's root
	FileOnRootMount      FileFlags = C.DRIFTCORE_EVIDENCE_FLAG_ON_ROOT_MOUNT      // reached through the container's root mount
	FileOverlay          FileFlags = C.DRIFTCORE_EVIDENCE_FLAG_OVERLAY            // the filesystem is OverlayFS
	FileUpperData        FileFlags = C.DRIFTCORE_EVIDENCE_FLAG_UPPER_DATA         // overlay: the data are in the upper layer
	FileLayersKnown      FileFlags = C.DRIFTCORE_EVIDENCE_FLAG_LAYERS_KNOWN       // overlay: Upper and Lower say which there are
	FileAnonymous        FileFlags = C.DRIFTCORE_EVIDENCE_FLAG_ANONYMOUS          // an anonymous memory file
	FileUnhashed         FileFlags = C.DRIFTCORE_EVIDENCE_FLAG_UNHASHED           // the name that it was reached by is gone
	FileWriters          FileFlags = C.DRIFTCORE_EVIDENCE_FLAG_WRITERS            // somebody may write the upper file
	FileHost             FileFlags = C.DRIFTCORE_EVIDENCE_FLAG_HOST               // the process is in no container
	FileReadOnly         FileFlags = C.DRIFTCORE_EVIDENCE_FLAG_READ_ONLY          // the filesystem is mounted read-only as a whole
	FileImmutable        FileFlags = C.DRIFTCORE_EVIDENCE_FLAG_IMMUTABLE          // it has the attribute "immutable"
)

// An Inode is an inode's identity and the attributes that change with its content. The zero value
// says that there is none.
type Inode struct {
	Number     uint64
	Size       uint64
	ModifiedAt time.Time
	ChangedAt  time.Time
	Device     uint32 // as the kernel encodes it: major << 20 | minor
	Generation uint32
}

// Evidence is what is known of a file.
type Evidence struct {
	Inode    Inode  // the file itself; on overlay, the overlay inode
	Upper    Inode  // on overlay, the one in the upper layer
	Lower    Inode  // on overlay, the topmost one in the image's layers
	FSMagic  uint64 // of the filesystem, as statfs(2) has it
	Flags    FileFlags
	Mode     uint32 // type and permission bits
	UID, GID uint32
	Links    uint32
}

// Layers are the layer directories of a container.
type Layers struct {
	Upper     string
	Lowers    []string  // the topmost first
	StartedAt time.Time // when the container started; zero when that is not known
}

// Classified is a file's verdict.
type Classified struct {
	Path      string // as the container sees it
	Verdict   Verdict
	Evidence  EvidenceKind // what the verdict rests on
	Reason    string
	Drift     bool // code from this file is drift, unless a policy says otherwise
	Cacheable bool // the file's present state will always have this verdict
	SHA256    string
	Container *Container // nil when it is in none, or that is not known
}

// Classify judges a file by evidence; path is its path as the container sees it. What the evidence
// leaves open is looked up in the layers, by comparing contents, within the bounds that the options
// set; where layers is nil it stays open. It reads files, and blocks as long as the bounds allow.
func Classify(evidence Evidence, path string, layers *Layers, options ...Option) (Classified, error) {
	var result Classified
	err := withOptions(options, func(options *C.driftcore_options) error {
		directories, err := layers.object()
		if err != nil {
			return err
		}
		defer C.driftcore_layers_free(&directories)
		var classified *C.driftcore_classified
		if err := check(C.classify(evidence.record(), path, directories, options, &classified)); err != nil {
			return err
		}
		result = take(classified)
		return nil
	})
	return result, err
}

// take copies a verdict and frees it.
func take(classified *C.driftcore_classified) Classified {
	defer C.driftcore_classified_free(&classified)
	info := C.classified_info(classified)
	result := Classified{
		Path:      text(info.path),
		Verdict:   Verdict(info.verdict),
		Evidence:  EvidenceKind(info.evidence),
		Reason:    text(info.reason),
		Drift:     info.drift != 0,
		Cacheable: info.cacheable != 0,
		SHA256:    text(info.sha256),
	}
	if container := C.classified_container(classified); container.size != 0 {
		result.Container = containerOf(container)
	}
	return result
}

// object is what the library knows layers by, for driftcore_layers_free.
func (l *Layers) object() (*C.driftcore_layers, error) {
	if l == nil {
		return nil, nil
	}
	upper, err := cstring("the upper layer", l.Upper)
	if err != nil {
		return nil, err
	}
	defer C.free(unsafe.Pointer(upper))
	lowers := make([]*C.char, len(l.Lowers)+1)
	for index, lower := range l.Lowers {
		if lowers[index], err = cstring("a lower layer", lower); err != nil {
			return nil, err
		}
		defer C.free(unsafe.Pointer(lowers[index]))
	}
	var layers *C.driftcore_layers
	count := C.size_t(len(l.Lowers))
	err = check(C.layers_new(upper, &lowers[0], count, nanoseconds(l.StartedAt), &layers))
	return layers, err
}

func (e *Evidence) record() C.driftcore_evidence {
	return C.driftcore_evidence{
		inode:    e.Inode.record(),
		upper:    e.Upper.record(),
		lower:    e.Lower.record(),
		fs_magic: C.uint64_t(e.FSMagic),
		flags:    C.uint32_t(e.Flags),
		mode:     C.uint32_t(e.Mode),
		uid:      C.uint32_t(e.UID),
		gid:      C.uint32_t(e.GID),
		nlink:    C.uint32_t(e.Links),
	}
}

func (i *Inode) record() C.driftcore_inode {
	return C.driftcore_inode{
		number:     C.uint64_t(i.Number),
		byte_count: C.uint64_t(i.Size),
		mtime_ns:   nanoseconds(i.ModifiedAt),
		ctime_ns:   nanoseconds(i.ChangedAt),
		device:     C.uint32_t(i.Device),
		generation: C.uint32_t(i.Generation),
	}
}

// nanoseconds since the epoch, 0 for the zero time.
func nanoseconds(at time.Time) C.int64_t {
	if at.IsZero() {
		return 0
	}
	return C.int64_t(at.UnixNano())
}
