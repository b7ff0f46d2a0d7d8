# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known of the command line of `k3s server` and `k3s agent` at v1.34.

Sources: the K3s documentation (docs/cli/server.md, docs/cli/agent.md) and its release notes. A key
of config.yaml is a flag without its dashes, so the same table serves both.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

SERVER, AGENT, BOTH = "server", "agent", "both"


class Flag(NamedTuple):
    """One flag. `default` is the text K3s uses when nothing is set (Linux, root).

    A named tuple, for a run on a node makes all of them at its start.
    """

    name: str
    kind: str  # str, int, bool, dur (a Go duration) or list (one argument per item)
    roles: str  # server, agent or both
    default: str = ""
    env: str = ""
    short: str = ""
    managed_by: str = ""  # our input that sets it
    since: str = ""  # first minor that has it, where a supported one lacks it
    replaced_by: str = ""  # gone from K3s: what to use instead
    secret: bool = False  # holds a credential
    must_match: bool = False  # equal on all servers of a site
    immutable: bool = False  # fixed by the first start
    one_shot: bool = False  # an order for one start, not a setting
    hidden: bool = False  # exists, but is undocumented or changes what a node is
    splits: bool = False  # K3s splits its values at commas
    ordered: bool = False  # the first item of the list has a meaning of its own

    def allows(self, role: str) -> bool:
        return self.roles in (BOTH, role)


_PLAIN = Flag("", "", "")
_MATCH = _PLAIN._replace(must_match=True)
_HIDDEN = _PLAIN._replace(hidden=True)


def _group(roles: str, kind: str, names: str, prototype: Flag = _PLAIN) -> list[Flag]:
    """Flags that differ in nothing but their names."""
    return [prototype._replace(name=name, kind=kind, roles=roles) for name in names.split()]


_NODE = [
    Flag("config", "str", BOTH, "/etc/rancher/k3s/config.yaml", "K3S_CONFIG_FILE", "c"),
    Flag("debug", "bool", BOTH, env="K3S_DEBUG", managed_by="log_level"),
    Flag("v", "int", BOTH, "0"),
    Flag("log", "str", BOTH, short="l"),
    Flag(
        "data-dir", "str", BOTH, "/var/lib/rancher/k3s", "K3S_DATA_DIR", "d", "data_dir",
        immutable=True,
    ),
    Flag("token", "str", BOTH, "", "K3S_TOKEN", "t", "token", secret=True),
    Flag("token-file", "str", BOTH, "", "K3S_TOKEN_FILE", "", "token"),
    Flag("server", "str", BOTH, "", "K3S_URL", "s", "api_endpoint"),
    Flag("bind-address", "str", BOTH, "0.0.0.0"),
    Flag("node-name", "str", BOTH, "", "K3S_NODE_NAME", "", "node_name", immutable=True),
    Flag("with-node-id", "bool", BOTH, immutable=True),
    Flag("node-label", "list", BOTH, managed_by="labels"),
    Flag("node-taint", "list", BOTH, managed_by="taints"),
    Flag("node-ip", "list", BOTH, "", "", "i", "node_ip", splits=True, ordered=True),
    Flag("node-external-ip", "list", BOTH, splits=True, ordered=True),
    *_group(BOTH, "list", "node-internal-dns node-external-dns"),
    Flag("resolv-conf", "str", BOTH, env="K3S_RESOLV_CONF"),
    *_group(BOTH, "str", "vmodule flannel-iface flannel-conf flannel-cni-conf"),
    Flag("vpn-auth", "str", BOTH, env="K3S_VPN_AUTH", secret=True),
    Flag("vpn-auth-file", "str", BOTH, env="K3S_VPN_AUTH_FILE"),
    *_group(BOTH, "list", "kubelet-arg kube-proxy-arg"),
    Flag("selinux", "bool", BOTH, env="K3S_SELINUX", managed_by="selinux"),
    Flag("lb-server-port", "int", BOTH, "6444", "K3S_LB_SERVER_PORT"),
    *_group(BOTH, "str", "container-runtime-endpoint image-service-endpoint default-runtime"),
    *_group(BOTH, "bool", "alsologtostderr protect-kernel-defaults nonroot-devices enable-pprof"),
    *_group(BOTH, "bool", "disable-default-registry-endpoint rootless prefer-bundled-bin docker"),
    Flag("pause-image", "str", BOTH, "rancher/mirrored-pause:3.6"),
    Flag("snapshotter", "str", BOTH, "overlayfs"),
    Flag("private-registry", "str", BOTH, "/etc/rancher/k3s/registries.yaml"),
    Flag(
        "image-credential-provider-bin-dir", "str", BOTH,
        "/var/lib/rancher/credentialprovider/bin",
    ),
    Flag(
        "image-credential-provider-config", "str", BOTH,
        "/var/lib/rancher/credentialprovider/config.yaml",
    ),
    *_group(BOTH, "list", "airgap-extra-registry", _HIDDEN),
    Flag("disable-apiserver-lb", "bool", AGENT),
]  # fmt: skip

