# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what a node has to the images that are wanted on it. Pure."""

from __future__ import annotations

import typing as t

from .._core.plan import Change, Phase, Plan, Step
from . import chains, packing
from .seen import Seen
from .spec import ABSENT, ALIAS, EXACT, LAYERLESS, Spec, Wanted


def mode(wanted: Wanted, seen: Seen) -> str:
    """What the image's names lead to; empty where it is not on the node, or not as it is wanted."""
    modes = {_mode(name, wanted, seen) for name in wanted.names}
    return modes.pop() if len(modes) == 1 else ("" if "" in modes else ALIAS)


def _mode(name: str, wanted: Wanted, seen: Seen) -> str:
    contents = seen.of(name)
    if contents is None or contents.config != wanted.config or not seen.unpacked(contents):
        return ""
    if wanted.name in seen.torn:
        return ""
    alias = seen.records[name].target != wanted.digest
    found = ALIAS if alias else EXACT if contents.whole else LAYERLESS
    return found if found == EXACT or not wanted.exact else ""


def missing(spec: Spec, seen: Seen) -> list[Wanted]:
    """Images of which something has to be brought."""
    present = [item for item in spec.images if item.state != ABSENT]
    return [item for item in present if not any(_mode(n, item, seen) for n in item.names)]


def plan(spec: Spec, seen: Seen) -> Plan:
    """Steps by image: bring it, name it, keep it; then take away what is not wanted."""
    steps: list[Step] = []
    changes: list[Change] = []
    lacking = {item.name for item in missing(spec, seen)}
    for item in spec.images:
        if item.state == ABSENT:
            continue
        if item.name in lacking:
            steps.append(_bring(item, spec, lacking))
            changes.append(Change(item.name, _shown(item, seen), f"{item.config}\n"))
        else:
            steps.extend(_name(item, seen))
            if item.name in seen.unsettled:
                text = f"see to it that {item.name} is on the disk"
                steps.append(Step(Phase.OBJECTS, "settle", item.name, text))
    gone, warnings = _unwanted(spec, seen)
    for name, names in gone.items():
        steps.append(Step(Phase.CLEAN, "remove", name, f"remove {name}", {"names": names}))
        changes.append(Change(name, f"{seen.records[names[0]].target}\n", ""))
    if not lacking or spec.deliveries is not None:
        steps.extend(_tidy(spec, lacking, seen))
    return Plan(tuple(steps), tuple(changes), tuple(warnings))


def _tidy(spec: Spec, lacking: t.Container[str], seen: Seen) -> list[Step]:
    """For what a run has left that was cut off, or what came while another run brought the same image."""
    used: set[str] = set()
    spare: set[str] = set()
    for item in spec.deliveries or ():
        rows = {str(row["sha256"]) for row in item.artifacts()}
        (used if item.name in lacking else spare).update(rows)
    pieces = sorted((seen.left | (seen.noted & spare)) - used)
    text = "remove what an earlier transfer has left"
    return [Step(Phase.CLEAN, "tidy", "artifacts", text, {"pieces": pieces})] if pieces else []


def _shown(item: Wanted, seen: Seen) -> str:
    contents = seen.of(item.names[0])
    return f"{contents.config}\n" if contents else ""


def _bring(item: Wanted, spec: Spec, lacking: t.Container[str]) -> Step:
    delivery = spec.delivery(item.name)
    params: dict[str, t.Any] = {"image": item, "names": item.names}
    if delivery:
        params |= {"delivery": delivery, "artifacts": delivery.artifacts()}
        after = spec.images[spec.images.index(item) + 1 :]
        others = [spec.delivery(other.name) for other in after if other.name in lacking]
        params["later"] = {str(row["sha256"]) for one in others if one for row in one.artifacts()}
    return Step(Phase.OBJECTS, "bring", item.name, f"import {item.name}", params)


def _name(item: Wanted, seen: Seen) -> list[Step]:
    """For an image that is there, under one of its names at least."""
    right = next(name for name in item.names if _mode(name, item, seen))
    steps = []
    for name in item.names:
        if not _mode(name, item, seen):
            text = f"name {right} {name}, too"
            steps.append(Step(Phase.OBJECTS, "name", name, text, {"source": right}))
        if not seen.pinned(name) or steps:
            text = f"keep {name} from being collected"
            steps.append(Step(Phase.OBJECTS, "keep", f"{name} ", text, {"name": name}))
    return steps


