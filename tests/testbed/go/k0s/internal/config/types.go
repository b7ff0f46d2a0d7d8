// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package config is the file k0s.yaml: its fields, defaults and checks. Types are named as the
// original's are, because its messages show them.
package config

import (
	"encoding/json"
	"time"
)

// Duration is written as text such as "8760h0m0s".
type Duration struct{ time.Duration }

// MarshalJSON writes the text.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

// UnmarshalJSON reads the text.
func (d *Duration) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	value, err := time.ParseDuration(text)
	d.Duration = value
	return err
}

// ClusterConfig is the whole document.
type ClusterConfig struct {
	Kind       string       `json:"kind,omitempty"`
	APIVersion string       `json:"apiVersion,omitempty"`
	Metadata   Metadata     `json:"metadata"`
	Spec       *ClusterSpec `json:"spec,omitempty"`
	Status     *struct{}    `json:"status,omitempty"`
}

// Metadata is that of an API object.
type Metadata struct {
	Name              string            `json:"name,omitempty"`
	GenerateName      string            `json:"generateName,omitempty"`
	Namespace         string            `json:"namespace,omitempty"`
	SelfLink          string            `json:"selfLink,omitempty"`
	UID               string            `json:"uid,omitempty"`
	ResourceVersion   string            `json:"resourceVersion,omitempty"`
	Generation        int64             `json:"generation,omitempty"`
	CreationTimestamp *time.Time        `json:"creationTimestamp,omitempty"`
	DeletionTimestamp *time.Time        `json:"deletionTimestamp,omitempty"`
	Labels            map[string]string `json:"labels,omitempty"`
	Annotations       map[string]string `json:"annotations,omitempty"`
	Finalizers        []string          `json:"finalizers,omitempty"`
}

// ClusterSpec are the sections.
type ClusterSpec struct {
	API               *APISpec               `json:"api,omitempty"`
	ControllerManager *ControllerManagerSpec `json:"controllerManager,omitempty"`
	Scheduler         *SchedulerSpec         `json:"scheduler,omitempty"`
	Storage           *StorageSpec           `json:"storage,omitempty"`
	Network           *Network               `json:"network,omitempty"`
	WorkerProfiles    WorkerProfiles         `json:"workerProfiles,omitempty"`
	Telemetry         *ClusterTelemetry      `json:"telemetry,omitempty"`
	Install           *InstallSpec           `json:"installConfig,omitempty"`
	Images            *ClusterImages         `json:"images,omitempty"`
	Extensions        *ClusterExtensions     `json:"extensions,omitempty"`
	Konnectivity      *KonnectivitySpec      `json:"konnectivity,omitempty"`
	FeatureGates      []FeatureGate          `json:"featureGates,omitempty"`
	PodSecurityPolicy json.RawMessage        `json:"podSecurityPolicy,omitempty"` // read and not heeded
}

// APISpec is the section of the API server.
type APISpec struct {
	Address           string            `json:"address,omitempty"`
	OnlyBindToAddress bool              `json:"onlyBindToAddress,omitempty"`
	ExternalAddress   string            `json:"externalAddress,omitempty"`
	ExtraArgs         map[string]string `json:"extraArgs,omitempty"`
	RawArgs           []string          `json:"rawArgs,omitempty"`
	K0sAPIPort        int               `json:"k0sApiPort,omitempty"`
	Port              int               `json:"port,omitempty"`
	SANs              []string          `json:"sans,omitempty"`
	CA                *CA               `json:"ca,omitempty"`
}

// CA says how long an authority and its certificates are good.
type CA struct {
	ExpiresAfter             Duration `json:"expiresAfter"`
	CertificatesExpiresAfter Duration `json:"certificatesExpireAfter"`
}

// ControllerManagerSpec has more arguments for that program.
type ControllerManagerSpec struct {
	ExtraArgs map[string]string `json:"extraArgs,omitempty"`
	RawArgs   []string          `json:"rawArgs,omitempty"`
}

// SchedulerSpec has more arguments for that program.
type SchedulerSpec struct {
	ExtraArgs map[string]string `json:"extraArgs,omitempty"`
	RawArgs   []string          `json:"rawArgs,omitempty"`
}

