# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a MicroK8s node tells of itself. Reads only."""

from __future__ import annotations

import typing as t

from ..._core.places import RECEIPT
from ..._core.resources import SeenUnit
from ..._host.host import Host
from ..adapter import Facts
from ..asking import ask
from ..release import ARCHITECTURES
from ..spec import AGENT, SERVER, Spec
from ..validity import days_left
from . import addons, argfile, hold, naming, paths, snaps

BIN_DIR = "/snap/bin"
AUTHORITIES = tuple(f"{paths.CERTIFICATES}/{name}.crt" for name in ("ca", "front-proxy-ca"))
LOCAL = "x"  # begins the revision of a snap that was installed without its assertion


def look(host: Host, spec: Spec, units: t.Mapping[str, SeenUnit]) -> Facts:
    """Everything the plan needs to know before it can form a wish.

    `Facts.config` has `files` (the files of arguments: text and mode), `defaults` (the snap's own lines),
    `hosts` (its own registries), `snaps`, `bases` (those of ours), `holding` (of a node
    that is to go: refreshes of all snaps are put off by us), `names` (of the certificate), `revision`,
    `held`, `addons` (what we have turned on, and nobody off) and `disabled`.
    """
    receipt = host.read_json(RECEIPT)
    revision = snaps.revision(host, paths.NAME)
    running = paths.KUBELITE in units and units[paths.KUBELITE].running
    digest = host.sha256(paths.blob(revision), full=spec.verify_full) if revision else None
    config: dict[str, t.Any] = {"snaps": snaps.there(host)}
    config["bases"] = snaps.brought(host)
    config["holding"] = not spec.wanted and hold.ours(host)
    asking = running and spec.wanted and spec.role == SERVER
    config["addons"] = addons.there(host, running=asking, full=spec.verify_full)
    if not revision:
        config["disabled"] = snaps.disabled(host)
    else:
        config.update(
            files=files(host),
            defaults=defaults(host, receipt),
            hosts=hosts(host, receipt),
            names=naming.entries(host.read_text(naming.TEMPLATE)),
            revision=revision,
            held=hold.held(host, full=spec.verify_full),
        )
    name = node_name(config, host.hostname())
    return Facts(
        arch=ARCHITECTURES.get(host.machine(), host.machine()),
        bin_dir=BIN_DIR,
        hostname=host.hostname(),
        version=version_of(host, revision, digest or "", receipt),
        config=config,
        datastore="dqlite" if spec.role == SERVER and _has_datastore(host) else "",
        initialized=bool(revision),
        joined=bool(revision) and joined(host, spec.role, receipt),
        foreign=foreign(host, revision, receipt),
        receipt=receipt,
        digest=digest or "",
        certificate_days=days_left(host, certificates(spec.role)),
        authority_days=days_left(host, AUTHORITIES),
        leftovers=_leftovers(host, spec),
        **(ask(host, spec, paths.kubeconfig(spec.role), name) if running else {}),
    )


def _leftovers(host: Host, spec: Spec) -> tuple[str, ...]:
    if spec.wanted:
        return ()
    from . import purge  # for removals alone

    return purge.leftovers(host)


def _has_datastore(host: Host) -> bool:
    return host.inspect(f"{paths.BACKEND}/cluster.yaml") is not None


def files(host: Host) -> dict[str, dict[str, t.Any]]:
    """The files of arguments that are there."""
    found = {}
    for name in argfile.NAMES:
        info = host.inspect(f"{paths.ARGS}/{name}")
        if info is not None:
            text = host.read_text(f"{paths.ARGS}/{name}")
            found[name] = {"text": text, "mode": info.mode}
    return found


def defaults(host: Host, receipt: t.Mapping[str, t.Any]) -> dict[str, dict[str, str]]:
    """What the snap has on the lines that we have taken over at any time."""
    return {
        name: argfile.settings(host.read_text(f"{paths.DEFAULT_ARGS}/{name}"))
        for name in receipt.get("lines") or {}
    }


def hosts(host: Host, receipt: t.Mapping[str, t.Any]) -> dict[str, str]:
    """What the snap brings for the registries that we have taken over."""
    # No name in a snap may have a colon: MicroK8s puts it in at its installation.
    return {
        name: host.read_text(f"{paths.DEFAULT_HOSTS}/{name.replace(':', '__')}/hosts.toml")
        for name in receipt.get("registries") or ()
    }


def version_of(host: Host, revision: str, digest: str, receipt: t.Mapping[str, t.Any]) -> str:
    """The installed version, as releases are called.

    A snap that was installed without its assertion has no revision of the store: the receipt knows it
    while it is the file that we have brought.
    """
    if not revision:
        return ""
    noted = str(receipt.get("version") or "")
    if digest and digest == receipt.get("sha256"):
        return noted
    version = snaps.version(host)
    if not revision.startswith(LOCAL):
        return f"{version}+{paths.NAME}.{revision}"
    # Nothing tells another build from ours that was damaged; the digest tells that it is not ours.
    return noted if noted.partition("+")[0] == version else f"{version}+{paths.NAME}.0"


def joined(host: Host, role: str, receipt: t.Mapping[str, t.Any]) -> bool:
    """Whether the node is a part of its site's cluster: a snap that was just installed has one of its own."""
    if role == AGENT:
        return host.inspect(paths.WORKER_LOCK) is not None
    return receipt.get("by_token") is False or host.inspect(paths.SHARED_LOCK) is not None


def foreign(host: Host, revision: str, receipt: t.Mapping[str, t.Any]) -> str | None:
    """What others have set up: a MicroK8s, or the configuration for one."""
    if receipt:
        return None
    # A receipt that somebody has removed is written anew.
    if revision and not host.read_text(paths.DELEGATE).startswith(paths.OURS):
        return f"revision {revision}"
    text = host.read_text(paths.LAUNCH)
    return paths.LAUNCH if text and not text.startswith(paths.MARK) else None


def node_name(config: t.Mapping[str, t.Any], hostname: str) -> str:
    """The name of this node's Node object."""
    text = ((config.get("files") or {}).get("kubelet") or {}).get("text", "")
    return (argfile.settings(text).get("--hostname-override") or hostname).lower()


def certificates(role: str) -> list[str]:
    """The leaf certificates of a node of this role."""
    names = ("server", "front-proxy-client", "kubelet") if role == SERVER else ("kubelet",)
    return [f"{paths.CERTIFICATES}/{name}.crt" for name in names]
