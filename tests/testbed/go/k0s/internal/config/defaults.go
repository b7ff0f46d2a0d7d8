// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package config

import (
	"net"
	"os"
	"strings"
	"time"

	"lightk8s.invalid/testbed/k0s/internal/system"
)

const (
	caLife   = 87600 * time.Hour
	leafLife = 8760 * time.Hour
	// DefaultFile is read when it is there.
	DefaultFile = "/etc/k0s/k0s.yaml"
	// DefaultDataDir is where everything is kept.
	DefaultDataDir = "/var/lib/k0s"
	// kineDefault is what an empty kine section becomes, singleDefault the storage of a single
	// node without a storage section: the original writes them differently.
	kineDefault   = "sqlite://file:/var/lib/k0s/db/state.db?mode=rwc&_journal=WAL"
	singleDefault = "sqlite:///var/lib/k0s/db/state.db?mode=rwc&_journal=WAL"
)

// KubernetesVersion is that of the release, such as "1.34.2"; the images' tags follow it.
var KubernetesVersion = "1.34.2"

func defaultCA() *CA { return &CA{Duration{caLife}, Duration{leafLife}} }

// Minor is the Kubernetes version without its patch level.
func Minor() string { return KubernetesVersion[:strings.LastIndex(KubernetesVersion, ".")] }

func defaultCluster() *ClusterConfig {
	return &ClusterConfig{
		Kind: "ClusterConfig", APIVersion: "k0s.k0sproject.io/v1beta1",
		Metadata: Metadata{Name: "k0s", Namespace: "kube-system"}, Spec: defaultSpec(),
	}
}

func defaultSpec() *ClusterSpec {
	return &ClusterSpec{
		API: defaultAPI(), ControllerManager: &ControllerManagerSpec{}, Scheduler: &SchedulerSpec{}, Storage: defaultStorage(),
		Network: defaultNetwork(), Telemetry: defaultTelemetry(), Install: defaultInstall(), Images: defaultImages(),
		Extensions: defaultExtensions(), Konnectivity: &KonnectivitySpec{AdminPort: 8133, AgentPort: 8132},
	}
}

func defaultTelemetry() *ClusterTelemetry {
	off := false
	return &ClusterTelemetry{Enabled: &off}
}

func defaultInstall() *InstallSpec {
	return &InstallSpec{&SystemUser{"etcd", "kube-apiserver", "konnectivity-server", "kube-apiserver", "kube-scheduler"}}
}

func defaultExtensions() *ClusterExtensions {
	return &ClusterExtensions{Helm: &HelmExtensions{ConcurrencyLevel: 5}}
}

func (a *APISpec) setDefaults() {
	if a.Address == "" {
		a.Address = system.Address()
	}
	if a.K0sAPIPort == 0 {
		a.K0sAPIPort = 9443
	}
	if a.Port == 0 {
		a.Port = 6443
	}
	if a.CA == nil {
		a.CA = defaultCA()
	}
}

func defaultAPI() *APISpec {
	a := &APISpec{SANs: system.Addresses()}
	a.setDefaults()
	return a
}

func defaultStorage() *StorageSpec { return &StorageSpec{Type: EtcdStorage, Etcd: defaultEtcd()} }

func defaultEtcd() *EtcdConfig { return &EtcdConfig{PeerAddress: system.Address(), CA: defaultCA()} }

func defaultNetwork() *Network {
	return &Network{
		KubeProxy: defaultKubeProxy(), KubeRouter: defaultKubeRouter(), NodeLocalLoadBalancing: defaultBalancing(),
		PodCIDR: "10.244.0.0/16", Provider: "kuberouter", ServiceCIDR: "10.96.0.0/12", ClusterDomain: "cluster.local",
	}
}

func defaultKubeProxy() *KubeProxy {
	return &KubeProxy{Mode: "iptables", MetricsBindAddress: "0.0.0.0:10249"}
}

func defaultKubeRouter() *KubeRouter {
	on := true
	return &KubeRouter{AutoMTU: &on, MetricsPort: 8080, Hairpin: "Enabled"}
}

func defaultCalico() *Calico {
	return &Calico{Mode: "vxlan", VxlanPort: 4789, VxlanVNI: 4096, MTU: 1450, Overlay: "Always",
		FlexVolumeDriverPath: "/usr/libexec/k0s/kubelet-plugins/volume/exec/nodeagent~uds"}
}

func defaultBalancing() *NodeLocalLoadBalancing {
	port := int32(7132)
	return &NodeLocalLoadBalancing{Type: "EnvoyProxy", EnvoyProxy: &EnvoyProxy{
		Image: envoyImage(), APIServerBindPort: 7443, KonnectivityServerBindPort: &port}}
}

func envoyImage() *ImageSpec { return &ImageSpec{"quay.io/k0sproject/envoy-distroless", "v1.34.3"} }

func ours(name, version string) *ImageSpec { return &ImageSpec{"quay.io/k0sproject/" + name, version} }

