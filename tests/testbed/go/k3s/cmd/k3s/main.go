// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// k3s is the program that the launcher unpacks: node, tools and administration commands.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"unsafe"

	"lightk8s.invalid/testbed/common/release"
	"lightk8s.invalid/testbed/k3s/internal/agent"
	"lightk8s.invalid/testbed/k3s/internal/args"
	"lightk8s.invalid/testbed/k3s/internal/child"
	"lightk8s.invalid/testbed/k3s/internal/logs"
	"lightk8s.invalid/testbed/k3s/internal/node"
	"lightk8s.invalid/testbed/k3s/internal/offline"
	"lightk8s.invalid/testbed/k3s/internal/server"
)

const defaultKubeconfig = "/etc/rancher/k3s/k3s.yaml"

func main() {
	self, err := os.Executable()
	if err != nil {
		logs.Fatal("%v", err)
	}
	bin := filepath.Dir(self)
	r, err := release.FromEnviron()
	if err != nil {
		logs.Fatal("not called through the launcher: %v", err)
	}
	cmd, err := args.ParseCommand(ownArguments()[1:], os.Environ())
	if err != nil {
		args.Exit(err)
	}
	for _, w := range cmd.Warnings {
		logs.Warn("%s", w)
	}
	switch cmd.Path {
	case "server", "agent":
		err = runNode(cmd.Node, r, bin)
	case "kubectl":
		if os.Getenv("KUBECONFIG") == "" {
			_ = os.Setenv("KUBECONFIG", defaultKubeconfig)
		}
		err = tool(r, bin, "kube", append([]string{"kubectl"}, cmd.Args...))
	case "ctr":
		setDefault("CONTAINERD_ADDRESS", agent.Socket)
		setDefault("CONTAINERD_NAMESPACE", "k8s.io")
		err = tool(r, bin, "ctr", append([]string{"ctr"}, cmd.Args...))
	case "crictl":
		err = crictl(cmd.Args)
	case "check-config":
		fmt.Println("Verifying binaries in " + bin + ":\n- sha256sum: good\n\nSTATUS: pass")
	default:
		err = offline.Run(context.Background(), cmd, os.Stdout)
	}
	if err != nil {
		args.Exit(err)
	}
}

func setDefault(name, value string) {
	if os.Getenv(name) == "" {
		_ = os.Setenv(name, value)
	}
}

func tool(r *release.Release, bin, program string, argv []string) error {
	environ := append(os.Environ(), "KUBE_VERSION="+r.Version)
	return syscall.Exec(filepath.Join(bin, program), argv, environ)
}

// ownArguments copies the command line to memory of ours.
func ownArguments() []string {
	argv := make([]string, len(os.Args))
	for i, a := range os.Args {
		argv[i] = strings.Clone(a)
	}
	return argv
}

// hideArguments blanks the command line after the subcommand: it may hold secrets. The strings of
// os.Args lie where the kernel shows the command line from.
func hideArguments() {
	for _, a := range os.Args[2:] {
		clear(unsafe.Slice(unsafe.StringData(a), len(a)))
	}
}

func runNode(o *args.Options, r *release.Release, bin string) error {
	hideArguments()
	if err := args.Validate(o); err != nil {
		return err
	}
	group := &child.Group{Bin: bin, Env: []string{"KUBE_VERSION=" + r.Version}}
	n, err := node.New(o, r, group)
	if err != nil {
		return err
	}
	if o.Role == "server" {
		if err := args.CheckNodeIPs(o.ClusterCIDR, n.IPs); err != nil {
			return err
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	done := make(chan error, 1)
	go func() {
		if o.Role == "server" {
			done <- server.Run(ctx, n)
		} else {
			done <- agent.Run(ctx, n)
		}
	}()
	select {
	case err := <-done:
		if err != nil && ctx.Err() == nil {
			group.Stop()
			return err
		}
		<-ctx.Done()
	case <-ctx.Done():
	}
	logs.Info("Shutting down")
	group.Stop()
	return nil
}
