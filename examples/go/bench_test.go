package driftcore_test

import (
	"net/netip"
	"testing"

	driftcore "github.com/driftcore/driftcore/examples/go"
)

// sample is an execve as a sensor would fill it in.
type sample struct {
	event *driftcore.FlatEvent
	name, exe, exepath, cmdline, cwd, pname, ancestors,
	pid, ppid, uid, tty, container, image, upper, verdict *driftcore.Field
}

func newExec(t testing.TB) *sample {
	e := &sample{event: flat(t, "execve")}
	for name, into := range map[string]**driftcore.Field{
		"proc.name": &e.name, "proc.exe": &e.exe, "proc.exepath": &e.exepath,
		"proc.cmdline": &e.cmdline, "proc.cwd": &e.cwd, "proc.pname": &e.pname,
		"proc.aname": &e.ancestors, "proc.pid": &e.pid, "proc.ppid": &e.ppid,
		"user.uid": &e.uid, "proc.tty": &e.tty, "container.id": &e.container,
		"container.image.repository": &e.image, "proc.is_exe_upper_layer": &e.upper,
		"drift.verdict": &e.verdict,
	} {
		*into = field(t, name)
	}
	return e
}

// fill sets fifteen fields.
func (e *sample) fill() {
	event := e.event
	event.Reset()
	event.SetText(e.name, "payload")
	event.SetText(e.exe, "/tmp/payload")
	event.SetText(e.exepath, "/tmp/payload")
	event.SetText(e.cmdline, "/tmp/payload --serve")
	event.SetText(e.cwd, "/tmp/")
	event.SetText(e.pname, "sh")
	event.AddText(e.ancestors, "sh")
	event.SetUint(e.pid, 4711)
	event.SetUint(e.ppid, 4700)
	event.SetUint(e.uid, 0)
	event.SetUint(e.tty, 0)
	event.SetText(e.container, "3f2504e04f89")
	event.SetText(e.image, "docker.io/library/nginx")
	event.SetBool(e.upper, true)
	event.SetText(e.verdict, "added")
}

// BenchmarkMatchFields builds an event of fifteen fields and matches it against the shipped rules.
func BenchmarkMatchFields(b *testing.B) {
	matcher := matcher(b, load(b, driftcore.Shipped()))
	sample := newExec(b)
	into := make([]int, 0, 8)
	var err error
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		sample.fill()
		if into, err = matcher.Match(sample.event, into[:0]); err != nil || len(into) != 1 {
			b.Fatal(into, err)
		}
	}
}

// BenchmarkAlert matches a drift event and reads rule, priority and path in the handler.
func BenchmarkAlert(b *testing.B) {
	matcher := matcher(b, load(b, driftcore.Shipped()))
	event := parsed(b)
	alerts := 0
	handle := func(alert *driftcore.Alert) {
		if alert.Rule != "" && alert.Priority == driftcore.PriorityCritical && alert.Event().File().Path != "" {
			alerts++
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		if err := matcher.EventAlerts(event, handle); err != nil {
			b.Fatal(err)
		}
	}
	if alerts != b.N {
		b.Fatalf("%d alerts of %d events", alerts, b.N)
	}
}

// BenchmarkVerdict is BenchmarkAlert with a handler that looks at nothing but the rule.
func BenchmarkVerdict(b *testing.B) {
	matcher := matcher(b, load(b, driftcore.Shipped()))
	event := parsed(b)
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		if err := matcher.EventAlerts(event, func(*driftcore.Alert) {}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSetAddr sets an address, by value through C.
func BenchmarkSetAddr(b *testing.B) {
	event, peer := flat(b, "connect"), field(b, "fd.sip")
	address := netip.MustParseAddr("2001:db8::1")
	b.ReportAllocs()
	for i := 0; i < b.N; i++ {
		event.SetAddr(peer, address)
	}
	if err := event.Err(); err != nil {
		b.Fatal(err)
	}
}
