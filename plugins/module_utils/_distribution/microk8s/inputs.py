# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each input becomes on MicroK8s, and what MicroK8s has nothing for."""

from __future__ import annotations

from ..inputs import KUBELET, Input, Refusal, Table, exactly


def _never(reason: str, remedy: str, example: object) -> Input:
    return Input(refusals=(Refusal(reason, remedy, example, lambda value: value is not None),))


def _off(reason: str, remedy: str) -> Input:
    return Input(
        refusals=(Refusal(reason, remedy, example=True, shown="`true`"),), as_unset=(False,)
    )


INPUTS: Table = {
    "role": Input("a node of the control plane, or `microk8s join --worker`", as_unset=("server",)),
    "data_dir": _never(
        "the snap keeps its data in /var/snap/microk8s", "unset edge_data_dir", "/srv"
    ),
    "bin_dir": _never("snapd keeps programs in /snap/bin", "unset edge_bin_dir", "/srv/bin"),
    "node_name": _never(
        "MicroK8s names a Node after its host", "unset edge_node_name, and name the host", "n1"
    ),
    "version": Input(
        "a release such as `v1.34.2+microk8s.8511` (the snap's version and revision), 1.30 or newer,"
        " or a channel"
    ),
    "airgap_images": Input(
        "archive in `/var/snap/microk8s/common/etc/sideload`, put there once", as_unset=(False,)
    ),
    "api_endpoint": Input("a name in the API server's certificate, and the address to join"),
    "token": _never("MicroK8s makes a token for each join", "unset edge_token", "word"),
    "agent_token": _never("MicroK8s makes a token for each join", "unset edge_agent_token", "word"),
    "node_ip": Input("the kubelet's `--node-ip`; on servers `--advertise-address` too"),
    "labels": Input("through the API"),
    "taints": Input("through the API"),
    "storage_type": Input(
        "`sqlite` or unset: dqlite, which is SQLite, replicated between servers",
        refusals=(
            exactly("etcd", "MicroK8s replicates dqlite instead", "unset edge_storage_type"),
            exactly("external", "MicroK8s brings its own datastore", "unset edge_storage_type"),
            exactly("none", "a server of MicroK8s has a datastore", "unset edge_storage_type"),
        ),
        as_unset=("sqlite",),
    ),
    "datastore_endpoint": _never(
        "MicroK8s brings its own datastore",
        "unset edge_datastore_endpoint",
        "https://192.0.2.9:2379",
    ),
    "snapshot_enabled": _off(
        "MicroK8s makes no snapshots by itself", "unset edge_snapshot_enabled"
    ),
    "network_mode": Input(
        "unset or `calico`: Calico, MicroK8s' own",
        refusals=(
            exactly("flannel", "MicroK8s has it beside etcd only", "unset edge_network_mode"),
            exactly("cilium", "MicroK8s cannot start without Calico", "unset edge_network_mode"),
            exactly("none", "MicroK8s cannot start without Calico", "unset edge_network_mode"),
        ),
        as_unset=("calico",),
    ),
    "cluster_cidr": Input("`extraCNIEnv` of the launch configuration"),
    "service_cidr": Input(
        "`extraCNIEnv` of the launch configuration, and the kubelet's `--cluster-dns`"
    ),
    "dns_enabled": Input("`false`: the add-on `dns` is not turned on", as_unset=(True,)),
    "disable": Input(
        "add-ons that are not turned on, or turned off again; `traefik`, `servicelb` and"
        " `local-storage` are never there",
        as_unset=(["metrics-server"],),  # off unless somebody turns it on
    ),
    "tls_sans": Input(
        "`extraSANs` of the launch configuration; later the template of the server's certificate"
    ),
    "secrets_encryption": _off(
        "MicroK8s has no switch for it",
        "give --encryption-provider-config by extraKubeAPIServerArgs in extra_config",
    ),
    "registries": Input("`args/certs.d/*/hosts.toml`; `rewrite` and logins are refused"),
    "proxy": Input("`args/containerd-env`"),
    "kubeconfig_mode": _never(
        "MicroK8s opens its kubeconfig to the group microk8s", "unset edge_kubeconfig_mode", "0644"
    ),
    "selinux": _off("the snap knows AppArmor alone", "unset edge_selinux"),
    "log_level": Input("`debug`: `--v=4` of kubelet and API server", as_unset=("info",)),
    "extra_config": Input(
        "`extraKubeletArgs`, `extraKubeAPIServerArgs` and so on, as in a launch configuration;"
        " `addons`; `dangerous: true` for snaps that nobody has signed"
    ),
    "adopt": _off(
        "a MicroK8s that was set up by other means cannot be taken over yet",
        "unset edge_adopt, and remove that MicroK8s or leave the node out",
    ),
    "service_memory_mb": Input("a drop-in of the unit of kubelite"),
    **KUBELET,
}
