# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a KubeEdge node tells of itself. Reads only."""

from __future__ import annotations

import base64
import typing as t

from ..._core import yamlish
from ..._core.errors import EdgeError
from ..._core.places import GUEST_RECEIPT, RECEIPT
from ..._core.resources import SeenUnit
from ..._host.host import Host
from .. import registry, release
from ..adapter import Facts
from ..service import MARK
from ..spec import AGENT, REPORT, SERVER, Spec
from . import config, machine, paths, unit

_SUBJECT = b"system:node:"


def receipt_path(role: str) -> str:
    """Cloudcore runs beside another distribution's server, and has a receipt of its own."""
    return GUEST_RECEIPT if role == SERVER else RECEIPT


def look(host: Host, spec: Spec, units: t.Mapping[str, SeenUnit]) -> Facts:
    """Everything the plan needs to know before it can form a wish."""
    receipt = _receipt(host, spec)
    name = paths.unit_of(spec.role)
    running = name in units and units[name].running
    program = paths.program_of(spec.role)
    bin_dir = release.find_bin_dir(host, spec, program)
    document = configuration(host, spec.role)
    path = f"{bin_dir}/{program}"
    found: dict[str, t.Any] = _cloud(host, spec, document, receipt, running=running)
    if spec.role == AGENT:
        found = _edge(host, spec, document, receipt, running=running)
    return Facts(
        arch=release.ARCHITECTURES.get(host.machine(), host.machine()),
        bin_dir=bin_dir,
        hostname=host.hostname(),
        version=installed_version(host, path, document, receipt),
        config={
            **document,
            **({"source": found["machine"]["source"]} if spec.role == SERVER else {}),
        },
        digest=release.digest_of(host, spec, path),
        foreign=foreign(host, spec.role, receipt),
        receipt=receipt,
        leftovers=_leftovers(host, spec),
        **found,
    )


def _receipt(host: Host, spec: Spec) -> dict[str, t.Any]:
    """That of the role, or of an edge node that is to be a server: a node keeps its role."""
    found = host.read_json(receipt_path(spec.role))
    if found or spec.role != SERVER:
        return found
    other = host.read_json(RECEIPT)
    return other if other.get("distribution") == spec.distribution else {}


def _edge(
    host: Host,
    spec: Spec,
    document: t.Mapping[str, t.Any],
    receipt: t.Mapping[str, t.Any],
    *,
    running: bool,
) -> dict[str, t.Any]:
    """An edge node cannot ask the API: its Node is left to a server of its site."""
    days = certificate_days(host)
    joined = days is not None and days >= 0
    name = node_name(spec, document, host.hostname())
    seen = {**machine.look(host), "stale": running and stale(host)}
    if joined and not receipt:
        # Kept by a removal, or copied with the disk of another node.
        seen["certified"] = certified_name(host)
    return {
        "machine": seen,
        "joined": joined,
        "initialized": days is not None,
        "certificate_days": days,
        "token_file": host.inspect(paths.BOOTSTRAP) is not None,
        "left": name if running else "",
        "api": "",
    }


def _cloud(
    host: Host,
    spec: Spec,
    document: t.Mapping[str, t.Any],
    receipt: t.Mapping[str, t.Any],
    *,
    running: bool,
) -> dict[str, t.Any]:
    from . import cluster

    if spec.role != SERVER:
        return {}
    source = cluster_kubeconfig(host, spec)
    seen = (
        cluster.look(host, source, report=running and spec.planning == REPORT)
        if spec.wanted
        else cluster.look_for_removal(host, source)
    )
    others = seen.pop("others", None)
    there = host.inspect(RECEIPT) is not None
    # Once it has started, cloudcore goes by those that the receipt has kept.
    own = list(spec.node_ips or receipt.get("own") or ())
    if spec.wanted and not own:
        own = addresses(host)
    found: dict[str, t.Any] = {
        "machine": {**seen, "source": source, "neighbour": there, "addresses": own},
        "api": str(seen.get("api", "")) if running else "",
        "initialized": bool(seen.get("tokens")),
        "serves": running and serves(host, document) and bool(seen.get("tokens")),
    }
    return found if others is None else {**found, "others": others}


def _leftovers(host: Host, spec: Spec) -> tuple[str, ...]:
    if spec.wanted:
        return ()
    from . import purge  # for removals alone

    return purge.leftovers(host, spec)


def configuration(host: Host, role: str) -> dict[str, t.Any]:
    """The document of the role; empty where there is none, or none that can be read."""
    try:
        found = yamlish.load(host.read_text(paths.config_of(role)))
    except EdgeError:
        return {}
    return found if isinstance(found, dict) else {}


def any_configuration(host: Host) -> dict[str, t.Any]:
    """That of whichever role is on the node; of a server with `source`, its cluster's kubeconfig.

    Of an edge node that was taken off and kept its data, the name that its certificate bears.
    """
    found = configuration(host, AGENT)
    name = "" if found else certified_name(host)
    if name:
        return {"modules": {"edged": {"hostnameOverride": name}}}
    return found or {**configuration(host, SERVER), "source": known_kubeconfig(host)}


