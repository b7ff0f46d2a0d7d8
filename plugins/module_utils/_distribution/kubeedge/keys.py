# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys of edgecore.yaml and cloudcore.yaml (KubeEdge v1.23: --defaultconfig, and its API's componentconfig).

KubeEdge itself takes a file with unknown keys without a word. Pure.
"""

from __future__ import annotations

import typing as t

from ..problems import Problem
from ..spec import SERVER

# A section, what its keys hold, the keys. Lines that begin with blanks go on.
_EDGECORE = """
database text aliasName dataSource driverName
modules.edged bool enable experimentalNodeAllocatableIgnoreEvictionThreshold registerSchedulable
  reportEvent seccompDefault windowsService
modules.edged text customInterfaceName experimentalMounterPath hostnameOverride minimumGCAge nodeIP
  podSandboxImage registerNodeNamespace rootDirectory runtimeCgroups windowsPriorityClass
modules.edged map nodeLabels
modules.edged int maxContainerCount maxPerPodContainerCount
modules.edged.tailoredKubeletConfig text address cgroupDriver cgroupRoot clusterDomain
  configMapAndSecretChangeDetectionStrategy containerLogMaxSize containerLogMonitorInterval
  containerRuntimeEndpoint contentType cpuCFSQuotaPeriod cpuManagerPolicy cpuManagerReconcilePeriod
  evictionPressureTransitionPeriod fileCheckFrequency hairpinMode imageMaximumGCAge
  imageMinimumGCAge imageServiceEndpoint kubeReservedCgroup kubeletCgroups memoryManagerPolicy
  nodeStatusReportFrequency nodeStatusUpdateFrequency podCIDR podLogsDir reservedSystemCPUs
  resolvConf runtimeRequestTimeout showHiddenMetricsForVersion shutdownGracePeriod
  shutdownGracePeriodCriticalPods staticPodPath streamingConnectionIdleTimeout syncFrequency
  systemCgroups systemReservedCgroup topologyManagerPolicy topologyManagerScope volumePluginDir
  volumeStatsAggPeriod
modules.edged.tailoredKubeletConfig int containerLogMaxFiles containerLogMaxWorkers eventBurst
  eventRecordQPS evictionMaxPodGracePeriod imageGCHighThresholdPercent imageGCLowThresholdPercent
  iptablesDropBit iptablesMasqueradeBit maxOpenFiles maxParallelImagePulls maxPods
  nodeLeaseDurationSeconds nodeStatusMaxImages oomScoreAdj podPidsLimit podsPerCore readOnlyPort
  registryBurst registryPullQPS
modules.edged.tailoredKubeletConfig bool cgroupsPerQOS cpuCFSQuota enableContentionProfiling
  enableControllerAttachDetach enableDebugFlagsHandler enableDebuggingHandlers
  enableProfilingHandler enableSystemLogHandler enableSystemLogQuery failCgroupV1 failSwapOn
  kernelMemcgNotification localStorageCapacityIsolation makeIPTablesUtilChains
  protectKernelDefaults registerNode seccompDefault serializeImagePulls singleProcessOOMKill
modules.edged.tailoredKubeletConfig list allowedUnsafeSysctls clusterDNS enforceNodeAllocatable
  registerWithTaints reservedMemory shutdownGracePeriodByPodPriority
modules.edged.tailoredKubeletConfig map cpuManagerPolicyOptions crashLoopBackOff evictionHard
  evictionMinimumReclaim evictionSoft evictionSoftGracePeriod featureGates kubeReserved logging
  memorySwap qosReserved systemReserved topologyManagerPolicyOptions
modules.edged.tailoredKubeletConfig text memoryThrottlingFactor
modules.edgeHub bool enable rotateCertificates
modules.edgeHub int heartbeat messageBurst messageQPS
modules.edgeHub text httpServer projectID tlsCaFile tlsCertFile tlsPrivateKeyFile token
modules.edgeHub.quic bool enable
modules.edgeHub.quic int handshakeTimeout readDeadline writeDeadline
modules.edgeHub.quic text server
modules.edgeHub.websocket bool enable
modules.edgeHub.websocket int handshakeTimeout readDeadline writeDeadline
modules.edgeHub.websocket text server
modules.eventBus bool enable mqttRetain
modules.eventBus int mqttMode mqttQOS mqttSessionQueueSize
modules.eventBus text mqttPassword mqttPubClientID mqttServerExternal mqttServerInternal
  mqttSubClientID mqttUsername
