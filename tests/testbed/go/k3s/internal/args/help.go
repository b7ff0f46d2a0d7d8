// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package args

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"lightk8s.invalid/testbed/k3s/internal/logs"
)

// helpText lists the commands and flags below a path; an empty path is the program.
func helpText(path []string) string {
	var b strings.Builder
	title := strings.Join(append([]string{"k3s"}, path...), " ")
	level, usage := tree, "[global options] command [command options]"
	var options string
	if len(path) == 0 {
		options = optionLines(rootFlags)
	}
	for _, name := range path {
		c := find(level, name)
		level, options, usage = c.subs, optionLines(c.rows), "[command options]"
		switch {
		case c.name == "server":
			options = optionLines(nodeRows(server))
		case c.name == "agent":
			options = optionLines(nodeRows(agent))
		case len(c.subs) > 0:
			usage = "command [command options]"
		}
	}
	fmt.Fprintf(&b, "NAME:\n   %s\n\nUSAGE:\n   %s %s\n\n", title, title, usage)
	if len(level) > 0 {
		b.WriteString("COMMANDS:\n")
		for _, c := range level {
			fmt.Fprintf(&b, "   %s\n", strings.Join(append([]string{c.name}, c.alias...), ", "))
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "OPTIONS:\n%s", options)
	if len(path) == 0 {
		b.WriteString("   --version, -v\n")
	}
	b.WriteString("   --help, -h\n")
	return b.String()
}

// optionLines prints the flags of a table that are not hidden.
func optionLines[T any](rows []row[T]) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	var into T
	for _, r := range rows {
		if r.hidden {
			continue
		}
		var forms []string
		for _, n := range r.names() {
			form := dashed(n)
			if _, flag := r.bind(&into).(*bool); !flag {
				form += " value"
			}
			forms = append(forms, form)
		}
		fmt.Fprintf(w, "   %s\t%s\n", strings.Join(forms, ", "), remarks(r.def, r.env))
	}
	w.Flush()
	return b.String()
}

func remarks(def, env string) string {
	var parts []string
	if def != "" {
		parts = append(parts, fmt.Sprintf("(default: %s)", def))
	}
	if env != "" {
		parts = append(parts, fmt.Sprintf("[$%s]", env))
	}
	return strings.Join(parts, " ")
}

// Exit reports an error of this package, or of a command, the way the program ends on it.
func Exit(err error) {
	message, code := report(err, os.Stdout)
	if code == 1 {
		logs.Fatal("%s", message)
	}
	fmt.Fprintln(os.Stderr, message)
	os.Exit(code)
}

// report writes the usage an error calls for and returns the final message and the exit code.
func report(err error, out io.Writer) (string, int) {
	var usage *UsageError
	var config *ConfigError
	var topic *TopicError
	switch {
	case errors.As(err, &topic):
		return err.Error(), 3
	case errors.As(err, &config):
		return err.Error(), 1
	case errors.As(err, &usage):
		fmt.Fprintf(out, "Incorrect Usage: %s\n\n%s\n", err, helpText(strings.Fields(usage.Command)))
	}
	return "Error: " + err.Error(), 1
}
