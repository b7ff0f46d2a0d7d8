// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package snap

import (
	"errors"
	"os"
	"slices"
	"strings"
)

// Args are the flags of a service, one on each line of a file below args.
type Args struct {
	Service string
	lines   []string
}

// File is where the flags of a service are.
func File(service string) string { return Data("args", service) }

// LoadArgs reads the flags of a service; without a file there are none.
func LoadArgs(service string) (*Args, error) {
	text, err := os.ReadFile(File(service))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	a := &Args{Service: service}
	if len(text) > 0 {
		a.lines = strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	}
	return a, nil
}

// Save writes the file.
func (a *Args) Save() error {
	return os.WriteFile(File(a.Service), []byte(strings.Join(a.lines, "\n")+"\n"), 0o660)
}

// split reads "--flag=value" or "--flag value".
func split(line string) (string, string) {
	line = strings.TrimSpace(line)
	if i := strings.IndexAny(line, "= "); i >= 0 {
		return line[:i], strings.TrimSpace(line[i+1:])
	}
	return line, ""
}

// Get is the value of a flag, such as "--secure-port", without quotes; empty when it is not there.
func (a *Args) Get(flag string) string {
	for _, line := range a.lines {
		if name, value := split(line); name == flag {
			return strings.Trim(value, `"'`)
		}
	}
	return ""
}

// Set replaces the line of a flag, or puts a new one first.
func (a *Args) Set(flag, value string) {
	line := flag + "=" + value
	for i, old := range a.lines {
		if name, _ := split(old); name == flag {
			a.lines[i] = line
			return
		}
	}
	a.lines = append([]string{line}, a.lines...)
}

// Remove takes the lines of a flag away.
func (a *Args) Remove(flag string) {
	a.lines = slices.DeleteFunc(a.lines, func(line string) bool {
		name, _ := split(line)
		return name == flag
	})
}

// Update changes and adds (at the end) what has a value, removes what has none, drops empty
// lines, and tells whether a flag has changed: this is how launch configurations do it.
func (a *Args) Update(values map[string]*string) bool {
	changed := false
	var kept []string
	seen := map[string]bool{}
	for _, line := range a.lines {
		name, old := split(line)
		value, named := values[name]
		seen[name] = true
		switch {
		case strings.TrimSpace(line) == "":
		case !named:
			kept = append(kept, strings.TrimSpace(line))
		case value == nil:
			changed = true
		default:
			changed = changed || old != *value
			kept = append(kept, name+"="+*value)
		}
	}
	var names []string
	for name, value := range values {
		if value != nil && !seen[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		kept = append(kept, name+"="+*values[name])
		changed = true
	}
	a.lines = kept
	return changed
}

// Text is the content of the file.
func (a *Args) Text() string { return strings.Join(a.lines, "\n") + "\n" }

// Replace takes another content.
func (a *Args) Replace(text string) {
	a.lines = strings.Split(strings.TrimRight(text, "\n"), "\n")
}

// Words are the arguments as the service gets them: variables filled in, quotes and comments
// taken away.
func (a *Args) Words() []string {
	var words []string
	for _, line := range a.lines {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			words = append(words, unquoted(os.ExpandEnv(line))...)
		}
	}
	return words
}

// unquoted splits a line at blanks outside quotes.
func unquoted(line string) []string {
	var words []string
	var word strings.Builder
	quote, inside := rune(0), false
	for _, c := range line {
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, inside = c, true
		case quote == 0 && (c == ' ' || c == '\t'):
			if inside {
				words = append(words, word.String())
			}
			word.Reset()
			inside = false
		default:
			word.WriteRune(c)
			inside = true
		}
	}
	if inside {
		words = append(words, word.String())
	}
	return words
}

// Value is one flag of one service; empty when anything is missing.
func Value(service, flag string) string {
	a, err := LoadArgs(service)
	if err != nil {
		return ""
	}
	return a.Get(flag)
}

// SetValue sets one flag of one service; nil removes it.
func SetValue(service, flag string, value *string) error {
	a, err := LoadArgs(service)
	if err != nil {
		return err
	}
	if value == nil {
		a.Remove(flag)
	} else {
		a.Set(flag, *value)
	}
	return a.Save()
}
