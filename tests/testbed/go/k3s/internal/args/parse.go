// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package args reads the command line, the environment and the configuration files of the k3s
// stand-in, as strictly as K3s documents it.
package args

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ErrHelp is returned by Parse when the arguments ask for help.
var ErrHelp = errors.New("help requested")

// UsageError is a command line (or an agent's configuration file) that the parser refuses.
type UsageError struct {
	Command string // such as "server" or "token create"; empty for the program itself
	Err     error
}

func (e *UsageError) Error() string { return e.Err.Error() }
func (e *UsageError) Unwrap() error { return e.Err }

// Parse reads `server` or `agent` (argv[0]) with its arguments, the configuration files and the
// environment ("KEY=value" items). It returns *UsageError, *ConfigError or ErrHelp.
func Parse(argv []string, environ []string) (*Options, error) {
	if len(argv) == 0 || (argv[0] != "server" && argv[0] != "agent") {
		return nil, &UsageError{Err: fmt.Errorf("neither server nor agent: %q", argv)}
	}
	o := &Options{Role: argv[0], Source: map[string]string{}}
	env := environment(environ)
	rows := nodeRows(server)
	if o.Role == "agent" {
		rows = nodeRows(agent)
	}
	// Unknown keys are dropped for a server and reach the parser, which refuses them, for an agent.
	filter := o.Role == "server"
	rest, warnings, err := parseWith(o.Role, rows, o, o.Source, env, argv[1:], filter)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, errNoArgs
	}
	o.Warnings = warnings
	o.ConfigFile = configPath(argv[1:], env)
	return o, o.finish()
}

var errNoArgs = errors.New("this command does not take any arguments")

func environment(environ []string) map[string]string {
	env := map[string]string{}
	for _, item := range environ {
		if name, text, ok := strings.Cut(item, "="); ok {
			env[name] = text
		}
	}
	return env
}

// asksFor tells whether the arguments contain one of the words before a lone "--".
func asksFor(argv []string, words ...string) bool {
	for _, arg := range argv {
		if arg == "--" {
			return false
		}
		if slices.Contains(words, arg) {
			return true
		}
	}
	return false
}

// parseWith runs the whole chain for one command: default, environment, files, command line. It
// returns the positional arguments and the warnings.
func parseWith[T any](command string, rows []row[T], into *T, source map[string]string,
	env map[string]string, argv []string, filter bool) (rest, warnings []string, err error) {
	if asksFor(argv, helpWords...) {
		return nil, nil, ErrHelp
	}
	var fromFiles []fileArg
	if !asksFor(argv, "--version", "-version") {
		if fromFiles, err = readConfig(configPath(argv, env)); err != nil {
			return nil, nil, err
		}
	}
	p, err := newParser(rows, into, source)
	if err != nil {
		return nil, nil, err
	}
	if err := p.environment(env); err != nil {
		return nil, nil, &UsageError{command, err}
	}
	names := known(rows)
	for _, arg := range fromFiles {
		if filter && !names[arg.flag] {
			warnings = append(warnings, fmt.Sprintf("Unknown flag %s found in config.yaml, skipping\n", arg.flag))
			continue
		}
		if _, err := p.arguments("file "+arg.path, []string{arg.String()}); err != nil {
			return nil, warnings, &UsageError{command, err}
		}
	}
	rest, err = p.arguments(SourceCommandLine, argv)
	if err == nil {
		err = p.twoForms()
	}
	if err != nil {
		return nil, warnings, &UsageError{command, err}
	}
	return rest, warnings, nil
}

// finish fills in what depends on other values and splits what K3s splits.
func (o *Options) finish() error {
	for _, list := range []*[]string{&o.TLSSan, &o.ClusterCIDR, &o.ServiceCIDR, &o.ClusterDNS,
		&o.Disable, &o.NodeIP, &o.NodeExternalIP} {
		*list = splitCommas(*list)
	}
	if o.DataDir == "" {
		o.DataDir = defaultDataDir
		if home, err := os.UserHomeDir(); o.Role == "server" && os.Geteuid() != 0 && err == nil {
			o.DataDir = filepath.Join(home, ".rancher", "k3s")
		}
	}
	dir, err := filepath.Abs(o.DataDir)
	if err != nil {
		return err
	}
	o.DataDir = dir
	if o.NodeName == "" {
		if o.NodeName, err = os.Hostname(); err != nil {
			return err
		}
	}
	o.NodeName = strings.ToLower(o.NodeName)
	if o.Role == "server" {
		o.finishServer()
	}
	return nil
}

func (o *Options) finishServer() {
	fill := func(at *string, def string) {
		if *at == "" {
			*at = def
		}
	}
	fill(&o.EtcdSnapshotDir, filepath.Join(o.DataDir, "server", "db", "snapshots"))
	fill(&o.DefaultLocalStorage, filepath.Join(o.DataDir, "storage"))
	fill(&o.WriteKubeconfig, "/etc/rancher/k3s/k3s.yaml")
	fill(&o.WriteKubeconfigMode, "0600")
	six := len(o.NodeIP) > 0
	for _, ip := range o.NodeIP {
		if parsed := net.ParseIP(ip); parsed == nil || parsed.To4() != nil {
			six = false
		}
	}
	fillList := func(at *[]string, four, other string) {
		if len(*at) == 0 && six {
			*at = []string{other}
		} else if len(*at) == 0 {
			*at = []string{four}
		}
	}
	fillList(&o.ClusterCIDR, "10.42.0.0/16", "fd00:42::/56")
	fillList(&o.ServiceCIDR, "10.43.0.0/16", "fd00:43::/112")
	if len(o.ClusterDNS) == 0 {
		o.ClusterDNS = tenthAddresses(o.ServiceCIDR)
	}
}

// tenthAddresses gives the default DNS address of each service range; bad ranges are left to
// Validate.
func tenthAddresses(ranges []string) []string {
	var dns []string
	for _, text := range ranges {
		_, network, err := net.ParseCIDR(text)
		if err != nil {
			continue
		}
		ip := slices.Clone(network.IP)
		for i, carry := len(ip)-1, 10; i >= 0 && carry > 0; i-- {
			carry += int(ip[i])
			ip[i] = byte(carry)
			carry >>= 8
		}
		dns = append(dns, ip.String())
	}
	return dns
}

func splitCommas(list []string) []string {
	var all []string
	for _, item := range list {
		all = append(all, strings.Split(item, ",")...)
	}
	return all
}
