// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package config reads edgecore.yaml and cloudcore.yaml as the original does: what is not known is
// passed over, what has the wrong type is refused.
package config

import (
	"bytes"
	_ "embed" // for the defaults
	"fmt"
	"net"
	"os"
	"regexp"
	"strings"
	"text/template"

	"sigs.k8s.io/yaml"
)

// Folders and files that the original names the same way everywhere.
const (
	Folder        = "/etc/kubeedge"
	EdgeFile      = Folder + "/config/edgecore.yaml"
	CloudFile     = Folder + "/config/cloudcore.yaml"
	BootstrapFile = Folder + "/bootstrap-edgecore.conf"
	ManifestsDir  = Folder + "/manifests"
	Binary        = "/usr/local/bin/edgecore"
	Service       = "/etc/systemd/system/edgecore.service"
)

//go:embed defaults/edgecore.tmpl
var edgeDefaults string

// EdgeCoreConfig is edgecore.yaml.
type EdgeCoreConfig struct {
	APIVersion      string          `json:"apiVersion"`
	Kind            string          `json:"kind"`
	Database        *DataBase       `json:"database"`
	EdgeCoreVersion string          `json:"edgecoreVersion"`
	FeatureGates    map[string]bool `json:"featureGates,omitempty"`
	Modules         *Modules        `json:"modules"`
}

// DataBase says where the edge keeps what it knows.
type DataBase struct {
	AliasName  string `json:"aliasName,omitempty"`
	DataSource string `json:"dataSource"`
	DriverName string `json:"driverName,omitempty"`
}

// Modules of edgecore. Those that the stand-in has nothing to do for are only read.
type Modules struct {
	DBTest      map[string]any `json:"dbTest,omitempty"`
	DeviceTwin  *DeviceTwin    `json:"deviceTwin"`
	EdgeHub     *EdgeHub       `json:"edgeHub"`
	EdgeStream  *EdgeStream    `json:"edgeStream,omitempty"`
	Edged       *Edged         `json:"edged"`
	EventBus    *EventBus      `json:"eventBus"`
	MetaManager *MetaManager   `json:"metaManager,omitempty"`
	ServiceBus  *ServiceBus    `json:"serviceBus,omitempty"`
	TaskManager *Switch        `json:"taskManager,omitempty"`
}

// Switch is a module without fields of its own.
type Switch struct {
	Enable bool `json:"enable"`
}

// DeviceTwin keeps devices.
type DeviceTwin struct {
	DMISockPath string `json:"dmiSockPath"`
	Enable      bool   `json:"enable"`
}

// EdgeHub is the side of the link at the edge.
type EdgeHub struct {
	Enable             bool              `json:"enable"`
	Heartbeat          int32             `json:"heartbeat"`
	HTTPServer         string            `json:"httpServer"`
	MessageBurst       int32             `json:"messageBurst,omitempty"`
	MessageQPS         int32             `json:"messageQPS,omitempty"`
	ProjectID          string            `json:"projectID,omitempty"`
	Quic               *EdgeHubQUIC      `json:"quic,omitempty"`
	RotateCertificates bool              `json:"rotateCertificates,omitempty"`
	TLSCAFile          string            `json:"tlsCaFile"`
	TLSCertFile        string            `json:"tlsCertFile"`
	TLSPrivateKeyFile  string            `json:"tlsPrivateKeyFile"`
	Token              string            `json:"token"`
	WebSocket          *EdgeHubWebSocket `json:"websocket"`
}

// EdgeHubQUIC is the other kind of link.
type EdgeHubQUIC struct {
	Enable           bool   `json:"enable"`
	HandshakeTimeout int32  `json:"handshakeTimeout"`
	ReadDeadline     int32  `json:"readDeadline"`
	Server           string `json:"server"`
	WriteDeadline    int32  `json:"writeDeadline"`
}

