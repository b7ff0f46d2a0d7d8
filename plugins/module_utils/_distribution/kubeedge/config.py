# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""edgecore.yaml and cloudcore.yaml, rendered from our inputs. Pure."""

from __future__ import annotations

import re
import typing as t

from ..._core import yamlish
from ..addresses import is_ip
from ..kubenames import parse_taint
from ..spec import Spec

Mapping = t.Mapping[str, t.Any]

WEBSOCKET, HTTPS = 10000, 10002
CONTAINERD = "unix:///run/containerd/containerd.sock"
_INSIDE = " " * 6  # below modules, edged, tailoredKubeletConfig


def merged(ours: Mapping, theirs: Mapping) -> dict[str, t.Any]:
    """Mappings are joined, anything else is replaced."""
    found = dict(ours)
    for key, value in theirs.items():
        before = found.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            found[key] = merged(before, value)
        else:
            found[key] = value
    return found


def fragment(settings: Mapping) -> bytes:
    """Settings of the kubelet as the lines that go on with edgecore.yaml, see `edge`."""
    lines = yamlish.dump(dict(settings), bare_ints=True).splitlines() if settings else []
    return "".join(f"{_INSIDE}{line}\n" for line in lines).encode()


def extra(spec: Spec) -> dict[str, t.Any]:
    """What the user adds to the file of the role."""
    return dict(spec.settings.get("extra_config") or {})


def host_port(host: str, port: int) -> str:
    """As in a URL."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def cloud_address(spec: Spec) -> tuple[str, int]:
    """Host and websocket port of the cloud side; the host is empty where nobody is known.

    The port counts where the user has named it: addresses of a site's servers bear that of their API.
    """
    given = str(spec.settings.get("api_endpoint") or "")
    host, port = _authority(given or (spec.join.url if spec.join is not None else ""))
    if not host and spec.servers:
        host, port = _authority(spec.servers[0])
    return host, (port if given else 0) or WEBSOCKET


def _authority(url: str) -> tuple[str, int]:
    """Host and port of a URL, empty and 0 where it has none.

    Each look of an edge node asks, and would load urllib for this alone.
    """
    found = re.match(r"[A-Za-z]\w*://(?:[^@/?#]*@)?(?:\[([^\]]*)\]|([^:/?#]*))(?::(\d+))?", url)
    if not found:
        return "", 0
    return (found[1] or found[2] or "").lower(), int(found[3] or 0)


def edge(spec: Spec, hostname: str, version: str, driver: str, known: Mapping) -> dict[str, t.Any]:
    """edgecore.yaml as a document. The kubelet's part stands last, so that its text can go on.

    `known` is what the node was registered with: cloud (host:port), labels, taints.
    """
    host, port = cloud_address(spec)
    if known.get("cloud") and not host:
        host, dummy, text = str(known["cloud"]).rpartition(":")
        host, port = host.strip("[]"), int(text)
    node = {"hostnameOverride": spec.node_name or hostname, "registerSchedulable": True}
    if spec.node_ips:
        node["nodeIP"] = spec.node_ips[0]
    if known.get("labels"):
        node["nodeLabels"] = dict(known["labels"])
    kubelet: dict[str, t.Any] = {
        "cgroupDriver": driver,
        "containerRuntimeEndpoint": CONTAINERD,
        "imageServiceEndpoint": CONTAINERD,
    }
    if known.get("taints"):
        kubelet["registerWithTaints"] = [parse_taint(text) for text in known["taints"]]
    hub = {
        "httpServer": f"https://{host_port(host, HTTPS)}",
        "websocket": {"enable": True, "server": host_port(host, port)},
    }
    ours = {
        "apiVersion": "edgecore.config.kubeedge.io/v1alpha2",
        "kind": "EdgeCore",
        "edgecoreVersion": version,
        "database": {
            "dataSource": f"{(spec.data_dir or '/var/lib/kubeedge').rstrip('/')}/edgecore.db"
        },
        "modules": {
            "edgeHub": hub,
            # A broker is somebody else's: without one edgecore would look for it for ever.
            "eventBus": {"enable": False},
            "edged": {**node, "tailoredKubeletConfig": kubelet},
        },
    }
    found = merged(ours, extra(spec))
    modules = found["modules"]
    edged = modules.pop("edged")
    last = edged.pop("tailoredKubeletConfig")
    body = found.pop("modules")
    return {**found, "modules": {**body, "edged": {**edged, "tailoredKubeletConfig": last}}}


def cloud(spec: Spec, addresses: t.Sequence[str], data: str, access: str) -> dict[str, t.Any]:
    """cloudcore.yaml as a document; `addresses` are those for which its certificate is good."""
    hub = {
        "advertiseAddress": [text for text in addresses if is_ip(text)],
        "enable": True,
        "https": {"enable": True, "port": HTTPS},
        "nodeLimit": 1000,
        "unixsocket": {"address": f"unix://{data}/kubeedge.sock", "enable": True},
        "websocket": {"enable": True, "port": WEBSOCKET},
    }
    names = [text for text in addresses if not is_ip(text)]
    if names:
        hub["dnsNames"] = names
    ours = {
        "apiVersion": "cloudcore.config.kubeedge.io/v1alpha1",
        "kind": "CloudCore",
        "kubeAPIConfig": {},
        "modules": {"cloudHub": hub, "dynamicController": {"enable": True}},
    }
    found = merged(ours, extra(spec))
    # The cluster's kubeconfig is an administrator's; cloudcore gets an account of its own.
    return merged(found, {"kubeAPIConfig": {"kubeConfig": access}})


def render(document: Mapping) -> bytes:
    """The text of a document."""
    return yamlish.dump(document, bare_ints=True).encode()


def ports(document: Mapping) -> tuple[int, int]:
    """(websocket, https) of a document of cloudcore."""
    hub = (document.get("modules") or {}).get("cloudHub") or {}
    return (
        int((hub.get("websocket") or {}).get("port") or WEBSOCKET),
        int((hub.get("https") or {}).get("port") or HTTPS),
    )


def cloud_port(document: Mapping) -> int:
    """The websocket port that a document of edgecore names."""
    hub = (document.get("modules") or {}).get("edgeHub") or {}
    text = str((hub.get("websocket") or {}).get("server") or "").rpartition(":")[2]
    return int(text) if text.isdigit() else WEBSOCKET
