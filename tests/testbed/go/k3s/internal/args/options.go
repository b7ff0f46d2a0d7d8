// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package args

import "time"

// Options is a parsed `server` or `agent` command line. A field keeps its default where the
// subcommand does not have the flag. Lists that K3s splits at commas arrive split.
type Options struct {
	// Role is "server" or "agent".
	Role string

	ConfigFile      string
	Debug           bool
	Verbosity       int
	VModule         string
	LogFile         string
	AlsoLogToStderr bool

	BindAddress           string
	HTTPSListenPort       int
	SupervisorPort        int
	APIServerPort         int
	APIServerBindAddress  string
	AdvertiseAddress      string
	AdvertisePort         int
	TLSSan                []string
	TLSSanSecurity        bool
	LBServerPort          int
	DisableAPIServerLB    bool
	ServiceNodePortRange  string
	ClusterCIDR           []string
	ServiceCIDR           []string
	ClusterDNS            []string
	ClusterDomain         string
	FlannelBackend        string
	FlannelIPv6Masq       bool
	FlannelExternalIP     bool
	FlannelIface          string
	FlannelConf           string
	FlannelCNIConf        string
	EgressSelectorMode    string
	ServiceLBNamespace    string
	ResolvConf            string
	VPNAuth               string
	VPNAuthFile           string
	DataDir               string
	WriteKubeconfig       string
	WriteKubeconfigMode   string
	WriteKubeconfigGroup  string
	HelmJobImage          string
	Token                 string
	TokenFile             string
	AgentToken            string
	AgentTokenFile        string
	Server                string
	ClusterInit           bool
	ClusterReset          bool
	ClusterResetRestore   string
	DatastoreEndpoint     string
	DatastoreCAFile       string
	DatastoreCertFile     string
	DatastoreKeyFile      string
	KineTLS               bool
	DefaultLocalStorage   string
	SystemDefaultRegistry string

	EtcdExposeMetrics     bool
	EtcdDisableSnapshots  bool
	EtcdSnapshotName      string
	EtcdSnapshotCron      string
	EtcdSnapshotReconcile time.Duration
	EtcdSnapshotRetention int
	EtcdSnapshotDir       string
	EtcdSnapshotCompress  bool
	S3                    S3Options

	KubeAPIServerArg         []string
	EtcdArg                  []string
	KubeControllerManagerArg []string
	KubeSchedulerArg         []string
	KubeCloudControllerArg   []string
	KubeletArg               []string
	KubeProxyArg             []string

	Disable                   []string
	DisableScheduler          bool
	DisableKubeProxy          bool
	DisableCloudController    bool
	DisableNetworkPolicy      bool
	DisableHelmController     bool
	DisableAPIServer          bool
	DisableControllerManager  bool
	DisableEtcd               bool
	DisableAgent              bool
	EmbeddedRegistry          bool
	SupervisorMetrics         bool
	SecretsEncryption         bool
	SecretsEncryptionProvider string

	NodeName                       string
	WithNodeID                     bool
	NodeLabel                      []string
	NodeTaint                      []string
	NodeIP                         []string
	NodeExternalIP                 []string
	NodeInternalDNS                []string
	NodeExternalDNS                []string
	ProtectKernelDefaults          bool
	SELinux                        bool
	Docker                         bool
	ContainerRuntimeEndpoint       string
	ImageServiceEndpoint           string
	DefaultRuntime                 string
	DisableDefaultRegistryEndpoint bool
	NonrootDevices                 bool
	PauseImage                     string
	Snapshotter                    string
	PrivateRegistry                string
	AirgapExtraRegistry            []string
	CredentialProviderBinDir       string
	CredentialProviderConfig       string
	EnablePprof                    bool
	Rootless                       bool
	PreferBundledBin               bool

	// Source says for each flag (long name, no dashes) where its value came from:
	// SourceDefault, SourceCommandLine, "environment <NAME>" or "file <path>".
	Source map[string]string
	// Warnings are log messages (level warning) collected while parsing.
	Warnings []string
}

// S3Options are the snapshot store settings shared by `server` and `etcd-snapshot`.
type S3Options struct {
	Enabled          bool
	Endpoint         string
	EndpointCA       string
	SkipSSLVerify    bool
	AccessKey        string
	SecretKey        string
	SessionToken     string
	Bucket           string
	BucketLookupType string
	Region           string
	Folder           string
	Proxy            string
	ConfigSecret     string
	Insecure         bool
	Retention        int
	Timeout          time.Duration
}

// Values of Options.Source that name no file and no variable.
const (
	SourceDefault     = "default"
	SourceCommandLine = "command line"
)

// Given tells whether a flag was set by anything but its default.
func (o *Options) Given(flag string) bool { return o.Source[flag] != SourceDefault }
