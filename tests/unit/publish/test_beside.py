# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What documents name lies beside them, wherever they are published."""

from __future__ import annotations

import hashlib
import os
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.extras.hub.lightk8s_hub import serve
from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._host.tls import Tls
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.beside import (
    Artifact,
    Beside,
    beside,
    bring,
)

from ..hub.conftest import Running, secured, served
from ..kube.authority import Authority

CONTENT = os.urandom(3_000_000)
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    path = tmp_path / "k3s"
    path.write_bytes(CONTENT)
    return path


class Server(t.NamedTuple):
    """A hub with TLS, by its own authority."""

    hub: Running
    ca: str
    folder: Path
    authority: Authority


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    authority = Authority()
    folder = tmp_path / "artifacts"
    folder.mkdir()
    settings = secured(tmp_path, authority, artifacts=str(folder))
    with served(settings) as hub:
        yield Server(hub, str(tmp_path / "ca"), folder, authority)


def brought(place: Beside | None, artifact: Artifact, check: bool = False) -> list[str]:
    assert place is not None
    lines: list[str] = []
    found = bring([artifact, artifact], place, set(), check=check, say=lines.append)
    assert len(lines) == (0 if check else len(found))
    return found


def test_a_folder_holds_them_where_a_server_hands_them_out(tmp_path: Path, binary: Path) -> None:
    place = beside(str(tmp_path / "www"))
    artifact = Artifact(DIGEST, "k3s", lambda: binary)
    words = [f"put k3s ({DIGEST[:12]}) beside the documents"]
    assert brought(place, artifact, check=True) == words
    assert not (tmp_path / "www").exists()
    assert brought(place, artifact) == words
    assert brought(place, artifact) == []
    [path] = (tmp_path / "www" / "v1" / "artifacts").iterdir()
    assert (path.name, path.read_bytes() == CONTENT) == (DIGEST, True)


def test_a_hub_holds_them_for_its_sites(server: Server, binary: Path) -> None:
    place = beside(server.hub.url, server.hub.token("publisher"), server.ca)
    artifact = Artifact(DIGEST, "k3s", lambda: binary)
    assert brought(place, artifact, check=True)
    assert list(server.folder.iterdir()) == []
    assert brought(place, artifact)
    os.utime(server.folder / DIGEST, (1, 1))
    assert brought(place, artifact) == []
    assert (server.folder / DIGEST).stat().st_mtime > 1  # it is named still
    token, tls = server.hub.token("site", "shop"), Tls(server.authority.pair.cert)
    found = server.hub.ask("GET", f"/v1/artifacts/{DIGEST}", token=token, tls=tls)
    assert found.body == CONTENT


@pytest.mark.parametrize("role, word", [("reader", "403"), ("", "401")])
def test_who_may_not_is_told_so(server: Server, binary: Path, role: str, word: str) -> None:
    token = server.hub.token(role) if role else "guessed"
    with pytest.raises(EdgeError, match=word) as error:
        brought(beside(server.hub.url, token, server.ca), Artifact(DIGEST, "k3s", lambda: binary))
    assert "edge_publish_token" in error.value.hint


def test_a_server_of_another_authority_is_shown_nothing(server: Server, binary: Path) -> None:
    with pytest.raises(EdgeError, match="was not reached") as error:
        brought(beside(server.hub.url, "t0ken"), Artifact(DIGEST, "k3s", lambda: binary))
    assert "edge_publish_to" in error.value.hint


def test_a_hub_without_a_folder_says_what_it_lacks(
    server: Server, binary: Path, tmp_path: Path
) -> None:
    with served(serve.Settings(f"sqlite:///{tmp_path / 'other.db'}", port=0)) as hub:
        place = beside(hub.url, hub.token("publisher"))
        with pytest.raises(EdgeError, match="404") as error:
            brought(place, Artifact(DIGEST, "k3s", lambda: binary))
    assert "folder" in error.value.hint


def test_addresses_of_their_own_have_no_place_beside() -> None:
    assert beside("https://store.example/{site}.json") is None
