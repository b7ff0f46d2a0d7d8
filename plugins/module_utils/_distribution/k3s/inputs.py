# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each input becomes on K3s."""

from __future__ import annotations

from ..inputs import KUBELET, Input, Table, exactly

INPUTS: Table = {
    "role": Input("`k3s server` or `k3s agent`", as_unset=("server",)),
    "data_dir": Input("`data-dir`"),
    "bin_dir": Input("the folder of `k3s` and its links"),
    "node_name": Input("`node-name`"),
    "version": Input("a release such as `v1.34.2+k3s1`, or a channel"),
    "airgap_images": Input("archive of images in `agent/images`", as_unset=(False,)),
    "api_endpoint": Input("the address to join, `server`"),
    "token": Input("the cluster's token; unset, the first server makes one"),
    "agent_token": Input("`agent-token-file`"),
    "node_ip": Input("`node-ip`"),
    "labels": Input("`node-label` at the first start, then through the API"),
    "taints": Input("`node-taint` at the first start, then through the API"),
    "storage_type": Input(
        "`sqlite`: SQLite; `etcd`: embedded etcd; `external`: `datastore-endpoint`;"
        " unset: SQLite for one server, etcd for several",
        refusals=(
            exactly("none", "a server of K3s has a datastore", "use sqlite, etcd or external"),
        ),
        as_unset=("sqlite",),
    ),
    "datastore_endpoint": Input("`datastore-endpoint`"),
    "snapshot_enabled": Input("`etcd-disable-snapshots`, with embedded etcd"),
    "network_mode": Input(
        "`flannel` is the default; `none`, `calico`, `cilium` take it off, and the network's"
        " manifests are yours to apply",
        as_unset=("flannel",),
    ),
    "cluster_cidr": Input("`cluster-cidr`, ranges of either or both families"),
    "service_cidr": Input("`service-cidr`, ranges of either or both families"),
    "dns_enabled": Input("`false` disables CoreDNS", as_unset=(True,)),
    "disable": Input("`disable`: packaged components"),
    "tls_sans": Input("`tls-san`"),
    "secrets_encryption": Input("`secrets-encryption`"),
    "registries": Input("`registries.yaml`"),
    "proxy": Input("the unit's environment file"),
    "kubeconfig_mode": Input("`write-kubeconfig-mode`"),
    "selinux": Input("`selinux`"),
    "log_level": Input("`debug` sets `debug`", as_unset=("info",)),
    "extra_config": Input("keys of `config.yaml`"),
    "adopt": Input("takes over a K3s that was set up by other means", as_unset=(False,)),
    "service_memory_mb": Input("a drop-in of the unit"),
    **KUBELET,
}
