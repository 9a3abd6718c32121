//go:build live

// These tests need root, a kernel that the sensor runs on, and a static busybox:
//
//	go test -tags live

package driftcore_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	driftcore "github.com/driftcore/driftcore/examples/go"
)

// patience is far more than anything should take: a busy machine is not a failure.
const patience = 30 * time.Second

// box is a root directory with a busybox in it: what is executed there, in a mount namespace of its
// own, is in a container as far as the kernel can tell.
type box struct{ root string }

func newBox(t *testing.T) box {
	t.Helper()
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "busybox"), must(os.ReadFile("/bin/busybox"))(t), 0o755); err != nil {
		t.Fatal(err)
	}
	return box{root}
}

// run executes busybox with a mark among its arguments.
func (b box) run(t *testing.T, mark string) {
	t.Helper()
	command := exec.Command("/busybox", "true", mark)
	command.SysProcAttr = &syscall.SysProcAttr{Chroot: b.root, Cloneflags: syscall.CLONE_NEWNS}
	if output, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, output)
	}
}

// carries says whether an event is about what was run with the mark.
func carries(event *driftcore.Event, mark string) bool {
	process := event.Process()
	return process != nil && len(process.Args) == 3 && process.Args[2] == mark
}

func start(t *testing.T, handlers driftcore.Handlers) *driftcore.Engine {
	t.Helper()
	rules := load(t, rule("evt.type = execve and proc.name = busybox"))
	return closed(driftcore.New(rules, handlers, driftcore.AllEvents()))(t)
}

// running runs the engine and returns what that comes to: an error, or the panic of a handler.
func running(ctx context.Context, engine *driftcore.Engine) <-chan error {
	ended := make(chan error, 1)
	go func() {
		defer func() {
			if panicked, ok := recover().(*driftcore.PanicError); ok {
				ended <- panicked
			}
		}()
		ended <- engine.Run(ctx)
	}()
	return ended
}

func wait[T any](t *testing.T, what string, channel <-chan T) (value T) {
	t.Helper()
	select {
	case value = <-channel:
	case <-time.After(patience):
		t.Fatalf("%s: nothing within %v", what, patience)
	}
	return value
}

