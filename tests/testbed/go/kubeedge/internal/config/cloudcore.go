// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package config

import (
	_ "embed" // for the defaults
	"fmt"
	"os"

	"sigs.k8s.io/yaml"
)

//go:embed defaults/cloudcore.tmpl
var cloudDefaults string

// CloudCoreConfig is cloudcore.yaml.
type CloudCoreConfig struct {
	APIVersion    string         `json:"apiVersion"`
	CommonConfig  *CommonConfig  `json:"commonConfig,omitempty"`
	Kind          string         `json:"kind"`
	KubeAPIConfig *KubeAPIConfig `json:"kubeAPIConfig,omitempty"`
	Modules       *CloudModules  `json:"modules"`
}

// CommonConfig belongs to no module.
type CommonConfig struct {
	MonitorServer MonitorServer `json:"monitorServer"`
	TunnelPort    int           `json:"tunnelPort"`
}

// MonitorServer shows metrics.
type MonitorServer struct {
	BindAddress string `json:"bindAddress"`
}

// KubeAPIConfig says how to reach the API server.
type KubeAPIConfig struct {
	Burst       int32  `json:"burst"`
	ContentType string `json:"contentType"`
	KubeConfig  string `json:"kubeConfig"`
	Master      string `json:"master"`
	QPS         int32  `json:"qps"`
}

// CloudModules are the modules of cloudcore. The stand-in does the work of three; the others are
// only read.
type CloudModules struct {
	CloudHub          *CloudHub      `json:"cloudHub"`
	CloudStream       map[string]any `json:"cloudStream,omitempty"`
	DeviceController  map[string]any `json:"deviceController,omitempty"`
	DynamicController *Switch        `json:"dynamicController,omitempty"`
	EdgeController    map[string]any `json:"edgeController,omitempty"`
	IptablesManager   map[string]any `json:"iptablesManager,omitempty"`
	Router            *Router        `json:"router,omitempty"`
	SyncController    *Switch        `json:"syncController,omitempty"`
	TaskManager       map[string]any `json:"taskManager,omitempty"`
}

// Router passes messages on.
type Router struct {
	Address     string `json:"address"`
	Enable      bool   `json:"enable"`
	Port        int32  `json:"port"`
	RestTimeout int32  `json:"restTimeout"`
}

// CloudHub is the side of the links in the cloud.
type CloudHub struct {
	AdvertiseAddress        []string       `json:"advertiseAddress"`
	Authorization           map[string]any `json:"authorization,omitempty"`
	DNSNames                []string       `json:"dnsNames,omitempty"`
	EdgeCertSigningDuration int32          `json:"edgeCertSigningDuration,omitempty"`
	Enable                  bool           `json:"enable"`
	HTTPS                   *CloudHubHTTPS `json:"https"`
	KeepaliveInterval       int32          `json:"keepaliveInterval,omitempty"`
	NodeLimit               int32          `json:"nodeLimit"`
	Quic                    map[string]any `json:"quic,omitempty"`
	TLSCAFile               string         `json:"tlsCAFile"`
	TLSCAKeyFile            string         `json:"tlsCAKeyFile"`
	TLSCertFile             string         `json:"tlsCertFile"`
	TLSPrivateKeyFile       string         `json:"tlsPrivateKeyFile"`
	TokenRefreshDuration    int32          `json:"tokenRefreshDuration,omitempty"`
	UnixSocket              *UnixSocket    `json:"unixsocket,omitempty"`
	WebSocket               *CloudHubHTTPS `json:"websocket"`
	WriteTimeout            int32          `json:"writeTimeout,omitempty"`
}

// CloudHubHTTPS is a listener.
type CloudHubHTTPS struct {
	Address string `json:"address"`
	Enable  bool   `json:"enable"`
	Port    int32  `json:"port"`
}

// UnixSocket is for the CSI driver.
type UnixSocket struct {
	Address string `json:"address"`
	Enable  bool   `json:"enable"`
}

// DefaultCloud is what cloudcore takes for anything that the file does not say.
func DefaultCloud() *CloudCoreConfig {
	c := &CloudCoreConfig{}
	if err := yaml.Unmarshal(fill(cloudDefaults), c); err != nil {
		panic(err)
	}
	return c
}

// MinCloud is what --minconfig prints: not usable as it is, as the hub is off and no API server named.
func MinCloud() *CloudCoreConfig {
	c := DefaultCloud()
	hub := c.Modules.CloudHub
	c.CommonConfig, c.KubeAPIConfig = nil, nil
	c.Modules = &CloudModules{
		CloudHub: &CloudHub{
			AdvertiseAddress: hub.AdvertiseAddress, HTTPS: hub.HTTPS, NodeLimit: 1000,
			TLSCAFile: hub.TLSCAFile, TLSCAKeyFile: hub.TLSCAKeyFile, TLSCertFile: hub.TLSCertFile,
			TLSPrivateKeyFile: hub.TLSPrivateKeyFile, UnixSocket: hub.UnixSocket, WebSocket: hub.WebSocket,
		},
		IptablesManager: c.Modules.IptablesManager, Router: c.Modules.Router,
	}
	return c
}

// ReadCloud reads a file over the defaults.
func ReadCloud(name string) (*CloudCoreConfig, error) {
	c := DefaultCloud()
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("failed to read configfile %s, err: %w", name, err)
	}
	if err := yaml.Unmarshal(text, c); err != nil {
		return nil, fmt.Errorf("failed to unmarshal configfile %s, err: %w", name, err)
	}
	return c, nil
}

// Faults are the values that the original refuses.
func (c *CloudCoreConfig) Faults() []string {
	var faults []string
	hub := c.Modules.CloudHub
	for name, listener := range map[string]*CloudHubHTTPS{"https": hub.HTTPS, "websocket": hub.WebSocket} {
		if hub.Enable && listener.Enable && (listener.Port < 1 || listener.Port > 65535) {
			faults = append(faults, fmt.Sprintf("%s.port: Invalid value: %d: must be between 1 and 65535, inclusive", name, listener.Port))
		}
	}
	if file := c.KubeAPIConfig.KubeConfig; file != "" {
		if _, err := os.Stat(file); err != nil {
			faults = append(faults, fmt.Sprintf("kubeconfig: Invalid value: %q: kubeconfig not exist", file))
		}
	}
	return faults
}
