package driftcore_test

import (
	"errors"
	"io"
	"os"
	"testing"

	driftcore "github.com/driftcore/driftcore/examples/go"
)

const repository = "../../"

// event is a drift event as driftd writes it.
const event = repository + "fuzz/corpus/drift_event/exec.json"

func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// closed is must, and closes what it returns at the end of the test.
func closed[T io.Closer](object T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { object.Close() })
		return object
	}
}

func load(t testing.TB, source driftcore.Source, options ...driftcore.Option) *driftcore.Rules {
	t.Helper()
	return closed(driftcore.LoadRules([]driftcore.Source{source}, options...))(t)
}

func matcher(t testing.TB, rules *driftcore.Rules) *driftcore.Matcher {
	t.Helper()
	return closed(driftcore.NewMatcher(rules))(t)
}

func flat(t testing.TB, eventType string) *driftcore.FlatEvent {
	t.Helper()
	return closed(driftcore.NewFlatEvent(eventType))(t)
}

func field(t testing.TB, name string) *driftcore.Field {
	t.Helper()
	return closed(driftcore.FindField(name))(t)
}

func parsed(t testing.TB) *driftcore.Event {
	t.Helper()
	json := must(os.ReadFile(event))(t)
	return closed(driftcore.ParseEvent(string(json)))(t)
}

// rule is a rule of one condition.
func rule(condition string) driftcore.Source {
	return driftcore.Text("it.yaml", "- rule: it\n  desc: d\n  output: o %proc.name\n"+
		"  priority: DEBUG\n  tags: [a, b]\n  condition: |\n    "+condition+"\n")
}

func wantError(t *testing.T, err error, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got the error %v, want %v", err, want)
	}
}

func wantEqual[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// panics is what a function panics with; nil when it does not.
func panics(call func()) (value any) {
	defer func() { value = recover() }()
	call()
	return nil
}