func defaultImages() *ClusterImages {
	return &ClusterImages{
		Konnectivity:  ours("apiserver-network-proxy-agent", "v0.33.0"),
		PushGateway:   ours("pushgateway-ttl", "1.4.0-k0s.0"),
		MetricsServer: ours("metrics-server", "v0.7.2-0"),
		KubeProxy:     ours("kube-proxy", "v"+KubernetesVersion),
		CoreDNS:       ours("coredns", "1.13.1"),
		Pause:         ours("pause", "3.10.1"),
		Windows: &WindowsImageSpec{
			&ImageSpec{"docker.io/sigwindowstools/kube-proxy", "v" + KubernetesVersion + "-calico-hostprocess"},
			&ImageSpec{"k8s.gcr.io/pause", "3.10.1"},
		},
		Calico: &CalicoImageSpec{
			CNI: ours("calico-cni", "v3.29.6-0"), Node: ours("calico-node", "v3.29.6-0"),
			KubeControllers: ours("calico-kube-controllers", "v3.29.6-0"),
			Windows: &CalicoWindowsImageSpec{
				&ImageSpec{"docker.io/calico/cni-windows", "v3.29.6"}, &ImageSpec{"docker.io/calico/node-windows", "v3.29.6"},
			},
		},
		KubeRouter: &KubeRouterImageSpec{
			ours("kube-router", "v2.6.2-iptables1.8.11-0"), ours("cni-node", "1.8.0-k0s.0"),
		},
		DefaultPullPolicy: "IfNotPresent",
	}
}

// all lists every image for Linux that can be set, in the order in which they are listed.
func (i *ClusterImages) all() []**ImageSpec {
	var list []**ImageSpec
	if i.Calico != nil {
		list = append(list, &i.Calico.CNI, &i.Calico.KubeControllers, &i.Calico.Node)
	}
	list = append(list, &i.CoreDNS, &i.Konnectivity, &i.KubeProxy)
	if i.KubeRouter != nil {
		list = append(list, &i.KubeRouter.CNI, &i.KubeRouter.CNIInstaller)
	}
	return append(list, &i.MetricsServer, &i.Pause, &i.PushGateway)
}

// useRepository puts another registry in front of all images.
func (s *ClusterSpec) useRepository() {
	if s.Images == nil || s.Images.Repository == "" {
		return
	}
	list := s.Images.all()
	if n := s.Network; n != nil && n.NodeLocalLoadBalancing != nil && n.NodeLocalLoadBalancing.EnvoyProxy != nil {
		list = append(list, &n.NodeLocalLoadBalancing.EnvoyProxy.Image)
	}
	for _, image := range list {
		if *image == nil || strings.HasPrefix((*image).Image, s.Images.Repository+"/") {
			continue
		}
		name := (*image).Image
		if host, rest, ok := strings.Cut(name, "/"); ok && (strings.ContainsAny(host, ".:") || host == "localhost") {
			name = rest
		}
		(*image).Image = s.Images.Repository + "/" + name
	}
}

// List names the images for Linux; without all, those that the configuration leads to.
func (s *ClusterSpec) List(all bool) []string {
	var names []string
	add := func(i *ImageSpec) {
		if i != nil {
			names = append(names, i.URI())
		}
	}
	i := s.Images
	for _, image := range i.all() {
		if *image != i.PushGateway {
			add(*image)
		}
	}
	if all {
		add(i.PushGateway)
		if b := s.Network.NodeLocalLoadBalancing; b != nil && b.EnvoyProxy != nil && b.EnvoyProxy.Image != nil {
			add(b.EnvoyProxy.Image)
		} else {
			add(envoyImage())
		}
	}
	return names
}

// Hosts are all names and addresses of this API server.
func (s *ClusterSpec) Hosts() []string {
	names := append([]string{"kubernetes", "kubernetes.default", "kubernetes.default.svc",
		"kubernetes.default.svc.cluster", "kubernetes.default.svc." + s.Network.ClusterDomain,
		"kubernetes.svc." + s.Network.ClusterDomain, "localhost", "127.0.0.1"}, system.Addresses()...)
	names = append(append(names, s.API.Address), s.API.SANs...)
	if s.API.ExternalAddress != "" {
		names = append(names, hostOnly(s.API.ExternalAddress))
	}
	if host, err := os.Hostname(); err == nil {
		names = append(names, host)
	}
	return append(names, s.Network.ServiceIP(1))
}

func hostOnly(address string) string {
	if host, _, err := net.SplitHostPort(address); err == nil {
		return host
	}
	return address
}

// ServiceIP is the nth address of the service range.
func (n *Network) ServiceIP(index byte) string {
	_, cidr, err := net.ParseCIDR(n.ServiceCIDR)
	if err != nil {
		return ""
	}
	cidr.IP[len(cidr.IP)-1] += index
	return cidr.IP.String()
}

// DNS is the address of the cluster's name service.
func (n *Network) DNS() string {
	_, cidr, err := net.ParseCIDR(n.ServiceCIDR)
	if err != nil {
		return ""
	}
	if ones, bits := cidr.Mask.Size(); bits-ones <= 3 {
		return n.ServiceIP(2)
	}
	return n.ServiceIP(10)
}

// JoinURL is where others reach a port of this controller.
func (a *APISpec) JoinURL(port int) string {
	host := a.Address
	if a.ExternalAddress != "" {
		host = hostOnly(a.ExternalAddress)
		if _, p, err := net.SplitHostPort(a.ExternalAddress); err == nil {
			return "https://" + net.JoinHostPort(host, p)
		}
	}
	return "https://" + net.JoinHostPort(host, itoa(port))
}

// LocalURL is where this node reaches its own API.
func (a *APISpec) LocalURL() string {
	if a.OnlyBindToAddress {
		return "https://" + net.JoinHostPort(a.Address, itoa(a.Port))
	}
	return "https://localhost:" + itoa(a.Port)
}

// Joinable tells whether further controllers can use the storage.
func (s *StorageSpec) Joinable() bool {
	return s.Type == EtcdStorage || s.Kine != nil && !strings.HasPrefix(s.Kine.DataSource, "sqlite:") &&
		!strings.HasPrefix(s.Kine.DataSource, "nats:")
}
