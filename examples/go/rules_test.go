package driftcore_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"regexp"
	"strings"
	"testing"

	driftcore "github.com/driftcore/driftcore/examples/go"
)

func TestVersionIsThatOfTheLibrary(t *testing.T) {
	if version := driftcore.Version(); !regexp.MustCompile(`^\d+\.\d+\.\d+$`).MatchString(version) {
		t.Errorf("version %q", version)
	}
}

func TestShippedRulesAreListed(t *testing.T) {
	rules := load(t, driftcore.Shipped())
	byName := map[string]driftcore.Rule{}
	for _, rule := range rules.List() {
		byName[rule.Name] = rule
	}
	added := byName["New Binary Executed in Container"]
	wantEqual(t, "priority", added.Priority.String(), "Critical")
	wantEqual(t, "status", added.Status, driftcore.RuleActive)
	wantEqual(t, "source", added.Source, "syscall")
	if tags := strings.Join(added.Tags, " "); !strings.Contains(tags, "mitre_execution") {
		t.Errorf("tags %q", tags)
	}
	if !strings.HasPrefix(added.Description, "A program ran whose file was made after") {
		t.Errorf("description %q", added.Description)
	}
	var listed []map[string]any
	if err := json.Unmarshal([]byte(must(rules.JSON())(t)), &listed); err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "rules in JSON", len(listed), len(rules.List()))
}

func TestEachDiagnosticHasItsPlace(t *testing.T) {
	text := "- rule: a\n  desc: d\n  output: o\n  priority: DEBUG\n  condition: proc.nam = x\n" +
		"- rule: b\n  desc: d\n  output: o\n  priority: DEBUG\n  condition: evt.type = execve and\n"
	rules, err := driftcore.LoadRules([]driftcore.Source{driftcore.Text("mine.yaml", text)})
	if rules != nil || err == nil {
		t.Fatal("bad rules were loaded")
	}
	wantError(t, err, driftcore.ErrRules)
	var first *driftcore.Error
	if !errors.As(err, &first) {
		t.Fatalf("no *Error in %v", err)
	}
	wantEqual(t, "file", first.File, "mine.yaml")
	wantEqual(t, "line", first.Line, 10)
	wantEqual(t, "column", first.Column, 32)
	var failed *driftcore.RulesError
	if !errors.As(err, &failed) {
		t.Fatalf("no *RulesError in %v", err)
	}
	byCode := map[string]driftcore.Diagnostic{}
	for _, diagnostic := range failed.Diagnostics {
		wantEqual(t, "severity of "+diagnostic.Code, diagnostic.Severity, driftcore.SeverityError)
		byCode[diagnostic.Code] = diagnostic
	}
	wantEqual(t, "errors", len(byCode), 2)
	wantEqual(t, "line of the first", byCode["unexpected-text"].Line, first.Line)
	one := byCode["unknown-field"]
	wantEqual(t, "line", one.Line, 5)
	wantEqual(t, "column", one.Column, 14)
	wantEqual(t, "end", one.EndColumn, 22)
	if !strings.Contains(one.Rendered, "condition: proc.nam = x") {
		t.Errorf("rendered without the line:\n%s", one.Rendered)
	}
	if !strings.HasPrefix(err.Error(), "driftcore: mine.yaml:10:32: ") || !strings.HasSuffix(err.Error(), "(and 1 more)") {
		t.Errorf("error %q", err)
	}
}

func TestWarningsComeWithTheRules(t *testing.T) {
	rules := load(t, driftcore.Text("mine.yaml", "- macro: unused\n  condition: proc.name = x\n"+
		"- list: also_unused\n  items: [a, a]\n"))
	for _, warning := range rules.Warnings() {
		wantEqual(t, "severity", warning.Severity, driftcore.SeverityWarning)
		wantEqual(t, "file", warning.File, "mine.yaml")
	}
	if len(rules.Warnings()) == 0 {
		t.Error("nothing was said about what is not used")
	}
}

func TestSourcesThatCannotBeReadAreErrors(t *testing.T) {
	for _, source := range []driftcore.Source{driftcore.Path("no/such/file.yaml"), {}, driftcore.Path("a\x00b")} {
		rules, err := driftcore.LoadRules([]driftcore.Source{driftcore.Shipped(), source})
		if err == nil {
			rules.Close()
			t.Errorf("%v was loaded", source)
		}
	}
	_, err := driftcore.LoadRules([]driftcore.Source{driftcore.Path("no/such/file.yaml")})
	wantError(t, err, driftcore.ErrIO)
	_, err = driftcore.LoadRules([]driftcore.Source{driftcore.Path("a\x00b")})
	wantError(t, err, driftcore.ErrInvalidArgument)
	wantError(t, err, fs.ErrInvalid)
}

func TestOptionsAreRefusedByName(t *testing.T) {
	shipped := []driftcore.Source{driftcore.Shipped()}
	for _, bad := range []struct {
		option driftcore.Option
		want   error
	}{
		{driftcore.Set("no.such", "1"), driftcore.ErrUnknownName},
		{driftcore.Set("rules.matching", "some"), driftcore.ErrWrongType},
		{driftcore.Set("rules.matching", "al\x00l"), driftcore.ErrInvalidArgument},
	} {
		_, err := driftcore.LoadRules(shipped, bad.option)
		wantError(t, err, bad.want)
		if err != nil && !strings.Contains(err.Error(), bad.option.Name) {
			t.Errorf("%q does not name %s", err, bad.option.Name)
		}
	}
}

func TestStatusesAreErrorsOfTheFileSystem(t *testing.T) {
	for status, want := range map[driftcore.Status]error{
		driftcore.ErrNotFound:        fs.ErrNotExist,
		driftcore.ErrPermission:      fs.ErrPermission,
		driftcore.ErrInvalidArgument: fs.ErrInvalid,
	} {
		wantError(t, &driftcore.Error{Status: status}, want)
		if errors.Is(driftcore.ErrBusy, want) {
			t.Errorf("busy is %v", want)
		}
	}
	wantEqual(t, "of a newer library", driftcore.Status(99).Error(), "status 99")
}

func TestRulesAreClosedOnce(t *testing.T) {
	rules := load(t, rule("proc.name = x"))
	matcher := matcher(t, rules)
	for i := 0; i < 3; i++ {
		if err := rules.Close(); err != nil {
			t.Error(err)
		}
	}
	_, err := rules.JSON()
	wantError(t, err, driftcore.ErrClosed)
	_, err = driftcore.NewMatcher(rules)
	wantError(t, err, driftcore.ErrClosed)
	wantError(t, matcher.SetRules(rules), driftcore.ErrClosed)
	wantEqual(t, "rules that stay listed", len(rules.List()), 1)
	// The matcher goes on with them.
	event := flat(t, "execve")
	event.SetText(field(t, "proc.name"), "x")
	wantEqual(t, "matches", len(must(matcher.Match(event, nil))(t)), 1)
}