_CLUSTER = [
    Flag("https-listen-port", "int", SERVER, "6443", immutable=True),
    Flag("advertise-address", "str", SERVER),
    Flag("advertise-port", "int", SERVER, "0"),
    Flag("tls-san", "list", SERVER, managed_by="tls_sans", splits=True),
    Flag("tls-san-security", "bool", SERVER, "true"),
    Flag(
        "cluster-cidr", "list", SERVER, "10.42.0.0/16", managed_by="cluster_cidr",
        must_match=True, immutable=True, splits=True, ordered=True,
    ),
    Flag(
        "service-cidr", "list", SERVER, "10.43.0.0/16", managed_by="service_cidr",
        must_match=True, immutable=True, splits=True, ordered=True,
    ),
    Flag("cluster-dns", "list", SERVER, must_match=True, splits=True, ordered=True),
    Flag("cluster-domain", "str", SERVER, "cluster.local", must_match=True, immutable=True),
    Flag("service-node-port-range", "str", SERVER, "30000-32767"),
    Flag("flannel-backend", "str", SERVER, "vxlan", must_match=True),
    *_group(SERVER, "bool", "flannel-ipv6-masq flannel-external-ip embedded-registry", _MATCH),
    Flag("egress-selector-mode", "str", SERVER, "agent", must_match=True),
    Flag("servicelb-namespace", "str", SERVER, "kube-system"),
    Flag(
        "write-kubeconfig", "str", SERVER, "/etc/rancher/k3s/k3s.yaml", "K3S_KUBECONFIG_OUTPUT", "o"
    ),
    Flag(
        "write-kubeconfig-mode", "str", SERVER, "0600", "K3S_KUBECONFIG_MODE", "",
        "kubeconfig_mode",
    ),
    Flag("write-kubeconfig-group", "str", SERVER, env="K3S_KUBECONFIG_GROUP"),
    Flag("helm-job-image", "str", SERVER),
    Flag(
        "agent-token", "str", SERVER, "", "K3S_AGENT_TOKEN", "", "agent_token",
        secret=True, must_match=True,
    ),
    Flag("agent-token-file", "str", SERVER, "", "K3S_AGENT_TOKEN_FILE", "", "agent_token"),
    Flag("cluster-init", "bool", SERVER, env="K3S_CLUSTER_INIT", managed_by="storage_type"),
    Flag("cluster-reset", "bool", SERVER, env="K3S_CLUSTER_RESET", one_shot=True),
    Flag("cluster-reset-restore-path", "str", SERVER, one_shot=True),
    *_group(SERVER, "list", "kube-apiserver-arg etcd-arg kube-scheduler-arg"),
    *_group(SERVER, "list", "kube-controller-manager-arg kube-cloud-controller-manager-arg"),
    Flag("default-local-storage-path", "str", SERVER),
    Flag("disable", "list", SERVER, managed_by="disable", splits=True),
    *_group(SERVER, "bool", "disable-scheduler disable-kube-proxy supervisor-metrics"),
    *_group(
        SERVER, "bool", "disable-cloud-controller disable-network-policy disable-helm-controller",
        _MATCH,
    ),
    Flag("system-default-registry", "str", SERVER, env="K3S_SYSTEM_DEFAULT_REGISTRY"),
    Flag(
        "secrets-encryption", "bool", SERVER, managed_by="secrets_encryption",
        must_match=True, immutable=True,
    ),
    Flag(
        "secrets-encryption-provider", "str", SERVER, "aescbc", since="1.32",
        must_match=True, immutable=True,
    ),
]  # fmt: skip

