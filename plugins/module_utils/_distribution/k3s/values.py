# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checks of single values of K3s' flags. K3s itself lets many of these mistakes pass."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from ..kubenames import is_dns_name, label, taint
from ..problems import Problem
from .flags import lookup

Check = Callable[[str], "str | None"]

PACKAGED = ("coredns", "servicelb", "traefik", "local-storage", "metrics-server", "runtimes")
# Deployed by K3s too, though its documentation of `disable` does not list them.
_MORE_PACKAGED = ("ccm", "rolebindings")
_DURATION = r"-?([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|ms|s|m|h)"
_DATASTORES = ("mysql", "postgres", "postgresql", "http", "https", "nats", "sqlite", "unix")


def duration(text: str) -> str | None:
    """What is wrong with a Go duration (`5m0s`), or None."""
    good = text == "0" or (text and not re.sub(_DURATION, "", text))
    return None if good else f"{text!r} is not a duration such as 5m0s"


def port(text: str) -> str | None:
    """What is wrong with a TCP port, or None."""
    good = text.isdecimal() and 1 <= int(text) <= 65535
    return None if good else f"{text!r} is not a port between 1 and 65535"


def port_range(text: str) -> str | None:
    """What is wrong with `first-last`, or None."""
    first, mark, last = text.partition("-")
    if not mark or port(first) or port(last) or int(first) > int(last):
        return f"{text!r} is not a range such as 30000-32767"
    return None


def address(text: str) -> str | None:
    """What is wrong with an IP address, or None."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return f"{text!r} is not an IP address"
    return None


def _one_of(*choices: str) -> Check:
    def check(text: str) -> str | None:
        return None if text in choices else f"{text!r} is not one of {', '.join(choices)}"

    return check


def _matches(pattern: str, what: str) -> Check:
    def check(text: str) -> str | None:
        return None if re.match(pattern + r"\Z", text) else f"{text!r} is not {what}"

    return check


def _node_name(text: str) -> str | None:
    good = is_dns_name(text) and len(text) <= 63
    return (
        None if good else f"{text!r} is not an RFC 1123 name in lower case of up to 63 characters"
    )


def _san(text: str) -> str | None:
    good = not address(text) or is_dns_name(text.lower())
    return None if good else f"{text!r} is neither an IP address nor a DNS name"


def _disable(text: str) -> str | None:
    if text in PACKAGED or text in _MORE_PACKAGED:
        return None
    return f"{text!r} is not a packaged component ({', '.join(PACKAGED)})"


def _server(text: str) -> str | None:
    try:
        parts = urlsplit(text)
        good = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    bare = good and parts.path in ("", "/") and not parts.query and "@" not in parts.netloc
    return None if bare else "must be https://<host>:<port>"


def _datastore(text: str) -> str | None:
    """Never shows the endpoint: it may hold a password."""
    scheme, mark, rest = text.partition("://")
    if mark and rest and scheme in _DATASTORES:
        return None
    return f"must start with one of {', '.join(name + '://' for name in _DATASTORES)}"


def _argument(text: str) -> str | None:
    name = text.partition("=")[0]
    if name.startswith("-"):
        return f"{name!r}: write the argument without leading dashes"
    return None if re.match(r"[A-Za-z0-9][A-Za-z0-9-]*\Z", name) else f"{name!r} is not name=value"


def _backend(text: str) -> str | None:
    if text in ("ipsec", "wireguard"):
        return f"{text!r} was removed from K3s; use wireguard-native"
    return _one_of("vxlan", "host-gw", "wireguard-native", "none")(text)


_PATHS = (
    "data-dir", "token-file", "agent-token-file", "private-registry", "write-kubeconfig",
    "resolv-conf", "flannel-conf", "flannel-cni-conf", "vpn-auth-file", "datastore-cafile",
    "datastore-certfile", "datastore-keyfile", "default-local-storage-path", "etcd-snapshot-dir",
    "image-credential-provider-bin-dir", "image-credential-provider-config", "log",
    "etcd-s3-endpoint-ca",
)  # fmt: skip
_ARGUMENTS = (
    "kubelet-arg", "kube-proxy-arg", "kube-apiserver-arg", "etcd-arg", "kube-scheduler-arg",
    "kube-controller-manager-arg", "kube-cloud-controller-manager-arg",
)  # fmt: skip
_CHECKS: Mapping[str, Check] = {
    **dict.fromkeys(_PATHS, _matches(r"/\S.*", "an absolute path")),
    **dict.fromkeys(_ARGUMENTS, _argument),
    **dict.fromkeys(("https-listen-port", "lb-server-port"), port),
    **dict.fromkeys(("node-ip", "node-external-ip", "cluster-dns"), address),
    **dict.fromkeys(("advertise-address", "bind-address"), address),
    "flannel-backend": _backend,
    "egress-selector-mode": _one_of("agent", "cluster", "pod", "disabled"),
    "secrets-encryption-provider": _one_of("aescbc", "secretbox"),
    "etcd-s3-bucket-lookup-type": _one_of("auto", "dns", "path"),
    "etcd-snapshot-schedule-cron": _matches(r"@\S+( \S+)?|\S+( +\S+){4}", "a cron schedule"),
    "write-kubeconfig-mode": _matches(r"0?[0-7]{3}", "an octal mode such as 0640"),
    "service-node-port-range": port_range,
    "node-name": _node_name,
    "cluster-domain": lambda text: None if is_dns_name(text) else f"{text!r} is not a DNS name",
    "server": _server,
    "datastore-endpoint": _datastore,
    "disable": _disable,
    "node-label": label,
    "node-taint": taint,
    "tls-san": _san,
    "advertise-port": lambda text: None if text == "0" else port(text),
}


def problems_of(values: Mapping[str, object]) -> list[Problem]:
    """What is wrong with single values of a normalized configuration."""
    found = []
    for name, value in values.items():
        check = _CHECKS.get(name)
        flag = lookup(name)
        if check is None and flag is not None and flag.kind == "dur":
            check = duration
        if check is None or isinstance(value, bool):
            continue
        items = value if isinstance(value, (list, tuple)) else (value,)
        messages = [check(str(item)) for item in items]
        found += [Problem(input_name(name), message) for message in messages if message]
    return found


def input_name(name: str) -> str:
    """The name under which the user sets a flag: our input, else the flag itself."""
    flag = lookup(name)
    return flag.managed_by or name if flag is not None else name
