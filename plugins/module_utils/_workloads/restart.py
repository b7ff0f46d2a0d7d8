# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pods are made anew when a Secret that they use has changed: by a digest in their template. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import typing as t

from .limits import pod_template
from .spec import Manifest, group_of

NOTE = "lightk8s.edge/secrets"
_ROLLING = ("Deployment", "StatefulSet", "DaemonSet")
# Who may read a Deployment may not read its Secrets: guessing from the digest has to cost something.
_ROUNDS = 100_000
Place = tuple[str, str]


def rolls(item: Manifest) -> bool:
    """Whether pods of this kind are made anew when their template changes."""
    return group_of(item) == "apps" and item.get("kind") in _ROLLING


def secrets_used(item: Manifest) -> list[str]:
    """Names of the Secrets that the pods read, in variables and volumes."""
    pod = (pod_template(item) or {}).get("spec") or {}
    found: list[t.Any] = []
    for key in ("initContainers", "containers"):
        for container in pod.get(key) or ():
            found += [
                (row.get("secretRef") or {}).get("name") for row in container.get("envFrom") or ()
            ]
            for row in container.get("env") or ():
                found.append(((row.get("valueFrom") or {}).get("secretKeyRef") or {}).get("name"))
    for volume in pod.get("volumes") or ():
        found.append((volume.get("secret") or {}).get("secretName"))
        for row in (volume.get("projected") or {}).get("sources") or ():
            found.append((row.get("secret") or {}).get("name"))
    return sorted({str(name) for name in found if name})


def with_digest(item: Manifest, namespace: str, secrets: t.Mapping[Place, Manifest]) -> Manifest:
    """The manifest with the digest of those of its Secrets that are known, in its pods' annotations."""
    names = [name for name in secrets_used(item) if (namespace, name) in secrets]
    if not rolls(item) or not names:
        return item
    whole = hashlib.sha256()
    for name in names:
        whole.update(_digest((namespace, name), secrets[namespace, name]))
    template = item["spec"]["template"]
    meta = template.get("metadata") or {}
    notes = {**(meta.get("annotations") or {}), NOTE: whole.hexdigest()[:32]}
    return {
        **item,
        "spec": {
            **item["spec"],
            "template": {**template, "metadata": {**meta, "annotations": notes}},
        },
    }


def _digest(place: Place, secret: Manifest) -> bytes:
    text = json.dumps(contents(secret), sort_keys=True).encode()
    return hashlib.pbkdf2_hmac("sha256", text, "/".join(place).encode(), _ROUNDS)


def contents(secret: Manifest) -> dict[str, str]:
    """What a Secret holds, each value as base64; stringData wins, as the server has it."""
    found = {str(key): _plain(value) for key, value in (secret.get("data") or {}).items()}
    for key, value in (secret.get("stringData") or {}).items():
        found[str(key)] = base64.b64encode(str(value).encode()).decode()
    return found


def _plain(value: t.Any) -> str:
    """One spelling of base64; what is none will be refused by the server."""
    try:
        return base64.b64encode(base64.b64decode(str(value))).decode()
    except (binascii.Error, ValueError):
        return str(value)
