package driftcore

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func written(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "document.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEventsAreHeldAgainstBaselinesAndExceptions(t *testing.T) {
	learned := learnedFrom(t, []string{"/srv/a"}, nil)
	baseline := written(t, learned.YAML)
	exceptions := written(t, "version: 1\nexceptions:\n  - {reason: ours, author: me, path: /opt/**}\n"+
		"  - {reason: old, path: /old/**, expires: 2026-01-01}\n")
	judge, err := NewJudge(Baseline(baseline), Exceptions(exceptions))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = judge.Close() }()
	for _, one := range []struct {
		path, what string
		judged     Judged
	}{
		{"/srv/b", "changed files in /srv (write)", Expected},
		{"/opt/x", "changed files in /opt (write)", Excepted},
		{"/old/x", "changed files in /old (write)", Departs},
	} {
		judged, what, err := judge.Judge(createdAt(t, one.path))
		if judged != one.judged || what != one.what || err != nil {
			t.Error(one, judged, what, err)
		}
	}
	summary, err := judge.Summary()
	if err != nil {
		t.Fatal(err)
	}
	var counts struct {
		Departures, Expected, Excepted int
		NotCovered                     int `json:"not_covered"`
	}
	if err := json.Unmarshal([]byte(summary), &counts); err != nil {
		t.Fatal(err)
	}
	if counts.Departures != 1 || counts.Expected != 1 || counts.Excepted != 1 || counts.NotCovered != 0 {
		t.Error(summary)
	}
	list, err := judge.Exceptions()
	if err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	if list[0].Taken != 1 || list[0].Author != "me" || !list[0].Expires.IsZero() || !strings.Contains(list[0].YAML, "/opt/**") {
		t.Error(list[0])
	}
	if list[1].Taken != 0 || list[1].AfterExpiry != 1 || list[1].Expires.Format("2006-01-02") != "2026-01-02" {
		t.Error(list[1])
	}
	_ = judge.Close()
	if _, _, err := judge.Judge(createdAt(t, "/x")); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

func TestExceptionsThatAreWrongNameTheirPlace(t *testing.T) {
	path := written(t, "version: 1\nexceptions: 7\n")
	if _, err := NewJudge(Exceptions(path)); !errors.Is(err, ErrInvalidArgument) || !strings.Contains(err.Error(), ":2:13") {
		t.Error(err)
	}
	if _, err := NewSuggester(Baseline("/nonexistent")); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

func TestAsFewExceptionsAsPossibleAreSuggested(t *testing.T) {
	baseline := written(t, learnedFrom(t, []string{"/srv/a"}, nil).YAML)
	suggester, err := NewSuggester(Baseline(baseline))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = suggester.Close() }()
	for _, path := range []string{"/srv/b", "/opt/agent/a", "/opt/agent/b"} {
		if err := suggester.See(createdAt(t, path)); err != nil {
			t.Fatal(err)
		}
	}
	found, err := suggester.Suggest()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(found.YAML, "# silences 2 event(s); would take 0 other(s)\n") || !strings.Contains(found.YAML, "/opt/agent/**") {
		t.Error(found.YAML)
	}
	// What is suggested does silence it, once somebody says why.
	exceptions := written(t, strings.ReplaceAll(found.YAML, `reason: ""`, "reason: ours"))
	judge, err := NewJudge(Baseline(baseline), Exceptions(exceptions))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = judge.Close() }()
	if judged, _, err := judge.Judge(createdAt(t, "/opt/agent/c")); judged != Excepted || err != nil {
		t.Error(judged, err)
	}
	if !strings.Contains(found.JSON, `"silences":2`) {
		t.Error(found.JSON)
	}
	_ = suggester.Close()
	if _, err := suggester.Suggest(); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

func TestWhatWasLearnedIsShownInNumbers(t *testing.T) {
	learner, err := NewLearner()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = learner.Close() }()
	if err := learner.Learn(createdAt(t, "/srv/a")); err != nil {
		t.Fatal(err)
	}
	shown, err := learner.Show()
	if err != nil {
		t.Fatal(err)
	}
	var whole struct {
		Workloads []struct {
			Selector    string
			Directories int
		}
	}
	if err := json.Unmarshal([]byte(shown), &whole); err != nil {
		t.Fatal(err)
	}
	if len(whole.Workloads) != 1 || whole.Workloads[0].Directories != 1 {
		t.Error(shown)
	}
}
