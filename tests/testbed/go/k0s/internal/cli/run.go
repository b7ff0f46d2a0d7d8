// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"lightk8s.invalid/testbed/k0s/internal/config"
	"lightk8s.invalid/testbed/k0s/internal/controller"
	"lightk8s.invalid/testbed/k0s/internal/logs"
	"lightk8s.invalid/testbed/k0s/internal/node"
	"lightk8s.invalid/testbed/k0s/internal/status"
	"lightk8s.invalid/testbed/k0s/internal/worker"
)

const roleLabel, controlPlaneTaint = "node.k0sproject.io/role", "node-role.kubernetes.io/control-plane:NoSchedule"

const joinExamples = `	Command to %s:
	CLI argument:
	$ k0s %s

	or CLI flag:
	$ k0s %s --token-file [path_to_file]
	Note: Token can be passed either as a CLI argument or as a flag`

func controllerCommand() *cobra.Command {
	f := newNodeFlags()
	cmd := &cobra.Command{
		Use: "controller [join-token]", Short: "Run controller", Aliases: []string{"server"},
		Example: fmt.Sprintf(joinExamples, "associate master nodes", "controller [join-token]", "controller"),
		Args:    cobra.MaximumNArgs(1), PersistentPreRun: setVerbose,
		RunE: func(_ *cobra.Command, args []string) error { return runNode(f, "controller", args) },
	}
	f.addController(cmd.Flags())
	cmd.Flags().Bool("ignore-pre-flight-checks", false, "continue even if pre-flight checks fail")
	debugFlags(cmd.PersistentFlags(), true)
	return cmd
}

func workerCommand() *cobra.Command {
	f := newNodeFlags()
	cmd := &cobra.Command{
		Use: "worker [join-token]", Short: "Run worker",
		Example: fmt.Sprintf(joinExamples, "add worker node to the master node", "worker [token]", "worker"),
		Args:    cobra.MaximumNArgs(1), PersistentPreRun: setVerbose,
		RunE: func(_ *cobra.Command, args []string) error { return runNode(f, "worker", args) },
	}
	f.addWorker(cmd.Flags())
	cmd.Flags().Bool("ignore-pre-flight-checks", false, "continue even if pre-flight checks fail")
	debugFlags(cmd.PersistentFlags(), true)
	return cmd
}

// nodeName is the name that the kubelet would choose.
func nodeName(extra string) (string, error) {
	name := node.Split(extra)["hostname-override"]
	if name == "" {
		host, err := os.Hostname()
		if err != nil {
			return "", err
		}
		name = host
	}
	return strings.ToLower(strings.TrimSpace(name)), nil
}

func newNode(f *nodeFlags, role string) (*node.Node, error) {
	o := &f.options
	o.Labels, o.Logging = f.labels, f.levels.pairs
	name, err := nodeName(o.KubeletExtraArgs)
	if err != nil {
		return nil, fmt.Errorf("failed to determine node name: %w", err)
	}
	v := config.NewVars(f.dataDir, f.kubeletRoot, f.socket, f.config, o.Single)
	info := status.Info{Version: current.Version, Pid: os.Getpid(), Role: role, Args: os.Args, K0sVars: v,
		Workloads: role == "worker" || o.Workloads(), SingleNode: o.Single}
	return &node.Node{Options: o, Vars: v, Release: current, Name: name, Version: kubernetesVersion(),
		Payload: func() error { return stage(v) }, Status: &status.Server{Info: info}}, nil
}

func runNode(f *nodeFlags, role string, args []string) error {
	if len(args) > 0 {
		f.options.TokenArg = args[0]
		if f.options.TokenFile != "" {
			return fmt.Errorf("you can only pass one token argument either as a CLI argument 'k0s %s [join-token]' or as a flag 'k0s %s --token-file [path]'", role, role)
		}
	}
	if f.options.InitOnly && f.options.Single && f.options.TokenFile != "" {
		return errors.New("--init-only cannot be combined with a token")
	}
	n, err := newNode(f, role)
	if err != nil {
		return err
	}
	preflight()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if role == "controller" {
		err = runController(ctx, n)
	} else {
		err = runWorker(ctx, n)
	}
	if err == nil && !n.Options.InitOnly {
		<-ctx.Done()
		logs.Info("Shutting down k0s: " + ctx.Err().Error())
	}
	stop()
	n.Stop()
	controller.Cleanup(n.Vars)
	return err
}

// preflight warns of what the original warns of on the test bed's nodes.
func preflight() {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil && limit.Cur < 65536 {
		logs.Warn("< 65536", logs.Fields{"pre-flight-check": "os/RLIMIT_NOFILE",
			"property": fmt.Sprintf("current: %d / max: %d", limit.Cur, limit.Max)})
	}
}

func runController(ctx context.Context, n *node.Node) error {
	if err := controller.Run(ctx, n); err != nil || n.Options.InitOnly {
		return err
	}
	if !n.Options.Workloads() {
		return nil
	}
	n.Options.Labels[roleLabel] = "control-plane"
	if !n.Options.Single && !n.Options.NoTaints {
		n.Options.Taints = append(n.Options.Taints, controlPlaneTaint)
	}
	return worker.Run(ctx, n, controller.LocalURL(n))
}

func runWorker(ctx context.Context, n *node.Node) error {
	for _, dir := range []string{n.Vars.DataDir, n.Vars.RunDir, n.Vars.BinDir} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if err := n.Payload(); err != nil {
		return err
	}
	return worker.Run(ctx, n, "")
}
