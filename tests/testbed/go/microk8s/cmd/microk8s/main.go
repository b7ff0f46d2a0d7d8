// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// microk8s is every program of the snap, told apart by the name that it is called by.
package main

import (
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"lightk8s.invalid/testbed/microk8s/internal/cli"
	"lightk8s.invalid/testbed/microk8s/internal/daemon"
	"lightk8s.invalid/testbed/microk8s/internal/hooks"
)

// nothing is a service that the original has for clusters of another kind.
func nothing() error { return nil }

var programs = map[string]func() error{
	"install": hooks.Install, "configure": hooks.Configure, "remove": hooks.Remove, "post-refresh": nothing,
	"run-containerd-with-args": daemon.Containerd, "run-kubelite-with-args": daemon.Kubelite,
	"run-k8s-dqlite-with-args": daemon.Dqlite, "run-cluster-agent-with-args": daemon.Agent,
	"run-apiserver-proxy-with-args": daemon.Proxy, "apiservice-kicker": daemon.Kicker,
	"run-etcd-with-args": nothing, "run-flanneld-with-args": nothing,
}

func run() error {
	name := filepath.Base(os.Args[0])
	if f, ok := programs[name]; ok {
		return f()
	}
	name = strings.TrimSuffix(name, ".wrapper")
	if command, ok := strings.CutPrefix(name, "microk8s-"); ok {
		return cli.Main(append([]string{command}, os.Args[1:]...))
	}
	return cli.Main(os.Args[1:])
}

func main() {
	// children go down with the thread that started them: it has to be one that stays
	runtime.LockOSThread()
	log.SetFlags(0)
	err := run()
	var exit cli.Exit
	switch {
	case err == nil:
	case errors.As(err, &exit):
		os.Exit(int(exit))
	default:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
