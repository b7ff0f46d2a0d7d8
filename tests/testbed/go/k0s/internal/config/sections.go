// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package config

import (
	"errors"
	"fmt"
	"net"
	"slices"
)

// say adds a message that names its section alone, as those of the sections below do.
func (p *problems) say(format string, a ...any) { p.add("", format, a...) }

func (p *problems) port(field string, value int32) {
	if value < 1 || value > 65535 {
		p.add(field, "Invalid value: %d: must be between 1 and 65535, inclusive", value)
	}
}

func checkKonnectivity(s *ClusterSpec, p *problems) {
	p.where = "konnectivity: "
	p.port("adminPort", s.Konnectivity.AdminPort)
	p.port("agentPort", s.Konnectivity.AgentPort)
}

func checkExtensions(s *ClusterSpec, p *problems) {
	p.where = "extensions"
	if s.Extensions.Helm == nil {
		return
	}
	for _, r := range s.Extensions.Helm.Repositories {
		if r.Name == "" {
			p.say("repository must have Name field not empty")
		} else if r.URL == "" {
			p.say("repository must have URL field not empty")
		}
	}
	for _, c := range s.Extensions.Helm.Charts {
		switch {
		case c.Name == "":
			p.say("chart must have Name field not empty")
		case c.ChartName == "":
			p.say("chart must have ChartName field not empty")
		case c.Namespace == "":
			p.say("chart must have TargetNS field not empty")
		}
	}
}

// checkNodeBalancing looks at the balancer on workers, which is checked while it is off as well.
func checkNodeBalancing(b *NodeLocalLoadBalancing, p *problems) {
	if b == nil {
		return
	}
	const at = "nodeLocalLoadBalancing."
	if b.Type != "" {
		p.supported(at+"type", b.Type, "EnvoyProxy")
	}
	e := b.EnvoyProxy
	if e == nil {
		return
	}
	if e.Image != nil && e.Image.Version != "" && !tag.MatchString(e.Image.Version) {
		p.invalid(at+"envoyProxy.image.version", e.Image.Version, "must match regular expression: "+tag.String())
	}
	if e.ImagePullPolicy != "" {
		p.supported(at+"envoyProxy.imagePullPolicy", e.ImagePullPolicy, "Always", "Never", "IfNotPresent")
	}
	if e.APIServerBindPort != 0 {
		p.port(at+"envoyProxy.apiServerBindPort", e.APIServerBindPort)
	}
	if e.KonnectivityServerBindPort != nil {
		p.port(at+"envoyProxy.konnectivityServerBindPort", *e.KonnectivityServerBindPort)
	}
}

// checkBalancing looks at what concerns more than one section.
func checkBalancing(s *ClusterSpec, p *problems) {
	n := s.Network
	if b := n.NodeLocalLoadBalancing; b != nil && b.Enabled && s.API.ExternalAddress != "" {
		p.list = append(p.list, errors.New("spec: network.nodeLocalLoadBalancing.enabled: Forbidden: node-local load balancing "+
			"cannot be used in conjunction with an external Kubernetes API server address"))
	}
	c := n.ControlPlaneLoadBalancing
	if c == nil {
		return
	}
	p.where = "controlPlaneLoadBalancing"
	if c.Type != "" && c.Type != "Keepalived" {
		p.say("unsupported CPLB type: %s. Only allowed value: Keepalived", c.Type)
	}
	if c.Keepalived == nil {
		return
	}
	for _, v := range c.Keepalived.VRRPInstances {
		checkInstance(v, p)
	}
	for _, v := range c.Keepalived.VirtualServers {
		checkVirtualServer(v, p)
	}
}

func checkInstance(v VRRPInstance, p *problems) {
	if v.AuthPass == "" {
		p.say("AuthPass must be defined")
	} else if len(v.AuthPass) > 8 {
		p.say("AuthPass must be 8 characters or less")
	}
	if len(v.VirtualIPs) == 0 {
		p.say("VirtualIPs must be defined")
	}
	for _, address := range v.VirtualIPs {
		if _, _, err := net.ParseCIDR(address); err != nil {
			p.say("VirtualIPs must be a CIDR. Got: %s", address)
		}
	}
}

func checkVirtualServer(v VirtualServer, p *problems) {
	if v.IPAddress == "" {
		p.say("IPAddress must be defined")
	}
	if net.ParseIP(v.IPAddress) == nil {
		p.say("invalid IP address: %s", v.IPAddress)
	}
	if !slices.Contains([]string{"", "rr", "wrr", "lc", "wlc", "lblc", "dh", "sh", "sed", "nq"}, v.LBAlgo) {
		p.say("invalid LBAlgo: %s ", v.LBAlgo)
	}
	if !slices.Contains([]string{"", "NAT", "DR", "TUN"}, v.LBKind) {
		p.say("invalid LBKind: %s ", v.LBKind)
	}
	if v.DelayLoop.Duration < 0 {
		p.say("DelayLoop must be positive")
	}
}

// imagePath names an image in k0s.yaml, for messages.
func (i *ClusterImages) imagePath(image **ImageSpec) string {
	named := map[**ImageSpec]string{
		&i.CoreDNS: "coredns", &i.Konnectivity: "konnectivity", &i.KubeProxy: "kubeproxy",
		&i.MetricsServer: "metricsserver", &i.Pause: "pause", &i.PushGateway: "pushgateway",
	}
	if c := i.Calico; c != nil {
		named[&c.CNI], named[&c.KubeControllers], named[&c.Node] = "calico.cni", "calico.kubecontrollers", "calico.node"
	}
	if k := i.KubeRouter; k != nil {
		named[&k.CNI], named[&k.CNIInstaller] = "kuberouter.cni", "kuberouter.cniInstaller"
	}
	return fmt.Sprintf("images.%s", named[image])
}
