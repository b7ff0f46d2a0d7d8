# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks at the images of a node; changes nothing, and needs no cluster."""

from __future__ import annotations

import json
import os
import re
import typing as t

from .._core import yamlish
from .._core.errors import EdgeError
from .._distribution.adapter import Layout, Runtime
from .._host.host import Host
from . import chains, imports, leftovers
from .runtime import Containerd, snapshotter_of
from .seen import Contents, Seen, same_layers

# Upstream's thresholds where the kubelet's files set none (kubernetes.io, node-pressure eviction).
_SIGNALS = ("imagefs.available", "nodefs.available")
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}


def observe(host: Host, layout: Layout, runtime: Runtime) -> Seen:
    """What there is. EdgeError(command) where containerd does not answer."""
    containerd = Containerd(host, runtime)
    content = containerd.content()
    snapshotter = snapshotter_of(content)
    records = containerd.records()
    known = containerd.chains(snapshotter)
    blobs = frozenset(content)
    found = {
        record.target: _contents(containerd, record.target, blobs) for record in records.values()
    }
    contents = {target: item for target, item in found.items() if item is not None}
    extracted: dict[str, str] = {}
    for item in contents.values():
        for diff_id, chain in zip(item.diff_ids, chains.chain(item.diff_ids)):
            if chain in known:
                extracted.setdefault(diff_id, chain)
    free, total = room(host, runtime)
    return Seen(
        host.machine(),
        snapshotter,
        records,
        contents,
        blobs,
        known,
        extracted,
        containerd.used(),
        free,
        reserve(thresholds(host, layout, runtime), total),
        leftovers.left(host),
        leftovers.noted(host),
        imports.unsettled(host),
        imports.torn(host),
        same_layers(content),
    )


def _contents(containerd: Containerd, target: str, blobs: frozenset[str]) -> Contents | None:
    """Through the index, where there is one, to the manifest that this node has."""
    document = containerd.document(target)
    for descriptor in chains.rows(document, "manifests"):
        found = _contents(containerd, str(descriptor.get("digest")), blobs)
        if found is not None:
            return found
    config = document.get("config") if isinstance(document, dict) else None
    digest = str(config.get("digest")) if isinstance(config, dict) else ""
    body = containerd.document(digest) if digest in blobs else None
    if body is None:
        return None
    layers = [str(row.get("digest")) for row in chains.rows(document, "layers")]
    return Contents(digest, chains.diff_ids(body), blobs.issuperset(layers))


def room(host: Host, runtime: Runtime) -> tuple[int, int]:
    """Bytes free and in all on the file system that images lie on."""
    try:
        about = os.statvfs(host.path(runtime.root))
    except OSError as exc:
        raise EdgeError(
            f"containerd answers, yet its data are not in {runtime.root}: {exc.strerror}",
            kind="preflight",
            hint="name the distribution's folder of data in edge_data_dir",
        ) from exc
    return about.f_bavail * about.f_frsize, about.f_blocks * about.f_frsize


def thresholds(host: Host, layout: Layout, runtime: Runtime) -> tuple[str, ...]:
    """The kubelet's thresholds of eviction for images, as its files have them; the last file wins."""
    found: t.Mapping[str, t.Any] = {}
    for name in host.names(layout.kubelet_dropins):
        text = host.read_text(f"{layout.kubelet_dropins}/{name}")
        if "evictionHard" in text:
            value = _settings(text)
            hard = value.get("evictionHard") if isinstance(value, dict) else None
            found = hard if isinstance(hard, dict) else found
    given = tuple(str(found[signal]) for signal in _SIGNALS if found.get(signal))
    return given or (runtime.eviction,)


def _settings(text: str) -> t.Any:
    """A file of the kubelet's settings: ours is JSON or plain YAML; None where others wrote what we do not read."""
    try:
        return json.loads(text)
    except ValueError:
        try:
            return yamlish.load(text)
        except EdgeError:
            return None


def reserve(thresholds: t.Sequence[str], total: int) -> int:
    """Bytes below which the kubelet evicts, of a file system with `total`; the strictest counts."""
    most = 0
    for text in thresholds:
        found = re.fullmatch(r"([0-9.]+)(%|[KMG]i?|)", text.strip())
        if found:
            number, unit = float(found[1]), found[2]
            most = max(most, int(total * number / 100 if unit == "%" else number * _UNITS[unit]))
    return most
