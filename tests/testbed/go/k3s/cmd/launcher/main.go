// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// The launcher is the file "k3s" of a release. It reads the command line, unpacks what is appended
// to it below the data dir, and hands over to the program in there.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"

	"lightk8s.invalid/testbed/common/release"
	"lightk8s.invalid/testbed/k3s/internal/args"
	"lightk8s.invalid/testbed/k3s/internal/data"
	"lightk8s.invalid/testbed/k3s/internal/logs"
)

// tools may be called through links of these names.
var tools = []string{"kubectl", "crictl", "ctr"}

func main() {
	argv := os.Args[1:]
	if name := filepath.Base(os.Args[0]); slices.Contains(tools, name) {
		argv = append([]string{name}, argv...)
	}
	cmd, err := args.ParseCommand(argv, os.Environ())
	if err != nil {
		args.Exit(err)
	}
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		logs.Fatal("%v", err)
	}
	r, payload, err := release.Open(self)
	if err != nil {
		logs.Fatal("%v", err)
	}
	switch cmd.Path {
	case args.PathHelp:
		fmt.Print(cmd.Help)
		return
	case args.PathVersion:
		fmt.Printf("k3s version %s (%s)\ngo version %s\n", r.Version, r.ShortCommit(), runtime.Version())
		return
	}
	dir, err := data.Ensure(filepath.Join(dataDir(cmd), "data"), r.ID, payload)
	if err != nil {
		logs.Fatal("extracting data: %v", err)
	}
	environ := append(os.Environ(), r.Environ(),
		"PATH="+filepath.Join(dir, "bin")+":"+os.Getenv("PATH")+":"+filepath.Join(dir, "bin", "aux"))
	inner := filepath.Join(dir, "bin", "k3s")
	err = syscall.Exec(inner, append([]string{os.Args[0]}, argv...), environ)
	logs.Fatal("exec %s: %v", inner, err)
}

// dataDir is where to unpack: the environment wins here.
func dataDir(cmd *args.Command) string {
	switch {
	case os.Getenv("K3S_DATA_DIR") != "":
		return os.Getenv("K3S_DATA_DIR")
	case cmd.Node != nil:
		return cmd.Node.DataDir
	case cmd.Tool != nil:
		return cmd.Tool.DataDir
	}
	return "/var/lib/rancher/k3s"
}
