// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package config

import (
	"encoding/json"
	"time"
)

// Duration is written as "10s".
type Duration string

// UnmarshalJSON refuses what is no duration.
func (d *Duration) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	if _, err := time.ParseDuration(s); err != nil {
		return err
	}
	*d = Duration(s)
	return nil
}

// Kubelet is the part of edgecore.yaml that the kubelet reads.
type Kubelet struct {
	Address                                   string            `json:"address"`
	AllowedUnsafeSysctls                      []string          `json:"allowedUnsafeSysctls,omitempty"`
	CgroupDriver                              string            `json:"cgroupDriver"`
	CgroupRoot                                string            `json:"cgroupRoot,omitempty"`
	CgroupsPerQOS                             bool              `json:"cgroupsPerQOS"`
	ClusterDNS                                []string          `json:"clusterDNS,omitempty"`
	ClusterDomain                             string            `json:"clusterDomain"`
	ConfigMapAndSecretChangeDetectionStrategy string            `json:"configMapAndSecretChangeDetectionStrategy"`
	ContainerLogMaxFiles                      int32             `json:"containerLogMaxFiles"`
	ContainerLogMaxSize                       string            `json:"containerLogMaxSize"`
	ContainerLogMaxWorkers                    int32             `json:"containerLogMaxWorkers"`
	ContainerLogMonitorInterval               Duration          `json:"containerLogMonitorInterval"`
	ContainerRuntimeEndpoint                  string            `json:"containerRuntimeEndpoint"`
	ContentType                               string            `json:"contentType"`
	CPUCFSQuota                               bool              `json:"cpuCFSQuota"`
	CPUCFSQuotaPeriod                         Duration          `json:"cpuCFSQuotaPeriod"`
	CPUManagerPolicy                          string            `json:"cpuManagerPolicy"`
	CPUManagerPolicyOptions                   map[string]string `json:"cpuManagerPolicyOptions,omitempty"`
	CPUManagerReconcilePeriod                 Duration          `json:"cpuManagerReconcilePeriod"`
	CrashLoopBackOff                          CrashLoopBackOff  `json:"crashLoopBackOff"`
	EnableContentionProfiling                 bool              `json:"enableContentionProfiling,omitempty"`
	EnableControllerAttachDetach              bool              `json:"enableControllerAttachDetach"`
	EnableDebugFlagsHandler                   bool              `json:"enableDebugFlagsHandler"`
	EnableDebuggingHandlers                   bool              `json:"enableDebuggingHandlers"`
	EnableProfilingHandler                    bool              `json:"enableProfilingHandler"`
	EnableSystemLogHandler                    bool              `json:"enableSystemLogHandler"`
	EnforceNodeAllocatable                    []string          `json:"enforceNodeAllocatable"`
	EventBurst                                int32             `json:"eventBurst"`
	EventRecordQPS                            int32             `json:"eventRecordQPS"`
	EvictionHard                              map[string]string `json:"evictionHard"`
	EvictionMaxPodGracePeriod                 int32             `json:"evictionMaxPodGracePeriod,omitempty"`
	EvictionMinimumReclaim                    map[string]string `json:"evictionMinimumReclaim,omitempty"`
	EvictionPressureTransitionPeriod          Duration          `json:"evictionPressureTransitionPeriod"`
	EvictionSoft                              map[string]string `json:"evictionSoft,omitempty"`
	EvictionSoftGracePeriod                   map[string]string `json:"evictionSoftGracePeriod,omitempty"`
	FailCgroupV1                              bool              `json:"failCgroupV1"`
	FailSwapOn                                bool              `json:"failSwapOn"`
	FeatureGates                              map[string]bool   `json:"featureGates,omitempty"`
	FileCheckFrequency                        Duration          `json:"fileCheckFrequency"`
	HairpinMode                               string            `json:"hairpinMode"`
	ImageGCHighThresholdPercent               int32             `json:"imageGCHighThresholdPercent"`
	ImageGCLowThresholdPercent                int32             `json:"imageGCLowThresholdPercent"`
	ImageMaximumGCAge                         Duration          `json:"imageMaximumGCAge"`
	ImageMinimumGCAge                         Duration          `json:"imageMinimumGCAge"`
	ImageServiceEndpoint                      string            `json:"imageServiceEndpoint"`
	IPTablesDropBit                           int32             `json:"iptablesDropBit"`
	IPTablesMasqueradeBit                     int32             `json:"iptablesMasqueradeBit"`
	KernelMemcgNotification                   bool              `json:"kernelMemcgNotification,omitempty"`
	KubeletCgroups                            string            `json:"kubeletCgroups,omitempty"`
	KubeReserved                              map[string]string `json:"kubeReserved,omitempty"`
	KubeReservedCgroup                        string            `json:"kubeReservedCgroup,omitempty"`
	LocalStorageCapacityIsolation             bool              `json:"localStorageCapacityIsolation"`
	Logging                                   map[string]any    `json:"logging"`
	MakeIPTablesUtilChains                    bool              `json:"makeIPTablesUtilChains"`
	MaxOpenFiles                              int64             `json:"maxOpenFiles"`
	MaxParallelImagePulls                     *int32            `json:"maxParallelImagePulls,omitempty"`
	MaxPods                                   int32             `json:"maxPods"`
	MemoryManagerPolicy                       string            `json:"memoryManagerPolicy"`
	MemorySwap                                MemorySwap        `json:"memorySwap"`
	MemoryThrottlingFactor                    float64           `json:"memoryThrottlingFactor"`
	NodeLeaseDurationSeconds                  int32             `json:"nodeLeaseDurationSeconds"`
	NodeStatusMaxImages                       int32             `json:"nodeStatusMaxImages"`
	NodeStatusReportFrequency                 Duration          `json:"nodeStatusReportFrequency"`
	NodeStatusUpdateFrequency                 Duration          `json:"nodeStatusUpdateFrequency"`
	OOMScoreAdj                               int32             `json:"oomScoreAdj"`
	PodCIDR                                   string            `json:"podCIDR,omitempty"`
	PodLogsDir                                string            `json:"podLogsDir"`
	PodPidsLimit                              int64             `json:"podPidsLimit"`
	PodsPerCore                               int32             `json:"podsPerCore,omitempty"`
	ProtectKernelDefaults                     bool              `json:"protectKernelDefaults,omitempty"`
	ProviderID                                string            `json:"providerID,omitempty"`
	QOSReserved                               map[string]string `json:"qosReserved,omitempty"`
	ReadOnlyPort                              int32             `json:"readOnlyPort"`
	RegisterNode                              bool              `json:"registerNode"`
	RegisterWithTaints                        []Taint           `json:"registerWithTaints,omitempty"`
	RegistryBurst                             int32             `json:"registryBurst"`
	RegistryPullQPS                           int32             `json:"registryPullQPS"`
	ReservedMemory                            []map[string]any  `json:"reservedMemory,omitempty"`
	ReservedSystemCPUs                        string            `json:"reservedSystemCPUs,omitempty"`
	ResolverConfig                            string            `json:"resolvConf"`
	RuntimeRequestTimeout                     Duration          `json:"runtimeRequestTimeout"`
	SeccompDefault                            bool              `json:"seccompDefault"`
	SerializeImagePulls                       bool              `json:"serializeImagePulls"`
	ShowHiddenMetricsForVersion               string            `json:"showHiddenMetricsForVersion,omitempty"`
	ShutdownGracePeriod                       Duration          `json:"shutdownGracePeriod"`
	ShutdownGracePeriodByPodPriority          []map[string]any  `json:"shutdownGracePeriodByPodPriority,omitempty"`
	ShutdownGracePeriodCriticalPods           Duration          `json:"shutdownGracePeriodCriticalPods"`
	StaticPodPath                             string            `json:"staticPodPath"`
	StreamingConnectionIdleTimeout            Duration          `json:"streamingConnectionIdleTimeout"`
	SyncFrequency                             Duration          `json:"syncFrequency"`
	SystemCgroups                             string            `json:"systemCgroups,omitempty"`
	SystemReserved                            map[string]string `json:"systemReserved,omitempty"`
	SystemReservedCgroup                      string            `json:"systemReservedCgroup,omitempty"`
	TopologyManagerPolicy                     string            `json:"topologyManagerPolicy"`
	TopologyManagerPolicyOptions              map[string]string `json:"topologyManagerPolicyOptions,omitempty"`
	TopologyManagerScope                      string            `json:"topologyManagerScope"`
	VolumePluginDir                           string            `json:"volumePluginDir"`
	VolumeStatsAggPeriod                      Duration          `json:"volumeStatsAggPeriod"`
}

// CrashLoopBackOff bounds the waits between starts of a container.
type CrashLoopBackOff struct {
	MaxContainerRestartPeriod *Duration `json:"maxContainerRestartPeriod,omitempty"`
}

// MemorySwap says what pods may swap.
type MemorySwap struct {
	SwapBehavior string `json:"swapBehavior,omitempty"`
}

// Taint of a node.
type Taint struct {
	Key    string `json:"key"`
	Value  string `json:"value,omitempty"`
	Effect string `json:"effect"`
}
