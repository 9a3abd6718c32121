package driftcore_test

import (
	"syscall"
	"testing"
	"time"

	driftcore "github.com/driftcore/driftcore/examples/go"
)

// inodeOf is what the system says of a file.
func inodeOf(t *testing.T, path string) driftcore.Inode {
	t.Helper()
	var stat syscall.Stat_t
	if err := syscall.Stat(path, &stat); err != nil {
		t.Fatal(err)
	}
	major := stat.Dev>>8&0xfff | stat.Dev>>32&^0xfff
	minor := stat.Dev&0xff | stat.Dev>>12&^0xff
	return driftcore.Inode{
		Number:     stat.Ino,
		Size:       uint64(stat.Size),
		ModifiedAt: time.Unix(stat.Mtim.Unix()),
		ChangedAt:  time.Unix(stat.Ctim.Unix()),
		Device:     uint32(major<<20 | minor&0xfffff),
	}
}
