package driftcore_test

import (
	"strings"
	"sync"
	"testing"

	driftcore "github.com/driftcore/driftcore/examples/go"
)

// logged collects messages until the end of the test.
type logged struct {
	mu    sync.Mutex
	lines []string
}

func newLogged(t *testing.T, level driftcore.LogLevel) *logged {
	t.Helper()
	l := new(logged)
	err := driftcore.SetLog(level, func(level driftcore.LogLevel, target, message string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.lines = append(l.lines, level.String()+" "+target+" "+message)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := driftcore.SetLog(driftcore.LogOff, nil); err != nil {
			t.Error(err)
		}
	})
	return l
}

// has says whether a line is there that contains each of the parts.
func (l *logged) has(parts ...string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		all := true
		for _, part := range parts {
			all = all && strings.Contains(line, part)
		}
		if all {
			return true
		}
	}
	return false
}

func TestLoggingIsSetAndEnded(t *testing.T) {
	log := newLogged(t, driftcore.LogDebug)
	if err := driftcore.SetLog(driftcore.LogOff, nil); err != nil {
		t.Error(err)
	}
	load(t, driftcore.Shipped())
	if log.has("") {
		t.Errorf("messages although that was ended: %q", log.lines)
	}
	wantEqual(t, "name of a level", driftcore.LogWarn.String(), "warn")
}
