# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images that workloads name and that no node has, where none can be pulled. Pure."""

from __future__ import annotations

import typing as t

from .._core.errors import EdgeError
from .limits import Manifest, pod_template
from .spec import label

# What a kubelet tells of at most: images, the largest ones, and names of each. Else some may be untold.
TOLD, NAMES_TOLD = 50, 5
PULLED = "Always"
Needs = t.Mapping[str, t.Sequence[tuple[str, str]]]
Lists = t.Mapping[str, t.Collection[str]]  # by Node: those of the images in question that it has


def refuse_absent(wanted: Needs, nodes: t.Sequence[Manifest], lists: Lists | None = None) -> None:
    """EdgeError(kind=preflight) naming every `needed` image that no pod could start from."""
    doubtful = untold(wanted, nodes, lists)
    there = had(nodes, lists)
    found = []
    for image, users in wanted.items():
        pulled = [user for user, policy in users if policy == PULLED]
        if pulled:
            found.append(f"{image} would be pulled at each start of {', '.join(pulled)}")
        elif image not in doubtful and normal(image) not in there:
            found.append(f"no node has {image}, for {', '.join(user for user, dummy in users)}")
    if found:
        raise EdgeError(
            f"images cannot be pulled here: {'; '.join(found)}",
            kind="preflight",
            hint="bring the images to the nodes, and set image_pull_policy to IfNotPresent or Never",
        )


def untold(wanted: Needs, nodes: t.Sequence[Manifest], lists: Lists | None = None) -> list[str]:
    """Images that are nowhere as far as is known, while some node may have more than it has told."""
    if nodes and all(_name(node) in (lists or {}) or tells_all(node) for node in nodes):
        return []
    return missing(wanted, nodes, lists)


def missing(wanted: Needs, nodes: t.Sequence[Manifest], lists: Lists | None = None) -> list[str]:
    """Images that are nowhere as far as is known; kubelets tell of new ones minutes later only."""
    there = had(nodes, lists)
    return [image for image in wanted if normal(image) not in there]


def tells_all(node: Manifest) -> bool:
    """Whether the kubelet has told of all images, by all their names."""
    rows = (node.get("status") or {}).get("images") or ()
    return 0 < len(rows) < TOLD and all(len(row.get("names") or ()) < NAMES_TOLD for row in rows)


def _name(node: Manifest) -> str:
    return str((node.get("metadata") or {}).get("name"))


def needed(objects: t.Iterable[Manifest], *, can_pull: bool) -> dict[str, list[tuple[str, str]]]:
    """Images that have to be there, each with the workloads that name it and their pull policies."""
    found: dict[str, list[tuple[str, str]]] = {}
    for item in objects:
        pod = (pod_template(item) or {}).get("spec") or {}
        for key in ("initContainers", "containers"):
            for row in pod.get(key) or ():
                image = str(row.get("image") or "")
                policy = str(row.get("imagePullPolicy") or default_policy(image))
                if image and (not can_pull or policy == "Never"):
                    found.setdefault(image, []).append((label(item), policy))
    return found


def default_policy(image: str) -> str:
    """Kubernetes' own: by the tag."""
    return PULLED if normal(image).endswith(":latest") else "IfNotPresent"


def had(nodes: t.Iterable[Manifest], lists: Lists | None = None) -> set[str]:
    """The images that nodes are known to have."""
    rows = [row for node in nodes for row in (node.get("status") or {}).get("images") or ()]
    names = [name for row in rows for name in row.get("names") or ()]
    return {
        normal(str(name))
        for name in (*names, *(n for some in (lists or {}).values() for n in some))
    }


def normal(image: str) -> str:
    """The whole name: with registry and tag, and without the tag where a digest is given."""
    name, at, digest = image.partition("@")
    host, slash, dummy = name.partition("/")
    registry = slash and ("." in host or ":" in host or host == "localhost")
    if not registry:
        name = f"docker.io/{name if slash else f'library/{name}'}"
    base, colon, tag = name.rpartition(":")
    tagged = bool(colon) and "/" not in tag
    if at:
        return f"{base if tagged else name}@{digest}"
    return name if tagged else f"{name}:latest"
