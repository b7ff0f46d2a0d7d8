# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The node's containerd, asked by ctr, which every distribution has; its content store is read directly."""

from __future__ import annotations

import hashlib
import json
import os
import typing as t

from .._core.errors import EdgeError
from .._distribution.adapter import Runtime
from .._host.host import Host
from . import chains
from .seen import PINNED, STAGED, Record

NAMESPACE = "k8s.io"
# A namespace of ours: what is in it the kubelet neither sees nor starts.
_OURS = "lightk8s"
ASK = 30.0  # seconds for a question
# Importing unpacks what it gets, on the slowest of cards.
WORK = 3600.0
# Keys of views that exist only as long as their place is asked for.
_VIEW = "lightk8s-view-"
_UNPACKED = "containerd.io/gc.ref.snapshot."
_EXPIRES = "containerd.io/gc.expire"  # label of a lease that ends by itself
_COLLECT = f"{_OURS}.internal/collect:now"
_MOST = 4 << 20  # bytes of an index, manifest or config


class Containerd:
    """One containerd. EdgeError(command) where it does not answer."""

    def __init__(self, host: Host, runtime: Runtime) -> None:
        self._host = host
        self.root = runtime.root
        self._ctr = [*runtime.ctr, "--namespace", NAMESPACE]
        self._ours = [*runtime.ctr, "--namespace", _OURS]
        self._packed = 0

    def _ask(self, *words: str) -> list[str]:
        """Lines of a table, without its head."""
        return _rows(self._host.run([*self._ctr, *words], timeout=ASK).out)

    def _do(self, *words: str, timeout: float = ASK) -> None:
        self._host.run([*self._ctr, *words], timeout=timeout)

    def version(self) -> str:
        """What tells one build of it from another: versions of both sides, and of the compiler."""
        lines = self._host.run([*self._ctr, "version"], timeout=ASK).out.splitlines()
        pairs = [line.strip().partition(":") for line in lines]
        found = [value.strip() for key, _colon, value in pairs if key in ("Version", "Go version")]
        return " ".join(dict.fromkeys(found))

    def records(self) -> dict[str, Record]:
        """All names of images."""
        return self._records(self._ctr)

    def _records(self, ctr: t.Sequence[str]) -> dict[str, Record]:
        found = {}
        for line in _rows(self._host.run([*ctr, "images", "ls"], timeout=ASK).out):
            words = line.split()
            # Between the digest and the labels stand a size with its unit and a list of platforms.
            found[words[0]] = Record(words[0], words[2], _labels(words[-1]))
        return found

    def content(self) -> dict[str, dict[str, str]]:
        """Labels of each blob by its digest."""
        rows = (line.split() for line in self._ask("content", "ls"))
        return {row[0]: _labels(row[-1]) for row in rows if row}

    def chains(self, snapshotter: str) -> frozenset[str]:
        """Chain IDs of layers that are extracted."""
        rows = (line.split() for line in self._ask("snapshots", "--snapshotter", snapshotter, "ls"))
        return frozenset(row[0] for row in rows if row and row[-1] == "Committed")

    def used(self) -> frozenset[str]:
        """Images of containers, by the names that these were made with."""
        rows = (line.split() for line in self._ask("containers", "ls"))
        return frozenset(row[1] for row in rows if len(row) > 1)

    def blob(self, digest: str) -> str:
        """Where the content store keeps it."""
        return f"{self.root}/io.containerd.content.v1.content/blobs/{digest.replace(':', '/')}"

    def document(self, digest: str) -> t.Any:
        """A JSON document of the content store; None where it is missing or damaged."""
        info = self._host.inspect(self.blob(digest))
        if info is None or info.size > _MOST:
            return None
        data = self._host.read(self.blob(digest)) or b""
        if f"sha256:{hashlib.sha256(data).hexdigest()}" != digest:
            return None
        try:
            return json.loads(data)
        except (ValueError, RecursionError):
            return None

    def folder(self, snapshotter: str, chain: str) -> str:
        """Where the files of the layer on top of that chain lie. EdgeError where they cannot be read."""
        key = f"{_VIEW}{os.getpid()}"
        words = ("snapshots", "--snapshotter", snapshotter)
        self._do(*words, "view", key, chain)
        try:
            said = self._host.run([*self._ctr, *words, "mounts", "/x", key], timeout=ASK).out
        finally:
            self._do(*words, "rm", key)
        return place_of(said)

    def drop(self, snapshotter: str, chain: str) -> None:
        """Remove the files of an extracted layer. EdgeError(busy) where something stands on them."""
        try:
            self._do("snapshots", "--snapshotter", snapshotter, "rm", chain)
        except EdgeError as exc:
            raise EdgeError(
                f"a layer that a power cut may have torn is in use: {exc.message}",
                kind="busy",
                hint="delete the pods of this image, then run again",
            ) from exc

    def abandon(self, boot: float) -> None:
        """Let go what clients hold that ended with the last boot, at `boot` (seconds since the epoch).

        containerd keeps half of an import for a day: its lease says until when, and outlives who has made it.
        """
        held = [line.split() for line in self._ask("leases", "ls")]
        dead = [
            row[0]
            for row in held
            if len(row) > 2 and _EXPIRES in _labels(row[2]) and _seconds(row[1]) < boot
        ]
        if dead:
            self._do("leases", "delete", *dead)
            self._collect()

    def _collect(self) -> None:
        """Have containerd remove now what nothing refers to, as it does when a name is removed."""
        names = sorted(self.records())
        if names:
            self._do("images", "tag", "--force", names[0], _COLLECT)
            self.remove([_COLLECT])

    def settle(self) -> None:
        """Return when all that was extracted is on the disk."""
        self._host.run(["sync", "-f", self._host.path(self.root)], timeout=WORK)

    def sweep(self, snapshotter: str) -> None:
        """Remove views that a run has left which was killed."""
        words = ("snapshots", "--snapshotter", snapshotter)
        for line in self._ask(*words, "ls"):
            if line.startswith(_VIEW):
                self._do(*words, "rm", line.split()[0])

    def take(self, write: t.Callable[[t.BinaryIO], None], snapshotter: str) -> None:
        """Import the archive that `write` writes. Nothing gets a name where it raises."""
        more = [] if snapshotter == "overlayfs" else ["--snapshotter", snapshotter]
        self._host.feed([*self._ctr, "images", "import", *more, "-"], write, timeout=WORK)

    def compress(self, write: t.Callable[[t.BinaryIO, str], None]) -> tuple[str, int]:
        """Digest and size of the gzip blob that it makes of the layer in the archive that `write` writes.

        The blob stays until `forget`. EdgeError(command) where that is no way.
        """
        self._packed += 1  # a name for each: what has none may be collected at any moment
        name = f"{_OURS}.internal/layer:{os.getpid()}-{self._packed}"
        words = ("images", "import", "--compress-blobs", "--no-unpack", "--all-platforms", "-")
        self._host.feed([*self._ours, *words], lambda stream: write(stream, name), timeout=WORK)
        record = self._records(self._ours).get(name)
        rows = chains.rows(self.document(record.target), "layers") if record else []
        if len(rows) != 1:
            raise EdgeError("containerd has not compressed the layer", kind="command")
        return str(rows[0].get("digest")), int(rows[0].get("size") or 0)

    def forget(self) -> None:
        """Remove what `compress` has left, also in a run that was killed."""
        names = sorted(self._records(self._ours))
        if names:
            self._host.run([*self._ours, "images", "rm", "--sync", *names], timeout=WORK)

    def tag(self, name: str, new: str) -> None:
        """Give an image another name."""
        self._do("images", "tag", "--force", name, new)

    def label(self, name: str) -> None:
        """Keep the kubelet from collecting it, and remember that it is ours."""
        self._do("images", "label", name, f"{PINNED}=pinned", f"{STAGED}=yes")

    def remove(self, names: t.Sequence[str]) -> None:
        """Forget names; what nothing else needs is collected at once."""
        self._do("images", "rm", "--sync", *names, timeout=WORK)


