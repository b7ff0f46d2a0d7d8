// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package args

// role says which of the two node commands knows a flag.
type role uint8

const (
	server role = 1 << iota
	agent
	both = server | agent
)

// row is one flag: long name, other names, environment variable, default as it would be typed,
// whether the help leaves it out, and where its value goes in T. The type behind the pointer that
// bind returns (*string, *int, *bool, *time.Duration, *[]string) is the flag's kind.
type row[T any] struct {
	name   string
	alias  []string
	env    string
	def    string
	hidden bool
	roles  role
	bind   func(*T) any
}

func (r row[T]) names() []string { return append([]string{r.name}, r.alias...) }

const (
	dataDirEnv     = "K3S_DATA_DIR"
	configFileEnv  = "K3S_CONFIG_FILE"
	defaultConfig  = "/etc/rancher/k3s/config.yaml"
	defaultDataDir = "/var/lib/rancher/k3s"
)

func one(names ...string) []string { return names }

// nodeTable lists the flags of `server` and `agent`.
var nodeTable = []row[Options]{
	{"config", one("c"), configFileEnv, defaultConfig, false, both, func(o *Options) any { return &o.ConfigFile }},
	{"debug", nil, "K3S_DEBUG", "", false, both, func(o *Options) any { return &o.Debug }},
	{"v", nil, "", "0", false, both, func(o *Options) any { return &o.Verbosity }},
	{"vmodule", nil, "", "", false, both, func(o *Options) any { return &o.VModule }},
	{"log", one("l"), "", "", false, both, func(o *Options) any { return &o.LogFile }},
	{"alsologtostderr", nil, "", "", false, both, func(o *Options) any { return &o.AlsoLogToStderr }},

	{"bind-address", nil, "", "", false, both, func(o *Options) any { return &o.BindAddress }},
	{"https-listen-port", nil, "", "6443", false, server, func(o *Options) any { return &o.HTTPSListenPort }},
	{"supervisor-port", nil, "K3S_SUPERVISOR_PORT", "0", true, server, func(o *Options) any { return &o.SupervisorPort }},
	{"apiserver-port", nil, "K3S_APISERVER_PORT", "0", true, server, func(o *Options) any { return &o.APIServerPort }},
	{"apiserver-bind-address", nil, "K3S_APISERVER_BIND_ADDRESS", "", true, server, func(o *Options) any { return &o.APIServerBindAddress }},
	{"advertise-address", nil, "", "", false, server, func(o *Options) any { return &o.AdvertiseAddress }},
	{"advertise-port", nil, "", "0", false, server, func(o *Options) any { return &o.AdvertisePort }},
	{"tls-san", nil, "", "", false, server, func(o *Options) any { return &o.TLSSan }},
	{"tls-san-security", nil, "", "true", false, server, func(o *Options) any { return &o.TLSSanSecurity }},
	{"data-dir", one("d"), dataDirEnv, "", false, both, func(o *Options) any { return &o.DataDir }},
	{"cluster-cidr", nil, "", "", false, server, func(o *Options) any { return &o.ClusterCIDR }},
	{"service-cidr", nil, "", "", false, server, func(o *Options) any { return &o.ServiceCIDR }},
	{"service-node-port-range", nil, "", "30000-32767", false, server, func(o *Options) any { return &o.ServiceNodePortRange }},
	{"cluster-dns", nil, "", "", false, server, func(o *Options) any { return &o.ClusterDNS }},
	{"cluster-domain", nil, "", "cluster.local", false, server, func(o *Options) any { return &o.ClusterDomain }},
	{"flannel-backend", nil, "", "vxlan", false, server, func(o *Options) any { return &o.FlannelBackend }},
	{"flannel-ipv6-masq", nil, "", "", false, server, func(o *Options) any { return &o.FlannelIPv6Masq }},
	{"flannel-external-ip", nil, "", "", false, server, func(o *Options) any { return &o.FlannelExternalIP }},
	{"egress-selector-mode", nil, "", "agent", false, server, func(o *Options) any { return &o.EgressSelectorMode }},
	{"servicelb-namespace", nil, "", "kube-system", false, server, func(o *Options) any { return &o.ServiceLBNamespace }},
	{"write-kubeconfig", one("o"), "K3S_KUBECONFIG_OUTPUT", "", false, server, func(o *Options) any { return &o.WriteKubeconfig }},
	{"write-kubeconfig-mode", nil, "K3S_KUBECONFIG_MODE", "", false, server, func(o *Options) any { return &o.WriteKubeconfigMode }},
	{"write-kubeconfig-group", nil, "K3S_KUBECONFIG_GROUP", "", false, server, func(o *Options) any { return &o.WriteKubeconfigGroup }},
	{"helm-job-image", nil, "", "", false, server, func(o *Options) any { return &o.HelmJobImage }},

	{"token", one("t"), "K3S_TOKEN", "", false, both, func(o *Options) any { return &o.Token }},
	{"token-file", nil, "K3S_TOKEN_FILE", "", false, both, func(o *Options) any { return &o.TokenFile }},
	{"agent-token", nil, "K3S_AGENT_TOKEN", "", false, server, func(o *Options) any { return &o.AgentToken }},
	{"agent-token-file", nil, "K3S_AGENT_TOKEN_FILE", "", false, server, func(o *Options) any { return &o.AgentTokenFile }},
	{"server", one("s"), "K3S_URL", "", false, both, func(o *Options) any { return &o.Server }},
	{"cluster-init", nil, "K3S_CLUSTER_INIT", "", false, server, func(o *Options) any { return &o.ClusterInit }},
	{"cluster-reset", nil, "K3S_CLUSTER_RESET", "", false, server, func(o *Options) any { return &o.ClusterReset }},
	{"cluster-reset-restore-path", nil, "", "", false, server, func(o *Options) any { return &o.ClusterResetRestore }},

	{"kube-apiserver-arg", nil, "", "", false, server, func(o *Options) any { return &o.KubeAPIServerArg }},
	{"etcd-arg", nil, "", "", false, server, func(o *Options) any { return &o.EtcdArg }},
	{"kube-controller-manager-arg", nil, "", "", false, server, func(o *Options) any { return &o.KubeControllerManagerArg }},
	{"kube-scheduler-arg", nil, "", "", false, server, func(o *Options) any { return &o.KubeSchedulerArg }},
	{"kube-cloud-controller-manager-arg", nil, "", "", false, server, func(o *Options) any { return &o.KubeCloudControllerArg }},
	{"kube-controller-arg", nil, "", "", true, server, func(o *Options) any { return &o.KubeControllerManagerArg }},
	{"kube-cloud-controller-arg", nil, "", "", true, server, func(o *Options) any { return &o.KubeCloudControllerArg }},

	{"datastore-endpoint", nil, "K3S_DATASTORE_ENDPOINT", "", false, server, func(o *Options) any { return &o.DatastoreEndpoint }},
	{"datastore-cafile", nil, "K3S_DATASTORE_CAFILE", "", false, server, func(o *Options) any { return &o.DatastoreCAFile }},
	{"datastore-certfile", nil, "K3S_DATASTORE_CERTFILE", "", false, server, func(o *Options) any { return &o.DatastoreCertFile }},
	{"datastore-keyfile", nil, "K3S_DATASTORE_KEYFILE", "", false, server, func(o *Options) any { return &o.DatastoreKeyFile }},
	{"kine-tls", nil, "", "", true, server, func(o *Options) any { return &o.KineTLS }},
	{"etcd-expose-metrics", nil, "", "", false, server, func(o *Options) any { return &o.EtcdExposeMetrics }},
	{"etcd-disable-snapshots", nil, "", "", false, server, func(o *Options) any { return &o.EtcdDisableSnapshots }},
	{"etcd-snapshot-name", nil, "", "etcd-snapshot", false, server, func(o *Options) any { return &o.EtcdSnapshotName }},
	{"etcd-snapshot-schedule-cron", nil, "", "0 */12 * * *", false, server, func(o *Options) any { return &o.EtcdSnapshotCron }},
	{"etcd-snapshot-reconcile-interval", nil, "", "10m0s", false, server, func(o *Options) any { return &o.EtcdSnapshotReconcile }},
	{"etcd-snapshot-retention", nil, "", "5", false, server, func(o *Options) any { return &o.EtcdSnapshotRetention }},
	{"etcd-snapshot-dir", nil, "", "", false, server, func(o *Options) any { return &o.EtcdSnapshotDir }},
	{"etcd-snapshot-compress", nil, "", "", false, server, func(o *Options) any { return &o.EtcdSnapshotCompress }},
	{"default-local-storage-path", nil, "", "", false, server, func(o *Options) any { return &o.DefaultLocalStorage }},

	{"disable", nil, "", "", false, server, func(o *Options) any { return &o.Disable }},
	{"disable-scheduler", nil, "", "", false, server, func(o *Options) any { return &o.DisableScheduler }},
	{"disable-cloud-controller", nil, "", "", false, server, func(o *Options) any { return &o.DisableCloudController }},
	{"disable-kube-proxy", nil, "", "", false, server, func(o *Options) any { return &o.DisableKubeProxy }},
	{"disable-network-policy", nil, "", "", false, server, func(o *Options) any { return &o.DisableNetworkPolicy }},
	{"disable-helm-controller", nil, "", "", false, server, func(o *Options) any { return &o.DisableHelmController }},
	{"disable-agent", nil, "", "", true, server, func(o *Options) any { return &o.DisableAgent }},
	{"disable-apiserver", nil, "", "", true, server, func(o *Options) any { return &o.DisableAPIServer }},
	{"disable-controller-manager", nil, "", "", true, server, func(o *Options) any { return &o.DisableControllerManager }},
	{"disable-etcd", nil, "", "", true, server, func(o *Options) any { return &o.DisableEtcd }},
	{"embedded-registry", nil, "", "", false, server, func(o *Options) any { return &o.EmbeddedRegistry }},
	{"supervisor-metrics", nil, "", "", false, server, func(o *Options) any { return &o.SupervisorMetrics }},
	{"secrets-encryption", nil, "", "", false, server, func(o *Options) any { return &o.SecretsEncryption }},
	{"secrets-encryption-provider", nil, "", "aescbc", false, server, func(o *Options) any { return &o.SecretsEncryptionProvider }},

	{"node-name", nil, "K3S_NODE_NAME", "", false, both, func(o *Options) any { return &o.NodeName }},
	{"with-node-id", nil, "", "", false, both, func(o *Options) any { return &o.WithNodeID }},
	{"node-label", nil, "", "", false, both, func(o *Options) any { return &o.NodeLabel }},
	{"node-taint", nil, "", "", false, both, func(o *Options) any { return &o.NodeTaint }},
	{"image-credential-provider-bin-dir", nil, "", "/var/lib/rancher/credentialprovider/bin", false, both, func(o *Options) any { return &o.CredentialProviderBinDir }},
	{"image-credential-provider-config", nil, "", "/var/lib/rancher/credentialprovider/config.yaml", false, both, func(o *Options) any { return &o.CredentialProviderConfig }},
	{"docker", nil, "", "", false, both, func(o *Options) any { return &o.Docker }},
	{"container-runtime-endpoint", nil, "", "", false, both, func(o *Options) any { return &o.ContainerRuntimeEndpoint }},
	{"image-service-endpoint", nil, "", "", false, both, func(o *Options) any { return &o.ImageServiceEndpoint }},
	{"default-runtime", nil, "", "", false, both, func(o *Options) any { return &o.DefaultRuntime }},
	{"disable-default-registry-endpoint", nil, "", "", false, both, func(o *Options) any { return &o.DisableDefaultRegistryEndpoint }},
	{"nonroot-devices", nil, "", "", false, both, func(o *Options) any { return &o.NonrootDevices }},
	{"pause-image", nil, "", "rancher/mirrored-pause:3.6", false, both, func(o *Options) any { return &o.PauseImage }},
	{"snapshotter", nil, "", "overlayfs", false, both, func(o *Options) any { return &o.Snapshotter }},
	{"private-registry", nil, "", "/etc/rancher/k3s/registries.yaml", false, both, func(o *Options) any { return &o.PrivateRegistry }},
	{"system-default-registry", nil, "K3S_SYSTEM_DEFAULT_REGISTRY", "", false, server, func(o *Options) any { return &o.SystemDefaultRegistry }},
	{"airgap-extra-registry", nil, "", "", true, both, func(o *Options) any { return &o.AirgapExtraRegistry }},
	{"node-ip", one("i"), "", "", false, both, func(o *Options) any { return &o.NodeIP }},
	{"node-external-ip", nil, "", "", false, both, func(o *Options) any { return &o.NodeExternalIP }},
	{"node-internal-dns", nil, "", "", false, both, func(o *Options) any { return &o.NodeInternalDNS }},
	{"node-external-dns", nil, "", "", false, both, func(o *Options) any { return &o.NodeExternalDNS }},
	{"resolv-conf", nil, "K3S_RESOLV_CONF", "", false, both, func(o *Options) any { return &o.ResolvConf }},
	{"flannel-iface", nil, "", "", false, both, func(o *Options) any { return &o.FlannelIface }},
	{"flannel-conf", nil, "", "", false, both, func(o *Options) any { return &o.FlannelConf }},
	{"flannel-cni-conf", nil, "", "", false, both, func(o *Options) any { return &o.FlannelCNIConf }},
	{"vpn-auth", nil, "K3S_VPN_AUTH", "", false, both, func(o *Options) any { return &o.VPNAuth }},
	{"vpn-auth-file", nil, "K3S_VPN_AUTH_FILE", "", false, both, func(o *Options) any { return &o.VPNAuthFile }},
	{"kubelet-arg", nil, "", "", false, both, func(o *Options) any { return &o.KubeletArg }},
	{"kube-proxy-arg", nil, "", "", false, both, func(o *Options) any { return &o.KubeProxyArg }},
	{"protect-kernel-defaults", nil, "", "", false, both, func(o *Options) any { return &o.ProtectKernelDefaults }},
	{"selinux", nil, "K3S_SELINUX", "", false, both, func(o *Options) any { return &o.SELinux }},
	{"lb-server-port", nil, "K3S_LB_SERVER_PORT", "6444", false, both, func(o *Options) any { return &o.LBServerPort }},
	{"disable-apiserver-lb", nil, "", "", false, agent, func(o *Options) any { return &o.DisableAPIServerLB }},
	{"enable-pprof", nil, "", "", false, both, func(o *Options) any { return &o.EnablePprof }},
	{"rootless", nil, "", "", false, both, func(o *Options) any { return &o.Rootless }},
	{"prefer-bundled-bin", nil, "", "", false, both, func(o *Options) any { return &o.PreferBundledBin }},
}

