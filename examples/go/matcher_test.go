package driftcore_test

import (
	"errors"
	"net/netip"
	"strconv"
	"sync"
	"testing"

	driftcore "github.com/driftcore/driftcore/examples/go"
)

func TestFieldsOfEachTypeAreMatched(t *testing.T) {
	event := flat(t, "connect")
	event.SetText(field(t, "proc.name"), "curl")
	event.SetBytes(field(t, "fd.name"), []byte("/etc/\xff"))
	event.SetUint(field(t, "fd.sport"), 443)
	event.SetInt(field(t, "evt.rawres"), -115)
	event.SetBool(field(t, "evt.failed"), true)
	event.SetAddr(field(t, "fd.sip"), netip.MustParseAddr("192.0.2.7"))
	event.SetAddr(field(t, "fd.cip"), netip.MustParseAddr("2001:db8::1"))
	event.AddText(field(t, "proc.aname"), "bash")
	event.AddText(field(t, "proc.aname"), "sshd")
	event.AddUint(field(t, "proc.apid"), 7)
	if err := event.Err(); err != nil {
		t.Fatal(err)
	}
	for condition, want := range map[string]int{
		"proc.name = curl":                     1,
		"proc.name = curly":                    0,
		"fd.name startswith /etc":              1,
		"fd.sport = 443 and evt.failed = true": 1,
		"evt.rawres < 0":                       1,
		"fd.sip = 192.0.2.7":                   1,
		"fd.cip = 2001:db8::1":                 1,
		"fd.cip = 2001:db8::2":                 0,
		"proc.aname[2] = sshd":                 1,
		"proc.aname[1] = sshd":                 0,
	} {
		matches := must(matcher(t, load(t, rule(condition))).Match(event, nil))(t)
		wantEqual(t, condition, len(matches), want)
	}
	event.Clear(field(t, "proc.name"))
	matches := must(matcher(t, load(t, rule("proc.name exists"))).Match(event, nil))(t)
	wantEqual(t, "a field that was taken away", len(matches), 0)
}

func TestTheFirstErrorOfAnEventStays(t *testing.T) {
	matcher := matcher(t, load(t, rule("proc.name = x")))
	event := flat(t, "execve")
	name, pid := field(t, "proc.name"), field(t, "proc.pid")
	event.SetText(pid, "seven")
	event.SetText(name, "a\x00b")
	event.SetAddr(name, netip.Addr{})
	wantError(t, event.Err(), driftcore.ErrWrongType)
	_, err := matcher.Match(event, nil)
	wantError(t, err, driftcore.ErrWrongType)
	_, err = matcher.MatchBatch([]*driftcore.FlatEvent{event}, nil)
	wantError(t, err, driftcore.ErrWrongType)
	wantError(t, matcher.Alerts(event, func(*driftcore.Alert) {}), driftcore.ErrWrongType)
	event.Reset()
	event.SetText(name, "x")
	wantEqual(t, "matches", len(must(matcher.Match(event, nil))(t)), 1)
	event.ResetTo("no such type")
	wantError(t, event.Err(), driftcore.ErrUnknownName)
	event.ResetTo("open")
	if event.Err() != nil {
		t.Error(event.Err())
	}
}