func TestLiveEventsAndAlertsArrive(t *testing.T) {
	events, alerts := make(chan *driftcore.Event, 1), make(chan *driftcore.Alert, 1)
	engine := start(t, driftcore.Handlers{
		Event: func(event *driftcore.Event) {
			if carries(event, "arrive") {
				events <- event.Keep()
			}
		},
		Alert: func(alert *driftcore.Alert) {
			if carries(alert.Event(), "arrive") {
				alerts <- alert.Keep()
			}
		},
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := running(ctx, engine)
	newBox(t).run(t, "arrive")
	event := wait(t, "event", events)
	wantEqual(t, "kind", event.Kind, driftcore.KindBinary)
	wantEqual(t, "action", event.Action, driftcore.ActionExec)
	wantEqual(t, "path", event.File().Path, "/busybox")
	wantEqual(t, "name", event.Process().Name, "busybox")
	if !strings.HasPrefix(event.Container().ID, "mnt-") {
		t.Errorf("container %v", event.Container())
	}
	if passed := time.Since(event.Time); passed < 0 || passed > patience {
		t.Errorf("it happened %v ago", passed)
	}
	wantEqual(t, "through JSON", closed(driftcore.ParseEvent(event.JSON()))(t).JSON(), event.JSON())
	alert := wait(t, "alert", alerts)
	wantEqual(t, "rule", alert.Rule, "it")
	wantEqual(t, "its event", alert.Event().JSON(), event.JSON())

	wantError(t, engine.Run(context.Background()), driftcore.ErrBusy)
	cancel()
	wantError(t, wait(t, "Run", ended), context.Canceled)
	counters := must(engine.Counters())(t)
	if counters.Execs == 0 || counters.Alerts == 0 || counters.Lost.All != 0 {
		t.Errorf("counters %+v", counters)
	}
	wantError(t, engine.Run(context.Background()), driftcore.ErrClosed)
}

func TestLiveCloseInAHandler(t *testing.T) {
	var engine *driftcore.Engine
	var calls atomic.Int32
	engine = start(t, driftcore.Handlers{Event: func(event *driftcore.Event) {
		if !carries(event, "close") {
			return
		}
		calls.Add(1)
		for i := 0; i < 2; i++ {
			if err := engine.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := engine.Run(context.Background()); !errors.Is(err, driftcore.ErrClosed) {
			t.Errorf("Run in a handler, after Close: %v", err)
		}
	}})
	ended := running(context.Background(), engine)
	box := newBox(t)
	for i := 0; i < 3; i++ {
		box.run(t, "close")
	}
	wantError(t, wait(t, "Run", ended), driftcore.ErrClosed)
	wantEqual(t, "calls", calls.Load(), 1)
	_, err := engine.Counters()
	wantError(t, err, driftcore.ErrClosed)
	wantError(t, engine.SetRules(load(t, rule("proc.name = x"))), driftcore.ErrClosed)
}

func TestLivePanicOfAHandler(t *testing.T) {
	var calls atomic.Int32
	engine := start(t, driftcore.Handlers{Event: func(event *driftcore.Event) {
		if carries(event, "panic") {
			calls.Add(1)
			panic("on purpose")
		}
	}})
	ended := running(context.Background(), engine)
	box := newBox(t)
	for i := 0; i < 3; i++ {
		box.run(t, "panic")
	}
	var panicked *driftcore.PanicError
	if err := wait(t, "Run", ended); !errors.As(err, &panicked) {
		t.Fatalf("Run ended with %v", err)
	}
	if panicked.Value != "on purpose" || !strings.Contains(string(panicked.Stack), "engine_live_test.go") {
		t.Errorf("the panic %v", panicked)
	}
	wantEqual(t, "calls", calls.Load(), 1)
	wantError(t, engine.Run(context.Background()), driftcore.ErrClosed)
}

// Eight goroutines replace the rules and count while another makes events, none of which is lost;
// then eight close the engine at the same time.
func TestLiveReloadUnderLoad(t *testing.T) {
	seen := map[string]bool{}
	last := make(chan struct{})
	engine := start(t, driftcore.Handlers{
		Event: func(event *driftcore.Event) {
			if process := event.Process(); process != nil && len(process.Args) == 3 {
				seen[process.Args[2]] = true
				if process.Args[2] == "last" {
					close(last)
				}
			}
		},
		Alert: func(alert *driftcore.Alert) { alert.JSON() },
	})
	ended := running(context.Background(), engine)
	var replacing sync.WaitGroup
	stop := make(chan struct{})
	for i := 0; i < 8; i++ {
		rules := load(t, rule("evt.type = execve and proc.pname = nobody"+strconv.Itoa(i)))
		replacing.Add(1)
		go func() {
			defer replacing.Done()
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := engine.SetRules(rules); err != nil {
					t.Error(err)
				}
				if _, err := engine.Counters(); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	box := newBox(t)
	const execs = 200
	for i := 0; i < execs; i++ {
		box.run(t, "load-"+strconv.Itoa(i))
	}
	box.run(t, "last")
	wait(t, "the last event", last)
	close(stop)
	replacing.Wait()
	var closing sync.WaitGroup
	for i := 0; i < 8; i++ {
		closing.Add(1)
		go func() {
			defer closing.Done()
			engine.Close()
		}()
	}
	closing.Wait()
	// Whoever has closed it knows that no handler runs any more.
	wantEqual(t, "events", len(seen), execs+1)
	wantError(t, wait(t, "Run", ended), driftcore.ErrClosed)
}

func TestLiveEngineThatNeverRan(t *testing.T) {
	engine := closed(driftcore.New(nil, driftcore.Handlers{}))(t)
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	wantError(t, engine.Run(cancelled), context.Canceled)
	engine.Close()
	engine.Close()
	wantError(t, engine.Run(context.Background()), driftcore.ErrClosed)
	_, err := driftcore.New(nil, driftcore.Handlers{}, driftcore.Set("no.such", "x"))
	wantError(t, err, driftcore.ErrUnknownName)
}
