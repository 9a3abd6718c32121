// Package driftcore detects container drift: code that runs in a container and did not come with
// its image. It is a thin layer over the C library, which it finds by pkg-config.
//
//   - [Engine] watches the containers of this machine and reports events and alerts.
//   - [Rules] are Falco's rule language, with [Diagnostic] and [RulesError] for what is wrong.
//   - [Matcher] matches rules against a [FlatEvent], for those with a sensor of their own.
//   - [Classify] judges a file by evidence that the caller has.
//   - [Inspector] judges a file by a process and a path, or by an open file.
//   - [Scan] says what a container has become.
//   - [ContainerConfiguration] says how a container was declared to be set up, and how it is; [Verifier] whether its
//     image was approved; [PostureContainer] and [Behaviour] how it could be confined.
//   - [Learner] learns from events what is normal, [Judge] says what departs from that, [Suggester] which exceptions
//     would silence it.
//
// A detector in full, but for the handling of errors:
//
//	rules, err := driftcore.LoadRules([]driftcore.Source{driftcore.Shipped()})
//	...
//	defer rules.Close()
//	engine, err := driftcore.New(rules, driftcore.Handlers{
//		Event: func(event *driftcore.Event) { fmt.Println(event.Verdict, event.File().Path) },
//		Alert: func(alert *driftcore.Alert) { fmt.Println(alert.Line()) },
//	})
//	...
//	defer engine.Close()
//	err = engine.Run(ctx)
//
// Whatever has a Close method must be closed: there are no finalizers, which would run at no known
// time and hide what was forgotten. Close may always be called more than once. Errors are [Error],
// with a [Status] for [errors.Is], or [ErrClosed].
package driftcore

// #cgo pkg-config: driftcore
// #cgo CFLAGS: -std=c11 -Wall
// #include "bridge.h"
import "C"

// Version is the version of the library that runs, as MAJOR.MINOR.PATCH.
func Version() string { return C.GoString(C.driftcore_version()) }
