// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package core is the command line that edgecore and cloudcore have in common.
package core

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"lightk8s.invalid/testbed/kubeedge/internal/ident"
)

// Program is one of the two.
type Program struct {
	Name string
	File string
	// VersionFlag: edgecore takes --version and starts all the same; cloudcore does not know it.
	VersionFlag  bool
	Default, Min func() any
	Run          func(file string, id *ident.Identity) int
}

const flagsText = `Usage:
  %s [flags]

Global flags:

      --config string                  The path of the configuration file. (default "%s")
      --defaultconfig config[=true]    Print the configuration with all fields.
  -h, --help                           help for %s
      --log-flush-frequency duration   Maximum number of seconds between log flushes (default 5s)
      --minconfig config[=true]        Print the configuration with the fields that matter most.
  -v, --v Level                        number for the log level verbosity
      --vmodule moduleSpec             comma-separated list of pattern=N settings for file-filtered logging
`

func show(c any) {
	text, err := yaml.Marshal(c)
	if err != nil {
		panic(err)
	}
	fmt.Printf("# a configuration for reference\n\n%s\n", text)
}

// Main is the program's main function.
func Main(p Program) {
	id, err := ident.Own()
	if err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
	id.Start(p.Name)
	var file string
	var full, least, version bool
	cmd := &cobra.Command{
		Use: p.Name, SilenceErrors: true, Args: cobra.ArbitraryArgs,
		Run: func(*cobra.Command, []string) {
			switch {
			case least:
				show(p.Min())
			case full:
				show(p.Default())
			default:
				os.Exit(p.Run(file, id))
			}
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&file, "config", p.File, "")
	flags.BoolVar(&full, "defaultconfig", false, "")
	flags.BoolVar(&least, "minconfig", false, "")
	flags.Duration("log-flush-frequency", 5*time.Second, "")
	flags.IntP("v", "v", 0, "")
	flags.String("vmodule", "", "")
	if p.VersionFlag {
		flags.BoolVar(&version, "version", false, "")
	}
	usage := fmt.Sprintf(flagsText, p.Name, p.File, p.Name)
	cmd.SetUsageFunc(func(c *cobra.Command) error { fmt.Fprint(c.ErrOrStderr(), usage); return nil })
	cmd.SetHelpFunc(func(*cobra.Command, []string) { fmt.Print(usage) })
	cmd.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		fmt.Fprintf(os.Stderr, "Error: %v\n%s", err, usage)
		os.Exit(1)
		return err
	})
	if err := cmd.Execute(); err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		os.Exit(1)
	}
}
