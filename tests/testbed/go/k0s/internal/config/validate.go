// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strings"
)

type problems struct {
	where string
	list  []error
}

func (p *problems) add(field, format string, a ...any) {
	p.list = append(p.list, fmt.Errorf("spec: %s%s: %s", p.where, field, fmt.Sprintf(format, a...)))
}

func (p *problems) invalid(field, value, why string) {
	p.add(field, "Invalid value: %q: %s", value, why)
}

func (p *problems) supported(field, value string, known ...string) {
	if value == "" {
		p.add(field, "Required value")
	} else if !slices.Contains(known, value) {
		p.add(field, "Unsupported value: %q: supported values: %s", value, `"`+strings.Join(known, `", "`)+`"`)
	}
}

var dnsName = regexp.MustCompile(`^([a-zA-Z0-9_][a-zA-Z0-9_-]{0,62})(\.[a-zA-Z0-9_][a-zA-Z0-9_-]{0,62})*[._]?$`)

func isHost(name string) bool { return net.ParseIP(name) != nil || dnsName.MatchString(name) }

// Validate lists what is wrong, section by section; the original takes them in another order each time.
func (c *ClusterConfig) Validate() error {
	p := &problems{}
	for _, check := range []func(*ClusterSpec, *problems){checkAPI, checkExtensions, checkImages, checkKonnectivity, checkNetwork,
		checkStorage, checkProfiles, checkBalancing} {
		check(c.Spec, p)
	}
	return errors.Join(p.list...)
}

func checkAPI(s *ClusterSpec, p *problems) {
	a := s.API
	p.where = "api: "
	if net.ParseIP(a.Address) == nil {
		p.invalid("address", a.Address, "invalid IP address")
	} else if net.ParseIP(a.Address).IsUnspecified() {
		p.invalid("address", a.Address, "invalid INADDR_ANY")
	}
	if a.ExternalAddress != "" && !isHost(hostOnly(a.ExternalAddress)) {
		p.invalid("externalAddress", hostOnly(a.ExternalAddress), "invalid IP address / DNS name")
	}
	for _, port := range []struct {
		name  string
		value int
	}{{"k0sApiPort", a.K0sAPIPort}, {"port", a.Port}} {
		if port.value < 1 || port.value > 65535 {
			p.add(port.name, "Invalid value: %d: must be between 1 and 65535, inclusive", port.value)
		}
	}
	for i, san := range a.SANs {
		if !isHost(san) {
			p.invalid(fmt.Sprintf("sans[%d]", i), san, "invalid IP address / DNS name")
		}
	}
}

var tag = regexp.MustCompile(`^[\w][\w.-]{0,127}(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*[:][[:xdigit:]]{32,})?$`)

func checkImages(s *ClusterSpec, p *problems) {
	p.where = ""
	p.supported("default_pull_policy", s.Images.DefaultPullPolicy, "Always", "IfNotPresent", "Never")
	for _, image := range s.Images.all() {
		i := *image
		if i == nil {
			continue
		}
		p.where = s.Images.imagePath(image)
		if i.Image == "" {
			p.add(".image", "Required value")
		} else if strings.TrimSpace(i.Image) != i.Image {
			p.invalid(".image", i.Image, "must not have leading or trailing whitespace")
		}
		if !tag.MatchString(i.Version) {
			p.invalid(".version", i.Version, "must match regular expression: "+tag.String())
		}
	}
}

func checkNetwork(s *ClusterSpec, p *problems) {
	n := s.Network
	p.where = "network: "
	p.supported("provider", n.Provider, "kuberouter", "calico", "custom")
	pods, _, podErr := net.ParseCIDR(n.PodCIDR)
	if podErr != nil {
		p.invalid("podCIDR", n.PodCIDR, "invalid CIDR address")
	}
	services, _, serviceErr := net.ParseCIDR(n.ServiceCIDR)
	if serviceErr != nil {
		p.invalid("serviceCIDR", n.ServiceCIDR, "invalid CIDR address")
	}
	if podErr == nil && serviceErr == nil {
		if (pods.To4() != nil) != (services.To4() != nil) {
			p.invalid("podCIDR", n.PodCIDR, "podCIDR and serviceCIDR must be both IPv4 or IPv6")
		}
		if !n.DualStack.Enabled && pods.To4() == nil {
			p.invalid("podCIDR", n.PodCIDR, "feature gate IPv6SingleStack must be explicitly enabled to use IPv6 single stack")
		}
	}
	if !dnsName.MatchString(n.ClusterDomain) {
		p.invalid("clusterDomain", n.ClusterDomain, "invalid DNS name")
	}
	if n.DualStack.Enabled {
		checkDualStack(n, p)
	}
	if k := n.KubeProxy; k != nil && !k.Disabled && !slices.Contains([]string{"iptables", "ipvs", "userspace", "nftables"}, k.Mode) {
		p.list = append(p.list, fmt.Errorf("spec: network: unsupported mode %s for kubeProxy config", k.Mode))
	}
	if n.Provider == "calico" && n.Calico != nil {
		p.supported("calico.mode", n.Calico.Mode, "bird", "vxlan", "ipip")
	}
	checkNodeBalancing(n.NodeLocalLoadBalancing, p)
}

