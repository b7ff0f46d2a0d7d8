// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package args

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Paths of a Command that name no command of the tree.
const (
	PathHelp    = "help"
	PathVersion = "version"
)

// Command is a parsed command line of the program.
type Command struct {
	// Path is the command without aliases, such as "server" or "etcd-snapshot ls"; PathHelp and
	// PathVersion stand for the answers that need no command.
	Path string
	// Node is set for server and agent, Tool for all other commands but the pass-through ones.
	Node *Options
	Tool *ToolOptions
	// Args are the positional arguments, or everything after a pass-through command.
	Args []string
	// Help is the text to print for PathHelp.
	Help string
	// Warnings are log messages (level warning) collected while parsing.
	Warnings []string
}

// TopicError is a command that does not exist. The program ends with 3.
type TopicError struct{ Name string }

func (e *TopicError) Error() string { return fmt.Sprintf("No help topic for '%s'", e.Name) }

// ParseCommand reads a whole command line without the program's name. Links named kubectl, crictl
// or ctr are the caller's matter: it puts that name first.
func ParseCommand(argv, environ []string) (*Command, error) {
	root := &ToolOptions{}
	p, err := newParser(rootFlags, root, map[string]string{})
	if err != nil {
		return nil, err
	}
	head, rest := splitAtCommand(argv)
	if asksFor(head, "--version", "-version", "-v", "--v") {
		return &Command{Path: PathVersion}, nil
	}
	if asksFor(head, helpWords...) || len(rest) == 0 && len(head) == 0 {
		return &Command{Path: PathHelp, Help: helpText(nil)}, nil
	}
	if _, err := p.arguments(SourceCommandLine, head); err != nil {
		return nil, &UsageError{"", err}
	}
	if root.DataDir != "" {
		environ = append(slices.Clone(environ), dataDirEnv+"="+root.DataDir)
	}
	if len(rest) == 0 {
		return &Command{Path: PathHelp, Help: helpText(nil)}, nil
	}
	if rest[0] == "help" || rest[0] == "h" {
		return helpFor(rest[1:])
	}
	c := find(tree, rest[0])
	if c == nil {
		return nil, &TopicError{rest[0]}
	}
	return c.parse(rest, environ)
}

var helpWords = []string{"--help", "-h", "-help"}

// splitAtCommand parts the global flags from the command and its arguments.
func splitAtCommand(argv []string) (head, rest []string) {
	for i := 0; i < len(argv); i++ {
		if !strings.HasPrefix(argv[i], "-") {
			return argv[:i], argv[i:]
		}
		if slices.Contains([]string{"-d", "--d", "-data-dir", "--data-dir"}, argv[i]) {
			i++
		}
	}
	return argv, nil
}

func find(commands []command, name string) *command {
	for i := range commands {
		if commands[i].name == name || slices.Contains(commands[i].alias, name) {
			return &commands[i]
		}
	}
	return nil
}

func helpFor(path []string) (*Command, error) {
	level := tree
	for _, name := range path {
		c := find(level, name)
		if c == nil {
			return nil, &TopicError{name}
		}
		level = c.subs
	}
	return &Command{Path: PathHelp, Help: helpText(path)}, nil
}

// parse reads the arguments of a first-level command; argv[0] is its name.
func (c *command) parse(argv, environ []string) (*Command, error) {
	env := environment(environ)
	switch {
	case c.raw:
		return c.pass(argv, env)
	case c.name == "server" || c.name == "agent":
		o, err := Parse(argv, environ)
		if errors.Is(err, ErrHelp) {
			return helpFor(argv[:1])
		}
		if err != nil {
			return nil, err
		}
		return &Command{Path: c.name, Node: o, Warnings: o.Warnings}, nil
	}
	// The command's own flags may stand before the name of the sub-command.
	front, err := newParser(c.rows, &ToolOptions{}, map[string]string{})
	if err != nil {
		return nil, err
	}
	rest, err := front.arguments(SourceCommandLine, argv[1:])
	if err != nil && asksFor(argv[1:], helpWords...) {
		return helpFor(argv[:1])
	}
	if err != nil {
		return nil, &UsageError{c.name, err}
	}
	if len(rest) == 0 {
		return helpFor(argv[:1])
	}
	if rest[0] == "help" || rest[0] == "h" {
		return helpFor(append([]string{c.name}, rest[1:]...))
	}
	sub := find(c.subs, rest[0])
	if sub == nil {
		return nil, &TopicError{rest[0]}
	}
	before := argv[1 : len(argv)-len(rest)]
	return sub.tool(c.name, append(slices.Clone(before), rest[1:]...), env)
}

// pass hands everything on. A bad configuration file only costs the tools a warning.
func (c *command) pass(argv []string, env map[string]string) (*Command, error) {
	cmd := &Command{Path: c.name, Args: argv[1:]}
	if _, err := readConfig(configPath(nil, env)); err != nil {
		if c.name == "check-config" {
			return nil, err
		}
		cmd.Warnings = append(cmd.Warnings, err.Error())
	}
	return cmd, nil
}

// tool parses a sub-command.
func (c *command) tool(parent string, argv []string, env map[string]string) (*Command, error) {
	path := parent + " " + c.name
	t := &ToolOptions{Source: map[string]string{}}
	var rest, warnings []string
	var err error
	if parent == "etcd-snapshot" {
		rest, warnings, err = parseWith(path, c.rows, t, t.Source, env, argv, true)
	} else {
		rest, err = c.plain(path, t, env, argv)
	}
	if errors.Is(err, ErrHelp) {
		return helpFor([]string{parent, c.name})
	}
	if err != nil {
		return nil, err
	}
	if c.required != "" && t.Source[c.required] == SourceDefault {
		return nil, &UsageError{path, fmt.Errorf("Required flag %q not set", c.required)}
	}
	if len(rest) == 0 && c.missing != "" {
		return nil, errors.New(c.missing)
	}
	if len(rest) > c.most {
		return nil, errNoArgs
	}
	t.Groups, t.Usages, t.Services = splitCommas(t.Groups), splitCommas(t.Usages), splitCommas(t.Services)
	if t.DataDir, err = filepath.Abs(orDefault(t.DataDir, defaultDataDir)); err != nil {
		return nil, err
	}
	return &Command{Path: path, Tool: t, Args: rest, Warnings: warnings}, nil
}

func orDefault(text, def string) string {
	if text == "" {
		return def
	}
	return text
}

// plain parses a sub-command that takes nothing but data-dir from the configuration file.
func (c *command) plain(path string, t *ToolOptions, env map[string]string, argv []string) ([]string, error) {
	if asksFor(argv, helpWords...) {
		return nil, ErrHelp
	}
	fromFiles, err := readConfig(configPath(argv, env))
	if err != nil {
		return nil, err
	}
	p, err := newParser(c.rows, t, t.Source)
	if err != nil {
		return nil, err
	}
	if err := p.environment(env); err != nil {
		return nil, &UsageError{path, err}
	}
	rest, err := p.arguments(SourceCommandLine, argv)
	if err == nil {
		err = p.twoForms()
	}
	if err != nil {
		return nil, &UsageError{path, err}
	}
	for _, arg := range fromFiles {
		if arg.flag == "--data-dir" && t.Source["data-dir"] == SourceDefault {
			t.DataDir = arg.text
		}
	}
	return rest, nil
}
