// Copyright: (c) 2026, lightk8s.edge contributors
// GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// kube is one multi-call binary with every real upstream component of a small
// Kubernetes cluster. It is called as "kube COMPONENT ARGS" or through a link
// named after the component.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/k3s-io/kine/pkg/app"
	"github.com/spf13/cobra"
	"go.etcd.io/etcd/etcdctl/v3/ctlv3"
	"go.etcd.io/etcd/etcdutl/v3/etcdutl"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	cm "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	sched "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// commands are the components that bring a cobra command of their own.
var commands = map[string]func() *cobra.Command{
	"kube-controller-manager": cm.NewControllerManagerCommand,
	"kube-scheduler":          func() *cobra.Command { return sched.NewSchedulerCommand() },
	"kubelet":                 func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) },
	"kube-proxy":              proxy.NewProxyCommand,
	"kubectl":                 kubectl.NewDefaultKubectlCommand,
	"etcdutl":                 etcdutlCommand,
}

// runners are the other components.
var runners = map[string]func() error{
	"kube-apiserver": runAPIServer,
	"flanneld":       runFlannel,
	"kine":           func() error { return app.New().Run(os.Args) },
	"etcd":           func() error { etcdmain.Main(os.Args); return nil },
	"etcdctl":        ctlv3.Start,
	"pause":          pause,
}

func etcdutlCommand() *cobra.Command {
	c := &cobra.Command{Use: "etcdutl"}
	c.PersistentFlags().StringVarP(&etcdutl.OutputFormat, "write-out", "w", "simple", "output format")
	c.AddCommand(etcdutl.NewDefragCommand(), etcdutl.NewSnapshotCommand(),
		etcdutl.NewHashKVCommand(), etcdutl.NewVersionCommand(), etcdutl.NewMigrateCommand())
	return c
}

func pause() error {
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, syscall.SIGINT, syscall.SIGTERM)
	<-ch
	return nil
}

func main() {
	name := filepath.Base(os.Args[0])
	if name == "kube" && len(os.Args) > 1 {
		name = os.Args[1]
		os.Args = os.Args[1:]
	}
	cobra.EnablePrefixMatching = name == "etcdctl" // etcdctl's init turns it on for all
	if c, ok := commands[name]; ok {
		os.Exit(cli.Run(c()))
	}
	run, ok := runners[name]
	if !ok {
		fmt.Fprintln(os.Stderr, "unknown component", name)
		os.Exit(2)
	}
	if err := run(); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
}
