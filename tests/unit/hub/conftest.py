# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hub on the loopback over real HTTP, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
import threading
import time
import typing as t
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, Table, select

from ansible_collections.lightk8s.edge.extras.hub.lightk8s_hub import access, bodies, serve, tables
from ansible_collections.lightk8s.edge.plugins.module_utils._host.http import Connection, Response
from ansible_collections.lightk8s.edge.plugins.module_utils._host.tls import Tls

from ..kube.authority import Authority
from .postgresql import Cluster

DATABASES = ("sqlite", "postgresql")


class Running(t.NamedTuple):
    """A hub that answers."""

    url: str
    engine: Engine

    def rows(self, table: Table) -> list[dict[str, t.Any]]:
        with self.engine.begin() as connection:
            return [dict(row) for row in connection.execute(select(table)).mappings()]

    def token(self, role: str, site: str = "") -> str:
        return access.issue(self.engine, role, site)

    def ask(
        self,
        method: str,
        path: str,
        body: t.Any = None,
        *,
        token: str = "",
        headers: dict[str, str] | None = None,
        tls: Tls | None = None,
    ) -> Response:
        sent = dict(headers or {})
        if token:
            sent["Authorization"] = f"Bearer {token}"
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        with Connection(self.url, tls=tls) as connection:
            return connection.request(method, path, headers=sent, body=content)


@contextmanager
def served(
    settings: serve.Settings, patience: bodies.Patience = bodies.PATIENT
) -> Iterator[Running]:
    server = serve.server(settings, patience)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        scheme = "https" if settings.certificate else "http"
        engine = tables.opened(settings.database)
        yield Running(f"{scheme}://127.0.0.1:{port}", engine)
        engine.dispose()
    finally:
        server.should_exit = True
        thread.join()


def secured(folder: Path, authority: Authority, **more: t.Any) -> serve.Settings:
    """Settings of a hub behind TLS, whose certificate and its authority's lie as files in the folder."""
    pair = authority.issue("hub", names=("127.0.0.1",))
    for name, content in (("cert", pair.cert), ("key", pair.key), ("ca", authority.pair.cert)):
        (folder / name).write_bytes(content)
    return serve.Settings(
        f"sqlite:///{folder / 'hub.db'}",
        port=0,
        certificate=str(folder / "cert"),
        key=str(folder / "key"),
        **more,
    )


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with Cluster() as made:
        yield made


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'hub.db'}"
    made: Cluster = request.getfixturevalue("cluster")
    return made.database()


@pytest.fixture
def hub(database: str) -> Iterator[Running]:
    with served(serve.Settings(database, port=0, spread=240)) as running:
        yield running


Send = Callable[..., Response]


def cloudevent(seq: int, kind: str = "event", **more: t.Any) -> dict[str, t.Any]:
    content: dict[str, t.Any] = {
        "specversion": "1.0",
        "source": "/sites/shop",
        "id": f"ab12-{seq}",
        "type": "lightk8s.edge.test",
        "subject": f"key/{seq}",
        "time": "2026-11-21T10:00:00Z",
        "edgeclass": kind,
        "data": {"number": seq},
    }
    return {**content, **more}


def numbers(hub: Running) -> list[int]:
    return sorted(row["seq"] for row in hub.rows(tables.events))
