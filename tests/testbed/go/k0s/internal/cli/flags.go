// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package cli

import (
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"lightk8s.invalid/testbed/k0s/internal/controller"
	"lightk8s.invalid/testbed/k0s/internal/node"
)

// pairs reads "a=1,b=2"; a name without a value has an empty one.
type pairs map[string]string

func (p pairs) String() string {
	var list []string
	for name, value := range p {
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	return strings.Join(list, ",")
}

func (p pairs) Set(text string) error {
	for _, part := range strings.Split(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			name, value, _ := strings.Cut(part, "=")
			p[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return nil
}

// typed is pairs with the name of a type that "install" and help know.
type typed struct {
	pairs
	kind string
}

func (t *typed) Type() string { return t.kind }

// levels are the components' log levels: those that are not given keep theirs.
type levels struct{ typed }

func newLevels() *levels {
	return &levels{typed{pairs{"containerd": "info", "etcd": "info", "konnectivity-server": "1", "kube-apiserver": "1",
		"kube-controller-manager": "1", "kube-scheduler": "1", "kubelet": "1"}, "stringToString"}}
}

func (l *levels) String() string { return "[" + l.pairs.String() + "]" }

// nodeFlags are those of "controller" and "worker", and of their installation.
type nodeFlags struct {
	places
	options node.Options
	labels  pairs
	levels  *levels
}

func newNodeFlags() *nodeFlags { return &nodeFlags{labels: pairs{}, levels: newLevels()} }

func (n *nodeFlags) addWorker(f *pflag.FlagSet) {
	o := &n.options
	n.add(f)
	f.String("cidr-range", "", "")
	_ = f.MarkDeprecated("cidr-range", "it has no effect and will be removed in a future release")
	f.StringVar(&n.kubeletRoot, "kubelet-root-dir", "", "Kubelet root directory for k0s")
	f.StringVar(&o.Profile, "profile", "default", "worker profile to use on the node")
	f.Bool("enable-cloud-provider", false, "Whether or not to enable cloud provider support in kubelet")
	f.StringVar(&o.TokenFile, "token-file", "", "Path to the file containing join-token.")
	f.VarP(n.levels, "logging", "l", "Logging Levels for the different components")
	f.Var(&typed{n.labels, "mapStringString"}, "labels", "Node labels, list of key=value pairs")
	f.StringSliceVar(&o.Taints, "taints", nil, "Node taints, list of key=value:effect strings")
	f.StringVar(&o.KubeletExtraArgs, "kubelet-extra-args", "", "extra args for kubelet")
	f.String("iptables-mode", "", "iptables mode (valid values: nft, legacy, auto). default: auto")
	f.StringVar(&o.CRISocket, "cri-socket", "",
		"container runtime socket to use, default to internal containerd. Format: [remote|docker]:[path-to-socket]")
}

func (n *nodeFlags) addController(f *pflag.FlagSet) {
	o := &n.options
	n.addWorker(f)
	n.addConfig(f)
	f.BoolVar(&o.EnableWorker, "enable-worker", false, "enable worker (default false)")
	f.StringSliceVar(&o.Disabled, "disable-components", nil,
		"disable components (valid items: "+strings.Join(controller.Components, ",")+")")
	f.BoolVar(&o.Single, "single", false, "enable single node (implies --enable-worker, default false)")
	f.BoolVar(&o.NoTaints, "no-taints", false, "disable default taints for controller node")
	f.Bool("enable-k0s-cloud-provider", false, "enables the k0s-cloud-provider (default false)")
	f.Duration("k0s-cloud-provider-update-frequency", 2*time.Minute, "the frequency of k0s-cloud-provider node updates")
	f.Int("k0s-cloud-provider-port", 10258, "the port that k0s-cloud-provider binds on")
	f.Bool("enable-dynamic-config", false, "enable cluster-wide dynamic config based on custom resource")
	f.Bool("enable-metrics-scraper", false,
		"enable scraping metrics from the controller components (kube-scheduler, kube-controller-manager)")
	f.StringVar(&o.ManagerExtraArgs, "kube-controller-manager-extra-args", "", "extra args for kube-controller-manager")
	f.BoolVar(&o.InitOnly, "init-only", false, "only initialize controller and exit")
	featureGates(f)
}
