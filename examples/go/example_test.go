package driftcore_test

import (
	"errors"
	"fmt"
	"log"

	driftcore "github.com/driftcore/driftcore/examples/go"
)

// Events of one's own, against the rules that come with the library.
func ExampleMatcher() {
	rules, err := driftcore.LoadRules([]driftcore.Source{driftcore.Shipped()})
	if err != nil {
		log.Fatal(err)
	}
	defer rules.Close()
	matcher, err := driftcore.NewMatcher(rules)
	if err != nil {
		log.Fatal(err)
	}
	defer matcher.Close()
	event, err := driftcore.NewFlatEvent("execve")
	if err != nil {
		log.Fatal(err)
	}
	defer event.Close()
	container, verdict := driftcore.MustField("container.id"), driftcore.MustField("drift.verdict")

	var matches []int
	for _, what := range []string{"image", "added"} {
		event.Reset()
		event.SetText(container, "3f2504e04f89")
		event.SetText(verdict, what)
		matches, err = matcher.Match(event, matches[:0])
		if err != nil {
			log.Fatal(err)
		}
		for _, index := range matches {
			fmt.Printf("%s: %s\n", what, rules.List()[index].Name)
		}
	}
	// Output: added: New Binary Executed in Container
}

// What is wrong with rules has a place.
func ExampleLoadRules() {
	_, err := driftcore.LoadRules([]driftcore.Source{driftcore.Text("mine.yaml", `
- rule: mine
  desc: a field that there is not
  condition: proc.nam = sh
  output: a shell
  priority: INFO
`)})
	var failed *driftcore.RulesError
	if errors.As(err, &failed) {
		for _, diagnostic := range failed.Diagnostics {
			fmt.Printf("%s:%d:%d: %s\n", diagnostic.File, diagnostic.Line, diagnostic.Column, diagnostic.Code)
		}
	}
	// Output: mine.yaml:4:14: unknown-field
}