// EdgeHubWebSocket is the link that is used.
type EdgeHubWebSocket struct {
	Enable           bool   `json:"enable"`
	HandshakeTimeout int32  `json:"handshakeTimeout"`
	ReadDeadline     int32  `json:"readDeadline"`
	Server           string `json:"server"`
	WriteDeadline    int32  `json:"writeDeadline"`
}

// EdgeStream carries logs and shells.
type EdgeStream struct {
	Enable                  bool   `json:"enable"`
	HandshakeTimeout        int32  `json:"handshakeTimeout"`
	ReadDeadline            int32  `json:"readDeadline"`
	Server                  string `json:"server"`
	TLSTunnelCAFile         string `json:"tlsTunnelCAFile"`
	TLSTunnelCertFile       string `json:"tlsTunnelCertFile"`
	TLSTunnelPrivateKeyFile string `json:"tlsTunnelPrivateKeyFile"`
	WriteDeadline           int32  `json:"writeDeadline"`
}

// TailoredKubeletFlag is what is a flag of the kubelet elsewhere.
type TailoredKubeletFlag struct {
	HostnameOverride        string            `json:"hostnameOverride"`
	MaxContainerCount       int32             `json:"maxContainerCount"`
	MaxPerPodContainerCount int32             `json:"maxPerPodContainerCount"`
	MinimumGCAge            Duration          `json:"minimumGCAge"`
	NodeIP                  string            `json:"nodeIP,omitempty"`
	NodeLabels              map[string]string `json:"nodeLabels,omitempty"`
	PodSandboxImage         string            `json:"podSandboxImage"`
	RegisterSchedulable     bool              `json:"registerSchedulable"`
	RootDirectory           string            `json:"rootDirectory"`
}

// Edged runs the pods.
type Edged struct {
	Enable                bool     `json:"enable"`
	CustomInterfaceName   string   `json:"customInterfaceName,omitempty"`
	RegisterNodeNamespace string   `json:"registerNodeNamespace"`
	ReportEvent           bool     `json:"reportEvent"`
	TailoredKubeletConfig *Kubelet `json:"tailoredKubeletConfig"`
	TailoredKubeletFlag
}

// EventBus talks to an MQTT broker.
type EventBus struct {
	Enable               bool           `json:"enable"`
	EventBusTLS          map[string]any `json:"eventBusTLS,omitempty"`
	MqttMode             int32          `json:"mqttMode"`
	MqttPassword         string         `json:"mqttPassword"`
	MqttPubClientID      string         `json:"mqttPubClientID"`
	MqttQOS              uint8          `json:"mqttQOS"`
	MqttRetain           bool           `json:"mqttRetain"`
	MqttServerExternal   string         `json:"mqttServerExternal"`
	MqttServerInternal   string         `json:"mqttServerInternal"`
	MqttSessionQueueSize int32          `json:"mqttSessionQueueSize,omitempty"`
	MqttSubClientID      string         `json:"mqttSubClientID"`
	MqttUsername         string         `json:"mqttUsername"`
}

// MetaManager keeps what the cloud has said.
type MetaManager struct {
	ContextSendGroup   string      `json:"contextSendGroup"`
	ContextSendModule  string      `json:"contextSendModule"`
	Enable             bool        `json:"enable"`
	MetaServer         *MetaServer `json:"metaServer"`
	RemoteQueryTimeout int32       `json:"remoteQueryTimeout"`
}

// MetaServer is the API at the edge.
type MetaServer struct {
	APIAudiences           []string `json:"apiAudiences"`
	DummyServer            string   `json:"dummyServer"`
	Enable                 bool     `json:"enable"`
	Server                 string   `json:"server"`
	ServiceAccountIssuers  []string `json:"serviceAccountIssuers"`
	ServiceAccountKeyFiles []string `json:"serviceAccountKeyFiles"`
	TLSCAFile              string   `json:"tlsCaFile"`
	TLSCertFile            string   `json:"tlsCertFile"`
	TLSPrivateKeyFile      string   `json:"tlsPrivateKeyFile"`
}

