# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fleets for tests on real nodes: each module has its own, side by side with other workers'.

Run with `--dist loadfile` under xdist, so that a module's tests share its fleets. With
TESTBED_KEEP=1 fleets stay up for a look; `testbed reap` removes them once pytest has ended.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "testbed"))

from bed import fleet as fleets
from bed import paths
from bed.fleet import Fleet
from bed.shell import BedError
from bed.topology import Options

MakeFleet = Callable[..., Fleet]
_FAILED = pytest.StashKey[set[Path]]()
_NUMBERS = itertools.count(1)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_FAILED] = set()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "make_fleet" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.integration)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    if report.failed:
        item.config.stash[_FAILED].add(item.path)
    return report


@pytest.fixture(scope="session")
def release_mirror() -> Path:
    """The folder of releases laid out as a K3s mirror, built when it is not there yet."""
    return mirror_of("k3s")


@functools.cache
def mirror_of(distribution: str) -> Path:
    """The same for any distribution."""
    from bed import mirror

    return Path(mirror.ensure(paths.cache_root(), distribution=distribution))


@pytest.fixture(scope="session")
def clean_machine() -> None:
    """What earlier runs have left is gone."""
    fleets.reap()


@pytest.fixture(scope="module")
def make_fleet(request: pytest.FixtureRequest, clean_machine: None) -> Iterator[MakeFleet]:
    """`make_fleet(topology, airgap=..., disk=..., ...)` gives a new fleet for this module."""
    with passing_fleets(request) as make:
        yield make


@contextlib.contextmanager
def passing_fleets(request: pytest.FixtureRequest) -> Iterator[MakeFleet]:
    """What makes fleets; they go in the end, and after a failure their logs are kept."""
    made: list[Fleet] = []

    def make(topology: str, **options: Any) -> Fleet:
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        name = f"t{os.getpid()}-{worker}-{next(_NUMBERS)}"
        fleet = fleets.up(name, topology, Options(**options), owned=True)
        made.append(fleet)
        return fleet

    try:
        yield make
    finally:
        failed = request.path in request.config.stash[_FAILED]
        for fleet in made:
            if failed:
                _keep_logs(fleet, request.path.stem)
            if not os.environ.get("TESTBED_KEEP"):
                fleet.down()


def _keep_logs(fleet: Fleet, module: str) -> None:
    """Logs of the runs and of the nodes, into tests/output."""
    folder = paths.REPO / "tests" / "output" / "integration" / f"{module}-{fleet.name}"
    folder.mkdir(parents=True, exist_ok=True)
    if (fleet.root / "runs").is_dir():
        shutil.copytree(fleet.root / "runs", folder, dirs_exist_ok=True)
    for node in fleet.nodes.values():
        try:
            journal = node.run("journalctl --no-pager --boot", check=False).stdout
        except BedError as error:
            journal = str(error)
        (folder / f"{node.name}.journal").write_text(journal, encoding="utf-8")
    print(f"logs of fleet {fleet.name}: {folder}")
