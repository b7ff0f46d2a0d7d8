# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The noun "distribution": observe, plan and report for whichever adapter the spec names."""

from __future__ import annotations

import typing as t

from .._core.engine import Noun
from .._core.looking import look_at_paths, look_at_units
from .._core.plan import Plan, Step, merge
from .._core.records import replace
from .._core.resources import plan_paths, plan_units
from .._host.host import Host
from .adapter import Facts, Layout, Observation
from .guards import refuse
from .registry import adapter_of
from .spec import AUTHORITY_SOON, PRESENT, SERVER, STOPPED, Spec


def layout_on(host: Host, spec: Spec) -> Layout:
    """Where the distribution keeps things on this very node."""
    adapter = adapter_of(spec.distribution)
    return adapter.layout(spec, adapter.bin_dir(host, spec))


def gate_on(host: Host, spec: Spec) -> Step:
    """The gate for nouns that restart the distribution without being the distribution."""
    adapter = adapter_of(spec.distribution)
    return adapter.gate(spec, adapter.config(host), host.hostname())


def observe(host: Host, spec: Spec) -> Observation:
    """Everything the plan is made from."""
    adapter = adapter_of(spec.distribution)
    units = look_at_units(host, adapter.units(spec))
    facts = adapter.look(host, spec, units)
    wishes = adapter.wishes(_settled(spec, facts), facts)
    return Observation(facts, look_at_paths(host, wishes, full=spec.verify_full), units)


def _settled(spec: Spec, facts: Facts) -> Spec:
    """The last server of a site that had several keeps its etcd where nothing names another datastore.

    A stop leaves the version that is there: no program is brought to a service that is to end.
    """
    if spec.state == STOPPED and facts.version and spec.release is not None:
        spec = replace(spec, release=None)
    named = spec.storage_type or spec.settings.get("datastore_endpoint")
    keeps = spec.role == SERVER and facts.datastore == "etcd" and not named
    return replace(spec, storage_type="etcd") if keeps else spec


def plan(spec: Spec, seen: Observation) -> Plan:
    """Steps from what was seen to the spec; EdgeError(kind=refused | spec) where there is no safe way."""
    adapter = adapter_of(spec.distribution)
    spec = _settled(spec, seen.facts)
    adapter.check(spec, seen.facts)
    if not spec.wanted:
        return Plan(adapter.removal(spec, seen))
    files = plan_paths(adapter.wishes(spec, seen.facts), seen.paths)
    units = plan_units(adapter.wanted_units(spec, seen.facts), seen.units, files)
    repair = adapter.repair(spec, seen.facts, seen.units)
    more = Plan(adapter.more(spec, seen.facts, files))
    later: list[Plan] = []
    if spec.state == PRESENT:
        service = (*units.steps, *repair.steps)
        moved = any(step.verb in ("start", "restart") for step in service)
        moved = moved or any(step.starts for step in more.steps)
        left = bool(seen.facts.left)
        healthy = left or seen.facts.serves
        healthy = healthy or (seen.facts.node is not None and seen.facts.node.ready)
        gate = (
            (adapter.gate(spec, seen.facts.config, seen.facts.hostname),)
            if moved or not healthy
            else ()
        )
        later = [Plan(gate), Plan(() if left else adapter.objects(spec, seen.facts))]
    told = (*seen.facts.problems, *_without_images(spec, seen.facts))
    found = merge([files, units, repair, more, *later, Plan(warnings=told)])
    if not found.empty:
        refuse(adapter.obstacles(spec, seen.facts), "preflight")
    return found


def _without_images(spec: Spec, facts: Facts) -> tuple[str, ...]:
    """A warning where the archive of images was asked for, and the mirror has the program alone."""
    release = spec.release
    if release is None or not spec.airgap_images or not release.asset("binary", facts.arch):
        return ()
    if release.asset("images", facts.arch):
        return ()
    text = f"no mirror holds an archive of images of {release.version} for {facts.arch}, so none is brought"
    return (text,)


def report(spec: Spec, seen: Observation) -> dict[str, t.Any]:
    """The part of the result that a person and later tasks read. Holds no secret."""
    adapter = adapter_of(spec.distribution)
    facts = seen.facts
    layout = adapter.layout(spec, facts.bin_dir)
    unit = seen.units.get(layout.unit)
    found: dict[str, t.Any] = {
        "name": spec.distribution,
        "role": spec.role,
        "version": facts.version,
        "service": "running"
        if unit and unit.running
        else "stopped"
        if unit and unit.load == "loaded"
        else "absent",
    }
    found.update(_cluster(facts))
    return found


def _cluster(facts: Facts) -> dict[str, t.Any]:
    found: dict[str, t.Any] = {}
    if facts.datastore:
        found["datastore"] = facts.datastore
    if facts.certificate_days is not None:
        found["certificate_days"] = facts.certificate_days
    if facts.authority_days is not None and facts.authority_days < AUTHORITY_SOON:
        found["authority_days"] = facts.authority_days
    if facts.api:
        found["api"] = facts.api
    if facts.left:
        found["left"] = facts.left
    if facts.others:
        found["others"] = dict(facts.others)
    if facts.node is not None:
        found["node"] = {
            "name": facts.node.name,
            "ready": facts.node.ready,
            "version": facts.node.version,
            "roles": list(facts.node.roles),
        }
        if not facts.node.ready:
            found["node"]["reason"] = facts.node.reason
    return found


def noun(spec: Spec) -> Noun:
    """The noun with the verbs of the spec's distribution."""
    adapter = adapter_of(spec.distribution)
    return Noun("distribution", observe, plan, report, adapter.verbs, adapter.units)
