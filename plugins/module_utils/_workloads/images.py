# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images that workloads name and that no node has, where none can be pulled. Pure."""

from __future__ import annotations

import typing as t

from .._core.errors import EdgeError
from .limits import Manifest, pod_template
from .spec import label

# A kubelet tells of no more images than these, the largest ones: one that is not among them may be there.
TOLD = 50
PULLED = "Always"


def refuse_absent(
    wanted: t.Mapping[str, t.Sequence[tuple[str, str]]], nodes: t.Iterable[Manifest]
) -> None:
    """EdgeError(kind=preflight) naming every `needed` image that no pod could start from."""
    known = had(nodes)
    found = []
    for image, users in wanted.items():
        pulled = [user for user, policy in users if policy == PULLED]
        if pulled:
            found.append(f"{image} would be pulled at each start of {', '.join(pulled)}")
        elif known is not None and normal(image) not in known:
            found.append(f"no node has {image}, for {', '.join(user for user, dummy in users)}")
    if found:
        raise EdgeError(
            f"images cannot be pulled here: {'; '.join(found)}",
            kind="preflight",
            hint="bring the images to the nodes, and set image_pull_policy to IfNotPresent or Never",
        )


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


def had(nodes: t.Iterable[Manifest]) -> set[str] | None:
    """The images of all nodes together; None where some of them are not told."""
    found: set[str] = set()
    for node in nodes:
        rows = (node.get("status") or {}).get("images") or ()
        if not rows or len(rows) >= TOLD:
            return None
        found |= {normal(str(name)) for row in rows for name in row.get("names") or ()}
    return found


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
