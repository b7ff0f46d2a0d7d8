// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package config

// Network is the section of pod network, services and load balancing.
type Network struct {
	Calico                    *Calico                        `json:"calico,omitempty"`
	DualStack                 DualStack                      `json:"dualStack"`
	KubeProxy                 *KubeProxy                     `json:"kubeProxy,omitempty"`
	KubeRouter                *KubeRouter                    `json:"kuberouter,omitempty"`
	NodeLocalLoadBalancing    *NodeLocalLoadBalancing        `json:"nodeLocalLoadBalancing,omitempty"`
	ControlPlaneLoadBalancing *ControlPlaneLoadBalancingSpec `json:"controlPlaneLoadBalancing,omitempty"`
	PodCIDR                   string                         `json:"podCIDR,omitempty"`
	Provider                  string                         `json:"provider,omitempty"`
	ServiceCIDR               string                         `json:"serviceCIDR,omitempty"`
	ClusterDomain             string                         `json:"clusterDomain,omitempty"`
	PrimaryAddressFamily      string                         `json:"primaryAddressFamily,omitempty"`
}

// Calico has settings of that provider.
type Calico struct {
	EnableWireguard         bool              `json:"wireguard,omitempty"`
	EnvVars                 map[string]string `json:"envVars,omitempty"`
	FlexVolumeDriverPath    string            `json:"flexVolumeDriverPath,omitempty"`
	IPAutodetectionMethod   string            `json:"ipAutodetectionMethod,omitempty"`
	IPv6AutodetectionMethod string            `json:"ipV6AutodetectionMethod,omitempty"`
	MTU                     int               `json:"mtu,omitempty"`
	Mode                    string            `json:"mode,omitempty"`
	Overlay                 string            `json:"overlay,omitempty"`
	VxlanPort               int               `json:"vxlanPort,omitempty"`
	VxlanVNI                int               `json:"vxlanVNI,omitempty"`
}

// DualStack has the ranges of IPv6.
type DualStack struct {
	Enabled         bool   `json:"enabled"`
	IPv6PodCIDR     string `json:"IPv6podCIDR,omitempty"`
	IPv6ServiceCIDR string `json:"IPv6serviceCIDR,omitempty"`
}

// KubeProxy has settings of kube-proxy.
type KubeProxy struct {
	Disabled           bool                           `json:"disabled,omitempty"`
	Mode               string                         `json:"mode,omitempty"`
	MetricsBindAddress string                         `json:"metricsBindAddress,omitempty"`
	IPTables           KubeProxyIPTablesConfiguration `json:"iptables"`
	IPVS               KubeProxyIPVSConfiguration     `json:"ipvs"`
	NFTables           KubeProxyNFTablesConfiguration `json:"nftables"`
	NodePortAddresses  []string                       `json:"nodePortAddresses,omitempty"`
	ExtraArgs          map[string]string              `json:"extraArgs,omitempty"`
	RawArgs            []string                       `json:"rawArgs,omitempty"`
}

// KubeProxyIPTablesConfiguration is for that mode of kube-proxy.
type KubeProxyIPTablesConfiguration struct {
	MasqueradeBit      *int32   `json:"masqueradeBit,omitempty"`
	MasqueradeAll      bool     `json:"masqueradeAll,omitempty"`
	LocalhostNodePorts *bool    `json:"localhostNodePorts,omitempty"`
	SyncPeriod         Duration `json:"syncPeriod"`
	MinSyncPeriod      Duration `json:"minSyncPeriod"`
}

// KubeProxyIPVSConfiguration is for that mode of kube-proxy.
type KubeProxyIPVSConfiguration struct {
	SyncPeriod    Duration `json:"syncPeriod"`
	MinSyncPeriod Duration `json:"minSyncPeriod"`
	Scheduler     string   `json:"scheduler,omitempty"`
	ExcludeCIDRs  []string `json:"excludeCIDRs,omitempty"`
	StrictARP     bool     `json:"strictARP,omitempty"`
	TCPTimeout    Duration `json:"tcpTimeout"`
	TCPFinTimeout Duration `json:"tcpFinTimeout"`
	UDPTimeout    Duration `json:"udpTimeout"`
}

// KubeProxyNFTablesConfiguration is for that mode of kube-proxy.
type KubeProxyNFTablesConfiguration struct {
	SyncPeriod    Duration `json:"syncPeriod"`
	MasqueradeBit *int32   `json:"masqueradeBit,omitempty"`
	MasqueradeAll bool     `json:"masqueradeAll,omitempty"`
	MinSyncPeriod Duration `json:"minSyncPeriod"`
}

// KubeRouter has settings of that provider.
type KubeRouter struct {
	AutoMTU        *bool             `json:"autoMTU,omitempty"`
	MTU            int               `json:"mtu,omitempty"`
	MetricsPort    int               `json:"metricsPort,omitempty"`
	Hairpin        string            `json:"hairpin,omitempty"`
	HairpinMode    bool              `json:"hairpinMode,omitempty"`
	IPMasq         bool              `json:"ipMasq,omitempty"`
	PeerRouterASNs string            `json:"peerRouterASNs,omitempty"`
	PeerRouterIPs  string            `json:"peerRouterIPs,omitempty"`
	ExtraArgs      map[string]string `json:"extraArgs,omitempty"`
	RawArgs        []string          `json:"rawArgs,omitempty"`
}