_DATASTORE = [
    Flag(
        "datastore-endpoint", "str", SERVER, "", "K3S_DATASTORE_ENDPOINT", "",
        "datastore_endpoint", secret=True, immutable=True,
    ),
    Flag("datastore-cafile", "str", SERVER, env="K3S_DATASTORE_CAFILE"),
    Flag("datastore-certfile", "str", SERVER, env="K3S_DATASTORE_CERTFILE"),
    Flag("datastore-keyfile", "str", SERVER, env="K3S_DATASTORE_KEYFILE"),
    Flag("etcd-disable-snapshots", "bool", SERVER, managed_by="snapshot_enabled"),
    *_group(SERVER, "bool", "etcd-expose-metrics etcd-snapshot-compress etcd-s3"),
    *_group(SERVER, "bool", "etcd-s3-skip-ssl-verify etcd-s3-insecure"),
    Flag("etcd-snapshot-name", "str", SERVER, "etcd-snapshot"),
    Flag("etcd-snapshot-schedule-cron", "str", SERVER, "0 */12 * * *"),
    Flag("etcd-snapshot-reconcile-interval", "dur", SERVER, "10m0s", since="1.32"),
    Flag("etcd-snapshot-retention", "int", SERVER, "5"),
    Flag("etcd-snapshot-dir", "str", SERVER),
    Flag("etcd-s3-endpoint", "str", SERVER, "s3.amazonaws.com"),
    Flag("etcd-s3-access-key", "str", SERVER, env="AWS_ACCESS_KEY_ID", secret=True),
    Flag("etcd-s3-secret-key", "str", SERVER, env="AWS_SECRET_ACCESS_KEY", secret=True),
    Flag("etcd-s3-session-token", "str", SERVER, env="AWS_SESSION_TOKEN", secret=True),
    *_group(SERVER, "str", "etcd-s3-endpoint-ca etcd-s3-bucket etcd-s3-folder etcd-s3-proxy"),
    Flag("etcd-s3-bucket-lookup-type", "str", SERVER, "auto", since="1.33"),
    Flag("etcd-s3-region", "str", SERVER, "us-east-1"),
    Flag("etcd-s3-retention", "int", SERVER, "5", since="1.33"),
    Flag("etcd-s3-config-secret", "str", SERVER),
    Flag("etcd-s3-timeout", "dur", SERVER, "5m0s"),
]  # fmt: skip

_UNDOCUMENTED = [
    Flag("supervisor-port", "int", SERVER, env="K3S_SUPERVISOR_PORT", hidden=True),
    Flag("apiserver-port", "int", SERVER, env="K3S_APISERVER_PORT", hidden=True),
    Flag("apiserver-bind-address", "str", SERVER, env="K3S_APISERVER_BIND_ADDRESS", hidden=True),
    *_group(SERVER, "bool", "kine-tls disable-agent disable-etcd", _HIDDEN),
    *_group(SERVER, "bool", "disable-apiserver disable-controller-manager", _HIDDEN),
]

_GONE = [
    Flag("no-deploy", "list", SERVER, replaced_by="disable"),
    Flag("no-flannel", "bool", BOTH, replaced_by="flannel-backend: none"),
    Flag("cluster-secret", "str", BOTH, replaced_by="token", secret=True),
    Flag("disable-selinux", "bool", BOTH, replaced_by="selinux: false"),
    Flag("kube-controller-arg", "list", SERVER, replaced_by="kube-controller-manager-arg"),
    Flag(
        "kube-cloud-controller-arg", "list", SERVER, replaced_by="kube-cloud-controller-manager-arg"
    ),
]

FLAGS: tuple[Flag, ...] = (*_NODE, *_CLUSTER, *_DATASTORE, *_UNDOCUMENTED, *_GONE)
_BY_KEY = {key: flag for flag in FLAGS for key in (flag.name, flag.short) if key}
_BY_ENV = {flag.env: flag for flag in FLAGS if flag.env}


def lookup(key: str) -> Flag | None:
    """The flag of a long or one-letter name, whatever its role."""
    return _BY_KEY.get(key)


def by_env(variable: str, role: str) -> Flag | None:
    """The flag that an environment variable sets for this role."""
    flag = _BY_ENV.get(variable)
    return flag if flag is not None and flag.allows(role) else None


def canonical(key: str) -> str:
    """The long name of a key; an unknown key is returned as it is."""
    flag = lookup(key)
    return key if flag is None else flag.name


def for_role(role: str) -> tuple[Flag, ...]:
    """The flags that may be set in the config.yaml of this role."""
    return tuple(
        flag
        for flag in FLAGS
        if flag.allows(role) and not (flag.hidden or flag.replaced_by or flag.one_shot)
    )


def nearest(key: str, role: str) -> str:
    """The flag of this role that is spelled most like the key, or an empty string."""
    from difflib import get_close_matches

    names: Iterable[str] = (flag.name for flag in for_role(role))
    return next(iter(get_close_matches(key.replace("_", "-"), list(names), 1)), "")