modules.eventBus.eventBusTLS bool enable
modules.eventBus.eventBusTLS text tlsMqttCAFile tlsMqttCertFile tlsMqttPrivateKeyFile
modules.metaManager bool enable
modules.metaManager text contextSendGroup contextSendModule
modules.metaManager int remoteQueryTimeout
modules.metaManager.metaServer bool enable
modules.metaManager.metaServer text dummyServer server tlsCaFile tlsCertFile tlsPrivateKeyFile
modules.metaManager.metaServer list apiAudiences serviceAccountIssuers serviceAccountKeyFiles
modules.serviceBus bool enable
modules.serviceBus text server
modules.serviceBus int port timeout
modules.deviceTwin bool enable
modules.deviceTwin text dmiSockPath
modules.dbTest bool enable
modules.edgeStream bool enable
modules.edgeStream text server tlsTunnelCAFile tlsTunnelCertFile tlsTunnelPrivateKeyFile
modules.edgeStream int handshakeTimeout readDeadline writeDeadline
modules.taskManager bool enable
. map featureGates
. text edgecoreVersion
"""
_CLOUDCORE = """
commonConfig int tunnelPort
commonConfig.monitorServer text bindAddress
commonConfig.monitorServer bool enableProfiling
kubeAPIConfig text contentType kubeConfig master
kubeAPIConfig int burst qps
modules.cloudHub bool enable
modules.cloudHub int edgeCertSigningDuration keepaliveInterval nodeLimit tokenRefreshDuration
  writeTimeout
modules.cloudHub text tlsCAFile tlsCAKeyFile tlsCertFile tlsPrivateKeyFile
modules.cloudHub list advertiseAddress dnsNames
modules.cloudHub.quic bool enable
modules.cloudHub.quic text address
modules.cloudHub.quic int maxIncomingStreams port
modules.cloudHub.unixsocket bool enable
modules.cloudHub.unixsocket text address
modules.cloudHub.websocket bool enable
modules.cloudHub.websocket text address
modules.cloudHub.websocket int port
modules.cloudHub.https bool enable
modules.cloudHub.https text address
modules.cloudHub.https int port
modules.cloudHub.authorization bool debug enable
modules.cloudHub.authorization list modes
modules.edgeController bool enable
modules.edgeController int nodeUpdateFrequency
modules.edgeController.buffer int certificateSigningRequest configMapEvent createLease createNode
  createPod deletePod patchNode patchPod podEvent processEvent queryConfigMap queryLease queryNode
  queryPersistentVolume queryPersistentVolumeClaim querySecret queryVolumeAttachment
  ruleEndpointsEvent rulesEvent secretEvent serviceAccountToken updateNode updateNodeStatus
  updatePodStatus
modules.edgeController.load int CreatePodWorks ServiceAccountTokenWorkers UpdateRuleStatusWorkers
  certificateSigningRequestWorkers createLeaseWorkers createNodeWorkers deletePodWorkers
  patchNodeWorkers patchPodWorkers processEventWorkers queryConfigMapWorkers queryLeaseWorkers
  queryNodeWorkers queryPersistentVolumeClaimWorkers queryPersistentVolumeWorkers
  querySecretWorkers queryVolumeAttachmentWorkers updateNodeStatusWorkers updateNodeWorkers
  updatePodStatusWorkers
modules.deviceController bool enable
modules.deviceController.buffer int deviceEvent deviceModelEvent deviceStatusEvent
  updateDeviceStatus updateDeviceTwins
modules.deviceController.load int updateDeviceStatusWorkers
modules.taskManager bool enable
modules.taskManager.buffer int taskEvent taskStatus
modules.taskManager.load int taskWorkers
modules.syncController bool enable
modules.dynamicController bool enable
modules.cloudStream bool enable
modules.cloudStream text tlsStreamCAFile tlsStreamCertFile tlsStreamPrivateKeyFile tlsTunnelCAFile
  tlsTunnelCertFile tlsTunnelPrivateKeyFile