// NodeLocalLoadBalancing is a proxy to the API on each worker.
type NodeLocalLoadBalancing struct {
	Enabled    bool        `json:"enabled"`
	Type       string      `json:"type,omitempty"`
	EnvoyProxy *EnvoyProxy `json:"envoyProxy,omitempty"`
}

// EnvoyProxy is such a proxy.
type EnvoyProxy struct {
	Image                      *ImageSpec `json:"image,omitempty"`
	ImagePullPolicy            string     `json:"imagePullPolicy,omitempty"`
	APIServerBindPort          int32      `json:"apiServerBindPort,omitempty"`
	KonnectivityServerBindPort *int32     `json:"konnectivityServerBindPort,omitempty"`
}

// ControlPlaneLoadBalancing gives controllers a common address.
type ControlPlaneLoadBalancingSpec struct {
	Enabled    bool            `json:"enabled"`
	Type       string          `json:"type,omitempty"`
	Keepalived *KeepalivedSpec `json:"keepalived,omitempty"`
}

// KeepalivedSpec has the instances and servers of keepalived.
type KeepalivedSpec struct {
	VRRPInstances       []VRRPInstance  `json:"vrrpInstances,omitempty"`
	VirtualServers      []VirtualServer `json:"virtualServers,omitempty"`
	UserSpaceProxyPort  int             `json:"userSpaceProxyBindPort,omitempty"`
	DisableLoadBalancer bool            `json:"disableLoadBalancer,omitempty"`
}

// VRRPInstance is a set of addresses.
type VRRPInstance struct {
	VirtualIPs            []string `json:"virtualIPs"`
	Interface             string   `json:"interface,omitempty"`
	VirtualRouterID       int32    `json:"virtualRouterID,omitempty"`
	AdvertIntervalSeconds int32    `json:"advertIntervalSeconds,omitempty"`
	AuthPass              string   `json:"authPass"`
	UnicastPeers          []string `json:"unicastPeers,omitempty"`
	UnicastSourceIP       string   `json:"unicastSourceIP,omitempty"`
	AddressLabel          uint32   `json:"addressLabel,omitempty"`
}

// VirtualServer is one balanced address.
type VirtualServer struct {
	IPAddress                 string   `json:"ipAddress"`
	DelayLoop                 Duration `json:"delayLoop"`
	LBAlgo                    string   `json:"lbAlgo,omitempty"`
	LBKind                    string   `json:"lbKind,omitempty"`
	PersistenceTimeoutSeconds int      `json:"persistenceTimeoutSeconds,omitempty"`
}

// ImageSpec is a repository and a tag.
type ImageSpec struct {
	Image   string `json:"image"`
	Version string `json:"version"`
}

// URI is the reference.
func (i *ImageSpec) URI() string { return i.Image + ":" + i.Version }

// ClusterImages are those that k0s itself uses.
type ClusterImages struct {
	Konnectivity      *ImageSpec           `json:"konnectivity,omitempty"`
	PushGateway       *ImageSpec           `json:"pushgateway,omitempty"`
	MetricsServer     *ImageSpec           `json:"metricsserver,omitempty"`
	KubeProxy         *ImageSpec           `json:"kubeproxy,omitempty"`
	CoreDNS           *ImageSpec           `json:"coredns,omitempty"`
	Pause             *ImageSpec           `json:"pause,omitempty"`
	Windows           *WindowsImageSpec    `json:"windows,omitempty"`
	Calico            *CalicoImageSpec     `json:"calico,omitempty"`
	KubeRouter        *KubeRouterImageSpec `json:"kuberouter,omitempty"`
	Repository        string               `json:"repository,omitempty"`
	DefaultPullPolicy string               `json:"default_pull_policy,omitempty"`
}

// WindowsImageSpec are for Windows workers.
type WindowsImageSpec struct {
	KubeProxy *ImageSpec `json:"kubeproxy,omitempty"`
	Pause     *ImageSpec `json:"pause,omitempty"`
}

// CalicoImageSpec are for that provider.
type CalicoImageSpec struct {
	CNI             *ImageSpec              `json:"cni,omitempty"`
	Node            *ImageSpec              `json:"node,omitempty"`
	KubeControllers *ImageSpec              `json:"kubecontrollers,omitempty"`
	Windows         *CalicoWindowsImageSpec `json:"windows,omitempty"`
}

// CalicoWindowsImageSpec are for that provider on Windows.
type CalicoWindowsImageSpec struct {
	CNI  *ImageSpec `json:"cni,omitempty"`
	Node *ImageSpec `json:"node,omitempty"`
}

// KubeRouterImageSpec are for that provider.
type KubeRouterImageSpec struct {
	CNI          *ImageSpec `json:"cni,omitempty"`
	CNIInstaller *ImageSpec `json:"cniInstaller,omitempty"`
}