def node_name(spec: Spec, document: t.Mapping[str, t.Any], hostname: str) -> str:
    """The name of this node's Node object; cloudcore has none."""
    if spec.role == SERVER:
        return ""
    edged = (document.get("modules") or {}).get("edged") or {}
    return str(spec.node_name or edged.get("hostnameOverride") or hostname)


def installed_version(
    host: Host, path: str, document: t.Mapping[str, t.Any], receipt: t.Mapping[str, t.Any]
) -> str:
    """By the receipt, while the program is the one we placed, else by edgecore's own file.

    The programs cannot be asked: `edgecore --version` starts it, cloudcore knows no such flag.
    """
    if host.inspect(path) is None:
        return ""
    if receipt.get("sha256") and receipt["sha256"] == host.sha256(path):
        return str(receipt.get("version", ""))
    return str(document.get("edgecoreVersion") or receipt.get("version") or "")


def foreign(host: Host, role: str, receipt: t.Mapping[str, t.Any]) -> str | None:
    """A unit of KubeEdge that others wrote."""
    text = "" if receipt else host.read_text(paths.unit_file(role))
    return paths.unit_of(role) if text and not text.startswith(MARK) else None


def certificate_days(host: Host) -> int | None:
    """Days until the certificate of an edge node ends, below 0 where it has or is damaged; None without."""
    pem = host.read(paths.CERTIFICATE)
    if pem is None or host.inspect(paths.KEY) is None:
        return None
    from ..._kube.certs import not_after

    try:
        return int((not_after(pem) - host.now()) // 86400)
    except EdgeError:
        return -1


def certified_name(host: Host) -> str:
    """The Node whose certificate this machine holds; empty without one that can be read."""
    lines = host.read_text(paths.CERTIFICATE).splitlines()
    text = "".join(line for line in lines if not line.startswith("-----"))
    try:
        der = base64.b64decode(text)
    except ValueError:
        return ""
    begin = der.find(_SUBJECT)
    # What stands before a text of DER is its length.
    end = begin + der[begin - 1] if begin > 0 else 0
    return der[begin + len(_SUBJECT) : end].decode("ascii", "replace") if begin > 0 else ""


def stale(host: Host) -> bool:
    """Whether edgecore.yaml is not what its parts say: somebody has changed it since the start."""
    base = host.read(paths.EDGE_BASE)
    info = host.inspect(paths.EDGE_CONFIG)
    if base is None:
        return False
    names = sorted(name for name in host.names(paths.KUBELET_DROPINS) if name.endswith(".conf"))
    parts = [host.read(f"{paths.KUBELET_DROPINS}/{name}") or b"" for name in names]
    same = host.read(paths.EDGE_CONFIG) == unit.composed(base, parts)
    return not same or info is None or info.mode != 0o600


def cluster_kubeconfig(host: Host, spec: Spec) -> str:
    """The administrator's kubeconfig: the named one, else that of the distribution on this node."""
    named = (config.extra(spec).get("kubeAPIConfig") or {}).get("kubeConfig")
    return str(named) if named else known_kubeconfig(host)


def known_kubeconfig(host: Host) -> str:
    """The one that was used before, else that of the distribution on this node; may be empty."""
    before = str(host.read_json(GUEST_RECEIPT).get("source") or "")
    places = (path for path in (before, *paths.KUBECONFIGS) if path and host.inspect(path))
    home = paths.HOME_KUBECONFIG
    return next(places, "") or _neighbour(host) or (home if host.inspect(home) else "")


def _neighbour(host: Host) -> str:
    """That of a distribution of ours on this machine whose data folder is not where it usually is."""
    name = str(host.read_json(RECEIPT).get("distribution") or "")
    if not name or not registry.brings_cluster(name):
        return ""
    other = registry.adapter_of(name)
    path = other.records(Spec(name), other.config(host), host.hostname()).kubeconfig
    return path if host.inspect(path) else ""


def serves(host: Host, document: t.Mapping[str, t.Any]) -> bool:
    """Whether cloudcore listens on both of its ports."""
    tables = [host.read_text(f"/proc/net/{name}") for name in ("tcp", "tcp6")]
    return all(
        any(machine.listens(table, port) for table in tables) for port in config.ports(document)
    )


def addresses(host: Host) -> list[str]:
    """Addresses of this machine that others may use, apart from those of pods' networks."""
    found = []
    for line in host.run(
        ["ip", "-o", "addr", "show", "scope", "global"], check=False
    ).out.splitlines():
        words = line.split()
        inside = words[1].startswith(("cni", "flannel", "veth", "cali", "kube", "docker", "vxlan"))
        if len(words) > 3 and words[2] in ("inet", "inet6") and not inside:
            found.append(words[3].partition("/")[0])
    return found
