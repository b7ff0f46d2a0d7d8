# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is on this node of K3s. Reads only."""

from __future__ import annotations

import typing as t

from ..._core.places import RECEIPT
from ..._core.resources import SeenUnit
from ..._host.host import Host
from .. import release
from ..adapter import Facts
from ..asking import ask
from ..spec import AGENT, SERVER, Spec
from . import found, paths
from .evidence import of_token
from .validity import authority_days, certificate_days


def look(host: Host, spec: Spec, units: t.Mapping[str, SeenUnit]) -> Facts:
    """Everything the plan needs to know before it can form a wish."""
    receipt = host.read_json(RECEIPT)
    unit = paths.unit_of(spec.role)
    # Without a receipt of ours, whatever runs here was set up by something else.
    foreign = None if receipt else found.installation(host, unit)
    config = dict(foreign.values) if foreign is not None else found.configuration(host)
    data = str(config.get("data-dir") or paths.data_dir(spec)).rstrip("/")
    bin_dir = find_bin_dir(host, spec)
    running = unit in units and units[unit].running
    # Before the version: a full look counts for it too.
    digest = release.digest_of(host, spec, f"{bin_dir}/k3s")
    asked = _ask(host, spec, config, data) if running else {}
    return Facts(
        arch=release.ARCHITECTURES.get(host.machine(), host.machine()),
        bin_dir=bin_dir,
        hostname=host.hostname(),
        version=installed_version(host, bin_dir, receipt),
        config=config,
        datastore=datastore(host, data, config) if spec.role == SERVER else "",
        initialized=host.inspect(f"{data}/server/tls/server-ca.crt") is not None,
        joined=host.inspect(credential(spec.role, data)) is not None,
        digest=digest,
        **of_token(host, spec, data, config),
        foreign=foreign,
        receipt=receipt,
        certificate_days=certificate_days(host, data, spec.role),
        authority_days=authority_days(host, data, spec.role),
        problems=foreign_dropins(host),
        leftovers=_leftovers(host, spec, data),
        **asked,
    )


def _leftovers(host: Host, spec: Spec, data: str) -> tuple[str, ...]:
    if spec.wanted:
        return ()
    from .remains import leftovers  # for removals alone

    return leftovers(host, data)


def foreign_dropins(host: Host) -> tuple[str, ...]:
    """A sentence for each drop-in that changes the configuration behind our back."""
    return tuple(
        f"{paths.DROPINS}/{name} changes the configuration of K3s and is not managed here"
        for name in host.names(paths.DROPINS)
        if name.lower().endswith((".yaml", ".yml"))
    )


def find_bin_dir(host: Host, spec: Spec) -> str:
    """The folder of K3s' programs."""
    return release.find_bin_dir(host, spec, "k3s")


def installed_version(host: Host, bin_dir: str, receipt: t.Mapping[str, t.Any]) -> str:
    """The version of the binary: from our receipt while it is the file we placed, else by asking it."""
    binary = f"{bin_dir}/k3s"
    if host.inspect(binary) is None:
        return ""
    if receipt.get("sha256") and receipt["sha256"] == host.sha256(binary):
        return str(receipt.get("version", ""))
    words = host.run([host.path(binary), "--version"], check=False, timeout=20).out.split()
    return words[2] if len(words) > 2 and words[:2] == ["k3s", "version"] else ""


def credential(role: str, data: str) -> str:
    """A file that shows that this node has once been part of a cluster."""
    return f"{data}/{'server/token' if role == SERVER else 'agent/client-kubelet.crt'}"


def datastore(host: Host, data: str, config: t.Mapping[str, t.Any]) -> str:
    """sqlite, etcd, external, or empty before the first start."""
    if host.inspect(f"{data}/server/db/etcd/member"):
        return "etcd"
    if config.get("datastore-endpoint") and host.inspect(credential(SERVER, data)):
        return "external"
    return "sqlite" if host.inspect(f"{data}/server/db/state.db") else ""


def join_token(host: Host, data: str, joiner: str) -> str:
    """The secure token of this server for a joining server or agent; empty where K3s does not run."""
    if not host.unit(paths.SERVER_UNIT).running:
        return ""
    names = ("agent-token", "token") if joiner == AGENT else ("token",)
    for name in names:
        word = host.read_text(f"{data}/server/{name}").strip()
        if word:
            return word
    return ""


def kubeconfig(spec: Spec, config: t.Mapping[str, t.Any], data: str) -> str:
    """The most powerful kubeconfig that this node has."""
    if spec.role == AGENT:
        return f"{data}/agent/kubelet.kubeconfig"
    return str(config.get("write-kubeconfig") or paths.KUBECONFIG)


def node_name(spec: Spec, config: t.Mapping[str, t.Any], hostname: str) -> str:
    """The name of this node's Node object."""
    return str(spec.node_name or config.get("node-name") or hostname).lower()


def _ask(host: Host, spec: Spec, config: t.Mapping[str, t.Any], data: str) -> dict[str, t.Any]:
    where, name = kubeconfig(spec, config, data), node_name(spec, config, host.hostname())
    return ask(host, spec, where, name)
