package driftcore

// #include <stdlib.h>
// #include "bridge.h"
//
// static outcome add_shipped(driftcore_sources *sources) {
//     OUTCOME(driftcore_sources_add_shipped, sources);
// }
// static outcome add_path(driftcore_sources *sources, const char *path) {
//     OUTCOME(driftcore_sources_add_path, sources, path);
// }
// static outcome add_text(driftcore_sources *sources, const char *name, _GoString_ text) {
//     OUTCOME(driftcore_sources_add_text, sources, name, _GoStringPtr(text), _GoStringLen(text));
// }
// static outcome load(const driftcore_sources *sources, const driftcore_options *options,
//                     driftcore_rules **rules, driftcore_diagnostics **diagnostics) {
//     OUTCOME(driftcore_rules_load, sources, options, rules, diagnostics);
// }
import "C"

import "unsafe"

// A Source is where rules come from.
type Source struct {
	add  func(*C.driftcore_sources, *C.char, string) C.outcome
	name string
	text string
}

// Shipped is the rules that come with the library.
func Shipped() Source {
	return Source{add: func(sources *C.driftcore_sources, _ *C.char, _ string) C.outcome {
		return C.add_shipped(sources)
	}}
}

// Path is a file, or the files of a directory that end in .yaml or .yml, in the order of their names.
func Path(path string) Source {
	return Source{name: path, add: func(sources *C.driftcore_sources, path *C.char, _ string) C.outcome {
		return C.add_path(sources, path)
	}}
}

// Text is rules as text; name stands for it in diagnostics.
func Text(name, text string) Source {
	return Source{name: name, text: text, add: func(sources *C.driftcore_sources, name *C.char, text string) C.outcome {
		return C.add_text(sources, name, text)
	}}
}

// A Diagnostic is something to be said about rules. Lines and columns count from 1, columns in
// characters; the ends are behind the last character.
type Diagnostic struct {
	Severity           Severity
	Code               string // stable name of the kind of problem, such as "unknown-field"
	Message            string // what is wrong
	File               string
	Line, Column       int
	EndLine, EndColumn int
	Label              string // what is to be said at the place; may be empty
	Help               string // what to do; may be empty
	Rendered           string // all of it with the lines of the file, as compilers print it
}

// A Rule is one of those that were loaded.
type Rule struct {
	Name        string
	Source      string // the source of its events, "syscall"
	Description string
	Tags        []string
	Priority    Priority
	Status      RuleStatus
}

// Rules are ready to match. They never change; engines and matchers share them, and go on with them
// after Close, which must be called.
type Rules struct {
	object   *owned[C.driftcore_rules]
	list     []Rule
	warnings []Diagnostic
}

// LoadRules loads and compiles rules: sources that come later override and append to earlier ones,
// as in Falco. When the rules have errors the error is a [RulesError].
func LoadRules(sources []Source, options ...Option) (*Rules, error) {
	object := C.driftcore_sources_new()
	defer C.driftcore_sources_free(&object)
	for _, source := range sources {
		if err := source.addTo(object); err != nil {
			return nil, err
		}
	}
	var rules *Rules
	err := withOptions(options, func(options *C.driftcore_options) error {
		var loaded *C.driftcore_rules
		var said *C.driftcore_diagnostics
		failed := check(C.load(object, options, &loaded, &said))
		defer C.driftcore_diagnostics_free(&said)
		diagnostics := diagnosticsOf(said)
		if failed, ok := failed.(*Error); ok {
			if failed.Status != ErrRules {
				return failed
			}
			return &RulesError{Diagnostics: diagnostics, first: failed}
		}
		rules = &Rules{
			object:   own(loaded, func(object *C.driftcore_rules) { C.driftcore_rules_free(&object) }),
			list:     rulesOf(loaded),
			warnings: diagnostics,
		}
		return nil
	})
	return rules, err
}

func (s Source) addTo(sources *C.driftcore_sources) error {
	if s.add == nil {
		return &Error{Status: ErrInvalidArgument, Message: "a source of rules that is none"}
	}
	name, err := cstring("the name of a source of rules", s.name)
	if err != nil {
		return err
	}
	defer C.free(unsafe.Pointer(name))
	return check(s.add(sources, name, s.text))
}

// List is the rules in the order of their definition, those that are not matched too: matches are
// indexes into it. It is shared: do not change it.
func (r *Rules) List() []Rule { return r.list }

// Warnings is what was said when they were loaded. It is shared: do not change it.
func (r *Rules) Warnings() []Diagnostic { return r.warnings }

// JSON is a JSON array of the rules, with the event types that each may match and what the sensor
// cannot give it.
func (r *Rules) JSON() (string, error) {
	object := r.object.enter()
	if object == nil {
		return "", ErrClosed
	}
	defer r.object.leave()
	return text(C.driftcore_rules_json(object)), nil
}

// Close frees the rules. It may be called by any goroutine, and more than once; it returns nil.
func (r *Rules) Close() error {
	r.object.close(nil)
	return nil
}

func diagnosticsOf(said *C.driftcore_diagnostics) []Diagnostic {
	list := make([]Diagnostic, 0, C.driftcore_diagnostics_count(said))
	for index := 0; index < cap(list); index++ {
		var record C.driftcore_diagnostic
		record.size = C.sizeof_driftcore_diagnostic
		C.driftcore_diagnostics_get(said, C.size_t(index), &record, nil)
		list = append(list, Diagnostic{
			Severity:  Severity(record.severity),
			Code:      text(record.code),
			Message:   text(record.message),
			File:      text(record.file),
			Line:      int(record.line),
			Column:    int(record.column),
			EndLine:   int(record.end_line),
			EndColumn: int(record.end_column),
			Label:     text(record.label),
			Help:      text(record.help),
			Rendered:  text(record.rendered),
		})
	}
	return list
}

func rulesOf(rules *C.driftcore_rules) []Rule {
	list := make([]Rule, 0, C.driftcore_rules_count(rules))
	for index := 0; index < cap(list); index++ {
		var record C.driftcore_rule
		record.size = C.sizeof_driftcore_rule
		C.driftcore_rules_get(rules, C.size_t(index), &record, nil)
		rule := Rule{
			Name:        text(record.name),
			Source:      text(record.source),
			Description: text(record.description),
			Priority:    Priority(record.priority),
			Status:      RuleStatus(record.status),
		}
		for tag := C.size_t(0); tag < record.tag_count; tag++ {
			rule.Tags = append(rule.Tags, text(C.driftcore_rules_tag(rules, C.size_t(index), tag)))
		}
		list = append(list, rule)
	}
	return list
}