def _unwanted(spec: Spec, seen: Seen) -> tuple[dict[str, list[str]], list[str]]:
    """Names that go, by the image they belong to, and why others stay."""
    kept = {name for item in spec.images if item.state != ABSENT for name in item.names}
    doomed = {item.name: _known(item, seen) for item in spec.images if item.state == ABSENT}
    if spec.prune:
        named = {name for names in doomed.values() for name in names}
        for name in sorted(seen.records):
            if seen.pinned(name) and name not in kept | named:
                target = seen.records[name].target
                title = next(
                    (x for x, names in doomed.items() if _leads(names, target, seen)), name
                )
                doomed.setdefault(title, []).append(name)
    gone: dict[str, list[str]] = {}
    warnings = []
    for title, names in doomed.items():
        if not names:
            continue
        if _in_use(names, seen):
            warnings.append(f"{title} stays: a container uses it")
        else:
            gone[title] = names
    _with_ids(gone, seen)
    return gone, warnings


def _leads(names: t.Iterable[str], target: str, seen: Seen) -> bool:
    return any(seen.records[name].target == target for name in names)


def _known(item: Wanted, seen: Seen) -> list[str]:
    """Names of this image on the node: its own, and those by digest that lead to the same."""
    plain, _at, digest = item.name.partition("@")
    wished = {plain, f"{item.repository}@{digest}"} if digest else {plain}
    first = [name for name in sorted(seen.records) if name in wished]
    configs = {c.config for name in first if (c := seen.of(name))}
    pins = [
        name
        for name in sorted(seen.records)
        if name.startswith(f"{item.repository}@") and (c := seen.of(name)) and c.config in configs
    ]
    return list(dict.fromkeys([*first, *pins]))


def _in_use(names: t.Sequence[str], seen: Seen) -> bool:
    """Whether a container was made from what one of the names leads to."""
    configs = {c.config for name in names if (c := seen.of(name))}
    used = {c.config for name in seen.used if (c := seen.of(name))} | seen.used
    return bool(configs & used or used.intersection(names))


def _with_ids(gone: dict[str, list[str]], seen: Seen) -> None:
    """Add the name that the runtime itself gives an image, where no other name is left."""
    names = {name for row in gone.values() for name in row}
    left = {
        c.config
        for name in seen.records
        if name not in names and not name.startswith("sha256:") and (c := seen.of(name))
    }
    for row in gone.values():
        found = [seen.of(name) for name in row]
        for contents in {c.config: c for c in found if c}.values():
            own = contents.config
            if own in seen.records and own not in left and own not in names:
                row.append(own)
                names.add(own)


def report(spec: Spec, seen: Seen) -> list[dict[str, t.Any]]:
    """The images as they are, in the order in which they were asked for."""
    rows = []
    for item in spec.images:
        if item.state == ABSENT:
            rows.append({"name": item.name, "present": bool(_known(item, seen))})
        else:
            found = mode(item, seen)
            rows.append({"name": item.name, "present": bool(found), "mode": found})
    return rows


def have(spec: Spec, seen: Seen) -> dict[str, t.Any]:
    """What the controller has to know to plan a transfer, as short as it can be."""
    asked = {
        x for item in spec.images for layer in item.layers for x in (layer.digest, layer.diff_id)
    }
    # Where only the compression is another one, the layer is there: a manifest can name that blob.
    pairs = [layer for item in spec.images for layer in item.layers]
    same = {x.diff_id for x in pairs if x.diff_id in seen.layers and x.diff_id != x.digest}
    asked |= {x for item in spec.images for x in (item.digest, item.manifest, item.config)}
    lacking = missing(spec, seen)
    asked_chains = {
        x for item in spec.images for x in chains.chain([y.diff_id for y in item.layers])
    }
    stacks = (chains.chain([y.diff_id for y in item.layers]) for item in lacking)
    return {
        "missing": [item.name for item in lacking],
        "blobs": sorted((asked & seen.blobs) | same),
        "extracted": sorted(seen.extracted),
        "unpacked": sorted(asked_chains & seen.chains) if seen.discards else [],
        "chains": sorted(seen.chains.intersection(x for stack in stacks for x in stack)),
        "runtime": seen.runtime,
        "free": seen.free,
        "reserve": seen.reserve,
        "packs": bool(lacking) and packing.faithful(),
    }
