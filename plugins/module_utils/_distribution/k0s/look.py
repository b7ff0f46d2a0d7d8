# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a k0s node tells of itself. Reads only."""

from __future__ import annotations

import typing as t

from ..._core.places import RECEIPT
from ..._core.resources import SeenUnit
from ..._host.host import Host
from .. import release
from ..adapter import Facts
from ..asking import ask
from ..service import MARK
from ..spec import AGENT, SERVER, Spec
from . import paths
from .unit import read_flags
from .validity import authority_days, certificate_days, kubelet_ended

OVERRIDE = "--hostname-override="


def look(host: Host, spec: Spec, units: t.Mapping[str, SeenUnit]) -> Facts:
    """Everything the plan needs to know before it can form a wish."""
    receipt = host.read_json(RECEIPT)
    flags = configuration(host, spec.role)
    data = data_of(spec, flags)
    unit = paths.unit_of(spec.role)
    name = node_name(spec, flags, host.hostname())
    running = unit in units and units[unit].running
    days = certificate_days(host, data, spec.role)
    ended = days is not None and days < 0 and kubelet_ended(host, data)
    bin_dir = release.find_bin_dir(host, spec, paths.PROGRAM)
    # Before the version: a full look counts for it too.
    digest = release.digest_of(host, spec, f"{bin_dir}/{paths.PROGRAM}")
    return Facts(
        arch=release.ARCHITECTURES.get(host.machine(), host.machine()),
        bin_dir=bin_dir,
        hostname=host.hostname(),
        version=installed_version(host, bin_dir, receipt),
        config=flags,
        datastore=datastore(host, data, receipt) if spec.role == SERVER else "",
        initialized=host.inspect(f"{data}/pki/ca.key") is not None,
        joined=joined(host, spec.role, data),
        digest=digest,
        token_file=host.inspect(paths.TOKEN_FILE) is not None,
        foreign=foreign(host, receipt),
        receipt=receipt,
        certificate_days=days,
        authority_days=authority_days(host, data, spec.role),
        leftovers=_leftovers(host, spec, data),
        machine={"kubelet_ended": True} if ended else {},
        accounts=accounts(host.read_text("/etc/passwd"), data),
        **(ask(host, spec, paths.kubeconfig(spec.role, data), name) if running else {}),
    )


def _leftovers(host: Host, spec: Spec, data: str) -> tuple[str, ...]:
    if spec.wanted:
        return ()
    from . import purge  # for removals alone

    return purge.leftovers(host, data)


def configuration(host: Host, role: str) -> dict[str, str]:
    """The flags that the unit of the role starts k0s with; empty without a unit."""
    return read_flags(host.read_text(paths.unit_file(role)), paths.unit_of(role))


def any_configuration(host: Host) -> dict[str, str]:
    """Those of whichever unit is on the node."""
    return configuration(host, SERVER) or configuration(host, AGENT)


def data_of(spec: Spec, flags: t.Mapping[str, t.Any]) -> str:
    """The data folder in use, else the wanted one."""
    return str(flags.get("data-dir") or paths.data_dir(spec)).rstrip("/")


def foreign(host: Host, receipt: t.Mapping[str, t.Any]) -> str | None:
    """A unit of k0s that others wrote."""
    if receipt:
        return None
    texts = {role: host.read_text(paths.unit_file(role)) for role in (SERVER, AGENT)}
    found = [role for role, text in texts.items() if text and not text.startswith(MARK)]
    return paths.unit_of(found[0]) if found else None


def installed_version(host: Host, bin_dir: str, receipt: t.Mapping[str, t.Any]) -> str:
    """The version of the binary: from our receipt while it is the file we placed, else by asking it."""
    binary = f"{bin_dir}/{paths.PROGRAM}"
    if host.inspect(binary) is None:
        return ""
    if receipt.get("sha256") and receipt["sha256"] == host.sha256(binary):
        return str(receipt.get("version", ""))
    return version_said(host.run([host.path(binary), "version"], check=False, timeout=20).out)


def version_said(text: str) -> str:
    """The version in the output of `k0s version`; empty where it is none. Pure."""
    words = text.split()
    return words[0] if len(words) == 1 and words[0].startswith("v") else ""


def joined(host: Host, role: str, data: str) -> bool:
    """Whether the node has once been part of a cluster, by what k0s itself goes by."""
    if role == AGENT:
        return host.inspect(f"{data}/kubelet.conf") is not None
    if host.inspect(f"{data}/etcd") is not None:
        return host.inspect(f"{data}/etcd/member/snap/db") is not None
    return host.inspect(f"{data}/pki/ca.key") is not None


def datastore(host: Host, data: str, receipt: t.Mapping[str, t.Any]) -> str:
    """sqlite, etcd, external, or empty before the first start."""
    if host.inspect(f"{data}/etcd/member"):
        return "etcd"
    if host.inspect(f"{data}/db/state.db"):
        return "sqlite"
    kept = (receipt.get("fixed") or {}).get("storage_type") == "external"
    return "external" if kept and host.inspect(f"{data}/pki/ca.key") else ""


def node_name(spec: Spec, flags: t.Mapping[str, t.Any], hostname: str) -> str:
    """The name of this node's Node object."""
    words = str(flags.get("kubelet-extra-args") or "").split()
    given = [word[len(OVERRIDE) :] for word in words if word.startswith(OVERRIDE)]
    return str(spec.node_name or (given[-1] if given else hostname)).lower()


def accounts(passwd: str, data: str) -> dict[str, bool]:
    """The accounts of a controller that there are: True for those that were made for k0s. Pure.

    They live in the data folder; an account of the same name with another home is somebody else's.
    """
    rows = [line.split(":") for line in passwd.splitlines() if line.count(":") == 6]
    return {row[0]: row[5].rstrip("/") == data for row in rows if row[0] in paths.USERS}