// ServiceBus talks HTTP to services at the edge.
type ServiceBus struct {
	Enable  bool   `json:"enable"`
	Port    int32  `json:"port"`
	Server  string `json:"server"`
	Timeout int32  `json:"timeout"`
}

// OwnIP is the address by which this machine reaches others, or that of a machine without routes.
func OwnIP() string {
	if c, err := net.Dial("udp", "192.0.2.1:9"); err == nil {
		defer c.Close()
		return c.LocalAddr().(*net.UDPAddr).IP.String()
	}
	addresses, _ := net.InterfaceAddrs()
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() {
			return n.IP.String()
		}
	}
	return "127.0.0.1"
}

func fill(text string) []byte {
	name, _ := os.Hostname()
	var out bytes.Buffer
	values := map[string]string{"IP": OwnIP(), "Name": strings.ToLower(name)}
	if err := template.Must(template.New("").Parse(text)).Execute(&out, values); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// DefaultEdge is what edgecore takes for anything that the file does not say.
func DefaultEdge() *EdgeCoreConfig {
	c := &EdgeCoreConfig{}
	if err := yaml.Unmarshal(fill(edgeDefaults), c); err != nil {
		panic(err)
	}
	return c
}

// MinEdge is what --minconfig prints: not usable as it is, as the hub is off.
func MinEdge() *EdgeCoreConfig {
	c := DefaultEdge()
	c.Database = &DataBase{DataSource: c.Database.DataSource}
	m := c.Modules
	hub := m.EdgeHub
	c.Modules = &Modules{
		DeviceTwin: &DeviceTwin{DMISockPath: m.DeviceTwin.DMISockPath},
		EdgeHub: &EdgeHub{
			Heartbeat: hub.Heartbeat, HTTPServer: hub.HTTPServer, TLSCAFile: hub.TLSCAFile,
			TLSCertFile: hub.TLSCertFile, TLSPrivateKeyFile: hub.TLSPrivateKeyFile, WebSocket: hub.WebSocket,
		},
		Edged: m.Edged, EventBus: m.EventBus,
	}
	m.EventBus.Enable, m.EventBus.EventBusTLS, m.EventBus.MqttSessionQueueSize = false, nil, 0
	return c
}

// ReadEdge reads a file over the defaults.
func ReadEdge(name string) (*EdgeCoreConfig, error) {
	c := DefaultEdge()
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("failed to read configfile %s, err: %w", name, err)
	}
	if err := yaml.Unmarshal(text, c); err != nil {
		return nil, fmt.Errorf("failed to unmarshal configfile %s, err: %w", name, err)
	}
	return c, nil
}

// Write replaces a file; one that is there keeps its mode.
func Write(name string, c any) error {
	text, err := yaml.Marshal(c)
	if err != nil {
		return err
	}
	return os.WriteFile(name, text, 0o644)
}

const subdomain = `[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*`

var goodName = regexp.MustCompile("^" + subdomain + "$")

const badName = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', " +
	"and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '" + subdomain + "')"

// Faults are the values that the original refuses.
func (c *EdgeCoreConfig) Faults() []string {
	var faults []string
	invalid := func(name, value, why string) {
		faults = append(faults, fmt.Sprintf("%s: Invalid value: %q: %s", name, value, why))
	}
	edged, hub := c.Modules.Edged, c.Modules.EdgeHub
	if edged.Enable {
		if name := edged.HostnameOverride; !goodName.MatchString(name) || len(name) > 253 {
			invalid("HostnameOverride", name, badName)
		}
		if driver := edged.TailoredKubeletConfig.CgroupDriver; driver != "cgroupfs" && driver != "systemd" {
			invalid("CGroupDriver", driver, "CGroupDriver value error")
		}
	}
	if hub.Enable && hub.WebSocket.Enable == (hub.Quic != nil && hub.Quic.Enable) {
		invalid("enable", fmt.Sprint(hub.WebSocket.Enable), "websocket.enable and quic.enable cannot be true and false at the same time")
	}
	return faults
}
