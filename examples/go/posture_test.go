package driftcore

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

const pods = `{"items": [{"metadata": {"name": "p", "namespace": "n"},
	"spec": {"nodeName": "one", "hostPID": true, "containers": [{"name": "a"}]}},
	{"kind": "Service", "spec": {}}, {"metadata": {"name": "q"}, "spec": {"containers": []}}]}`

func TestPosturesOfPods(t *testing.T) {
	var found []Posture
	summary, err := PosturePods(pods, func(posture Posture) bool {
		found = append(found, posture)
		return true
	})
	if err != nil || summary != (PostureSummary{Pods: 2, Others: 1}) || len(found) != 2 {
		t.Fatal(err, summary, found)
	}
	first := found[0]
	if first.Pod != "p" || first.Namespace != "n" || first.Node != "one" || first.Failures != 5 ||
		first.Level != LevelPrivileged || first.Containers != 1 {
		t.Error(first)
	}
	var whole struct {
		Failures []struct{ Control, Path string }
	}
	if err := json.Unmarshal([]byte(first.JSON), &whole); err != nil {
		t.Fatal(err)
	}
	if len(whole.Failures) != 1 || whole.Failures[0].Control != "Host Namespaces" ||
		whole.Failures[0].Path != "spec.hostPID" {
		t.Error(whole)
	}
	if found[1].Level.String() != "restricted" || PostureStandard() != "v1.37" {
		t.Error(found[1].Level, PostureStandard())
	}
}

func TestPosturesEndWhenNoMoreAreWanted(t *testing.T) {
	summary, err := PosturePods(pods, func(Posture) bool { return false })
	if err != nil || summary.Pods != 1 {
		t.Error(err, summary)
	}
	if summary, err := PosturePods("", func(Posture) bool { return true }); err != nil || summary.Pods != 0 {
		t.Error(err, summary)
	}
	defer func() {
		if _, ok := recover().(*PanicError); !ok {
			t.Error("the panic did not come through")
		}
	}()
	_, _ = PosturePods(pods, func(Posture) bool { panic("mine") })
}

func TestPodsThatAreBadNameTheirPlace(t *testing.T) {
	count := 0
	_, err := PosturePods(pods[:len(pods)-2], func(Posture) bool {
		count++
		return true
	})
	if !errors.Is(err, ErrWrongType) || !strings.Contains(err.Error(), "pods:3:") || count != 2 {
		t.Error(err, count)
	}
	if _, err := PostureContainer("no-such-container"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}