func checkDualStack(n *Network, p *problems) {
	if n.Provider == "calico" && n.Calico.Mode != "bird" {
		p.add("calico.mode", "Forbidden: dual-stack for calico is only supported for mode `bird`")
	}
	for _, range6 := range []struct{ name, value string }{
		{"dualStack.IPv6podCIDR", n.DualStack.IPv6PodCIDR}, {"dualStack.IPv6serviceCIDR", n.DualStack.IPv6ServiceCIDR}} {
		if _, _, err := net.ParseCIDR(range6.value); err != nil {
			p.invalid(range6.name, range6.value, "invalid CIDR address")
		}
	}
	for _, range4 := range []struct{ name, value string }{{"podCIDR", n.PodCIDR}, {"serviceCIDR", n.ServiceCIDR}} {
		if ip, _, err := net.ParseCIDR(range4.value); err != nil || ip.To4() == nil {
			p.invalid(range4.name, range4.value, "if DualStack is enabled, "+range4.name+" must be IPv4")
		}
	}
}

func checkStorage(s *ClusterSpec, p *problems) {
	p.where = "storage: "
	p.supported("type", s.Storage.Type, EtcdStorage, KineStorage)
	if s.Storage.Etcd == nil || s.Storage.Etcd.ExternalCluster == nil {
		return
	}
	e := s.Storage.Etcd.ExternalCluster
	say := func(text string) {
		p.list = append(p.list, errors.New("spec: storage: spec.storage.etcd.externalCluster"+text))
	}
	if len(e.Endpoints) == 0 {
		say(".endpoints cannot be null or empty")
	} else if slices.Contains(e.Endpoints, "") {
		say(".endpoints cannot contain empty strings")
	}
	if e.EtcdPrefix == "" {
		say(".etcdPrefix cannot be empty")
	}
	given := 0
	for _, f := range []string{e.CaFile, e.ClientCertFile, e.ClientKeyFile} {
		if f != "" {
			given++
		}
	}
	if given != 0 && given != 3 {
		say(" is invalid: all TLS properties [caFile,clientCertFile,clientKeyFile] must be defined or none of those")
	}
}

var label = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)

// kubelet are the kubelet's settings that are checked: their types, and a few values.
type kubelet struct {
	APIVersion           string            `json:"apiVersion"`
	Kind                 string            `json:"kind"`
	ClusterDNS           []string          `json:"clusterDNS"`
	ClusterDomain        string            `json:"clusterDomain"`
	StaticPodURL         string            `json:"staticPodURL"`
	MaxPods              int32             `json:"maxPods"`
	PodPidsLimit         *int64            `json:"podPidsLimit"`
	EvictionHard         map[string]string `json:"evictionHard"`
	EvictionSoft         map[string]string `json:"evictionSoft"`
	SystemReserved       map[string]string `json:"systemReserved"`
	KubeReserved         map[string]string `json:"kubeReserved"`
	ContainerLogMaxSize  string            `json:"containerLogMaxSize"`
	ContainerLogMaxFiles *int32            `json:"containerLogMaxFiles"`
	CPUManagerPolicy     string            `json:"cpuManagerPolicy"`
	ImageGCHigh          *int32            `json:"imageGCHighThresholdPercent"`
	ImageGCLow           *int32            `json:"imageGCLowThresholdPercent"`
	FailSwapOn           *bool             `json:"failSwapOn"`
	FailCgroupV1         *bool             `json:"failCgroupV1"`
	CPUCFSQuota          *bool             `json:"cpuCFSQuota"`
	EnforceAllocatable   []string          `json:"enforceNodeAllocatable"`
}

func checkProfiles(s *ClusterSpec, p *problems) {
	for i, profile := range s.WorkerProfiles {
		p.where = fmt.Sprintf("workerProfiles[%d].", i)
		if profile.Name == "" {
			p.add("name", "Required value")
		} else if !label.MatchString(profile.Name) {
			p.invalid("name", profile.Name, "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "+
				"and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')")
		}
		if len(profile.Values) == 0 || string(profile.Values) == "null" {
			continue
		}
		k := kubelet{MaxPods: 110}
		if err := json.Unmarshal(profile.Values, &k); err != nil {
			p.add("values", "Invalid value: %s", strings.Replace(err.Error(), "struct field kubelet.", "struct field KubeletConfiguration.", 1))
			continue
		}
		checkKubelet(k, p)
	}
}

func checkKubelet(k kubelet, p *problems) {
	for _, wanted := range []struct{ name, value, expected string }{
		{"apiVersion", k.APIVersion, "kubelet.config.k8s.io/v1beta1"}, {"kind", k.Kind, "KubeletConfiguration"}} {
		if wanted.value != "" && wanted.value != wanted.expected {
			p.invalid("values."+wanted.name, wanted.value, fmt.Sprintf("expected %q", wanted.expected))
		}
	}
	const reserved = "Forbidden: may not be used in k0s worker profiles"
	if k.ClusterDNS != nil {
		p.add("values.clusterDNS", reserved)
	}
	if k.ClusterDomain != "" {
		p.add("values.clusterDomain", reserved)
	}
	if k.StaticPodURL != "" {
		p.add("values.staticPodURL", reserved)
	}
	if k.MaxPods < 0 {
		p.add("values", "Invalid value: invalid configuration: maxPods (--max-pods) %d must not be a negative number", k.MaxPods)
	}
	if k.ContainerLogMaxFiles != nil && *k.ContainerLogMaxFiles <= 1 {
		p.add("values", "Invalid value: invalid configuration: containerLogMaxFiles must be greater than 1")
	}
	high, low := int32(85), int32(80)
	if k.ImageGCHigh != nil {
		high = *k.ImageGCHigh
	}
	if k.ImageGCLow != nil {
		low = *k.ImageGCLow
	}
	if high < 0 || high > 100 || low >= high {
		p.add("values", "Invalid value: invalid configuration: imageGCLowThresholdPercent (--image-gc-low-threshold) %d "+
			"must be less than imageGCHighThresholdPercent (--image-gc-high-threshold) %d", low, high)
	}
}
