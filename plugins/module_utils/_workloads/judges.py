# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Webhooks and policies that others have put before changes of objects: only the server can ask them."""

from __future__ import annotations

import typing as t

from .._kube.client import Client
from .._kube.errors import ApiError
from .._kube.resources import Resource
from .seen import Object

_GROUP = "admissionregistration.k8s.io"
_KINDS = (
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
    "MutatingAdmissionPolicy",
    "ValidatingAdmissionPolicy",
)


def judged(client: Client) -> t.Callable[[Resource], bool]:
    """What tells of a kind whether anyone may judge or alter updates of its objects."""
    rules: list[Object] = []
    for name in _KINDS:
        kind = client.discovery.preferred(_GROUP, name)
        try:
            found = client.list(kind) if kind is not None else []
        except ApiError as exc:
            if exc.status != 403:
                raise
            return lambda kind: True  # who may not see them cannot know
        for item in found:
            rules += rules_of(item)
    return lambda kind: any(concerns(rule, kind) for rule in rules)


def rules_of(item: Object) -> list[Object]:
    """The rules of a configuration or policy; one that names none concerns all."""
    hooks = item.get("webhooks")
    if hooks is not None:
        return [rule for hook in hooks for rule in hook.get("rules") or ()]
    match = (item.get("spec") or {}).get("matchConstraints") or {}
    return list(match.get("resourceRules") or [{}])


def concerns(rule: Object, kind: Resource) -> bool:
    """Whether a rule is about updates of this kind, whatever its version."""
    group = kind.api_version.rpartition("/")[0]
    wanted = {
        "operations": ("*", "UPDATE"),
        "apiGroups": ("*", group),
        "resources": ("*", "*/*", kind.plural),
    }
    return all(
        any(word in words for word in rule.get(key) or words[:1]) for key, words in wanted.items()
    )
