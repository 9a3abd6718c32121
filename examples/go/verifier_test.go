package driftcore

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

const running = `{"items": [{"metadata": {"name": "p", "namespace": "n"},
	"spec": {"nodeName": "one", "containers": [{"name": "a", "image": "nginx:1"}, {"name": "b", "image": "x/y:1"}]},
	"status": {"containerStatuses": [{"name": "a", "image": "nginx:1", "imageID": "nginx@sha256:%[1]s"}]}},
	{"kind": "Service", "spec": {}}]}`

func verifier(t *testing.T) *Verifier {
	t.Helper()
	verifier, err := NewVerifier()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = verifier.Close() })
	deployment := "kind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: a, image: nginx@sha256:" +
		strings.Repeat("ab", 32) + "}]}}}\n"
	if err := verifier.Add("web.yaml", deployment); err != nil {
		t.Fatal(err)
	}
	return verifier
}

func TestImagesOfPodsAreVerified(t *testing.T) {
	verifier := verifier(t)
	var told []string
	yield := func(it Verified) bool {
		told = append(told, fmt.Sprint(it.Namespace, "/", it.Pod, " on ", it.Node, " ", it.Role, " ", it.Container, ": ", it.Approval, " ", it.Layers))
		return true
	}
	summary, err := verifier.Pods(fmt.Sprintf(running, strings.Repeat("ab", 32)), yield)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(told, "; ") != "n/p on one main a: approved none; n/p on one main b: unapproved none" {
		t.Error(told)
	}
	if summary != (VerifySummary{Containers: 2, Approved: 1, Unapproved: 1, Pods: 1, Others: 1}) {
		t.Error(summary)
	}
	summary, err = verifier.Pods(fmt.Sprintf(running, strings.Repeat("cd", 32)), func(it Verified) bool {
		if it.Approval != ApprovalMismatch || !strings.HasPrefix(it.Running, "sha256:cdcd") || !strings.Contains(it.JSON, "approved_digests") {
			t.Error(it)
		}
		return false
	})
	if err != nil || summary.Containers != 1 || summary.Mismatch != 1 || summary.Pods != 0 {
		t.Error(summary, err)
	}
}

func TestWhatIsNoManifestNamesItsPlace(t *testing.T) {
	verifier := verifier(t)
	if err := verifier.Add("list", "nginx\n@sha256:1\n"); !errors.Is(err, ErrWrongType) || !strings.Contains(err.Error(), "list:2: ") {
		t.Error(err)
	}
	if _, err := verifier.Pods(`{"items": [`, func(Verified) bool { return true }); !errors.Is(err, ErrWrongType) {
		t.Error(err)
	}
	if _, err := NewVerifier(Approved("/nonexistent")); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	_ = verifier.Close()
	if err := verifier.Add("list", "nginx"); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if _, err := verifier.Pods("", func(Verified) bool { return true }); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

func TestAPanicOfAYieldGoesOnInTheCaller(t *testing.T) {
	verifier := verifier(t)
	defer func() {
		if panicked, ok := recover().(*PanicError); !ok || panicked.Value != "mine" {
			t.Error("the panic did not come through")
		}
	}()
	_, _ = verifier.Pods(fmt.Sprintf(running, strings.Repeat("ab", 32)), func(Verified) bool { panic("mine") })
}

func TestAContainerThatIsNotThereHasNoConfiguration(t *testing.T) {
	if _, err := ContainerConfiguration("no-such-container"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if _, err := ContainerConfiguration("a\x00b"); err == nil {
		t.Error("C would cut the name")
	}
}

func TestTimesOfGraceAreOptions(t *testing.T) {
	for _, one := range []struct {
		option Option
		value  string
	}{
		{Grace(90*time.Second, ""), "90"},
		{Grace(time.Minute, "registry.example/*:1"), "60:registry.example/*:1"},
		{GraceOfLabel(time.Minute, "app=web"), "60:app=web"},
	} {
		if one.option.Value != one.value {
			t.Error(one)
		}
		judge, err := NewJudge(one.option)
		if err != nil {
			t.Fatal(err)
		}
		_ = judge.Close()
	}
	if _, err := NewJudge(GraceOfLabel(time.Minute, "")); !errors.Is(err, ErrWrongType) {
		t.Error(err)
	}
	if _, err := NewJudge(Grace(time.Millisecond, "")); !errors.Is(err, ErrWrongType) {
		t.Error(err)
	}
}
