// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package cli is the command line.
package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lightk8s.invalid/testbed/common/pki"
	"lightk8s.invalid/testbed/common/release"
	"lightk8s.invalid/testbed/common/unpack"
	"lightk8s.invalid/testbed/k0s/internal/config"
	"lightk8s.invalid/testbed/k0s/internal/logs"
	"lightk8s.invalid/testbed/k0s/internal/node"
)

var current *release.Release

// Main runs the command line and gives the exit code.
func Main() int {
	pki.ValidityEnv = "K0S_STANDIN_CERT_VALIDITY"
	if err := openRelease(); err != nil {
		fmt.Fprintln(os.Stderr, "Error: not a release:", err)
		return 1
	}
	root := rootCommand()
	if err := root.Execute(); err != nil {
		return 1
	}
	return 0
}

func openRelease() error {
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer self.Close()
	current, _, err = release.Open(self)
	if err != nil {
		return err
	}
	config.KubernetesVersion = strings.TrimPrefix(kubernetesVersion(), "v")
	return nil
}

// kubernetesVersion is the release's version without what is after the plus sign.
func kubernetesVersion() string {
	version, _, _ := strings.Cut(current.Version, "+")
	return version
}

// stage brings the programs of this release to disk.
func stage(v *config.Vars) error {
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer self.Close()
	r, payload, err := release.Open(self)
	if err != nil {
		return err
	}
	return node.Stage(v, r.ID, func(dir string) error { return unpack.Extract(dir, payload) })
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:          "k0s",
		Short:        "k0s - Zero Friction Kubernetes",
		Long:         "k0s - The zero friction Kubernetes - https://k0sproject.io",
		SilenceUsage: true,
	}
	root.CompletionOptions.DisableDefaultCmd = false
	root.AddCommand(airgapCommand(), backupCommand(), configCommand(), controllerCommand(), ctrCommand(), etcdCommand(),
		installCommand(), kubeconfigCommand(), kubectlCommand(), resetCommand(), restoreCommand(), startCommand(),
		statusCommand(), stopCommand(), sysinfoCommand(), tokenCommand(), validateCommand(), versionCommand(),
		workerCommand())
	return root
}

var errNotRoot = errors.New("this command must be run as root")

func needRoot() error {
	if os.Geteuid() != 0 {
		return errNotRoot
	}
	return nil
}

// places are the flags for where things are.
type places struct {
	dataDir, kubeletRoot, socket, config string
}

func (p *places) add(f *pflag.FlagSet) {
	f.StringVar(&p.dataDir, "data-dir", config.DefaultDataDir,
		"Data Directory for k0s. DO NOT CHANGE for an existing setup, things will break!")
	f.StringVar(&p.socket, "status-socket", "", "Full file path to the socket file. (default: <rundir>/status.sock)")
}

func (p *places) addConfig(f *pflag.FlagSet) {
	f.StringVarP(&p.config, "config", "c", "",
		fmt.Sprintf("config file, use '-' to read the config from stdin (default %q)", config.DefaultFile))
}

func (p *places) vars() *config.Vars {
	return config.NewVars(p.dataDir, p.kubeletRoot, p.socket, p.config, false)
}

// debugFlags are on most commands.
func debugFlags(f *pflag.FlagSet, long bool) {
	f.BoolP("debug", "d", false, "Debug logging (implies verbose logging)")
	f.String("debugListenOn", ":6060", "Http listenOn for Debug pprof handler")
	f.BoolP("verbose", "v", long, "Verbose logging")
}

func setVerbose(cmd *cobra.Command, _ []string) {
	for _, name := range []string{"verbose", "debug"} {
		if on, err := cmd.Flags().GetBool(name); err == nil && on {
			logs.Verbose = true
		}
	}
}

func helpOnly(*cobra.Command, []string) error { return pflag.ErrHelp }

func featureGates(f *pflag.FlagSet) {
	gates := pairs{}
	f.Var(&typed{gates, "mapStringBool"}, "feature-gates", "feature gates to enable (comma separated list of key=value pairs)")
}
