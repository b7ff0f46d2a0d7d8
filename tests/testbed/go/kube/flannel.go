// Copyright: (c) 2026, lightk8s.edge contributors
// GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"errors"
	"flag"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/flannel-io/flannel/pkg/backend"
	_ "github.com/flannel-io/flannel/pkg/backend/hostgw"
	_ "github.com/flannel-io/flannel/pkg/backend/vxlan"
	_ "github.com/flannel-io/flannel/pkg/backend/wireguard"
	"github.com/flannel-io/flannel/pkg/ip"
	"github.com/flannel-io/flannel/pkg/ipmatch"
	"github.com/flannel-io/flannel/pkg/subnet/kube"
	"github.com/flannel-io/flannel/pkg/trafficmngr/iptables"
)

// runFlannel is flannel's daemon without its cloud and cgo backends, as K3s embeds it.
func runFlannel() error {
	fs := flag.NewFlagSet("flanneld", flag.ContinueOnError)
	kubeconfig := fs.String("kubeconfig-file", "", "kubeconfig of the node")
	netconf := fs.String("net-config-path", "", "network configuration")
	iface := fs.String("iface", "", "interface or address for traffic between nodes")
	subnetFile := fs.String("subnet-file", "/run/flannel/subnet.env", "written when the network is up")
	if err := fs.Parse(os.Args[1:]); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()

	// the node's name is read from NODE_NAME
	sm, err := kube.NewSubnetManager(ctx, "", *kubeconfig, "flannel.alpha.coreos.com", *netconf, false)
	if err != nil {
		return err
	}
	config, err := sm.GetNetworkConfig(ctx)
	if err != nil {
		return err
	}
	stack, err := ipmatch.GetIPFamily(config.EnableIPv4, config.EnableIPv6)
	if err != nil {
		return err
	}
	ext, err := ipmatch.LookupExtIface(*iface, "", "", stack, ipmatch.PublicIPOpts{})
	if err != nil {
		return err
	}
	be, err := backend.NewManager(ctx, sm, ext).GetBackend(config.BackendType)
	if err != nil {
		return err
	}
	var wg sync.WaitGroup
	network, err := be.RegisterNetwork(ctx, &wg, config)
	if err != nil {
		return err
	}
	rules := &iptables.IPTablesManager{}
	if err := rules.Init(ctx, &wg); err != nil {
		return err
	}
	err = rules.SetupAndEnsureMasqRules(ctx, config.Network, ip.IP4Net{}, ip.IP4Net{},
		config.IPv6Network, ip.IP6Net{}, ip.IP6Net{}, network.Lease(), 60)
	if err != nil {
		return err
	}
	rules.SetupAndEnsureForwardRules(ctx, config.Network, config.IPv6Network, 60)
	err = sm.HandleSubnetFile(*subnetFile, config, true, network.Lease().Subnet, network.Lease().IPv6Subnet, network.MTU())
	if err != nil {
		return err
	}
	wg.Add(1)
	go func() {
		defer wg.Done()
		network.Run(ctx)
	}()
	if err := sm.CompleteLease(ctx, network.Lease(), &wg); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	<-ctx.Done()
	return nil
}
