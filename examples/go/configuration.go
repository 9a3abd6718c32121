package driftcore

// #include <stdlib.h>
// #include "bridge.h"
//
// static outcome configuration_new(const char *container, const driftcore_options *options,
//                                  driftcore_configuration **configuration) {
//     OUTCOME(driftcore_configuration_new, container, options, configuration);
// }
// static driftcore_config_item configuration_item(const driftcore_configuration *configuration,
//                                                 size_t index) {
//     driftcore_config_item item = {.size = sizeof item};
//     driftcore_configuration_item(configuration, index, &item);
//     return item;
// }
import "C"

import "unsafe"

// A Configuration is what was declared of a container and what it is, item by item, as it was when it was looked at.
// It is plain data.
type Configuration struct {
	Items       []ConfigItem // in the order of their parts
	Differences int          // how many of them differ
	Problems    []string     // what could not be told, and why
	JSON        string       // all of it; docs/config-drift.md says what is in it
}

// A ConfigItem is one thing that was declared of a container, or that is. Of what may be a secret there is only
// "sha256:" and the digest.
type ConfigItem struct {
	Aspect     Aspect
	Name       string // a variable, a mount point, a file, a set of capabilities, a limit
	Declared   string // what was declared
	Live       string // what is
	IsDeclared bool   // false where nothing was declared
	IsLive     bool   // false where it is not there
	Differs    bool   // it departs from what was declared
	Mark       Mark   // what makes it more than a difference
	// The process that it was seen of, and how many more are so; 0 of the container's first one, and of what is the
	// whole container's.
	PID         int
	ProcessName string
	More        uint64
}

// ContainerConfiguration looks at a container of this node that runs, by its id, its name or a prefix of its id: what
// its runtime wrote down, and its pod where [Pods] names a file that has it, against what the kernel shows.
//
// It fails with [ErrNotFound] where there is no such container or it does not run, [ErrChanged] while it is being
// started, [ErrUnsupported] where what its runtime was told is not known.
func ContainerConfiguration(container string, options ...Option) (Configuration, error) {
	name, err := cstring("the name of a container", container)
	if err != nil {
		return Configuration{}, err
	}
	defer C.free(unsafe.Pointer(name))
	var object *C.driftcore_configuration
	err = withOptions(options, func(options *C.driftcore_options) error {
		return check(C.configuration_new(name, options, &object))
	})
	if err != nil {
		return Configuration{}, err
	}
	defer C.driftcore_configuration_free(&object)
	found := Configuration{
		Differences: int(C.driftcore_configuration_differences(object)),
		JSON:        text(C.driftcore_configuration_json(object)),
	}
	for index := C.size_t(0); index < C.driftcore_configuration_count(object); index++ {
		found.Items = append(found.Items, newConfigItem(C.configuration_item(object, index)))
	}
	for index := C.size_t(0); ; index++ {
		problem := C.driftcore_configuration_problem(object, index)
		if problem.data == nil {
			return found, nil
		}
		found.Problems = append(found.Problems, text(problem))
	}
}

func newConfigItem(record C.driftcore_config_item) ConfigItem {
	return ConfigItem{
		Aspect:      Aspect(record.aspect),
		Name:        text(record.name),
		Declared:    text(record.declared),
		Live:        text(record.live),
		IsDeclared:  record.declared.data != nil,
		IsLive:      record.live.data != nil,
		Differs:     record.differs != 0,
		Mark:        Mark(record.mark),
		PID:         int(record.pid),
		ProcessName: text(record.process_name),
		More:        uint64(record.more),
	}
}
