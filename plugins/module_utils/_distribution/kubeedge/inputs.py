# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each input becomes on KubeEdge, and what KubeEdge has nothing for."""

from __future__ import annotations

import typing as t

from ..inputs import KUBELET, Input, Refusal, Table

_CLUSTER = "KubeEdge keeps its state in the cluster that cloudcore works for"
_PODS = "pods get their network from the CNI files of the node's containerd"
_RUNTIME = "containerd is the machine's own, and serves others too"
_NO_NODE = "cloudcore is no Node of the cluster and runs no pods"
# Components that others bring: not having them is all that a site can ask for.
NEVER_THERE = ("traefik", "servicelb", "local-storage")


def _never(reason: str, remedy: str, example: t.Any, **more: t.Any) -> Input:
    """An input that no value of can be given, but for those that ask for nothing."""
    harmless = more.pop("as_unset", ())
    return Input(refusals=(Refusal(reason, remedy, example, **more),), as_unset=harmless)


def _agents(name: str, example: t.Any, becomes: str) -> Input:
    """An input that means nothing where cloudcore runs; an empty one asks for nothing."""
    remedy = f"set edge_{name} for agents alone"
    refusal = Refusal(
        _NO_NODE, remedy, example, lambda value: value not in ({}, []), "any", "server"
    )
    return Input(becomes, (refusal,))


_ON_AGENTS: dict[str, tuple[t.Any, str]] = {
    "node_name": ("n1", "`modules.edged.hostnameOverride`"),
    "labels": ({"a": "b"}, "`modules.edged.nodeLabels` at the first start, then through the API"),
    "taints": (["a:NoSchedule"], "`registerWithTaints` at the first start, then through the API"),
    "service_memory_mb": (500, "a drop-in of the unit"),
}
_KUBELET = "`modules.edged.tailoredKubeletConfig`"
_BOUNDS = {
    **dict.fromkeys(KUBELET, _KUBELET),
    "max_cpu_percent": f"{_KUBELET}, and a cap on the pods' cgroup",
}
_SAMPLES: dict[str, t.Any] = {"cpu_manager_policy": "none"}

INPUTS: Table = {
    "role": Input("`cloudcore` or `edgecore`", as_unset=("server",)),
    "data_dir": Input("folder of `edgecore.db`, of the socket of cloudcore"),
    "bin_dir": Input("the folder of `cloudcore` or `edgecore`"),
    "version": Input("a release such as `v1.23.1`, or `stable`"),
    "airgap_images": Input(
        "nothing: KubeEdge pulls nothing, and pods' images are containerd's", as_unset=(False, True)
    ),
    "api_endpoint": Input("the address of cloudcore, port 10000 unless one is given"),
    "token": Input(
        "a token of cloudcore (`keadm gettoken`), for an agent whose cloud side is not in the"
        " inventory; unset, it is fetched at each join and kept nowhere",
        (
            Refusal(
                "cloudcore makes its tokens itself",
                "unset edge_token, or set it for agents alone",
                "word",
                shown="any",
                role="server",
            ),
        ),
    ),
    "agent_token": _never(
        "KubeEdge has one kind of token, for edge nodes", "unset edge_agent_token", "word"
    ),
    "node_ip": Input("`modules.edged.nodeIP`, `modules.cloudHub.advertiseAddress`"),
    "storage_type": _never(
        _CLUSTER,
        "unset edge_storage_type, or set it to none",
        "sqlite",
        asks=lambda value: bool(value != "none"),
        shown="any but `none`",
        as_unset=("none",),
    ),
    "datastore_endpoint": _never(_CLUSTER, "give it to that cluster", "postgres://db/k"),
    "snapshot_enabled": _never(
        _CLUSTER, "back that cluster up", True, shown="`true`", as_unset=(False,)
    ),
    "network_mode": _never(
        _PODS,
        "put a CNI configuration into /etc/cni/net.d",
        "flannel",
        asks=lambda value: bool(value != "none"),
        shown="any but `none`",
        as_unset=("none",),
    ),
    "cluster_cidr": _never(_PODS, "set the range in /etc/cni/net.d", ["10.42.0.0/16"]),
    "service_cidr": _never(
        "services are the cluster's", "unset edge_service_cidr", ["10.43.0.0/16"]
    ),
    "dns_enabled": _never(
        "an edge node has no DNS of the cluster",
        "unset edge_dns_enabled",
        True,
        shown="`true`",
        as_unset=(False,),
    ),
    "disable": Input(
        "`traefik`, `servicelb` and `local-storage` are never there",
        (
            Refusal(
                "KubeEdge brings no such component",
                "unset edge_disable",
                ["metrics-server"],
                lambda value: any(name not in NEVER_THERE for name in value),
                "anything else",
            ),
        ),
    ),
    "tls_sans": Input("on servers `modules.cloudHub.advertiseAddress` and `dnsNames`"),
    "secrets_encryption": _never(
        _CLUSTER, "give it to that cluster", True, shown="`true`", as_unset=(False,)
    ),
    "registries": _never(
        _RUNTIME, "put a hosts.toml into containerd's certs.d", {"mirrors": {"a": None}}
    ),
    "proxy": _never(
        "edgecore speaks to the cloud side without proxies, cloudcore to its cluster",
        "unset edge_proxy, and let the node reach the cloud side",
        {"http_proxy": "http://p:1"},
    ),
    "kubeconfig_mode": _never(
        "there is no administrator's kubeconfig", "unset edge_kubeconfig_mode", "0644"
    ),
    "selinux": _never(
        _RUNTIME, "set it in containerd's configuration", True, shown="`true`", as_unset=(False,)
    ),
    "log_level": Input("`debug` sets `--v=4`", as_unset=("info",)),
    "extra_config": Input("keys of `cloudcore.yaml` on servers, of `edgecore.yaml` on agents"),
    "adopt": _never(
        "a KubeEdge that was set up by other means cannot be taken over",
        "unset edge_adopt, and take that KubeEdge off with keadm reset",
        True,
        shown="`true`",
        as_unset=(False,),
    ),
    **{name: _agents(name, *rest) for name, rest in _ON_AGENTS.items()},
    **{name: _agents(name, _SAMPLES.get(name, 9), text) for name, text in _BOUNDS.items()},
}
