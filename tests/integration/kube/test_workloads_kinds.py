# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every kind: created, left alone, changed, refused where it cannot be changed, replaced, removed."""

from __future__ import annotations

import json

import pytest

from .cluster import Cluster
from .workload_kinds import CASES, Case, value_at, with_value
from .workloads import Object, Site

pytestmark = pytest.mark.integration
KINDS = sorted(CASES)
FIXED = [kind for kind in KINDS if CASES[kind].fixed]


@pytest.fixture
def site(cluster: Cluster) -> Site:
    return Site(cluster)


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[str(request.param)]


def changed_lines(entry: dict[str, str]) -> list[str]:
    before, after = json.loads(entry["before"]), json.loads(entry["after"])
    return sorted(_paths(before, after, ""))


def _paths(one: object, other: object, at: str) -> list[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        keys = {*one, *other}
        return [p for key in keys for p in _paths(one.get(key), other.get(key), f"{at}/{key}")]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [
            p
            for n, pair in enumerate(zip(one, other, strict=True))
            for p in _paths(*pair, f"{at}/{n}")
        ]
    return [] if one == other else [at.lstrip("/")]


def exists(site: Site, item: Object, namespace: str) -> bool:
    return site.shown(item, namespace) is not None


@pytest.mark.parametrize("case", KINDS, indirect=True)
def test_life_of_a_kind(site: Site, case: Case, namespace: str) -> None:
    item = case.manifest
    created = site.settle(item, namespace=namespace)
    assert created["changed"]
    assert [action.split()[0] for action in created["actions"]] == ["create"]
    assert exists(site, item, namespace)
    other = with_value(item, case.path, case.value)
    changed = site.settle(other, namespace=namespace)
    assert [action.split()[0] for action in changed["actions"]] == ["change"]
    found = site.shown(other, namespace)
    assert found is not None
    assert value_at(found, case.path) == case.value
    if item["kind"] != "Secret":  # its values are hidden: see test_workloads_secrets.py
        lines = changed_lines(changed["diff"][0])
        # DaemonSets count their templates in an annotation.
        others = [line for line in lines if not line.startswith("metadata/annotations/deprecated.")]
        assert others
        assert all(line.startswith(case.path) or case.path.startswith(line) for line in others)
    # Nothing is left over by the deletion, and what is gone needs no second one.
    removed = site.run(other, namespace=namespace, state="absent", wait=True, wait_timeout=60)
    assert "failed" not in removed, removed["msg"]
    assert removed["changed"]
    assert not exists(site, item, namespace)
    site.unchanged(other, namespace=namespace, state="absent", wait=True)


def _as_written(found: Object | None) -> Object:
    """Without the status and what the API server counts, which controllers go on with meanwhile."""
    assert found is not None
    kept = {key: value for key, value in found.items() if key not in {"metadata", "status"}}
    return {**kept, **{key: found["metadata"].get(key) for key in ("uid", "generation")}}


@pytest.mark.parametrize("case", FIXED, indirect=True)
def test_immutable_fields_of(site: Site, case: Case, namespace: str) -> None:
    """They are named, and the object is replaced only when that is asked for."""
    assert case.fixed is not None
    site.settle(case.manifest, namespace=namespace)
    before = site.shown(case.manifest, namespace)
    other = with_value(case.manifest, *case.fixed)
    failure = site.refused(other, namespace=namespace)
    assert failure["kind"] == "refused"
    assert "cannot be changed" in failure["message"]
    assert "recreate: true" in failure["hint"]
    assert _as_written(site.shown(case.manifest, namespace)) == _as_written(before)
    site.settle(other, namespace=namespace, recreate=True, wait_timeout=60)
    after = site.shown(other, namespace)
    assert before is not None
    assert after is not None
    assert value_at(after, case.fixed[0]) == case.fixed[1]
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    if not case.namespaced:
        site.run(other, state="absent", wait=True)
