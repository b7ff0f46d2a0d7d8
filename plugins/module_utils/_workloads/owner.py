# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists of objects that belong together: the mark on members and the note of their kinds. Pure.

Words and formats are those of ApplySets (kubernetes.io, "Declarative management", and KEP-3659), so that
kubectl and others see whose an object is.
"""

from __future__ import annotations

import base64
import hashlib
import typing as t

from .spec import Manifest, Spec, group_of

PART_OF = "applyset.kubernetes.io/part-of"
NAMESPACE = "kube-system"  # lasts as long as the cluster
_ID = "applyset.kubernetes.io/id"
_TOOLING = "applyset.kubernetes.io/tooling"
_KINDS = "applyset.kubernetes.io/contains-group-kinds"
_NAMESPACES = "applyset.kubernetes.io/additional-namespaces"
GroupKind = tuple[str, str]


def note_name(owner: str) -> str:
    """The ConfigMap that remembers the kinds of an owner's members."""
    return f"lightk8s-{owner}"


def owner_id(owner: str) -> str:
    """The value of the mark; made of the note's name, namespace, kind and group."""
    text = f"{note_name(owner)}.{NAMESPACE}.ConfigMap."
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"applyset-{digest.rstrip('=')}-v1"


def marked(item: Manifest, owner: str) -> Manifest:
    """The manifest with its owner's mark."""
    if not owner:
        return item
    meta = item["metadata"]
    return {
        **item,
        "metadata": {**meta, "labels": {**(meta.get("labels") or {}), PART_OF: owner_id(owner)}},
    }


def mark_of(item: Manifest) -> str:
    """The mark that an object bears."""
    return str(((item.get("metadata") or {}).get("labels") or {}).get(PART_OF, ""))


def kinds_of(objects: t.Iterable[Manifest]) -> set[GroupKind]:
    """Groups and kinds of manifests."""
    return {(group_of(item), str(item["kind"])) for item in objects}


def remembered(note: Manifest | None) -> set[GroupKind]:
    """The kinds that a note names."""
    meta = (note or {}).get("metadata") or {}
    text = str((meta.get("annotations") or {}).get(_KINDS) or "")
    rows = [row.partition(".") for row in text.split(",") if row]
    return {(group, kind) for kind, dummy, group in rows}


def note(spec: Spec, kinds: t.Iterable[GroupKind], namespaces: t.Iterable[str]) -> dict[str, t.Any]:
    """The note as a manifest."""
    words = sorted(f"{kind}.{group}" if group else kind for group, kind in kinds)
    others = sorted(set(namespaces) - {NAMESPACE, ""})
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": note_name(spec.owner),
            "namespace": NAMESPACE,
            "labels": {_ID: owner_id(spec.owner)},
            "annotations": {
                _TOOLING: "lightk8s.edge/v1",
                _KINDS: ",".join(words),
                _NAMESPACES: ",".join(others),
            },
        },
    }


def notes_of(item: Manifest | None) -> dict[str, str]:
    """What a note says, for comparison."""
    found = ((item or {}).get("metadata") or {}).get("annotations") or {}
    return {key: str(found.get(key) or "") for key in (_KINDS, _NAMESPACES)}
