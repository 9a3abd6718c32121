package driftcore_test

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	driftcore "github.com/driftcore/driftcore/examples/go"
)

func TestEventsGoThroughJSONUnchanged(t *testing.T) {
	given := must(os.ReadFile(event))(t)
	written := parsed(t).JSON()
	again := closed(driftcore.ParseEvent(written))(t)
	wantEqual(t, "the second time", again.JSON(), written)
	var before, after map[string]any
	// Times are written with nanoseconds.
	long := strings.ReplaceAll(string(given), ":00:00Z", ":00:00.000000000Z")
	for text, into := range map[string]*map[string]any{long: &before, written: &after} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	for key, value := range before {
		if !reflect.DeepEqual(after[key], value) {
			t.Errorf("%s: got %v, want %v", key, after[key], value)
		}
	}
}

func TestEveryPartOfAnEventIsCopied(t *testing.T) {
	kept := parsed(t).Keep()
	kept.Close()
	wantEqual(t, "time", kept.Time, time.Date(2026, 11, 24, 10, 0, 0, 1, time.UTC))
	wantEqual(t, "kind", kept.Kind.String(), "binary")
	wantEqual(t, "action", kept.Action.String(), "exec")
	wantEqual(t, "verdict", kept.Verdict.String(), "added")
	wantEqual(t, "evidence", kept.Evidence.String(), "kernel")
	wantEqual(t, "drift", kept.Drift, true)
	wantEqual(t, "reason", kept.Reason(), "a new file; the image has no such path")
	wantEqual(t, "lost", len(kept.Lost()), 0)
	container := kept.Container()
	wantEqual(t, "name", container.Name, "web")
	wantEqual(t, "image", container.Image, "nginx:1.27")
	wantEqual(t, "digest", container.ImageDigest, "")
	wantEqual(t, "label", container.Labels["k"], "v")
	wantEqual(t, "start", container.StartedAt, time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC))
	process := kept.Process()
	wantEqual(t, "pid in the container", process.ContainerPID, 2)
	wantEqual(t, "login uid", process.LoginUID, driftcore.NoLoginUID)
	wantEqual(t, "directory", process.Dir, "/tmp")
	if want := []string{"/tmp/payload", "-x"}; !reflect.DeepEqual(process.Args, want) {
		t.Errorf("arguments %q", process.Args)
	}
	want := []driftcore.Ancestor{{PID: 6, Name: "sh", Exe: "/bin/sh", Args: []string{"sh"}}}
	if !reflect.DeepEqual(process.Ancestors, want) {
		t.Errorf("ancestors %v", process.Ancestors)
	}
	file := kept.File()
	wantEqual(t, "path", file.Path, "/tmp/payload")
	wantEqual(t, "device", file.Device, "8:1")
	wantEqual(t, "mode", file.Mode, "0755")
	wantEqual(t, "size", file.Size, 120)
	wantEqual(t, "sha256", len(file.SHA256), 64)
}

func corpus(t *testing.T, name string) *driftcore.Event {
	t.Helper()
	text := must(os.ReadFile(repository + "fuzz/corpus/drift_event/" + name))(t)
	kept := closed(driftcore.ParseEvent(string(text)))(t).Keep()
	kept.Close()
	return kept
}

