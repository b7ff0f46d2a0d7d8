# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snaps on a node: which are there, assertions, and the verbs that change them.

What is there is read from snapd's links (snapcraft.io/docs, "System snap directory"), for each `snap` command has
snapd ask systemd about every daemon. Changes are made by its command line ("Install snaps offline").
"""

from __future__ import annotations

import hashlib
import re

from ..._core.errors import EdgeError
from ..._core.places import HOME
from ..._core.plan import Step
from ..._core.verbs import Verb, artifact_path
from ..._host.host import Host
from . import paths

WAIT = 30.0
NOTE = f"{HOME}/state/snaps.json"  # the base snaps that we have brought; it outlives the removal of MicroK8s
INSTALL_SECONDS = 1800.0  # a slow disk unpacks nothing, but hooks make keys and start services
_FIELD = r"(?m)^([a-z0-9-]+):[ ]?(.*)$"


def revision(host: Host, name: str) -> str:
    """The revision of a snap that is in use; empty where there is none, or the snap is disabled."""
    info = host.inspect(f"{paths.MOUNTS}/{name}/current")
    return info.target.rpartition("/")[2] if info is not None and info.kind == "link" else ""


def there(host: Host) -> list[str]:
    """Which of the snaps that we know the node has."""
    return [name for name in (*paths.BASES, paths.NAME) if revision(host, name)]


def version(host: Host) -> str:
    """The version that the snap in use gives itself."""
    text = host.read_text(f"{paths.MOUNTS}/{paths.NAME}/current/meta/snap.yaml")
    found = re.search(r"(?m)^version: *['\"]?([^'\"\s]+)", text)
    return found.group(1) if found else ""


def disabled(host: Host) -> bool:
    """Whether somebody has disabled MicroK8s; for nodes without a revision in use."""
    files = [name for name in host.names(paths.SNAPS) if name.startswith(f"{paths.NAME}_")]
    done = host.run(["snap", "list", paths.NAME], timeout=WAIT, check=False) if files else None
    return done is not None and "disabled" in done.out


def asserted(text: str) -> set[str]:
    """The digests of snaps that the assertions in a file speak of (`snap-sha3-384`). Pure."""
    found = set()
    for part in re.split(r"\n\n+", text):
        fields = dict(re.findall(_FIELD, part))
        if fields.get("type") == "snap-revision" and fields.get("snap-sha3-384"):
            found.add(fields["snap-sha3-384"])
    return found


def sha3_of(path: str) -> str:
    """The digest of a file as assertions write it: SHA3-384 in URL-safe base64."""
    import base64  # for an installation alone

    digest = hashlib.sha3_384()
    with open(path, "rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return base64.urlsafe_b64encode(digest.digest()).decode().rstrip("=")


def _verify(host: Host, step: Step) -> None:
    """Whether the assertions are about these snaps; signatures are for snapd to judge.

    EdgeError(kind=artifact). In check mode the files need not have come yet.
    """
    for snap, assertion in step.params["pairs"]:
        files = [artifact_path(row["sha256"]) for row in (snap, assertion)]
        if any(host.inspect(path) is None for path in files):
            continue
        if sha3_of(host.path(files[0])) not in asserted(host.read_text(files[1])):
            raise EdgeError(
                f"{assertion['name']} is not the assertion of {snap['name']}",
                kind="artifact",
                hint="fetch both anew by one `snap download`, and write SHA256SUMS anew",
            )


def _ack(host: Host, step: Step) -> None:
    for row in step.params["artifacts"]:
        done = host.run(
            ["snap", "ack", host.path(artifact_path(row["sha256"]))], timeout=WAIT, check=False
        )
        if done.rc:
            raise EdgeError(
                f"snapd does not accept {row['name']}: {done.said}",
                kind="artifact",
                hint="fetch snap and assertion anew by `snap download`; a snap that the store has not"
                " signed needs dangerous: true in edge_extra_config",
            )


def _install(host: Host, step: Step) -> None:
    """A snap from its file; where one of that name is there already, snapd takes it as its next revision."""
    (row,) = step.params["artifacts"]
    words = ["snap", "install", *step.params["flags"], host.path(artifact_path(row["sha256"]))]
    done = host.run(words, timeout=INSTALL_SECONDS, check=False)
    if done.rc and "change in progress" in done.said:
        # Of a run that was killed: snapd goes on by itself.
        host.run(["snap", "watch", "--last=install"], timeout=INSTALL_SECONDS, check=False)
        if host.sha256(paths.blob(revision(host, step.target), step.target)) == row["sha256"]:
            return
        done = host.run(words, timeout=INSTALL_SECONDS, check=False)
    if done.rc:
        raise EdgeError(
            f"snapd does not install {row['name']}: {done.said}",
            kind="command",
            hint="see `snap changes` and `snap change --last=install`, then run again",
        )
    if step.params.get("stop"):
        host.run(["snap", "stop", paths.NAME], timeout=INSTALL_SECONDS)


def brought(host: Host) -> list[str]:
    """The base snaps that were not on the node before us."""
    return [str(name) for name in host.read_json(NOTE).get("bases") or ()]


def _base(host: Host, step: Step) -> None:
    _install(host, step)
    host.write_json(NOTE, {"bases": sorted({*brought(host), step.target})})


def _revert(host: Host, step: Step) -> None:
    """Back to the revision that ran before, unless snapd has gone back by itself."""
    before = step.params.get("previous")
    now = revision(host, paths.NAME)
    if before and now and now != before:
        words = ["snap", "revert", paths.NAME, f"--revision={before}"]
        host.run(words, timeout=INSTALL_SECONDS)
        # snapd would keep the one that failed, with its mount and a copy of the data.
        words = ["snap", "remove", paths.NAME, f"--revision={now}"]
        host.run(words, timeout=INSTALL_SECONDS, check=False)


def _remove(host: Host, step: Step) -> None:
    purge = ["--purge"] if step.params["purge"] else []
    host.run(["snap", "remove", *purge, paths.NAME], timeout=INSTALL_SECONDS)


def _remove_bases(host: Host, step: Step) -> None:
    """One that another snap needs is refused by snapd, and is that snap's from now on."""
    for name in step.params["names"]:
        host.run(["snap", "remove", "--purge", name], timeout=INSTALL_SECONDS, check=False)
    host.remove(NOTE)


VERBS: dict[str, Verb] = {
    "snap_verify": _verify,
    "snap_ack": _ack,
    "snap_base": _base,
    "snap_install": _install,
    "undo_snap_install": _revert,
    "snap_remove": _remove,
    "snap_remove_bases": _remove_bases,
}
