# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names that the API of Kubernetes and its kubelets accept (kubernetes.io: labels, taints, names). Pure."""

from __future__ import annotations

import re
import typing as t

from .problems import Problem

_LABEL_NAME = r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?\Z"
_DNS_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z"
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
# What a kubelet may set on its own Node (kubernetes.io: NodeRestriction, well-known labels).
_KUBELET_LABELS = (
    "kubernetes.io/hostname", "kubernetes.io/arch", "kubernetes.io/os",
    "beta.kubernetes.io/arch", "beta.kubernetes.io/os", "beta.kubernetes.io/instance-type",
    "node.kubernetes.io/instance-type", "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region", "failure-domain.kubernetes.io/zone",
    "failure-domain.kubernetes.io/region",
)  # fmt: skip
_KUBELET_PREFIXES = ("kubelet.kubernetes.io", "node.kubernetes.io")


def is_dns_name(text: str) -> bool:
    """An RFC 1123 subdomain in lower case."""
    return len(text) <= 253 and all(re.match(_DNS_LABEL, part) for part in text.split("."))


def label_key(text: str) -> str | None:
    """What is wrong with the key of a label or taint, or None."""
    prefix, slash, name = text.rpartition("/")
    if slash and not is_dns_name(prefix):
        return f"the prefix of {text!r} is not a DNS name"
    if not re.match(_LABEL_NAME, name):
        return f"{text!r} is not a label key (up to 63 letters, digits, - _ .)"
    return None


def label(text: str) -> str | None:
    """What is wrong with `key=value` as a label that a kubelet sets on its Node, or None."""
    key, mark, value = text.partition("=")
    if not mark:
        return f"{text!r} is not key=value"
    if value and not re.match(_LABEL_NAME, value):
        return f"the value of {key!r} is not a label value (up to 63 letters, digits, - _ .)"
    return label_key(key) or _reserved(key)


def _reserved(key: str) -> str | None:
    prefix = key.rpartition("/")[0]
    owned = any(
        prefix == domain or prefix.endswith(f".{domain}") for domain in ("kubernetes.io", "k8s.io")
    )
    allowed = key in _KUBELET_LABELS or any(
        prefix == domain or prefix.endswith(f".{domain}") for domain in _KUBELET_PREFIXES
    )
    if owned and not allowed:
        return (
            f"a kubelet may not set {key!r} and would not start; choose a key of another domain,"
            " or set it with kubectl label once the node has joined"
        )
    return None


def taint(text: str) -> str | None:
    """What is wrong with `key[=value]:Effect`, or None."""
    body, dummy, effect = text.rpartition(":")
    if effect not in _EFFECTS or not body:
        return f"{text!r} does not end in {', '.join(':' + name for name in _EFFECTS)}"
    key, mark, value = body.partition("=")
    if mark and not value:
        return f"{text!r} has an empty value, which the API does not keep: write {key}:{effect}"
    if value and not re.match(_LABEL_NAME, value):
        return f"the value of {key!r} is not a taint value (up to 63 letters, digits, - _ .)"
    return label_key(key)


def parse_taint(text: str) -> dict[str, str]:
    """key[=value]:Effect as an API object."""
    head, dummy, effect = text.rpartition(":")
    key, equals, value = head.partition("=")
    return {"key": key, "effect": effect, **({"value": value} if equals else {})}


def place_of(taint: str) -> tuple[str, str]:
    """What a taint is on its Node: there is one for a key and an effect."""
    found = parse_taint(taint)
    return found["key"], found["effect"]


def problems(labels: t.Mapping[str, str] | None, taints: t.Iterable[str] | None) -> list[Problem]:
    """Which labels and taints of a node the API or its kubelet would refuse."""
    found = [("labels", label(f"{key}={value}")) for key, value in (labels or {}).items()]
    found += [("taints", taint(text)) for text in taints or ()]
    found += [("taints", message) for message in twice(taints or ())]
    return [Problem(key, message) for key, message in found if message]


def twice(taints: t.Iterable[str]) -> t.Iterator[str]:
    """What two taints say of one place: a kubelet that is told of both does not start."""
    seen = set()
    for text in taints:
        pair = place_of(text)
        if pair in seen:
            yield f"{':'.join(pair)} is given twice"
        seen.add(pair)
