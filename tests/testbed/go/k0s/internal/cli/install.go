// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package cli

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lightk8s.invalid/testbed/k0s/internal/config"
	"lightk8s.invalid/testbed/k0s/internal/controller"
)

const units = "/etc/systemd/system"

var errNotInstalled = errors.New("the service is not installed")

func unitName(role string) string { return "k0s" + role + ".service" }

func unitFile(role string) string { return filepath.Join(units, unitName(role)) }

const unitHead = `[Unit]
Description=k0s - Zero Friction Kubernetes
Documentation=https://docs.k0sproject.io
ConditionFileIsExecutable=%s

After=network-online.target 
Wants=network-online.target 

[Service]
StartLimitInterval=5
StartLimitBurst=10
ExecStart=%s`

const unitTail = `

RestartSec=10
Delegate=yes
KillMode=process
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
LimitNOFILE=999999
Restart=always

[Install]
WantedBy=multi-user.target
`

func escape(text string) string { return strings.ReplaceAll(text, " ", `\x20`) }

// unit renders the file of the service.
func unit(program string, args, environ []string) string {
	line := escape(program)
	for _, a := range args {
		line += " " + escape(a)
	}
	text := fmt.Sprintf(unitHead, escape(program), line)
	for _, e := range environ {
		text += fmt.Sprintf("\nEnvironment=%q", e)
	}
	return text + unitTail
}

// given are the flags of the command line, in the form in which the unit has them.
func given(f *pflag.FlagSet) []string {
	var list []string
	f.Visit(func(f *pflag.Flag) {
		value := f.Value.String()
		switch f.Value.Type() {
		case "stringSlice", "stringToString":
			value = strings.Trim(value, "[]")
		}
		switch f.Name {
		case "env", "force":
			return
		case "data-dir", "kubelet-root-dir", "token-file", "config":
			if path, err := filepath.Abs(value); err == nil {
				value = path
			}
		}
		list = append(list, "--"+f.Name+"="+value)
	})
	return list
}

type installFlags struct {
	force   bool
	environ []string
}

func installCommand() *cobra.Command {
	i := &installFlags{}
	cmd := &cobra.Command{
		Use: "install", Short: "Install k0s on a brand-new system. Must be run as root (or with sudo)", Args: cobra.NoArgs,
		PersistentPreRun: setVerbose, RunE: helpOnly,
	}
	f := cmd.PersistentFlags()
	debugFlags(f, false)
	f.BoolVar(&i.force, "force", false, "force init script creation")
	f.StringArrayVarP(&i.environ, "env", "e", nil, "set environment variable")
	cmd.AddCommand(installController(i), installWorker(i))
	return cmd
}

func installController(i *installFlags) *cobra.Command {
	n := newNodeFlags()
	cmd := &cobra.Command{
		Use: "controller", Aliases: []string{"server"}, Args: cobra.NoArgs,
		Short: "Install k0s controller on a brand-new system. Must be run as root (or with sudo)",
		Example: `All default values of controller command will be passed to the service stub unless overridden.

With the controller subcommand you can setup a single node cluster by running:

	k0s install controller --single
	`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needRoot(); err != nil {
				return err
			}
			cluster, err := config.Load(n.config, n.options.Single)
			if n.config == "-" {
				err = errors.New("cannot read configuration from standard input when installing k0s")
			}
			if err != nil {
				return fmt.Errorf("failed to load node config: %w", err)
			}
			if err := cluster.Validate(); err != nil {
				return fmt.Errorf("invalid node config: %w", err)
			}
			if err := controller.EnsureUsers(cluster, n.vars().DataDir); err != nil {
				return fmt.Errorf("failed to create controller users: %w", err)
			}
			return i.install("controller", given(cmd.Flags()))
		},
	}
	n.addController(cmd.Flags())
	return cmd
}

func installWorker(i *installFlags) *cobra.Command {
	n := newNodeFlags()
	cmd := &cobra.Command{
		Use: "worker", Args: cobra.NoArgs,
		Short: "Install k0s worker on a brand-new system. Must be run as root (or with sudo)",
		Example: `Worker subcommand allows you to pass in all available worker parameters.
All default values of worker command will be passed to the service stub unless overridden.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needRoot(); err != nil {
				return err
			}
			return i.install("worker", given(cmd.Flags()))
		},
	}
	n.addWorker(cmd.Flags())
	return cmd
}

func (i *installFlags) install(role string, args []string) error {
	fail := func(err error) error { return fmt.Errorf("failed to install %s service: %w", role, err) }
	self, err := os.Executable()
	if err != nil {
		return fail(err)
	}
	file := unitFile(role)
	if i.force {
		_ = uninstall(role)
	}
	if _, err := os.Lstat(file); err == nil {
		return fail(fmt.Errorf("Init already exists: %s", file))
	}
	text := unit(self, append([]string{role}, args...), i.environ)
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return fail(err)
	}
	if err := systemctl("enable", unitName(role)); err != nil {
		return fail(err)
	}
	return systemctl("daemon-reload")
}

func systemctl(args ...string) error {
	out, err := exec.Command("systemctl", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("\"systemctl\" failed with stderr: %s", strings.TrimSpace(string(out)))
	}
	return nil
}

func uninstall(role string) error {
	if _, err := os.Lstat(unitFile(role)); err != nil {
		return err
	}
	if err := systemctl("disable", unitName(role)); err != nil {
		return err
	}
	if err := os.Remove(unitFile(role)); err != nil {
		return err
	}
	return systemctl("daemon-reload")
}

// state of a service: running, stopped, or an error. A crash loop counts as running; a failed unit
// is an error, even one without a file.
func state(role string) (bool, error) {
	out, _ := exec.Command("systemctl", "is-active", unitName(role)).Output()
	switch text := string(out); {
	case strings.HasPrefix(text, "active"), strings.HasPrefix(text, "activating"):
		return true, nil
	case strings.HasPrefix(text, "failed"):
		return false, errors.New("service in failed state")
	case strings.HasPrefix(text, "inactive"):
		list, _ := exec.Command("systemctl", "list-unit-files", "-t", "service", unitName(role)).Output()
		if strings.Contains(string(list), "k0s"+role) {
			return false, nil
		}
	}
	return false, errNotInstalled
}

// installed finds the service: the controller's hides the worker's.
func installed() (role string, running bool, err error) {
	for _, role := range []string{"controller", "worker"} {
		running, err := state(role)
		if !errors.Is(err, errNotInstalled) {
			return role, running, err
		}
	}
	return "", false, errors.New("k0s has not been installed as a service")
}

func serviceCommand(verb string, already string, wanted bool) *cobra.Command {
	words := map[string]string{"start": "Start", "stop": "Stop"}
	cmd := &cobra.Command{
		Use: verb, Args: cobra.NoArgs, PersistentPreRun: setVerbose,
		Short: words[verb] + " the k0s service configured on this host. Must be run as root (or with sudo)",
		RunE: func(*cobra.Command, []string) error {
			if err := needRoot(); err != nil {
				return err
			}
			role, running, err := installed()
			if err != nil {
				return err
			}
			if running == wanted {
				return errors.New(already)
			}
			return systemctl(verb, unitName(role))
		},
	}
	debugFlags(cmd.PersistentFlags(), false)
	return cmd
}

func startCommand() *cobra.Command { return serviceCommand("start", "already running", true) }

func stopCommand() *cobra.Command { return serviceCommand("stop", "already stopped", false) }