modules.cloudStream int streamPort tunnelPort
modules.router bool enable
modules.router text address
modules.router int port restTimeout
modules.iptablesManager bool enable
modules.iptablesManager text mode
. map featureGates
"""

_KUBELET = "modules.edged.tailoredKubeletConfig"
_ON = "must be on"
_STAYS = "must stay where this collection looks for it"
# Keys that are not the user's, with the reason; what is set by an input names it.
_EDGE_OURS = {
    "database": "use data_dir",
    "edgecoreVersion": "use version: edgecore rewrites a file that names another one than its own",
    "modules.dbTest": "is for KubeEdge's own tests",
    "modules.edgeHub.enable": _ON,
    "modules.edgeHub.quic": "is not watched for health; use the websocket",
    "modules.edgeHub.tlsCaFile": _STAYS,
    "modules.edgeHub.tlsCertFile": _STAYS,
    "modules.edgeHub.tlsPrivateKeyFile": _STAYS,
    "modules.edgeHub.token": "is fetched from the cloud side for each join, and kept nowhere",
    "modules.edgeHub.websocket.enable": _ON,
    "modules.edged.enable": _ON,
    "modules.edged.hostnameOverride": "use node_name",
    "modules.edged.nodeIP": "use node_ip",
    "modules.edged.nodeLabels": "use labels",
    "modules.edged.rootDirectory": _STAYS,
    "modules.metaManager.enable": _ON,
    f"{_KUBELET}.cgroupDriver": "is what containerd is set to",
    f"{_KUBELET}.containerLogMaxFiles": "use max_log_files",
    f"{_KUBELET}.containerLogMaxSize": "use max_log_size_mb",
    f"{_KUBELET}.containerRuntimeEndpoint": "is the node's containerd",
    f"{_KUBELET}.cpuManagerPolicy": "use cpu_manager_policy",
    f"{_KUBELET}.evictionHard": "use max_memory_mb or reserved_memory_mb",
    f"{_KUBELET}.imageServiceEndpoint": "is the node's containerd",
    f"{_KUBELET}.kubeReserved": "use max_memory_mb and max_cpu_percent",
    f"{_KUBELET}.maxPods": "use max_pods",
    f"{_KUBELET}.memoryThrottlingFactor": "cannot be set here: it is a fraction",
    f"{_KUBELET}.readOnlyPort": _STAYS,
    f"{_KUBELET}.registerWithTaints": "use taints",
    f"{_KUBELET}.staticPodPath": _STAYS,
    f"{_KUBELET}.systemReserved": "use reserved_memory_mb",
}
_CLOUD_OURS = {
    "kubeAPIConfig.master": "use kubeAPIConfig.kubeConfig",
    "modules.cloudHub.advertiseAddress": "use node_ip and tls_sans",
    "modules.cloudHub.dnsNames": "use tls_sans",
    "modules.cloudHub.enable": _ON,
    "modules.cloudHub.https.enable": _ON,
    "modules.cloudHub.quic": "is not watched for health; use the websocket",
    "modules.cloudHub.tlsCAFile": "KubeEdge keeps its authority in a Secret",
    "modules.cloudHub.tlsCAKeyFile": "KubeEdge keeps its authority in a Secret",
    "modules.cloudHub.tlsCertFile": "KubeEdge keeps its certificate in a Secret",
    "modules.cloudHub.tlsPrivateKeyFile": "KubeEdge keeps its certificate in a Secret",
    "modules.cloudHub.unixsocket.address": "use data_dir",
    "modules.cloudHub.websocket.enable": _ON,
}
_SHAPES: t.Mapping[str, tuple[type, str]] = {
    "bool": (bool, "true or false"),
    "int": (int, "a whole number"),
    "list": (list, "a list"),
    "map": (dict, "a mapping"),
    "text": (str, "a text"),
}
_PORTS = (
    "modules.cloudHub.https.port",
    "modules.cloudHub.websocket.port",
    "modules.cloudStream.streamPort",
    "modules.cloudStream.tunnelPort",
    "modules.router.port",
    "modules.serviceBus.port",
)


def _leaves(table: str) -> dict[str, str]:
    """What each key holds, by its path."""
    found = {}
    for line in table.strip().replace("\n  ", " ").splitlines():
        section, kind, *names = line.split()
        prefix = "" if section == "." else f"{section}."
        found.update({f"{prefix}{name}": kind for name in names})
    return found


def check(role: str, given: t.Any) -> list[Problem]:
    """What of `extra_config` is no key of the role's file, is ours to set, or holds the wrong thing."""
    leaves = _leaves(_CLOUDCORE if role == SERVER else _EDGECORE)
    ours = _CLOUD_OURS if role == SERVER else _EDGE_OURS
    file = "cloudcore.yaml" if role == SERVER else "edgecore.yaml"
    return list(_walk(given, "", leaves, ours, file))


def _walk(
    given: t.Any,
    path: str,
    leaves: t.Mapping[str, str],
    ours: t.Mapping[str, str],
    file: str,
) -> t.Iterator[Problem]:
    if not isinstance(given, dict):
        yield Problem(path, "must be a mapping")
        return
    for name, value in given.items():
        key = f"{path}.{name}" if path else str(name)
        if key in ours:
            yield Problem(key, f"is not to be given: {ours[key]}")
        elif key in leaves:
            yield from _leaf(key, value, leaves[key])
        elif any(leaf.startswith(f"{key}.") for leaf in leaves):
            yield from _walk(value, key, leaves, ours, file)
        else:
            remedy = "KubeEdge would take it and do nothing"
            yield Problem(key, f"is no key of {file}", remedy)


def _leaf(key: str, value: t.Any, kind: str) -> t.Iterator[Problem]:
    shape, words = _SHAPES[kind]
    good = isinstance(value, shape) and not (kind == "int" and isinstance(value, bool))
    if not good:
        yield Problem(key, f"must be {words}")
    elif key in _PORTS and not 0 < int(value) < 65536:
        yield Problem(key, "must be between 1 and 65535")