func TestWhatIsClosedIsNotUsed(t *testing.T) {
	rules := load(t, rule("proc.name = x"))
	matcher := matcher(t, rules)
	event, name := flat(t, "execve"), field(t, "proc.name")
	drift := parsed(t)
	for i := 0; i < 2; i++ {
		matcher.Close()
		event.Close()
		name.Close()
		drift.Close()
	}
	event.SetText(name, "x")
	wantError(t, event.Err(), driftcore.ErrClosed)
	fresh := flat(t, "execve")
	_, err := matcher.Match(event, nil)
	wantError(t, err, driftcore.ErrClosed)
	_, err = matcher.Match(fresh, nil)
	wantError(t, err, driftcore.ErrClosed)
	_, err = matcher.MatchBatch([]*driftcore.FlatEvent{fresh}, nil)
	wantError(t, err, driftcore.ErrClosed)
	wantError(t, matcher.SetRules(rules), driftcore.ErrClosed)
	wantError(t, matcher.Alerts(fresh, func(*driftcore.Alert) {}), driftcore.ErrClosed)
	wantError(t, matcher.EventAlerts(drift, func(*driftcore.Alert) {}), driftcore.ErrClosed)
	fresh.SetText(name, "x")
	wantError(t, fresh.Err(), driftcore.ErrInvalidArgument)
	if panics(func() { drift.JSON() }) == nil {
		t.Error("an event was read after Close")
	}
	_, err = driftcore.FindField("no.such")
	wantError(t, err, driftcore.ErrUnknownName)
	if panics(func() { driftcore.MustField("no.such") }) == nil {
		t.Error("MustField found a field that is none")
	}
}

func TestAlertsSayWhatTheRuleSays(t *testing.T) {
	plain := driftcore.Set("rules.suggested_output", "false")
	matcher := matcher(t, load(t, rule("proc.name = x"), plain))
	event := flat(t, "execve")
	event.SetText(field(t, "proc.name"), "x")
	event.SetUint(field(t, "evt.rawtime"), 1_700_000_000_000_000_005)
	var kept *driftcore.Alert
	err := matcher.Alerts(event, func(alert *driftcore.Alert) {
		kept = alert.Keep()
		// The matcher and the event are free while a handler works.
		event.Reset()
		if matches, err := matcher.Match(event, nil); err != nil || len(matches) != 0 {
			t.Errorf("in a handler: %v, %v", matches, err)
		}
	})
	if err != nil || kept == nil {
		t.Fatalf("no alert; error %v", err)
	}
	wantEqual(t, "rule", kept.Rule, "it")
	wantEqual(t, "priority", kept.Priority, driftcore.PriorityDebug)
	wantEqual(t, "time", kept.Time.UnixNano(), 1_700_000_000_000_000_005)
	wantEqual(t, "source", kept.Source(), "syscall")
	wantEqual(t, "message", kept.Message(), "o x")
	wantEqual(t, "tags", len(kept.Tags()), 2)
	wantEqual(t, "line", kept.Line(), "22:13:20.000000005: Debug o x")
	if kept.Event() != nil {
		t.Error("an event that is none")
	}
}

func TestAPanicOfAHandlerGoesOnInTheCaller(t *testing.T) {
	matcher := matcher(t, load(t, rule("evt.type = execve")))
	event := flat(t, "execve")
	broken := errors.New("broken")
	for i := 0; i < 3; i++ {
		value := panics(func() {
			matcher.Alerts(event, func(*driftcore.Alert) { panic(broken) })
		})
		panicked, ok := value.(*driftcore.PanicError)
		if !ok || panicked.Value != broken || !errors.Is(panicked, broken) || len(panicked.Stack) == 0 {
			t.Fatalf("panicked with %v", value)
		}
	}
	alerts := 0
	if err := matcher.Alerts(event, func(*driftcore.Alert) { alerts++ }); err != nil || alerts != 1 {
		t.Errorf("afterwards: %d alerts, error %v", alerts, err)
	}
}

func TestAMatcherMayBeClosedInItsHandler(t *testing.T) {
	matcher := matcher(t, load(t, rule("evt.type = execve")))
	event := flat(t, "execve")
	if err := matcher.Alerts(event, func(*driftcore.Alert) { matcher.Close() }); err != nil {
		t.Error(err)
	}
	_, err := matcher.Match(event, nil)
	wantError(t, err, driftcore.ErrClosed)
}

