//go:build live

// These tests need root, a kernel that the sensor runs on, and a static busybox:
//
//	go test -tags live

package driftcore_test

import (
	"context"
	"errors"
	"fmt"
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

// box is what a container is to the kernel: an overlay, and processes that have it as their root, in
// a mount namespace of their own. Its image is a busybox.
type box struct{ root string }

func newBox(t *testing.T) box {
	t.Helper()
	base := t.TempDir()
	mount(t, "tmpfs", base, "")
	for _, name := range []string{"lower", "upper", "work", "root"} {
		if err := os.Mkdir(filepath.Join(base, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	busybox := must(os.ReadFile("/bin/busybox"))(t)
	if err := os.WriteFile(filepath.Join(base, "lower/busybox"), busybox, 0o755); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(base, "root")
	mount(t, "overlay", root, fmt.Sprintf("lowerdir=%[1]s/lower,upperdir=%[1]s/upper,workdir=%[1]s/work", base))
	return box{root}
}

func mount(t *testing.T, kind, target, options string) {
	t.Helper()
	if err := syscall.Mount(kind, target, kind, 0, options); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(target, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

// drop puts a copy of the image's busybox where the image has none.
func (b box) drop(t *testing.T, path string) {
	t.Helper()
	busybox := must(os.ReadFile(filepath.Join(b.root, "busybox")))(t)
	if err := os.WriteFile(filepath.Join(b.root, path), busybox, 0o755); err != nil {
		t.Fatal(err)
	}
}

// command is a program in the box, which this test program enters first.
func (b box) command(program string, arguments ...string) *exec.Cmd {
	command := exec.Command("/proc/self/exe", append([]string{program}, arguments...)...)
	command.Env = append(os.Environ(), enterBox+"="+b.root)
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	return command
}

const enterBox = "DRIFTCORE_TEST_ENTER_BOX"

func TestMain(m *testing.M) {
	if root := os.Getenv(enterBox); root != "" {
		fmt.Fprintln(os.Stderr, enter(root, os.Args[1:]))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// enter makes a directory the root of this mount namespace, as runtimes do, and becomes a program.
func enter(root string, program []string) error {
	for _, step := range []func() error{
		func() error { return syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "") },
		func() error { return syscall.Chdir(root) },
		func() error { return syscall.PivotRoot(".", ".") },
		func() error { return syscall.Unmount(".", syscall.MNT_DETACH) },
		func() error { return syscall.Chdir("/") },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return syscall.Exec(program[0], program, nil)
}

// run executes busybox with a mark among its arguments.
func (b box) run(t *testing.T, mark string) {
	t.Helper()
	if output, err := b.command("/busybox", "true", mark).CombinedOutput(); err != nil {
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
	rules := load(t, rule("evt.type = execve and proc.name in (busybox, dropped)"))
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
	box := newBox(t)
	box.drop(t, "dropped")
	if output, err := box.command("/dropped", "true", "arrive").CombinedOutput(); err == nil {
		t.Errorf("busybox has an applet named dropped: %s", output)
	}
	event := wait(t, "event", events)
	wantEqual(t, "kind", event.Kind, driftcore.KindBinary)
	wantEqual(t, "action", event.Action, driftcore.ActionExec)
	wantEqual(t, "path", event.File().Path, "/dropped")
	wantEqual(t, "verdict", event.Verdict, driftcore.VerdictAdded)
	wantEqual(t, "evidence", event.Evidence, driftcore.EvidenceKernel)
	wantEqual(t, "drift", event.Drift, true)
	wantEqual(t, "name", event.Process().Name, "dropped")
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
	ran := make(chan struct{})
	engine = start(t, driftcore.Handlers{Event: func(event *driftcore.Event) {
		if !carries(event, "close") {
			return
		}
		calls.Add(1)
		<-ran // the others wait to be reported
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
	close(ran)
	wantError(t, wait(t, "Run", ended), driftcore.ErrClosed)
	wantEqual(t, "calls", calls.Load(), 1)
	_, err := engine.Counters()
	wantError(t, err, driftcore.ErrClosed)
	wantError(t, engine.SetRules(load(t, rule("proc.name = x"))), driftcore.ErrClosed)
}

func TestLivePanicOfAHandler(t *testing.T) {
	var calls atomic.Int32
	ran := make(chan struct{})
	engine := start(t, driftcore.Handlers{Event: func(event *driftcore.Event) {
		if carries(event, "panic") {
			calls.Add(1)
			<-ran // the others wait to be reported
			panic("on purpose")
		}
	}})
	ended := running(context.Background(), engine)
	box := newBox(t)
	for i := 0; i < 3; i++ {
		box.run(t, "panic")
	}
	close(ran)
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
	// Another run of these tests may be under way.
	mark := "load-" + strconv.Itoa(os.Getpid()) + "-"
	seen := map[string]bool{}
	last := make(chan struct{})
	engine := start(t, driftcore.Handlers{
		Event: func(event *driftcore.Event) {
			process := event.Process()
			if process == nil || len(process.Args) != 3 || !strings.HasPrefix(process.Args[2], mark) {
				return // of others on this machine
			}
			seen[process.Args[2]] = true
			if process.Args[2] == mark+"last" {
				close(last)
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
	const execs = 50
	for i := 0; i < execs; i++ {
		box.run(t, mark+strconv.Itoa(i))
	}
	box.run(t, mark+"last")
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

func TestLiveEngineReadsPodsBeforeItBegins(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "pods.json")
	if err := os.WriteFile(bad, []byte("{\"items\": [\n{\"spec\": 7}]}"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := driftcore.New(nil, driftcore.Handlers{}, driftcore.Set("config.interval", "60"), driftcore.Pods(bad))
	wantError(t, err, driftcore.ErrInvalidArgument)
	if !strings.Contains(err.Error(), "pods.json:2:11:") {
		t.Error(err)
	}
	// Without comparisons nobody reads it.
	closed(driftcore.New(nil, driftcore.Handlers{}, driftcore.Pods(bad)))(t).Close()
}

func TestLiveMessagesOfTheLibrary(t *testing.T) {
	log := newLogged(t, driftcore.LogDebug)
	engine := start(t, driftcore.Handlers{})
	engine.Close()
	if !log.has("debug", "libbpf", "sec") {
		t.Errorf("nothing of libbpf among %d messages", len(log.lines))
	}
}

// A running process of a container is judged by its id and a path, and by an open file.
func TestLiveInspectorFindsTheContainer(t *testing.T) {
	box := newBox(t)
	box.drop(t, "dropped")
	command := box.command("/busybox", "sleep", "60")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer command.Wait()
	defer command.Process.Kill()
	inspector := closed(driftcore.NewInspector())(t)
	// The process is in the box when it has become busybox.
	for comm := ""; comm != "busybox\n"; time.Sleep(time.Millisecond) {
		comm = string(must(os.ReadFile(fmt.Sprintf("/proc/%d/comm", command.Process.Pid)))(t))
	}
	for path, want := range map[string]driftcore.Verdict{
		"busybox": driftcore.VerdictImage, "dropped": driftcore.VerdictAdded,
	} {
		pid := command.Process.Pid
		byPath := must(inspector.File(pid, path))(t)
		wantEqual(t, path+" by its path", byPath.Verdict, want)
		file := closed(os.Open(fmt.Sprintf("/proc/%d/root/%s", pid, path)))(t)
		byFile := must(inspector.Open(file))(t)
		wantEqual(t, path+" by a file", byFile.Verdict, want)
		wantEqual(t, "the path", byPath.Path, "/"+path)
	}
}