func TestWhatWasDoneToAFileIsCopiedWithItsWriter(t *testing.T) {
	kept := corpus(t, "file.json")
	wantEqual(t, "kind", kept.Kind.String(), "file")
	wantEqual(t, "action", kept.Action.String(), "rename")
	wantEqual(t, "unproved", kept.Unproved, true)
	wantEqual(t, "tainted", kept.Tainted, true)
	file := kept.File()
	wantEqual(t, "old path", file.OldPath, "/tmp/old")
	wantEqual(t, "changed", file.Changed, driftcore.ChangedMode|driftcore.ChangedSetuid)
	wantEqual(t, "written", file.Written.String(), "yes")
	want := driftcore.Writer{
		Name: "cp", Exe: "/bin/cp", PID: 9, UID: 5, Origin: driftcore.OriginInside,
		Time: time.Date(2026, 11, 24, 9, 30, 0, 1, time.UTC),
	}
	wantEqual(t, "writer", *file.Writer, want)
	if kept.Network() != nil {
		t.Error("it has a socket")
	}

	plain := parsed(t)
	wantEqual(t, "unproved", plain.Unproved, false)
	wantEqual(t, "tainted", plain.Tainted, false)
	wantEqual(t, "ruling", plain.Ruling.String(), "none")
	wantEqual(t, "unresolved", plain.Unresolved, false)
	wantEqual(t, "written", plain.File().Written.String(), "unknown")
	wantEqual(t, "old path", plain.File().OldPath, "")
	if plain.File().Writer != nil {
		t.Error("it has a writer")
	}
}

func TestWhatWasRuledIsSaid(t *testing.T) {
	text := string(must(os.ReadFile(repository + "fuzz/corpus/drift_event/file.json"))(t))
	text = strings.Replace(text, `"kind"`, `"ruling": "departs", "unresolved": true, "kind"`, 1)
	event := closed(driftcore.ParseEvent(text))(t)
	defer event.Close()
	wantEqual(t, "ruling", event.Ruling.String(), "departs")
	wantEqual(t, "unresolved", event.Unresolved, true)
}

func TestASocketIsCopied(t *testing.T) {
	kept := corpus(t, "connect.json")
	wantEqual(t, "kind", kept.Kind.String(), "network")
	wantEqual(t, "action", kept.Action.String(), "connect")
	wantEqual(t, "before the start", kept.BeforeStart, true)
	want := driftcore.Network{
		Local: "10.0.0.9:40000", LocalAddress: "10.0.0.9", LocalPort: 40000,
		Remote: "[fd00::1]:443", RemoteAddress: "fd00::1", RemotePort: 443,
		Family: driftcore.FamilyIPv4, Protocol: driftcore.ProtocolTCP, Result: "ECONNREFUSED",
		Dual: true, AutoPort: true, Expected: false,
	}
	wantEqual(t, "network", *kept.Network(), want)
	if kept.File() != nil {
		t.Error("it has a file")
	}
}

func TestAPackageAndDigestsAreCopied(t *testing.T) {
	event := must(driftcore.ParseEvent(`{"version":1,"time":"2026-01-01T00:00:00Z","drift":true,
		"kind":"digest","action":"mutable_tag","provenance":null,"container":null,"process":null,
		"package":{"manager":"dpkg","name":"curl","version":"8","old_version":"7"},
		"digest":{"approved":["sha256:a","sha256:b"],"running":"sha256:c","reason":"x"}}`))(t)
	kept := event.Keep()
	event.Close()
	wantEqual(t, "kind", kept.Kind.String(), "digest")
	wantEqual(t, "action", kept.Action.String(), "mutable_tag")
	wantEqual(t, "package", *kept.Package(), driftcore.PackageEvent{
		Manager: "dpkg", Name: "curl", Version: "8", OldVersion: "7",
	})
	digests := kept.Digests()
	wantEqual(t, "running", digests.Running+" "+digests.Reason, "sha256:c x")
	wantEqual(t, "approved", strings.Join(digests.Approved, " "), "sha256:a sha256:b")
}

func TestAnItemOfAConfigurationIsCopied(t *testing.T) {
	event := must(driftcore.ParseEvent(`{"version":1,"time":"2026-01-01T00:00:00Z","drift":true,
		"kind":"config","action":"secret","provenance":null,"container":null,"process":null,"ended":true,
		"config":{"item":"/etc/creds/password","declared":"sha256:a","live":null,"mark":"rotation",
		"origin":"inside"}}`))(t)
	kept := event.Keep()
	event.Close()
	wantEqual(t, "action", kept.Action, driftcore.ActionSecret)
	wantEqual(t, "config", *kept.Config(), driftcore.Config{
		Item: "/etc/creds/password", Declared: "sha256:a", IsDeclared: true, Mark: driftcore.MarkRotation,
		Origin: driftcore.OriginInside, Ended: true,
	})
	wantEqual(t, "mark", kept.Config().Mark.String(), "rotation")
	if parsed(t).Config() != nil {
		t.Error("an exec has an item")
	}
}