// Eight goroutines match, each with a matcher of its own, while another changes their rules and one
// closes what they share.
func TestRulesAreReplacedWhileEightMatch(t *testing.T) {
	sets := []*driftcore.Rules{load(t, rule("proc.name = x")), load(t, rule("proc.name = y"))}
	names := []string{"x", "y"}
	name := field(t, "proc.name")
	var matchers []*driftcore.Matcher
	for i := 0; i < 8; i++ {
		matchers = append(matchers, matcher(t, sets[0]))
	}
	var done sync.WaitGroup
	for number, matcher := range matchers {
		done.Add(1)
		go func(number int, matcher *driftcore.Matcher) {
			defer done.Done()
			event, err := driftcore.NewFlatEvent("execve")
			if err != nil {
				t.Error(err)
				return
			}
			defer event.Close()
			var into []int
			matched := 0
			for i := 0; i < 2000; i++ {
				event.Reset()
				event.SetText(name, names[(number+i)%2])
				into, err = matcher.Match(event, into[:0])
				if errors.Is(err, driftcore.ErrBusy) {
					continue // the rules are being replaced
				}
				if err != nil {
					t.Error(err)
					return
				}
				matched += len(into)
			}
			if matched < 500 || matched > 1500 {
				t.Errorf("%d of 2000 events matched", matched)
			}
		}(number, matcher)
	}
	for i := 0; i < 500; i++ {
		for _, matcher := range matchers {
			if err := matcher.SetRules(sets[i%2]); err != nil && !errors.Is(err, driftcore.ErrBusy) {
				t.Error(err)
			}
		}
	}
	sets[0].Close()
	sets[1].Close()
	done.Wait()
}

// One matcher that eight goroutines use and close: each call is done, refused, or too late.
func TestOneMatcherInEightGoroutines(t *testing.T) {
	rules := load(t, rule("evt.type = execve"))
	for round := 0; round < 50; round++ {
		matcher := matcher(t, rules)
		var done sync.WaitGroup
		for i := 0; i < 8; i++ {
			done.Add(1)
			go func(number int) {
				defer done.Done()
				event, err := driftcore.NewFlatEvent("execve")
				if err != nil {
					t.Error(err)
					return
				}
				defer event.Close()
				for i := 0; i < 20; i++ {
					_, err := matcher.Match(event, nil)
					if err != nil && !errors.Is(err, driftcore.ErrBusy) && !errors.Is(err, driftcore.ErrClosed) {
						t.Error(err)
					}
				}
				if number%2 == 0 {
					matcher.Close()
				}
			}(i)
		}
		done.Wait()
	}
}

func TestMatchingAllocatesNothing(t *testing.T) {
	matcher := matcher(t, load(t, driftcore.Shipped()))
	sample := newExec(t)
	into := make([]int, 0, 8)
	var err error
	once := func() {
		sample.fill()
		into, err = matcher.Match(sample.event, into[:0])
	}
	allocations := testing.AllocsPerRun(100, once)
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "matches", len(into), 1)
	wantEqual(t, "allocations", allocations, 0)
}

func TestMatchesBeyondTheRoomAreThere(t *testing.T) {
	text := ""
	for i := 0; i < 9; i++ {
		text += "- rule: r" + strconv.Itoa(i) + "\n  desc: d\n  output: o\n  priority: DEBUG\n  condition: evt.type = execve\n"
	}
	rules := load(t, driftcore.Text("nine.yaml", text), driftcore.AllMatches())
	matcher := matcher(t, rules)
	event := flat(t, "execve")
	into := append(make([]int, 0, 4), 77)
	into = must(matcher.Match(event, into))(t)
	wantEqual(t, "what was there, and nine matches", len(into), 10)
	wantEqual(t, "what was there", into[0], 77)
	wantEqual(t, "the last match", rules.List()[into[9]].Name, "r8")
	batch := must(matcher.MatchBatch([]*driftcore.FlatEvent{event, event}, nil))(t)
	wantEqual(t, "matches of two", len(batch), 18)
	wantEqual(t, "the last one", batch[17], driftcore.Match{Event: 1, Rule: 8})
	wantEqual(t, "matches of none", len(must(matcher.MatchBatch(nil, nil))(t)), 0)
}
