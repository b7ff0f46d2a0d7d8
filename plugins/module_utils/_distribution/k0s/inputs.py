# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each input becomes on k0s, and what k0s has nothing for."""

from __future__ import annotations

from ..inputs import KUBELET, Input, Refusal, Table, exactly

_MODE = Refusal(
    "k0s keeps its kubeconfig at 0600",
    "unset edge_kubeconfig_mode",
    example="0644",
    asks=lambda value: str(value).lstrip("0") != "600",
    shown="any but `0600`",
)
INPUTS: Table = {
    "role": Input(
        "`k0s controller --enable-worker --no-taints` or `k0s worker`", as_unset=("server",)
    ),
    "data_dir": Input("`--data-dir`"),
    "bin_dir": Input("the folder of `k0s`"),
    "node_name": Input("the kubelet's `--hostname-override`"),
    "version": Input("a release such as `v1.34.2+k0s.0`, 1.30 or newer, or a channel"),
    "airgap_images": Input("bundle in `images`", as_unset=(False,)),
    "api_endpoint": Input("`spec.api.externalAddress`"),
    "token": Input(
        "nothing but a join token that k0s has made; unset, each joining node gets one of its own,"
        " good for 30 minutes and taken back after the join"
    ),
    "agent_token": Input(
        refusals=(Refusal("k0s makes a token for each join", "unset edge_agent_token", "word"),)
    ),
    "node_ip": Input(
        "the kubelet's `--node-ip`; on servers `spec.api.address` and etcd's `peerAddress` too"
    ),
    "labels": Input("`--labels` at the first start, then through the API"),
    "taints": Input("`--taints` at the first start, then through the API"),
    "storage_type": Input(
        "`sqlite`: kine with SQLite, not `--single`, which would let no agent join later; `etcd`:"
        " etcd that k0s runs; `external`: `spec.storage.kine`, where further servers join by a"
        " token as well; unset: SQLite for one server, etcd for several",
        refusals=(
            exactly("none", "a controller of k0s has a datastore", "use sqlite, etcd or external"),
        ),
        as_unset=("sqlite",),
    ),
    "datastore_endpoint": Input("`spec.storage.kine.dataSource`"),
    "snapshot_enabled": Input(
        refusals=(
            Refusal(
                "k0s makes no snapshots by itself",
                "unset edge_snapshot_enabled",
                example=True,
                shown="`true`",
            ),
        ),
        as_unset=(False,),
    ),
    "network_mode": Input(
        "unset is kube-router, `calico` is k0s' own; `cilium` and `none` leave the network to you",
        refusals=(
            exactly(
                "flannel",
                "k0s brings no flannel",
                "unset edge_network_mode for kube-router, or choose calico",
            ),
        ),
    ),
    "cluster_cidr": Input("`spec.network.podCIDR`; IPv6 only beside IPv4"),
    "service_cidr": Input("`spec.network.serviceCIDR`; IPv6 only beside IPv4"),
    "dns_enabled": Input("`false` disables CoreDNS", as_unset=(True,)),
    "disable": Input(
        "`--disable-components`: components of k0s; `traefik`, `servicelb` and `local-storage`"
        " are never there"
    ),
    "tls_sans": Input("`spec.api.sans`"),
    "secrets_encryption": Input(
        refusals=(
            Refusal(
                "k0s has no switch for it",
                "give kube-apiserver a configuration by extra_config, spec.api.extraArgs",
                example=True,
                shown="`true`",
            ),
        ),
        as_unset=(False,),
    ),
    "registries": Input(
        "a drop-in and `hosts.toml` of containerd; `rewrite` and tokens are refused"
    ),
    "proxy": Input("the unit's environment file"),
    "kubeconfig_mode": Input(refusals=(_MODE,), as_unset=("0600",)),
    "selinux": Input(
        refusals=(
            Refusal(
                "k0s has no policy package", "unset edge_selinux", example=True, shown="`true`"
            ),
        ),
        as_unset=(False,),
    ),
    "log_level": Input("`debug` sets `--debug`", as_unset=("info",)),
    "extra_config": Input(
        "flags of `k0s controller` and `k0s worker`, and `spec`, which is added to that of `k0s.yaml`"
    ),
    "adopt": Input(
        refusals=(
            Refusal(
                "a k0s that was set up by other means cannot be taken over yet",
                "unset edge_adopt, and reset that k0s or leave the node out",
                example=True,
                shown="`true`",
            ),
        ),
        as_unset=(False,),
    ),
    "service_memory_mb": Input("a drop-in of the unit"),
    **KUBELET,
}
