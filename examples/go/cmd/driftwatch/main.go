// Driftwatch prints the drift and the alerts of this machine's containers, until it gets SIGINT or
// SIGTERM.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	driftcore "github.com/driftcore/driftcore/examples/go"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "driftwatch:", err)
		os.Exit(1)
	}
}

func run() error {
	var sources []driftcore.Source
	var options []driftcore.Option
	asJSON := flag.Bool("json", false, "print JSON objects, one a line")
	flag.Func("rules", "load rules of a `file` or directory too; may be repeated", func(path string) error {
		sources = append(sources, driftcore.Path(path))
		return nil
	})
	all := flag.Bool("all", false, "print events that are no drift too")
	flag.Func("container", "look at this `container` alone, by name or id; may be repeated", func(name string) error {
		options = append(options, driftcore.OnlyContainer(name))
		return nil
	})
	flag.Func("set", "set an option of the library, `name=value`; may be repeated", func(text string) error {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return errors.New("no name=value")
		}
		options = append(options, driftcore.Set(name, value))
		return nil
	})
	flag.Parse()
	if flag.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	}
	if *all {
		options = append(options, driftcore.AllEvents())
	}

	rules, err := driftcore.LoadRules(append([]driftcore.Source{driftcore.Shipped()}, sources...))
	var failed *driftcore.RulesError
	if errors.As(err, &failed) {
		say(failed.Diagnostics)
	}
	if err != nil {
		return err
	}
	defer rules.Close()
	say(rules.Warnings())

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	// Who reads this may be gone: then there is nobody to watch for.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var broken error
	print := func(line string) {
		if _, err := fmt.Println(line); err != nil && broken == nil {
			broken = err
			cancel()
		}
	}
	handlers := driftcore.Handlers{
		Event: func(event *driftcore.Event) {
			if *asJSON {
				print(event.JSON())
			} else {
				print(describe(event))
			}
		},
		Alert: func(alert *driftcore.Alert) {
			if *asJSON {
				print(alert.JSON())
			} else {
				print(alert.Line())
			}
		},
	}
	engine, err := driftcore.New(rules, handlers, options...)
	if err != nil {
		return err
	}
	defer engine.Close()
	fmt.Fprintln(os.Stderr, "ready, with driftcore", driftcore.Version())
	if err := engine.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	counters, err := engine.Counters()
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d execs, %d drift, %d alerts, %d lost\n",
		counters.Execs, counters.Drift, counters.Alerts, counters.Lost.All)
	return broken
}

// describe is an event in one line. Names come from containers: they are quoted.
func describe(event *driftcore.Event) string {
	line := fmt.Sprintf("%s: %v %v", event.Time.Format("15:04:05.000000000"), event.Kind, event.Action)
	if event.Verdict != driftcore.VerdictNone {
		line += fmt.Sprintf(" %v (%s)", event.Verdict, event.Reason())
	}
	if file := event.File(); file != nil {
		line += fmt.Sprintf(" file=%q", file.Path)
	}
	if process := event.Process(); process != nil {
		line += fmt.Sprintf(" pid=%d args=%q", process.PID, process.Args)
	}
	if container := event.Container(); container != nil {
		line += fmt.Sprintf(" container=%q image=%q", container.Name, container.Image)
	}
	for reason, count := range event.Lost() {
		line += fmt.Sprintf(" lost.%s=%d", reason, count)
	}
	return line
}

// say prints what is to be said about rules.
func say(diagnostics []driftcore.Diagnostic) {
	for _, diagnostic := range diagnostics {
		fmt.Fprint(os.Stderr, diagnostic.Rendered)
	}
}
