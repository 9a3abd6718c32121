package driftcore_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	driftcore "github.com/driftcore/driftcore/examples/go"
)

func TestFilesThatAreLookedAt(t *testing.T) {
	inspector := closed(driftcore.NewInspector())(t)
	path := filepath.Join(t.TempDir(), "file")
	file := closed(os.Create(path))(t)
	var done sync.WaitGroup
	for i := 0; i < 8; i++ {
		done.Add(1)
		go func() {
			defer done.Done()
			byPath, err := inspector.File(os.Getpid(), path)
			if err != nil {
				t.Error(err)
			}
			byFile, err := inspector.Open(file)
			if err != nil {
				t.Error(err)
			}
			wantEqual(t, "the verdicts", byPath.Verdict, byFile.Verdict)
		}()
	}
	done.Wait()
}

func TestFilesThatCannotBeLookedAt(t *testing.T) {
	inspector := closed(driftcore.NewInspector())(t)
	_, err := inspector.File(os.Getpid(), "/no/such/file")
	wantError(t, err, driftcore.ErrNotFound)
	wantError(t, err, os.ErrNotExist)
	_, err = inspector.File(os.Getpid(), "/")
	wantError(t, err, driftcore.ErrUnsupported)
	for _, pid := range []int{-1, 1 << 40} {
		_, err = inspector.File(pid, "/")
		wantError(t, err, driftcore.ErrInvalidArgument)
	}
	_, err = inspector.File(1, "a\x00b")
	wantError(t, err, driftcore.ErrInvalidArgument)
	file := must(os.Open(os.DevNull))(t)
	_, err = inspector.Open(file)
	wantError(t, err, driftcore.ErrUnsupported)
	file.Close()
	if _, err = inspector.Open(file); err == nil {
		t.Error("a closed file was judged")
	}
	inspector.Close()
	inspector.Close()
	_, err = inspector.File(1, "/bin/sh")
	wantError(t, err, driftcore.ErrClosed)
	_, err = driftcore.NewInspector(driftcore.Set("proof.max_bytes", "many"))
	wantError(t, err, driftcore.ErrWrongType)
}
