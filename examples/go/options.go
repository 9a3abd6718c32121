package driftcore

// #include <stdlib.h>
// #include "bridge.h"
//
// static outcome options_set(driftcore_options *options, const char *name, const char *value) {
//     OUTCOME(driftcore_options_set, options, name, value);
// }
import "C"

import (
	"strconv"
	"strings"
	"time"
	"unsafe"
)

// An Option changes how engines, rules and classifiers work. Options are set in the order in which
// they are given; some, such as scope.container, add to what was there.
type Option struct {
	Name, Value string
}

// Set sets an option by its name: driftcore_options_set in driftcore.h lists them.
func Set(name, value string) Option { return Option{name, value} }

// AllEvents makes an engine report events that are no drift too.
func AllEvents() Option { return Set("scope.events", "all") }

// AlsoFiles makes an engine watch what is done to files, whatever its rules speak of.
func AlsoFiles() Option { return Set("events.kinds", "file") }

// AlsoSockets makes an engine watch who listens, binds and connects, whatever its rules speak of.
func AlsoSockets() Option { return Set("events.kinds", "network") }

// OnlyContainer makes an engine look at a container, by its id, the beginning of that, or its name;
// given several times, at each of them.
func OnlyContainer(container string) Option { return Set("scope.container", container) }

// Approved names a file that says which images were approved: Kubernetes manifests, or a list of references.
// Given several times, all count. An engine then reports containers of other images.
func Approved(path string) Option { return Set("digest.approved", path) }

// Pods names a file of pods as `kubectl get pods -o json` prints them: where an engine compares
// configurations (config.interval), it compares the containers of these pods with what they declare, too.
// The last one given counts; it is read again when it changed.
func Pods(file string) Option { return Set("config.pods", file) }

// Baseline makes an engine hold events against a baseline: what it expects is no drift, what it does
// not is. Given several times, what any of them expects is expected.
func Baseline(file string) Option { return Set("baseline.file", file) }

// Exceptions makes an engine take what a file of approved exceptions takes for no drift.
func Exceptions(file string) Option { return Set("exceptions.file", file) }

// Grace gives the first program of each container a time after its start to prepare files, in whole seconds; of
// containers whose image matches a pattern, or of all where that is empty.
func Grace(time time.Duration, image string) Option {
	return Set("grace", strings.TrimSuffix(seconds(time)+":"+image, ":"))
}

// GraceOfLabel is the same for containers that have a label, given as key or key=value.
func GraceOfLabel(time time.Duration, label string) Option {
	return Set("grace.label", seconds(time)+":"+label)
}

func seconds(time time.Duration) string { return strconv.FormatInt(int64(time.Seconds()), 10) }

// Deep makes a verifier hold the layers on disk of this node's containers against their images, too: all of them are
// read.
func Deep() Option { return Set("digest.deep", "true") }

// AllMatches lets every rule match an event, not only the first one.
func AllMatches() Option { return Set("rules.matching", "all") }

// withOptions calls use with the options; nil stands for the defaults.
func withOptions(options []Option, use func(*C.driftcore_options) error) error {
	if len(options) == 0 {
		return use(nil)
	}
	object := C.driftcore_options_new()
	defer C.driftcore_options_free(&object)
	for _, option := range options {
		if err := set(object, option); err != nil {
			return err
		}
	}
	return use(object)
}

func set(object *C.driftcore_options, option Option) error {
	name, err := cstring("the name of an option", option.Name)
	if err != nil {
		return err
	}
	defer C.free(unsafe.Pointer(name))
	value, err := cstring("the value of "+option.Name, option.Value)
	if err != nil {
		return err
	}
	defer C.free(unsafe.Pointer(value))
	return check(C.options_set(object, name, value))
}
