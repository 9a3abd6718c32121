package driftcore

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// learnedFrom is what a learner has after these paths were written and these documents added.
func learnedFrom(t *testing.T, paths, documents []string, options ...Option) Learned {
	t.Helper()
	learner, err := NewLearner(options...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = learner.Close() }()
	for _, path := range paths {
		if err := learner.Learn(createdAt(t, path)); err != nil {
			t.Fatal(err)
		}
	}
	for _, document := range documents {
		if err := learner.Add(document); err != nil {
			t.Fatal(err)
		}
	}
	learned, err := learner.Baseline()
	if err != nil {
		t.Fatal(err)
	}
	return learned
}

func TestBaselinesAreLearnedAndAddUp(t *testing.T) {
	one := learnedFrom(t, []string{"/var/cache/a"}, nil)
	if !strings.Contains(one.YAML, "  - image: sha256:"+strings.Repeat("ab", 32)+"\n") ||
		!strings.Contains(one.YAML, "/var/cache: [write]") {
		t.Error(one.YAML)
	}
	var report struct{ Events, Learned, Workloads, Entries, Refused int }
	if err := json.Unmarshal([]byte(one.Report), &report); err != nil {
		t.Fatal(err)
	}
	if report.Events != 1 || report.Learned != 1 || report.Workloads != 1 || report.Refused != 0 {
		t.Error(one.Report)
	}
	two := learnedFrom(t, []string{"/srv/b"}, nil)
	both := learnedFrom(t, nil, []string{one.YAML, two.YAML})
	if !strings.Contains(both.YAML, "/var/cache: [write]") || !strings.Contains(both.YAML, "/srv: [write]") {
		t.Error(both.YAML)
	}
	if other := learnedFrom(t, []string{"/srv/b"}, []string{one.YAML}); other.YAML != both.YAML {
		t.Error(other.YAML)
	}
	if of := learnedFrom(t, []string{"/srv/b"}, nil, OnlyLabel("app", "web")); !strings.Contains(of.YAML, "label: app=web") {
		t.Error(of.YAML)
	}
	if _, err := NewLearner(OnlyLabel("", "web")); !errors.Is(err, ErrWrongType) {
		t.Error(err)
	}
}

func TestABaselineThatIsWrongNamesItsPlace(t *testing.T) {
	learner, err := NewLearner(AcceptDrift())
	if err != nil {
		t.Fatal(err)
	}
	err = learner.Add("version: 1\nworkloads: 7\n")
	var failed *Error
	if !errors.As(err, &failed) || failed.Status != ErrInvalidArgument || failed.Line != 2 || failed.Column != 12 {
		t.Error(err)
	}
	_ = learner.Close()
	if err := learner.Add(""); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}
