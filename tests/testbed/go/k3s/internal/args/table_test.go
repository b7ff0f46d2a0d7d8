// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package args

import (
	"strings"
	"testing"
	"time"
)

// sample is a value that a flag of this kind takes and that is nobody's default.
func sample(target any) string {
	switch target.(type) {
	case *bool:
		return "true"
	case *int:
		return "17"
	case *time.Duration:
		return "17s"
	}
	return "sample"
}

// TestEveryNodeFlag sets each flag under each of its names, from the command line, a file and the
// environment, on the roles that have it, and sees it refused or skipped on the other.
func TestEveryNodeFlag(t *testing.T) {
	count := map[string]int{}
	for _, command := range []string{"server", "agent"} {
		mine := map[string]bool{}
		role := server
		if command == "agent" {
			role = agent
		}
		for _, r := range nodeRows(role) {
			mine[r.name] = true
		}
		for _, r := range nodeRows(both) {
			text := sample(r.bind(&Options{}))
			for _, name := range r.names() {
				count[name]++
				flag := dashed(name) + "=" + text
				o, err := Parse([]string{command, flag}, []string{nowhere})
				if !mine[r.name] {
					if want := "flag provided but not defined: -" + name; err == nil || err.Error() != want {
						t.Errorf("%s %s: got %v, want %s", command, flag, err, want)
					}
				} else if err != nil || o.Source[r.name] != SourceCommandLine {
					t.Errorf("%s %s: %v", command, flag, err)
				}
				config := files(t, map[string]string{"config.yaml": name + ": '" + text + "'\n"})
				o, err = Parse([]string{command}, []string{configFileEnv + "=" + config})
				switch {
				case mine[r.name] && (err != nil || o.Source[r.name] != "file "+config):
					t.Errorf("%s with %s in the file: %v", command, name, err)
				case !mine[r.name] && command == "server" && (err != nil || len(o.Warnings) != 1):
					t.Errorf("%s with %s in the file: %v, no warning", command, name, err)
				case !mine[r.name] && command == "agent" && err == nil:
					t.Errorf("agent takes %s from the file", name)
				}
			}
			if r.env == "" || r.env == configFileEnv || !mine[r.name] {
				continue
			}
			o, err := Parse([]string{command}, []string{nowhere, r.env + "=" + text})
			if err != nil || o.Source[r.name] != "environment "+r.env {
				t.Errorf("%s with %s: %v", command, r.env, err)
			}
		}
	}
	for name, n := range count {
		if n != 2 {
			t.Errorf("%s is in the table %d times", name, n/2)
		}
	}
}

// TestEveryToolFlag parses each flag of each sub-command under each of its names.
func TestEveryToolFlag(t *testing.T) {
	for _, parent := range tree {
		for _, sub := range parent.subs {
			for _, r := range sub.rows {
				for _, name := range r.names() {
					line := []string{parent.name, sub.name, dashed(name) + "=" + sample(r.bind(&ToolOptions{}))}
					if sub.required != "" && r.name != sub.required {
						line = append(line, "--"+sub.required+"=x")
					}
					if sub.missing != "" {
						line = append(line, "name")
					}
					c, err := ParseCommand(line, []string{nowhere})
					if err != nil || c.Tool.Source[r.name] != SourceCommandLine {
						t.Errorf("%s: %v", strings.Join(line, " "), err)
					}
				}
			}
		}
	}
}
