//go:build lab

// These tests need root, a kernel that the sensor runs on, and a container of Docker's that was made for them:
// DRIFTCORE_LAB_CONTAINER names it, DRIFTCORE_LAB_DOCKER the data root of its Docker, DRIFTCORE_LAB_IMAGE its image as
// repository@digest. Its first process has LD_AUDIT=/x, which was not declared; user 1000 was, and API_KEY, whose value
// is DRIFTCORE_LAB_SECRET.

package driftcore_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	driftcore "github.com/driftcore/driftcore/examples/go"
)

func lab(t *testing.T, name string) string {
	t.Helper()
	value := os.Getenv("DRIFTCORE_LAB_" + name)
	if value == "" {
		t.Fatalf("DRIFTCORE_LAB_%s is not set", name)
	}
	return value
}

func ofLab(t *testing.T, options ...driftcore.Option) []driftcore.Option {
	t.Helper()
	return append([]driftcore.Option{driftcore.Set("runtimes.docker", lab(t, "DOCKER"))}, options...)
}

func TestLabConfigurationIsLookedAt(t *testing.T) {
	container := lab(t, "CONTAINER")
	found := must(driftcore.ContainerConfiguration(container, ofLab(t)...))(t)
	wantEqual(t, "differences", found.Differences, 1)
	wantEqual(t, "problems", len(found.Problems), 0)
	var audit []driftcore.ConfigItem
	for _, item := range found.Items {
		if item.Differs {
			audit = append(audit, item)
		}
	}
	if len(audit) != 1 || len(found.Items) < 20 {
		t.Fatal(found)
	}
	wantEqual(t, "item", audit[0], driftcore.ConfigItem{
		Aspect: driftcore.AspectEnvironment, Name: "LD_AUDIT", Live: "/x", IsLive: true, Differs: true,
		Mark: driftcore.MarkCodeInjection,
	})
	var whole struct {
		Container   struct{ Name string }
		Differences int
		Items       []struct{ Aspect, Name string }
	}
	if err := json.Unmarshal([]byte(found.JSON), &whole); err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "container", whole.Container.Name, container)
	wantEqual(t, "items", len(whole.Items), len(found.Items))
	secret := lab(t, "SECRET")
	if strings.Contains(fmt.Sprint(found), secret) || !strings.Contains(found.JSON, `"name":"API_KEY"`) {
		t.Error(found)
	}
	for index, item := range found.Items {
		wantEqual(t, "aspect", whole.Items[index].Aspect, item.Aspect.String())
	}
}

func TestLabConfigurationWithPods(t *testing.T) {
	container := lab(t, "CONTAINER")
	pods := filepath.Join(t.TempDir(), "pods.json")
	if err := os.WriteFile(pods, []byte(`{"metadata":{"name":"p"},"spec":{"containers":[]}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	found := must(driftcore.ContainerConfiguration(container, ofLab(t, driftcore.Pods(pods))...))(t)
	if len(found.Problems) != 1 || !strings.HasSuffix(found.Problems[0], "no pod there has this container") {
		t.Error(found.Problems)
	}
}

func TestLabImageIsVerified(t *testing.T) {
	container := lab(t, "CONTAINER")
	verifier := closed(driftcore.NewVerifier())(t)
	if err := verifier.Add("list", lab(t, "IMAGE")+"\n"); err != nil {
		t.Fatal(err)
	}
	for _, deep := range []bool{false, true} {
		options, proof := ofLab(t), driftcore.LayersNotRead
		if deep {
			options, proof = ofLab(t, driftcore.Deep()), driftcore.LayersProved
		}
		var ours []driftcore.Verified
		summary := must(verifier.Containers(func(verified driftcore.Verified) bool {
			if verified.Container == container {
				ours = append(ours, verified)
			}
			return true
		}, options...))(t)
		if len(ours) != 1 || summary.Containers == 0 || summary.Approved == 0 {
			t.Fatal(ours, summary)
		}
		wantEqual(t, "approval", ours[0].Approval, driftcore.ApprovalApproved)
		wantEqual(t, "layers", ours[0].Layers, proof)
		_, digest, _ := strings.Cut(lab(t, "IMAGE"), "@")
		wantEqual(t, "running", ours[0].Running, digest)
	}
	summary := must(verifier.Containers(func(driftcore.Verified) bool { return false }, ofLab(t)...))(t)
	wantEqual(t, "containers until the end", summary.Containers, 1)
}

func TestLabEventsHaveTheirConfiguration(t *testing.T) {
	events := make(chan *driftcore.Config, 100)
	handlers := driftcore.Handlers{Event: func(event *driftcore.Event) {
		if event.Kind == driftcore.KindConfig && event.Config() != nil {
			events <- event.Config()
		}
	}}
	engine := closed(driftcore.New(nil, handlers, ofLab(t,
		driftcore.Set("config.interval", "1"), driftcore.OnlyContainer(lab(t, "CONTAINER")))...))(t)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	go func() { _ = engine.Run(ctx) }()
	select {
	case config := <-events:
		if strings.Contains(fmt.Sprint(*config), lab(t, "SECRET")) {
			t.Error(*config)
		}
		wantEqual(t, "config", *config, driftcore.Config{
			Item: "LD_AUDIT", Live: "/x", IsLive: true, Mark: driftcore.MarkCodeInjection,
		})
	case <-ctx.Done():
		t.Fatal("no event")
	}
	// What is normal is replaced, and what is bad is not.
	path := filepath.Join(t.TempDir(), "exceptions.yaml")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("version: 1\nexceptions:\n  - {reason: ours, author: me, path: /opt/**, expires: 2200-01-01}\n")
	if err := engine.SetNormality(driftcore.Exceptions(path), driftcore.GraceOfLabel(time.Minute, "app")); err != nil {
		t.Fatal(err)
	}
	list := must(engine.Exceptions())(t)
	if len(list) != 1 || list[0].Reason != "ours" || list[0].Author != "me" || list[0].Expires.Year() != 2200 {
		t.Error(list)
	}
	write("version: 1\nexceptions: 7\n")
	err := engine.SetNormality(driftcore.Exceptions(path))
	if !errors.Is(err, driftcore.ErrInvalidArgument) || !strings.Contains(err.Error(), "exceptions.yaml:2:13") {
		t.Error(err)
	}
	wantEqual(t, "exceptions", len(must(engine.Exceptions())(t)), 1)
	if err := engine.SetNormality(); err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "exceptions", len(must(engine.Exceptions())(t)), 0)
}