// StorageSpec says where the cluster's state is.
type StorageSpec struct {
	Etcd *EtcdConfig `json:"etcd,omitempty"`
	Kine *KineConfig `json:"kine,omitempty"`
	Type string      `json:"type,omitempty"`
}

// Kinds of storage.
const (
	EtcdStorage = "etcd"
	KineStorage = "kine"
)

// KineConfig is a datastore behind kine.
type KineConfig struct {
	DataSource string `json:"dataSource,omitempty"`
}

// EtcdConfig is etcd, ours or another.
type EtcdConfig struct {
	ExternalCluster *ExternalCluster  `json:"externalCluster,omitempty"`
	PeerAddress     string            `json:"peerAddress,omitempty"`
	ExtraArgs       map[string]string `json:"extraArgs,omitempty"`
	RawArgs         []string          `json:"rawArgs,omitempty"`
	CA              *CA               `json:"ca,omitempty"`
}

// ExternalCluster is an etcd cluster that k0s does not run.
type ExternalCluster struct {
	Endpoints      []string `json:"endpoints"`
	EtcdPrefix     string   `json:"etcdPrefix,omitempty"`
	CaFile         string   `json:"caFile,omitempty"`
	ClientCertFile string   `json:"clientCertFile,omitempty"`
	ClientKeyFile  string   `json:"clientKeyFile,omitempty"`
}

// WorkerProfiles are sets by name.
type WorkerProfiles []WorkerProfile

// WorkerProfile is a set of kubelet settings for workers.
type WorkerProfile struct {
	Name   string          `json:"name"`
	Values json.RawMessage `json:"values,omitempty"`
}

// ClusterTelemetry can be on.
type ClusterTelemetry struct {
	Enabled *bool `json:"enabled,omitempty"`
}

// InstallSpec has the users that components run as.
type InstallSpec struct {
	Users *SystemUser `json:"users,omitempty"`
}

// SystemUser are system users.
type SystemUser struct {
	Etcd          string `json:"etcdUser,omitempty"`
	Kine          string `json:"kineUser,omitempty"`
	Konnectivity  string `json:"konnectivityUser,omitempty"`
	KubeAPIServer string `json:"kubeAPIserverUser,omitempty"`
	KubeScheduler string `json:"kubeSchedulerUser,omitempty"`
}

// KonnectivitySpec has the ports of the tunnel.
type KonnectivitySpec struct {
	AdminPort       int32  `json:"adminPort,omitempty"`
	AgentPort       int32  `json:"agentPort,omitempty"`
	ExternalAddress string `json:"externalAddress,omitempty"`
}

// FeatureGate is one feature of some components.
type FeatureGate struct {
	Name       string   `json:"name"`
	Enabled    bool     `json:"enabled"`
	Components []string `json:"components,omitempty"`
}

// ClusterExtensions are charts and storage.
type ClusterExtensions struct {
	Storage *StorageExtension `json:"storage,omitempty"`
	Helm    *HelmExtensions   `json:"helm,omitempty"`
}

// StorageExtension is no longer used by the original.
type StorageExtension struct {
	Type                      string `json:"type,omitempty"`
	CreateDefaultStorageClass bool   `json:"create_default_storage_class,omitempty"`
}

// HelmExtensions are repositories and charts.
type HelmExtensions struct {
	ConcurrencyLevel int          `json:"concurrencyLevel,omitempty"`
	Repositories     []Repository `json:"repositories,omitempty"`
	Charts           []Chart      `json:"charts,omitempty"`
}

// Chart is one release of a chart.
type Chart struct {
	Name         string `json:"name"`
	ChartName    string `json:"chartname"`
	Version      string `json:"version,omitempty"`
	Values       string `json:"values,omitempty"`
	Namespace    string `json:"namespace"`
	Timeout      any    `json:"timeout,omitempty"`
	ForceUpgrade *bool  `json:"forceUpgrade,omitempty"`
	Order        int    `json:"order,omitempty"`
}

// Repository is where charts are.
type Repository struct {
	Name     string `json:"name"`
	URL      string `json:"url"`
	Insecure *bool  `json:"insecure,omitempty"`
	CAFile   string `json:"caFile,omitempty"`
	CertFile string `json:"certFile,omitempty"`
	KeyFile  string `json:"keyfile,omitempty"`
	Username string `json:"username,omitempty"`
	Password string `json:"password,omitempty"`
}