// s3Table lists the snapshot store flags; prefix aliases make `etcd-s3-x` also known as `s3-x`.
func s3Table[T any](at func(*T) *S3Options, shortForms bool) []row[T] {
	table := []row[T]{
		{"etcd-s3", nil, "", "", false, server, func(t *T) any { return &at(t).Enabled }},
		{"etcd-s3-endpoint", nil, "", "s3.amazonaws.com", false, server, func(t *T) any { return &at(t).Endpoint }},
		{"etcd-s3-endpoint-ca", nil, "", "", false, server, func(t *T) any { return &at(t).EndpointCA }},
		{"etcd-s3-skip-ssl-verify", nil, "", "", false, server, func(t *T) any { return &at(t).SkipSSLVerify }},
		{"etcd-s3-access-key", nil, "AWS_ACCESS_KEY_ID", "", false, server, func(t *T) any { return &at(t).AccessKey }},
		{"etcd-s3-secret-key", nil, "AWS_SECRET_ACCESS_KEY", "", false, server, func(t *T) any { return &at(t).SecretKey }},
		{"etcd-s3-session-token", nil, "AWS_SESSION_TOKEN", "", false, server, func(t *T) any { return &at(t).SessionToken }},
		{"etcd-s3-bucket", nil, "", "", false, server, func(t *T) any { return &at(t).Bucket }},
		{"etcd-s3-bucket-lookup-type", nil, "", "auto", false, server, func(t *T) any { return &at(t).BucketLookupType }},
		{"etcd-s3-region", nil, "", "us-east-1", false, server, func(t *T) any { return &at(t).Region }},
		{"etcd-s3-folder", nil, "", "", false, server, func(t *T) any { return &at(t).Folder }},
		{"etcd-s3-proxy", nil, "", "", false, server, func(t *T) any { return &at(t).Proxy }},
		{"etcd-s3-config-secret", nil, "", "", false, server, func(t *T) any { return &at(t).ConfigSecret }},
		{"etcd-s3-insecure", nil, "", "", false, server, func(t *T) any { return &at(t).Insecure }},
		{"etcd-s3-retention", nil, "", "5", false, server, func(t *T) any { return &at(t).Retention }},
		{"etcd-s3-timeout", nil, "", "5m0s", false, server, func(t *T) any { return &at(t).Timeout }},
	}
	if shortForms {
		for i := range table {
			table[i].alias = one(table[i].name[len("etcd-"):])
		}
	}
	return table
}

// nodeRows returns the flags one of the two node commands knows.
func nodeRows(r role) []row[Options] {
	var rows []row[Options]
	for _, f := range append(nodeTable, s3Table(func(o *Options) *S3Options { return &o.S3 }, false)...) {
		if f.roles&r != 0 {
			rows = append(rows, f)
		}
	}
	return rows
}