def place_of(said: str) -> str:
    """The folder of the uppermost layer in what `ctr snapshots mounts` prints. EdgeError(artifact)."""
    words = said.split()
    kind = words[2] if len(words) > 3 and words[:2] == ["mount", "-t"] else ""
    if kind in ("bind", "rbind"):
        return words[3]
    if kind == "overlay":
        for option in words[-1].split(","):
            if option.startswith("lowerdir="):
                return option[len("lowerdir=") :].split(":")[0]
    raise EdgeError(
        f"the files of extracted layers cannot be read here: {said.strip()[:200]}",
        kind="artifact",
        hint="the layers are sent whole",
    )


def snapshotter_of(content: t.Mapping[str, t.Mapping[str, str]]) -> str:
    """The one that images have been unpacked by; they say so themselves."""
    counts: dict[str, int] = {}
    for labels in content.values():
        for key in labels:
            if key.startswith(_UNPACKED):
                name = key[len(_UNPACKED) :].split("/")[0]
                counts[name] = counts.get(name, 0) + 1
    return max(counts, key=lambda name: counts[name]) if counts else "overlayfs"


def _rows(table: str) -> list[str]:
    """Lines of a table, without its head."""
    return table.splitlines()[1:]


def _seconds(text: str) -> float:
    """Since the epoch, of a time as RFC 3339 has it; never, where it is none."""
    from datetime import datetime  # for what a power cut has torn alone

    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return float("inf")


def _labels(text: str) -> dict[str, str]:
    pairs = (item.partition("=") for item in text.split(",") if "=" in item)
    return {key: value for key, _equals, value in pairs}
