package driftcore_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	driftcore "github.com/driftcore/driftcore/examples/go"
)

var onceUponATime = time.Unix(1, 0)

// layers writes the files of a container and of its image.
func layers(t *testing.T, upper, lower map[string]string) (string, []string) {
	t.Helper()
	directories := [2]string{t.TempDir(), t.TempDir()}
	for at, files := range []map[string]string{upper, lower} {
		for path, content := range files {
			path = filepath.Join(directories[at], path)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return directories[0], []string{directories[1]}
}

func directories(t *testing.T, upper, lower map[string]string, options ...driftcore.Option) *driftcore.Scan {
	t.Helper()
	top, lowers := layers(t, upper, lower)
	return closed(driftcore.ScanDirectories(top, lowers, options...))(t)
}

func TestAScanSaysWhatDiffers(t *testing.T) {
	scan := directories(t,
		map[string]string{"etc/conf": "new", "tmp/run\xff": "#!/bin/sh\n", "same": "same"},
		map[string]string{"etc/conf": "old", "same": "same"})
	found := map[string]driftcore.Entry{}
	summary, err := scan.Run(context.Background(), func(entry driftcore.Entry, err error) bool {
		if err != nil {
			t.Error(err)
		}
		found[entry.Kind.String()+" "+entry.Path] = entry
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "entries", summary.Entries, 4)
	wantEqual(t, "drift", summary.Drift, 3)
	wantEqual(t, "copied up", summary.CopiedUp, 1)
	wantEqual(t, "stopped", summary.Stopped, false)
	conf := found["replaced /etc/conf"]
	if conf.Before == nil || conf.After == nil {
		t.Fatalf("%+v", found)
	}
	wantEqual(t, "changed", conf.Changed&driftcore.ChangedContent, driftcore.ChangedContent)
	wantEqual(t, "length of the digest", len(conf.After.SHA256), 64)
	script := found["added /tmp/run\xff"]
	if script.After == nil || script.Before != nil {
		t.Fatalf("%+v", found)
	}
	wantEqual(t, "code", script.After.Code.String(), "script")
	wantEqual(t, "type", script.After.Type.String(), "file")
	wantEqual(t, "size", script.After.Size, 10)
	if !strings.Contains(script.JSON, `"escaped":["path"]`) {
		t.Error(script.JSON)
	}
}

func TestAScanTellsOfPackages(t *testing.T) {
	status := func(entries ...string) string {
		var text strings.Builder
		for _, entry := range entries {
			name, version, _ := strings.Cut(entry, " ")
			text.WriteString("Package: " + name + "\nStatus: install ok installed\nVersion: " + version + "\n\n")
		}
		return text.String()
	}
	upper := map[string]string{
		"var/lib/dpkg/status":           status("tool 2", "new 1"),
		"var/lib/dpkg/info/new.list":    "/opt/new\n/opt/altered\n",
		"var/lib/dpkg/info/new.md5sums": "9dd4e461268c8034f5c8564e155c67a6  opt/altered\n",
		"opt/new":                       "#!/bin/sh\n",
		"opt/altered":                   "y",
		"opt/own":                       "",
	}
	lower := map[string]string{"var/lib/dpkg/status": status("tool 1", "old 3")}
	owners := map[string]*driftcore.Owner{}
	keep := func(entry driftcore.Entry, err error) bool {
		if err != nil {
			t.Error(err)
		}
		owners[entry.Path] = entry.Owner
		return true
	}
	summary := must(directories(t, upper, lower).Run(context.Background(), keep))(t)
	var changes []string
	for _, it := range summary.Packages {
		changes = append(changes, it.Kind.String()+" "+it.Name+" "+it.OldVersion+">"+it.Version)
	}
	wantEqual(t, "packages", strings.Join(changes, ", "), "install new >1, remove old 3>, upgrade tool 1>2")
	wantEqual(t, "files", summary.Packages[0].Files, 2)
	wantEqual(t, "code", summary.Packages[0].Code, 1)
	wantEqual(t, "altered", summary.Packages[0].Altered, 1)
	wantEqual(t, "databases", len(summary.Databases), 1)
	wantEqual(t, "database", summary.Databases[0], driftcore.PackageDatabase{
		Manager: "dpkg", Place: "/var/lib/dpkg", Changes: 3, Run: driftcore.No, Written: true, Forged: true,
	})
	if owner := owners["/opt/new"]; owner == nil || owner.Name != "new" || !owner.CameWithPackage {
		t.Errorf("%+v", owner)
	}
	if owner := owners["/opt/altered"]; owner == nil || owner.AsPackaged != driftcore.No {
		t.Errorf("%+v", owner)
	}
	if owner := owners["/opt/own"]; owner != nil {
		t.Errorf("%+v", owner)
	}
	without := directories(t, upper, lower, driftcore.WithoutPackages())
	summary = must(without.Run(context.Background(), keep))(t)
	wantEqual(t, "packages", len(summary.Packages)+len(summary.Databases), 0)
}

func TestAScanEndsWhenItIsTold(t *testing.T) {
	scan := directories(t, map[string]string{"a": "", "b": "", "c": ""}, nil)
	calls := 0
	summary := must(scan.Run(context.Background(), func(driftcore.Entry, error) bool {
		calls++
		return false
	}))(t)
	wantEqual(t, "calls", calls, 1)
	wantEqual(t, "stopped", summary.Stopped, true)
	ctx, cancel := context.WithCancel(context.Background())
	_, err := scan.Run(ctx, func(driftcore.Entry, error) bool {
		cancel()
		return true
	})
	wantError(t, err, context.Canceled)
	value := panics(func() {
		scan.Run(context.Background(), func(driftcore.Entry, error) bool { panic("mine") })
	})
	panicked, ok := value.(*driftcore.PanicError)
	if !ok || panicked.Value != "mine" {
		t.Errorf("it panicked with %v", value)
	}
	// The scan is as it was.
	wantEqual(t, "entries", must(scan.Run(context.Background(), func(driftcore.Entry, error) bool {
		return true
	}))(t).Entries, 3)
}

func TestAnIteratorOverAScan(t *testing.T) {
	scan := directories(t, map[string]string{"a": "", "b": ""}, nil)
	var paths []string
	scan.All(context.Background())(func(entry driftcore.Entry, err error) bool {
		if err != nil {
			t.Error(err)
		}
		paths = append(paths, entry.Path)
		return true
	})
	wantEqual(t, "paths", strings.Join(paths, " "), "/a /b")
}

func TestScansThatCannotBe(t *testing.T) {
	_, err := driftcore.ScanContainer("no-such-container")
	wantError(t, err, driftcore.ErrNotFound)
	_, err = driftcore.ScanContainer("a\x00b")
	wantError(t, err, driftcore.ErrInvalidArgument)
	_, err = driftcore.ScanDirectories("/a", []string{"/b\x00"})
	wantError(t, err, driftcore.ErrInvalidArgument)
	scan := closed(driftcore.ScanDirectories("/no/such/upper", nil))(t)
	var last error
	scan.All(context.Background())(func(_ driftcore.Entry, err error) bool {
		last = err
		return true
	})
	wantError(t, last, driftcore.ErrNotFound)
	var problem *driftcore.Problem
	if errors.As(last, &problem) {
		t.Error("that a layer is not there is no problem of one path")
	}
	scan.Close()
	_, err = scan.Run(context.Background(), nil)
	wantError(t, err, driftcore.ErrClosed)
}

func TestTimesAreComparedWhereThatIsAsked(t *testing.T) {
	upper, lowers := layers(t, map[string]string{"a": "1"}, map[string]string{"a": "1"})
	if err := os.Chtimes(filepath.Join(upper, "a"), onceUponATime, onceUponATime); err != nil {
		t.Fatal(err)
	}
	for _, each := range []struct {
		options []driftcore.Option
		want    driftcore.EntryKind
	}{
		{nil, driftcore.EntryCopiedUp},
		{[]driftcore.Option{driftcore.AlsoTimes()}, driftcore.EntryAttributes},
	} {
		scan := closed(driftcore.ScanDirectories(upper, lowers, each.options...))(t)
		must(scan.Run(context.Background(), func(entry driftcore.Entry, err error) bool {
			wantEqual(t, "kind", entry.Kind, each.want)
			return true
		}))(t)
	}
}
