# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workloads that are replaced when a Secret that they use has changed.

The pod template bears a digest of the Secrets that it uses, so a changed one rolls the workload and one
that is as it was does nothing. Who may read pods need not be one who may read Secrets, and a plain digest
of a short password can be guessed: so it is keyed, with a key that lies in a Secret beside them.
"""

from __future__ import annotations

import base64
import binascii
import copy
import hashlib
import hmac
import json
import os
import typing as t

from .._kube.client import Client

Manifest = dict[str, t.Any]
Name = tuple[str, str]  # namespace and name
ANNOTATION = "lightk8s.edge/secrets"
KEY_SECRET = "lightk8s-rollout-key"
ROLLING = ("Deployment", "DaemonSet", "StatefulSet")
CONTAINERS = ("initContainers", "containers")


def stamp(client: Client, objects: t.Sequence[Manifest], owner: str = "") -> list[Manifest]:
    """The objects with the digests in them, and the Secrets with the keys of the digests.

    A namespace without a key gets a fresh one. Raises ApiError, HttpError.
    """
    wanted = {_name(item): _content(item) for item in objects if item.get("kind") == "Secret"}
    keys: dict[str, str] = {}
    found = []
    for item in objects:
        names = used(item)
        if not names:
            found.append(item)
            continue
        space = names[0][0]
        key = keys.get(space) or _key(client, space, owner)
        keys[space] = key
        contents = {}
        for name in names:
            if name not in wanted:
                wanted[name] = _content(client.read("Secret", *name) or {})
            contents[name[1]] = wanted[name]
        found.append(stamped(item, digest(key, contents)))
    return [_key_secret(space, key, owner) for space, key in sorted(keys.items())] + found


def used(item: t.Mapping[str, t.Any]) -> list[Name]:
    """The Secrets that the containers of a workload use; none for kinds that do not roll."""
    if item.get("kind") not in ROLLING:
        return []
    space = _name(item)[0]
    names = _references(_template(item).get("spec") or {})
    return sorted({(space, str(name)) for name in names if name})


def _references(spec: t.Mapping[str, t.Any]) -> t.Iterator[t.Any]:
    """Names of Secrets in a pod, None for places that name none."""
    for container in (c for part in CONTAINERS for c in spec.get(part) or ()):
        for row in container.get("env") or ():
            yield ((row.get("valueFrom") or {}).get("secretKeyRef") or {}).get("name")
        for row in container.get("envFrom") or ():
            yield (row.get("secretRef") or {}).get("name")
    for volume in spec.get("volumes") or ():
        yield (volume.get("secret") or {}).get("secretName")
        for row in (volume.get("projected") or {}).get("sources") or ():
            yield (row.get("secret") or {}).get("name")


def stamped(item: Manifest, text: str) -> Manifest:
    """A copy whose pod template bears the digest."""
    found = copy.deepcopy(item)
    metadata = _template(found).setdefault("metadata", {})
    metadata["annotations"] = {**(metadata.get("annotations") or {}), ANNOTATION: text}
    return found


def digest(key: str, contents: t.Mapping[str, t.Mapping[str, str]]) -> str:
    """A keyed digest of the contents of Secrets by their names."""
    text = json.dumps(contents, sort_keys=True, separators=(",", ":"))
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()[:32]


def _template(item: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    found: dict[str, t.Any] = (item.get("spec") or {}).get("template") or {}
    return found


def _name(item: t.Mapping[str, t.Any]) -> Name:
    metadata = item.get("metadata") or {}
    return str(metadata.get("namespace") or "default"), str(metadata.get("name") or "")


def _content(item: t.Mapping[str, t.Any]) -> dict[str, str]:
    """A Secret's values in base64, as the API keeps them, however the manifest gives them."""
    plain = item.get("stringData") or {}
    coded = {key: base64.b64encode(str(text).encode()).decode() for key, text in plain.items()}
    return {**{key: str(text) for key, text in (item.get("data") or {}).items()}, **coded}


def _key(client: Client, space: str, owner: str) -> str:
    """The namespace's key, in base64; a fresh one where there is none that is one."""
    live = client.read("Secret", space, _key_name(owner)) or {}
    text = str((live.get("data") or {}).get("key") or "")
    try:
        good = len(base64.b64decode(text, validate=True)) >= 16
    except (ValueError, binascii.Error):
        good = False
    return text if good else base64.b64encode(os.urandom(32)).decode()


def _key_secret(space: str, key: str, owner: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": _key_name(owner), "namespace": space},
        "type": "Opaque",
        "data": {"key": key},
    }


def _key_name(owner: str) -> str:
    """One per owner: what an owner no longer has goes, and must not be another one's."""
    return f"{KEY_SECRET}-{owner}" if owner else KEY_SECRET
