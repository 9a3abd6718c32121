package driftcore

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func createdAt(t *testing.T, path string) *Event {
	t.Helper()
	event, err := ParseEvent(`{"version":1,"time":"2026-01-02T03:04:05Z","drift":false,"kind":"file",
		"action":"create","container":{"id":"c1","name":"web","runtime":"docker","image":"i",
		"image_id":null,"pod":null,"namespace":null,"labels":{"app":"web"},"started_at":null,
		"image_digest":"sha256:` + strings.Repeat("ab", 32) + `"},"file":{"path":"` + path + `","inode":5,
		"device":"8:1","mode":"0644","owner":{"uid":0,"gid":0},"size":3,"old_path":null,"changed":[]}}`)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = event.Close() })
	return event
}

func TestWhatWasDoneIsAllowedAndNoMore(t *testing.T) {
	behaviour, err := NewBehaviour("")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = behaviour.Close() }()
	for _, path := range []string{"/srv/a", "/srv/b", "/var/log/x"} {
		if err := behaviour.Add(createdAt(t, path)); err != nil {
			t.Fatal(err)
		}
	}
	found, err := behaviour.Suggest()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(found.YAML, "mountPath: /srv # 2 time(s), e.g. /srv/a\n") {
		t.Error(found.YAML)
	}
	var whole struct {
		YAML        string
		Directories []struct {
			Path       string
			Operations int
		}
		ByEvents bool `json:"by_events"`
	}
	if err := json.Unmarshal([]byte(found.JSON), &whole); err != nil {
		t.Fatal(err)
	}
	if whole.YAML != found.YAML || !whole.ByEvents || len(whole.Directories) != 2 ||
		whole.Directories[1].Path != "/var/log" || whole.Directories[1].Operations != 1 {
		t.Error(whole)
	}
}

func TestABehaviourNeedsItsContainer(t *testing.T) {
	if _, err := NewBehaviour("no-such-container"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	behaviour, err := NewBehaviour("")
	if err != nil {
		t.Fatal(err)
	}
	_ = behaviour.Close()
	if _, err := behaviour.Suggest(); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if err := behaviour.Add(createdAt(t, "/x")); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}