func TestPartsThatAreNotThereAreNil(t *testing.T) {
	text := must(os.ReadFile(repository + "fuzz/corpus/drift_event/dropped.json"))(t)
	event := closed(driftcore.ParseEvent(string(text)))(t)
	if event.Container() != nil || event.Process() != nil || event.File() != nil {
		t.Errorf("parts of %s", event.JSON())
	}
	wantEqual(t, "kind", event.Kind, driftcore.KindSensor)
	wantEqual(t, "action", event.Action, driftcore.ActionDropped)
	wantEqual(t, "verdict", event.Verdict, driftcore.VerdictNone)
	wantEqual(t, "lost in the ring", event.Lost()["exec_ring"], 3)
	wantEqual(t, "reasons", len(event.Lost()), 2)
}

func TestNoEventIsAnError(t *testing.T) {
	for _, text := range []string{"", "{", "[]", `{"version": 1}`, "\xff"} {
		_, err := driftcore.ParseEvent(text)
		wantError(t, err, driftcore.ErrWrongType)
		_, err = driftcore.ParseFlatEvent(text)
		if err == nil {
			t.Errorf("%q is a flat event", text)
		}
	}
	_, err := driftcore.NewFlatEvent("no such type")
	wantError(t, err, driftcore.ErrUnknownName)
}

func TestAnAlertHasItsEvent(t *testing.T) {
	matcher := matcher(t, load(t, driftcore.Shipped()))
	event := parsed(t)
	var kept, dropped *driftcore.Alert
	err := matcher.EventAlerts(event, func(alert *driftcore.Alert) { kept = alert.Keep() })
	if err != nil || kept == nil {
		t.Fatalf("no alert; error %v", err)
	}
	wantEqual(t, "rule", kept.Rule, "New Binary Executed in Container")
	wantEqual(t, "priority", kept.Priority, driftcore.PriorityCritical)
	wantEqual(t, "path", kept.Event().File().Path, "/tmp/payload")
	wantEqual(t, "event", kept.Event().JSON(), event.JSON())
	var alert struct {
		Rule, UUID, Hostname string
		Drift                json.RawMessage
	}
	if err := json.Unmarshal([]byte(kept.JSON()), &alert); err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "rule in JSON", alert.Rule, kept.Rule)
	wantEqual(t, "identity in JSON", alert.UUID, kept.UUID())
	wantEqual(t, "host in JSON", alert.Hostname, kept.Hostname())
	wantEqual(t, "event in JSON", string(alert.Drift), event.JSON())

	err = matcher.EventAlerts(event, func(alert *driftcore.Alert) { dropped = alert; alert.Event() })
	if err != nil {
		t.Fatal(err)
	}
	for name, ask := range map[string]func(){
		"message": func() { dropped.Message() },
		"JSON":    func() { dropped.JSON() },
		"file":    func() { dropped.Event().File() },
	} {
		if panics(ask) == nil {
			t.Errorf("%s was read after the handler had returned", name)
		}
	}
}

func TestAnEventMayBeClosedInItsHandler(t *testing.T) {
	matcher := matcher(t, load(t, driftcore.Shipped(), driftcore.AllMatches()))
	event := parsed(t)
	path := ""
	for i := 0; i < 2; i++ {
		err := matcher.EventAlerts(event, func(alert *driftcore.Alert) {
			event.Close()
			path = alert.Event().File().Path
		})
		if want := [2]error{nil, driftcore.ErrClosed}[i]; err != want {
			t.Errorf("got the error %v, want %v", err, want)
		}
	}
	wantEqual(t, "path", path, "/tmp/payload")
}
