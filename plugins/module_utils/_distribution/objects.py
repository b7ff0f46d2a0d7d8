# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Labels and taints of the Node object. What is ours is remembered in an annotation on the Node itself."""

from __future__ import annotations

import json
import typing as t

from .._core.plan import ASK, Phase, Step
from .._host.host import Host
from .access import connect
from .adapter import NodeView
from .digests import digests
from .kubenames import parse_taint, place_of
from .spec import AGENT, Spec

OWNED = "lightk8s.edge/owned"
# Label domains that the API lets no kubelet change on its own Node, apart from a few names
# (kubernetes.io, "Using Node Authorization": NodeRestriction); its taints neither, once it is registered.
GUARDED = ("kubernetes.io", "k8s.io")


def steps(spec: Spec, node: NodeView | None, kubeconfig: str, name: str) -> tuple[Step, ...]:
    """The step that makes labels and taints as wanted; none where they are or where none was asked for."""
    if spec.labels is None and spec.taints is None:
        return ()
    owned = owned_by_us(node)
    labels = dict(spec.labels) if spec.labels is not None else None
    taints = list(spec.taints) if spec.taints is not None else None
    wanted = {
        "labels": sorted(labels) if labels is not None else owned["labels"],
        "taints": sorted(taints) if taints is not None else owned["taints"],
    }
    params = {"kubeconfig": kubeconfig, "labels": labels, "taints": taints, "owned": wanted}
    if node is not None:
        wrong = label_changes(node.labels, labels, owned["labels"])
        missing, extra = taint_changes(node.taints, taints, owned["taints"])
        if not (wrong or missing or extra or wanted != owned):
            return ()
        summary = _summary(wrong, missing, extra)
    else:
        if not labels and not taints:
            return ()
        return (Step(Phase.OBJECTS, "node", name, for_new(name), params),)
    by_server = spec.role == AGENT and (missing or extra or any(map(_guarded, wrong)))
    verb = ASK if by_server else "node"
    return (Step(Phase.OBJECTS, verb, name, summary, params),)


def for_new(name: str) -> str:
    """What a plan says of a Node that is not there yet."""
    return f"set the labels and taints of {name}"


def _guarded(label: str) -> bool:
    domain = label.rpartition("/")[0]
    return domain in GUARDED or domain.endswith(tuple(f".{name}" for name in GUARDED))


def _summary(
    wrong: t.Mapping[str, str | None], missing: t.Iterable[str], extra: t.Iterable[str]
) -> str:
    parts = [
        f"label {key}" if value is not None else f"unlabel {key}" for key, value in wrong.items()
    ]
    parts += [f"taint {taint}" for taint in missing] + [f"untaint {taint}" for taint in extra]
    return "on the Node: " + (", ".join(parts) or "note which labels and taints are ours")


def owned_by_us(node: NodeView | None) -> dict[str, list[str]]:
    """The labels and taints that we have set."""
    try:
        found = json.loads(node.annotations.get(OWNED, "{}")) if node is not None else {}
    except ValueError:
        found = {}
    return {key: sorted(found.get(key) or []) for key in ("labels", "taints")}


def brief(node: NodeView) -> dict[str, t.Any]:
    """What a server tells of another Node: readiness, and digests of what is ours on it."""
    owned = owned_by_us(node)
    labels = {key: node.labels.get(key) for key in owned["labels"]}
    taints = {taint: taint in node.taints for taint in owned["taints"]}
    return {"ready": node.ready, **digests(labels, taints)}


def label_changes(
    current: t.Mapping[str, str], wanted: t.Mapping[str, str] | None, owned: t.Iterable[str]
) -> dict[str, str | None]:
    """Merge-patch entries: values to set, None for labels of ours that are wanted no more."""
    if wanted is None:
        return {}
    changes: dict[str, str | None] = {
        key: value for key, value in sorted(wanted.items()) if current.get(key) != value
    }
    changes.update({key: None for key in owned if key not in wanted and key in current})
    return changes


def taint_changes(
    current: t.Iterable[str], wanted: t.Iterable[str] | None, owned: t.Iterable[str]
) -> tuple[list[str], list[str]]:
    """(taints to add, taints to remove): ours, and whose key and effect are wanted with another value."""
    if wanted is None:
        return [], []
    here, wish = set(current), set(wanted)
    places = {place_of(text) for text in wish}
    extra = {text for text in here - wish if text in set(owned) or place_of(text) in places}
    return sorted(wish - here), sorted(extra)


def perform(host: Host, step: Step) -> None:
    """Patch the Node."""
    name, wish = step.target, step.params
    with connect(host, wish["kubeconfig"], patient=True) as client:
        from .access import taint_text, view

        found = client.read("Node", "", name) or {}
        node = view(found)
        owned = owned_by_us(node)
        patch: dict[str, t.Any] = {
            "metadata": {
                "annotations": {OWNED: json.dumps(wish["owned"], sort_keys=True)},
                "labels": label_changes(node.labels, wish["labels"], owned["labels"]),
            }
        }
        missing, extra = taint_changes(node.taints, wish["taints"], owned["taints"])
        if missing or extra:
            kept = [x for x in found["spec"].get("taints") or [] if taint_text(x) not in extra]
            patch["metadata"]["resourceVersion"] = found["metadata"]["resourceVersion"]
            patch["spec"] = {"taints": kept + [parse_taint(text) for text in missing]}
        client.patch("Node", "", name, patch)
