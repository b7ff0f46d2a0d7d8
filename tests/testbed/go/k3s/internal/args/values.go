// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package args

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// origin is shared by all values of a parser: where the value being set right now comes from.
type origin struct{ now string }

// value lets the flag package fill a field of the options and notes the origin.
type value struct {
	target any
	name   string
	from   *origin
	source map[string]string
	fresh  bool // a list that still holds its default
}

func (v *value) String() string { return "" }

// IsBoolFlag tells the flag package that a boolean needs no argument.
func (v *value) IsBoolFlag() bool {
	_, ok := v.target.(*bool)
	return ok
}

var errParse = errors.New("parse error")

func (v *value) Set(s string) error {
	switch t := v.target.(type) {
	case *string:
		*t = s
	case *bool:
		b, err := strconv.ParseBool(s)
		if err != nil {
			return errParse
		}
		*t = b
	case *int:
		n, err := strconv.ParseInt(s, 0, strconv.IntSize)
		if errors.Is(err, strconv.ErrRange) {
			return errors.New("value out of range")
		}
		if err != nil {
			return errParse
		}
		*t = int(n)
	case *time.Duration:
		d, err := time.ParseDuration(s)
		if err != nil {
			return errParse
		}
		*t = d
	case *[]string:
		if v.fresh {
			*t, v.fresh = nil, false
		}
		*t = append(*t, s)
	}
	v.source[v.name] = v.from.now
	return nil
}

func kindOf(target any) string {
	switch target.(type) {
	case *bool:
		return "bool"
	case *int:
		return "int"
	case *time.Duration:
		return "duration"
	}
	return "string"
}

// parser fills one T from defaults, environment, files and arguments.
type parser[T any] struct {
	rows   []row[T]
	set    *flag.FlagSet
	from   *origin
	source map[string]string
	into   *T
	values map[string]*value
}

func newParser[T any](rows []row[T], into *T, source map[string]string) (*parser[T], error) {
	p := &parser[T]{
		rows: rows, into: into, source: source, from: &origin{now: SourceDefault},
		set: flag.NewFlagSet("", flag.ContinueOnError), values: map[string]*value{},
	}
	p.set.SetOutput(io.Discard)
	p.set.Usage = func() {}
	for _, r := range rows {
		v := &value{target: r.bind(into), name: r.name, from: p.from, source: source}
		if _, done := source[r.name]; !done {
			source[r.name] = SourceDefault
		}
		if r.def != "" {
			for _, d := range defaultItems(v.target, r.def) {
				if err := v.Set(d); err != nil {
					return nil, fmt.Errorf("default of %s: %w", r.name, err)
				}
			}
		}
		v.fresh = r.def != ""
		for _, n := range r.names() {
			p.set.Var(v, n, "")
		}
		p.values[r.name] = v
	}
	return p, nil
}

func defaultItems(target any, def string) []string {
	if _, list := target.(*[]string); list {
		return strings.Split(def, ",")
	}
	return []string{def}
}

// environment applies the variables of the table. An empty variable counts as set for strings,
// as false for booleans, and not at all for numbers.
func (p *parser[T]) environment(env map[string]string) error {
	for _, r := range p.rows {
		text, found := env[r.env]
		if r.env == "" || !found {
			continue
		}
		v := p.values[r.name]
		kind := kindOf(v.target)
		if text == "" && kind == "bool" {
			text = "false"
		}
		if text == "" && kind != "string" {
			continue
		}
		p.from.now = "environment " + r.env
		if err := v.Set(text); err != nil {
			return fmt.Errorf("could not parse %q as %s value from environment variable %q for flag %s: %w",
				text, kind, r.env, r.name, err)
		}
	}
	return nil
}

// arguments applies arguments that all have one origin and returns what follows the flags.
func (p *parser[T]) arguments(from string, argv []string) ([]string, error) {
	p.from.now = from
	if err := p.set.Parse(argv); err != nil {
		return nil, err
	}
	return p.set.Args(), nil
}

// twoForms refuses a flag that was given under two of its names (file and command line together).
func (p *parser[T]) twoForms() error {
	used := map[string]bool{}
	p.set.Visit(func(f *flag.Flag) { used[f.Name] = true })
	for _, r := range p.rows {
		var first string
		for _, n := range r.names() {
			switch {
			case !used[n]:
			case first == "":
				first = n
			default:
				return fmt.Errorf("Cannot use two forms of the same flag: %s %s", n, first)
			}
		}
	}
	return nil
}

// known returns every spelling of the flags, with dashes, as the configuration file filter sees it.
func known[T any](rows []row[T]) map[string]bool {
	names := map[string]bool{}
	for _, r := range rows {
		for _, n := range r.names() {
			names[dashed(n)] = true
		}
	}
	return names
}

func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}
