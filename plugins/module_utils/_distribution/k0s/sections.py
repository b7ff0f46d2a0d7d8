# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys of those sections of k0s.yaml in which k0s ignores what it does not know (seen with 1.34). Pure.

In its other sections k0s itself refuses an unknown key. The keys are those of 1.31 to 1.36.
"""

from __future__ import annotations

import typing as t

from ..problems import Problem

_CA = "certificatesExpireAfter expiresAfter"
_IMAGE = "image version"
_PROXY = "apiServerBindPort image imagePullPolicy konnectivityServerBindPort"
_SYNC = "masqueradeAll masqueradeBit minSyncPeriod syncPeriod"
_BALANCER = "network.controlPlaneLoadBalancing"
_LOCAL = "network.nodeLocalLoadBalancing"
# Path of a mapping, or of a list of mappings -> its keys. What is below any other path is free.
KNOWN: t.Mapping[str, str] = {
    "api": "address ca externalAddress extraArgs k0sApiPort onlyBindToAddress port rawArgs sans",
    "api.ca": _CA,
    "images": "calico coredns default_pull_policy konnectivity kubeproxy kuberouter metricsserver pause"
    " pushgateway repository windows",
    "images.calico": "cni kubecontrollers node windows",
    "images.calico.cni": _IMAGE,
    "images.calico.kubecontrollers": _IMAGE,
    "images.calico.node": _IMAGE,
    "images.coredns": _IMAGE,
    "images.konnectivity": _IMAGE,
    "images.kubeproxy": _IMAGE,
    "images.kuberouter": "cni cniInstaller",
    "images.kuberouter.cni": _IMAGE,
    "images.kuberouter.cniInstaller": _IMAGE,
    "images.metricsserver": _IMAGE,
    "images.pause": _IMAGE,
    "images.pushgateway": _IMAGE,
    "network": "calico clusterDomain controlPlaneLoadBalancing coreDNS dualStack kubeProxy kuberouter"
    " nodeLocalLoadBalancing podCIDR primaryAddressFamily provider serviceCIDR",
    "network.calico": "envVars flexVolumeDriverPath ipAutodetectionMethod ipV6AutodetectionMethod mode mtu"
    " overlay patches vxlanPort vxlanVNI wireguard",
    _BALANCER: "enabled keepalived type",
    f"{_BALANCER}.keepalived": "configTemplateVRRP configTemplateVS disableLoadBalancer"
    " userSpaceProxyBindPort virtualServers vrrpInstances",
    f"{_BALANCER}.keepalived.virtualServers": "delayLoop ipAddress lbAlgo lbKind persistenceTimeoutSeconds",
    f"{_BALANCER}.keepalived.vrrpInstances": "addressLabel advertIntervalSeconds authPass interface"
    " unicastPeers unicastSourceIP virtualIPs virtualRouterID",
    "network.coreDNS": "patches",
    "network.dualStack": "IPv6podCIDR IPv6serviceCIDR enabled",
    "network.kubeProxy": "disabled extraArgs healthzBindAddress iptables ipvs metricsBindAddress mode"
    " nftables nodePortAddresses patches rawArgs",
    "network.kubeProxy.iptables": f"localhostNodePorts {_SYNC}",
    "network.kubeProxy.ipvs": "excludeCIDRs minSyncPeriod scheduler strictARP syncPeriod tcpFinTimeout"
    " tcpTimeout udpTimeout",
    "network.kubeProxy.nftables": _SYNC,
    "network.kuberouter": "autoMTU extraArgs hairpin hairpinMode ipMasq metricsPort mtu patches"
    " peerRouterASNs peerRouterIPs rawArgs",
    _LOCAL: "enabled envoyProxy traefik type",
    f"{_LOCAL}.envoyProxy": _PROXY,
    f"{_LOCAL}.envoyProxy.image": _IMAGE,
    f"{_LOCAL}.traefik": _PROXY,
    f"{_LOCAL}.traefik.image": _IMAGE,
    "storage": "etcd kine type",
    "storage.etcd": "ca externalCluster extraArgs peerAddress rawArgs",
    "storage.etcd.ca": _CA,
    "storage.etcd.externalCluster": "caFile clientCertFile clientKeyFile endpoints etcdPrefix",
    "storage.kine": "dataSource extraArgs rawArgs",
}


def unknown(extra: t.Mapping[str, t.Any], above: str = "") -> t.Iterator[Problem]:
    """Keys of `spec` that k0s would take silently and do nothing about."""
    for key, value in extra.items():
        path = f"{above}.{key}" if above else str(key)
        known = KNOWN.get(above, "").split()
        if above and key not in known:
            message = "is no key of k0s.yaml, and k0s would ignore it"
            yield Problem(f"spec.{path}", message, f"known are {', '.join(known)}")
        elif path in KNOWN:
            for item in value if isinstance(value, list) else [value]:
                yield from unknown(item, path) if isinstance(item, dict) else ()
