package driftcore_test

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	driftcore "github.com/driftcore/driftcore/examples/go"
)

// conformance is a case of testdata/rules, whose README.md says what the keys mean.
type conformance struct {
	name, condition string
	rules, events   []string
	fires           [][]string
}

// The cases that the library's own matcher is held against, through C.
func TestConformance(t *testing.T) {
	for file, least := range map[string]int{"language.toml": 90, "shipped.toml": 34, "shipped_files.toml": 45, "examples.toml": 15} {
		events := 0
		text := must(os.ReadFile(repository + "testdata/rules/" + file))(t)
		for number, each := range must(parseCases(string(text)))(t) {
			events += len(each.events)
			t.Run(fmt.Sprintf("%s/%d", file, number), each.run)
		}
		if events < least {
			t.Errorf("%s has %d events, fewer than %d", file, events, least)
		}
	}
}

func (c conformance) run(t *testing.T) {
	var sources []driftcore.Source
	if c.condition != "" {
		sources = append(sources, rule(c.condition))
	}
	for _, path := range c.rules {
		sources = append(sources, driftcore.Path(repository+path))
	}
	rules := closed(driftcore.LoadRules(sources, driftcore.AllMatches()))(t)
	matcher := matcher(t, rules)
	if len(c.events) != len(c.fires) {
		t.Fatalf("%s: %d events, %d results", c.name, len(c.events), len(c.fires))
	}
	var flats []*driftcore.FlatEvent
	var all []driftcore.Match
	for index, json := range c.events {
		if !strings.Contains(json, `"evt.type"`) {
			json = strings.Replace(json, "{", `{"evt.type": "execve", `, 1)
			json = strings.Replace(json, ", }", "}", 1)
		}
		event := closed(driftcore.ParseFlatEvent(json))(t)
		flats = append(flats, event)
		fired := []string{}
		for _, number := range must(matcher.Match(event, nil))(t) {
			fired = append(fired, rules.List()[number].Name)
			all = append(all, driftcore.Match{Event: index, Rule: number})
		}
		if !reflect.DeepEqual(fired, c.fires[index]) {
			t.Errorf("%s: %s %s: got %q, want %q", c.name, c.condition, json, fired, c.fires[index])
		}
	}
	if batch := must(matcher.MatchBatch(flats, nil))(t); !reflect.DeepEqual(batch, all) {
		t.Errorf("%s: the batch gives %v, one by one %v", c.name, batch, all)
	}
}

// parseCases reads the little of TOML that the cases are written in; whatever else is an error.
func parseCases(text string) ([]conformance, error) {
	p := &parser{rest: text}
	var cases []conformance
	for p.skip(); p.rest != ""; p.skip() {
		if p.take("[[case]]") {
			cases = append(cases, conformance{})
			continue
		}
		key, rest, ok := strings.Cut(p.rest, "=")
		if !ok || len(cases) == 0 {
			return nil, p.error("a key")
		}
		p.rest = rest
		value, err := p.value()
		if err != nil {
			return nil, err
		}
		current := &cases[len(cases)-1]
		switch strings.TrimSpace(key) {
		case "name":
			current.name, ok = value.(string)
		case "condition":
			current.condition, ok = value.(string)
		case "rules":
			current.rules, ok = texts(value)
		case "events":
			current.events, ok = texts(value)
		case "fires":
			list, isList := value.([]any)
			for _, each := range list {
				var fired []string
				if fired, ok = texts(each); !ok {
					break
				}
				current.fires = append(current.fires, fired)
			}
			ok = ok && isList
		default:
			return nil, p.error("a known key, not " + key)
		}
		if !ok {
			return nil, p.error("another type for " + key)
		}
	}
	return cases, nil
}

type parser struct{ rest string }

func (p *parser) skip() {
	for {
		p.rest = strings.TrimLeft(p.rest, " \t\r\n")
		if !strings.HasPrefix(p.rest, "#") {
			return
		}
		_, p.rest, _ = strings.Cut(p.rest, "\n")
	}
}

func (p *parser) take(prefix string) bool {
	taken := strings.HasPrefix(p.rest, prefix)
	p.rest = strings.TrimPrefix(p.rest, prefix)
	return taken
}

// value reads a text without escapes, or an array.
func (p *parser) value() (any, error) {
	p.skip()
	if p.take("[") {
		list := []any{}
		for p.skip(); !p.take("]"); p.skip() {
			value, err := p.value()
			if err != nil {
				return nil, err
			}
			list = append(list, value)
			p.skip()
			if !p.take(",") && !strings.HasPrefix(p.rest, "]") {
				return nil, p.error("a comma")
			}
		}
		return list, nil
	}
	for _, quote := range []string{`'''`, `'`, `"`} {
		if !p.take(quote) {
			continue
		}
		text, rest, ok := strings.Cut(p.rest, quote)
		if !ok || quote == `"` && strings.Contains(text, `\`) {
			return nil, p.error("a text that ends, without escapes")
		}
		p.rest = rest
		if quote == `'''` {
			// Quotes just before the end belong to the text.
			for p.take(`'`) {
				text += `'`
			}
		}
		return text, nil
	}
	return nil, p.error("a value")
}

func (p *parser) error(wanted string) error {
	rest := p.rest
	if len(rest) > 40 {
		rest = rest[:40]
	}
	return fmt.Errorf("expected %s before %q", wanted, rest)
}

func texts(value any) ([]string, bool) {
	list, ok := value.([]any)
	texts := make([]string, 0, len(list))
	for _, each := range list {
		text, isText := each.(string)
		texts, ok = append(texts, text), ok && isText
	}
	return texts, ok
}
