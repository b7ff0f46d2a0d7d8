# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ended certificates need, and damaged programs where no version is given, on distributions that heal them."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import (
    EdgeError,
    NeedsRelease,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._core.places import RECEIPT
from ansible_collections.lightk8s.edge.plugins.module_utils._core.resources import SeenUnit
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.adapter import (
    Adapter,
    Facts,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.registry import adapter_of
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.spec import Spec
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host

HEALING = ("k3s", "k0s")


@pytest.fixture(params=HEALING)
def adapter(request: pytest.FixtureRequest) -> Adapter:
    return adapter_of(request.param)


def up(adapter: Adapter) -> dict[str, SeenUnit]:
    unit = adapter.layout(Spec(adapter.name), "/usr/local/bin").unit
    return {unit: SeenUnit(unit, load="loaded", running=True)}


@pytest.mark.parametrize(
    ("facts", "running", "steps"),
    [
        (Facts("", ""), True, 0),
        (Facts("", "", certificate_days=100, api="ok"), True, 0),
        (Facts("", "", certificate_days=0, api="ok"), True, 0),
        (Facts("", "", certificate_days=-1, api="ok"), True, 1),
        (Facts("", "", api="expired"), True, 1),
        (Facts("", "", certificate_days=-1), False, 0),  # its start renews them
    ],
)
def test_a_restart_renews_certificates(
    adapter: Adapter, facts: Facts, running: bool, steps: int
) -> None:
    units = up(adapter)
    found = adapter.repair(Spec(adapter.name), facts, units if running else {})
    assert [step.key for step in found.steps] == [("restart", *units)] * steps


def test_a_stopped_node_is_not_repaired(adapter: Adapter) -> None:
    facts = Facts("", "", certificate_days=-1)
    assert adapter.repair(Spec(adapter.name, state="stopped"), facts, up(adapter)).empty


def test_no_restart_renews_an_authority(adapter: Adapter) -> None:
    facts = Facts("", "", certificate_days=9, authority_days=-2)
    with pytest.raises(EdgeError, match="ended 2 days ago") as error:
        adapter.repair(Spec(adapter.name), facts, up(adapter))
    assert error.value.kind == "certificate"
    assert adapter.name in error.value.hint


@pytest.mark.parametrize(("days", "warned"), [(None, 0), (3650, 0), (180, 0), (179, 1), (0, 1)])
def test_an_authority_that_ends_soon_is_spoken_of(
    adapter: Adapter, days: int | None, warned: int
) -> None:
    facts = Facts("", "", authority_days=days)
    found = adapter.repair(Spec(adapter.name), facts, up(adapter))
    assert found.empty
    assert [adapter.name in text for text in found.warnings] == [True] * warned


def looked_at(adapter: Adapter, root: Path, program: bytes, noted: bytes) -> tuple[Spec, Facts]:
    """A node whose receipt is of one program, and that has another, or none."""
    host = Host(str(root))
    spec = Spec(adapter.name)
    path = adapter.layout(spec, "/usr/local/bin").binary
    host.write(path, noted, 0o755)
    receipt = {"version": f"v1.34.2+{adapter.name}1", "sha256": host.sha256(path), "role": "server"}
    host.write(RECEIPT, json.dumps(receipt).encode())
    if program != noted:
        (root / path.lstrip("/")).unlink()
    if program and program != noted:
        host.write(path, program, 0o755)
    return spec, adapter.look(host, spec, {})


SAYS = b"#!/bin/sh\nexec echo %s\n"
VERSIONS = {"k3s": b"k3s version v1.34.2+k3s1", "k0s": b"v1.34.2+k0s1"}


def test_a_damaged_program_is_found_without_a_version(adapter: Adapter, tmp_path: Path) -> None:
    """It still runs, and says the same version."""
    right = SAYS % VERSIONS[adapter.name]
    spec, facts = looked_at(adapter, tmp_path / "right", right, right)
    adapter.check(spec, facts)
    broken = {"changed": right + b"# more\n", "gone": b"", "no program": b"\x7fELF"}
    for case, program in broken.items():
        spec, facts = looked_at(adapter, tmp_path / case, program, right)
        with pytest.raises(NeedsRelease) as error:
            adapter.check(spec, facts)
        assert error.value.version == f"v1.34.2+{adapter.name}1"


def test_a_full_look_reads_the_program_anew(adapter: Adapter, tmp_path: Path) -> None:
    asked: list[t.Any] = []

    class Watched(Host):
        def sha256(self, path: str, *, full: bool = False) -> str | None:
            asked.append(full)
            return super().sha256(path, full=full)

    adapter.look(Watched(str(tmp_path)), Spec(adapter.name, verify_full=True), {})
    assert True in asked
