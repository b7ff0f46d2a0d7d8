// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package config

// Network is the section of pod network, services and load balancing.
type Network struct {
	Calico                    *Calico                    `json:"calico,omitempty"`
	DualStack                 DualStack                  `json:"dualStack"`
	KubeProxy                 *KubeProxy                 `json:"kubeProxy,omitempty"`
	KubeRouter                *KubeRouter                `json:"kuberouter,omitempty"`
	NodeLocalLoadBalancing    *NodeLocalLoadBalancing    `json:"nodeLocalLoadBalancing,omitempty"`
	ControlPlaneLoadBalancing *ControlPlaneLoadBalancing `json:"controlPlaneLoadBalancing,omitempty"`
	PodCIDR                   string                     `json:"podCIDR,omitempty"`
	Provider                  string                     `json:"provider,omitempty"`
	ServiceCIDR               string                     `json:"serviceCIDR,omitempty"`
	ClusterDomain             string                     `json:"clusterDomain,omitempty"`
	PrimaryAddressFamily      string                     `json:"primaryAddressFamily,omitempty"`
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
	Disabled           bool              `json:"disabled,omitempty"`
	Mode               string            `json:"mode,omitempty"`
	MetricsBindAddress string            `json:"metricsBindAddress,omitempty"`
	IPTables           IPTables          `json:"iptables"`
	IPVS               IPVS              `json:"ipvs"`
	NFTables           NFTables          `json:"nftables"`
	NodePortAddresses  []string          `json:"nodePortAddresses,omitempty"`
	ExtraArgs          map[string]string `json:"extraArgs,omitempty"`
	RawArgs            []string          `json:"rawArgs,omitempty"`
}

// IPTables is for that mode of kube-proxy.
type IPTables struct {
	MasqueradeBit      *int32   `json:"masqueradeBit,omitempty"`
	MasqueradeAll      bool     `json:"masqueradeAll,omitempty"`
	LocalhostNodePorts *bool    `json:"localhostNodePorts,omitempty"`
	SyncPeriod         Duration `json:"syncPeriod"`
	MinSyncPeriod      Duration `json:"minSyncPeriod"`
}

// IPVS is for that mode of kube-proxy.
type IPVS struct {
	SyncPeriod    Duration `json:"syncPeriod"`
	MinSyncPeriod Duration `json:"minSyncPeriod"`
	Scheduler     string   `json:"scheduler,omitempty"`
	ExcludeCIDRs  []string `json:"excludeCIDRs,omitempty"`
	StrictARP     bool     `json:"strictARP,omitempty"`
	TCPTimeout    Duration `json:"tcpTimeout"`
	TCPFinTimeout Duration `json:"tcpFinTimeout"`
	UDPTimeout    Duration `json:"udpTimeout"`
}

// NFTables is for that mode of kube-proxy.
type NFTables struct {
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
	Image                      *Image `json:"image,omitempty"`
	ImagePullPolicy            string `json:"imagePullPolicy,omitempty"`
	APIServerBindPort          int32  `json:"apiServerBindPort,omitempty"`
	KonnectivityServerBindPort *int32 `json:"konnectivityServerBindPort,omitempty"`
}

// ControlPlaneLoadBalancing gives controllers a common address.
type ControlPlaneLoadBalancing struct {
	Enabled    bool        `json:"enabled"`
	Type       string      `json:"type,omitempty"`
	Keepalived *Keepalived `json:"keepalived,omitempty"`
}

// Keepalived has the instances and servers of keepalived.
type Keepalived struct {
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

// Image is a repository and a tag.
type Image struct {
	Image   string `json:"image"`
	Version string `json:"version"`
}

// URI is the reference.
func (i *Image) URI() string { return i.Image + ":" + i.Version }

// Images are those that k0s itself uses.
type Images struct {
	Konnectivity      *Image            `json:"konnectivity,omitempty"`
	PushGateway       *Image            `json:"pushgateway,omitempty"`
	MetricsServer     *Image            `json:"metricsserver,omitempty"`
	KubeProxy         *Image            `json:"kubeproxy,omitempty"`
	CoreDNS           *Image            `json:"coredns,omitempty"`
	Pause             *Image            `json:"pause,omitempty"`
	Windows           *WindowsImages    `json:"windows,omitempty"`
	Calico            *CalicoImages     `json:"calico,omitempty"`
	KubeRouter        *KubeRouterImages `json:"kuberouter,omitempty"`
	Repository        string            `json:"repository,omitempty"`
	DefaultPullPolicy string            `json:"default_pull_policy,omitempty"`
}

// WindowsImages are for Windows workers.
type WindowsImages struct {
	KubeProxy *Image `json:"kubeproxy,omitempty"`
	Pause     *Image `json:"pause,omitempty"`
}

// CalicoImages are for that provider.
type CalicoImages struct {
	CNI             *Image               `json:"cni,omitempty"`
	Node            *Image               `json:"node,omitempty"`
	KubeControllers *Image               `json:"kubecontrollers,omitempty"`
	Windows         *CalicoWindowsImages `json:"windows,omitempty"`
}

// CalicoWindowsImages are for that provider on Windows.
type CalicoWindowsImages struct {
	CNI  *Image `json:"cni,omitempty"`
	Node *Image `json:"node,omitempty"`
}

// KubeRouterImages are for that provider.
type KubeRouterImages struct {
	CNI          *Image `json:"cni,omitempty"`
	CNIInstaller *Image `json:"cniInstaller,omitempty"`
}
