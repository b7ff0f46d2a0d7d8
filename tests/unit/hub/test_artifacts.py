# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Artifacts that documents name: brought by publishers, fetched by sites in pieces."""

from __future__ import annotations

import hashlib
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.extras.hub.lightk8s_hub import artifacts, serve

from .conftest import Running, served

CONTENT = random.Random(7).randbytes(300_000)
DIGEST = hashlib.sha256(CONTENT).hexdigest()
PLACE = f"/v1/artifacts/{DIGEST}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "artifacts"
    made.mkdir()
    return made


@pytest.fixture
def hub(tmp_path: Path, folder: Path) -> Iterator[Running]:
    settings = serve.Settings(f"sqlite:///{tmp_path / 'hub.db'}", port=0, artifacts=str(folder))
    with served(settings) as running:
        yield running


def put(hub: Running, content: bytes = CONTENT, place: str = PLACE, role: str = "publisher") -> int:
    token = hub.token(role, "shop" if role == "site" else "")
    return hub.ask("PUT", place, content, token=token).status


def test_an_artifact_is_taken_once_it_is_what_its_name_says(hub: Running, folder: Path) -> None:
    assert put(hub) == 204
    assert put(hub) == 204
    assert put(hub, CONTENT[:-1]) == 400
    assert put(hub, CONTENT, "/v1/artifacts/name") == 404
    assert [path.name for path in folder.iterdir()] == [DIGEST]
    assert (folder / DIGEST).read_bytes() == CONTENT


@pytest.mark.parametrize("role, status", [("site", 403), ("reader", 403)])
def test_only_publishers_bring_artifacts(hub: Running, role: str, status: int) -> None:
    assert put(hub, role=role) == status


@pytest.mark.parametrize("role, site", [("site", "mill"), ("reader", ""), ("publisher", "")])
def test_whoever_is_known_may_have_them(hub: Running, role: str, site: str) -> None:
    token = hub.token(role, site)
    assert hub.ask("GET", PLACE, token=token).status == 404
    put(hub)
    found = hub.ask("GET", PLACE, token=token)
    assert (found.status, found.body) == (200, CONTENT)
    assert found.headers["etag"] == f'"{DIGEST}"'
    assert hub.ask("GET", PLACE).status == 401
    for name in ("..%2Fhub.db", DIGEST[:-1], f"{DIGEST}x"):
        assert hub.ask("GET", f"/v1/artifacts/{name}", token=token).status == 404


@pytest.mark.parametrize(
    ("asked", "status", "content"),
    [
        ("bytes=100000-", 206, CONTENT[100_000:]),
        ("bytes=0-9", 206, CONTENT[:10]),
        ("bytes=299999-", 206, CONTENT[-1:]),
        ("bytes=300000-", 416, None),
    ],
    ids=["rest", "piece", "last", "beyond"],
)
def test_ranges_are_answered(hub: Running, asked: str, status: int, content: bytes | None) -> None:
    put(hub)
    token = hub.token("site", "shop")
    found = hub.ask("GET", PLACE, token=token, headers={"Range": asked})
    assert found.status == status
    assert content is None or found.body == content


def test_what_nobody_names_any_more_goes(hub: Running, folder: Path) -> None:
    """The moments lie ahead, for the server prunes by its own clock when it starts."""
    put(hub)
    cut_off, other = folder / ".partial-x", folder / "README"
    for path in (cut_off, other):
        path.touch()
    shelf = artifacts.Shelf(str(folder))
    day, now = 86400.0, time.time()
    assert shelf.prune(0, now + day / 2) == 0
    assert shelf.prune(9, now + 2 * day) == 1
    os.utime(folder / DIGEST, (now - 5 * day, now - 5 * day))
    named = {"Range": "bytes=0-0"}
    assert hub.ask("GET", PLACE, token=hub.token("publisher"), headers=named).status == 206
    assert shelf.prune(9, now + 8 * day) == 0
    assert shelf.prune(9, now + 10 * day) == 1
    assert list(folder.iterdir()) == [other]
