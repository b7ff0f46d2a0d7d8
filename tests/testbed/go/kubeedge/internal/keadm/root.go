// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package keadm is the operator's command line.
package keadm

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"lightk8s.invalid/testbed/kubeedge/internal/ident"
)

const built = "2026-11-20T22:22:17Z"

// quiet marks an error that is shown without the usage.
type quiet struct{ error }

// program is one call of keadm.
type program struct{ id *ident.Identity }

func group(use, short string, children ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short}
	c.AddCommand(children...)
	return c
}

func (p *program) root() *cobra.Command {
	c := &cobra.Command{
		Use: "keadm", Short: "keadm: bootstrap a KubeEdge cluster", SilenceErrors: true, SilenceUsage: true,
	}
	c.PersistentFlags().IntP("v", "v", 0, "number for the log level verbosity")
	c.AddCommand(
		p.version(), p.getToken(), p.join(), p.reset(), p.configUpdate(),
		group("backup", "Backup components of the cloud or the edge", p.backupEdge()),
		group("upgrade", "Upgrade components of the cloud or the edge", p.upgradeEdge()),
		group("rollback", "Rollback components of the cloud or the edge", p.rollbackEdge()),
		group("config", "Use this command to configure keadm",
			group("images", "Use this command to list keadm required container images", p.imagesList())),
	)
	return c
}

// Main is the program's main function.
func Main() int {
	id, err := ident.Own()
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		return 1
	}
	p := &program{id}
	root := p.root()
	cmd, err := root.ExecuteC()
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, "Error:", err)
	var q quiet
	switch {
	case strings.HasPrefix(err.Error(), "unknown command"):
		fmt.Fprintln(os.Stderr, "Run 'keadm --help' for usage.")
	case !errors.As(err, &q):
		fmt.Fprintln(os.Stderr, cmd.UsageString())
	}
	return 1
}

func (p *program) version() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use: "version", Short: "Print the version of keadm",
		RunE: func(*cobra.Command, []string) error {
			parts := strings.Split(strings.TrimPrefix(p.id.Version, "v"), ".")
			info := map[string]string{
				"major": parts[0], "minor": parts[1], "gitVersion": p.id.Version, "gitCommit": p.id.Commit,
				"gitTreeState": "clean", "buildDate": built, "goVersion": "go1.26.8", "compiler": "gc", "platform": "linux/amd64",
			}
			return printVersion(info, output)
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "", "Output format; available options are 'yaml', 'json' and 'short'")
	return c
}

func printVersion(info map[string]string, output string) error {
	switch output {
	case "":
		fmt.Printf("version: version.Info{Major:%q, Minor:%q, GitVersion:%q, GitCommit:%q, GitTreeState:%q, BuildDate:%q, GoVersion:%q, Compiler:%q, Platform:%q}\n",
			info["major"], info["minor"], info["gitVersion"], info["gitCommit"], info["gitTreeState"], info["buildDate"],
			info["goVersion"], info["compiler"], info["platform"])
	case "short":
		fmt.Println(info["gitVersion"])
	case "json":
		order := []string{"major", "minor", "gitVersion", "gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler", "platform"}
		var lines []string
		for _, name := range order {
			value, _ := json.Marshal(info[name])
			lines = append(lines, fmt.Sprintf("  %q: %s", name, value))
		}
		fmt.Printf("{\n%s\n}\n", strings.Join(lines, ",\n"))
	case "yaml":
		text, err := yaml.Marshal(info)
		if err != nil {
			return err
		}
		fmt.Print(string(text))
	default:
		return fmt.Errorf("invalid output format: %s", output)
	}
	return nil
}

func (p *program) imagesList() *cobra.Command {
	var part, version string
	c := &cobra.Command{
		Use: "list", Short: "Print a list of images keadm will use.",
		RunE: func(*cobra.Command, []string) error {
			if version == "" {
				version = p.id.Version
			}
			names := map[string][]string{"edge": {imageName}, "cloud": {"kubeedge/cloudcore"}, "": {"kubeedge/cloudcore", imageName}}
			list, ok := names[part]
			if !ok {
				return fmt.Errorf("unsupported part: %s", part)
			}
			for _, name := range list {
				fmt.Println(name + ":" + version)
			}
			return nil
		},
	}
	c.Flags().StringVar(&part, "part", "", "edge or cloud")
	c.Flags().StringVar(&version, "kubeedge-version", "", "version of the images")
	return c
}
