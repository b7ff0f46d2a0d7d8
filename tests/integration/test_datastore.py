# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two servers that keep their cluster in a PostgreSQL elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from bed import inventory
from bed.fleet import Fleet
from bed.node import Node

from .ha_site import Controller, ready, started, until

PASSWORD = "a-password-of-the-database"
NAMES = ("shop-server1", "shop-server2")


@pytest.fixture(scope="module")
def fleet(make_fleet: Callable[..., Fleet]) -> Fleet:
    made = make_fleet("shop=server,server; data=server:packages=postgresql")
    serve(made["data-server1"], made.subnet)
    shop = inventory.build(made.name, made.site("shop"))
    inventory.write(made.inventory, shop)
    return made


def serve(node: Node, subnet: str) -> None:
    """A database that the fleet's network may use with a password."""
    node.run(
        "cd /etc/postgresql/*/main"
        " && echo \"listen_addresses = '*'\" >> postgresql.conf"
        f" && echo 'host all all {subnet}.0/24 scram-sha-256' >> pg_hba.conf"
        " && chown postgres: /var/lib/postgresql && systemctl restart postgresql"
    )
    words = f"CREATE ROLE k3s LOGIN PASSWORD '{PASSWORD}'; CREATE DATABASE k3s OWNER k3s"
    for word in words.split("; "):
        until("the database", partial(done, node, word))


def done(node: Node, word: str) -> bool:
    said = node.run(["runuser", "-u", "postgres", "--", "psql", "-c", word], check=False)
    return said.returncode == 0 or "already exists" in said.stderr


def both(node: Node) -> bool:
    return ready(node) == dict.fromkeys(NAMES, True)


def test_two_servers_share_a_database(
    fleet: Fleet, release_mirror: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    address = f"{fleet['data-server1'].ip}:5432"
    site = Controller(
        fleet,
        release_mirror,
        tmp_path_factory.mktemp("cache"),
        {
            "edge_storage_type": "external",
            "edge_datastore_endpoint": f"postgres://k3s:{PASSWORD}@{address}/k3s?sslmode=disable",
        },
    )
    run = site.converge("--diff")
    assert PASSWORD not in run.output
    first, second = (fleet[name] for name in NAMES)
    for node in (first, second):
        until("both nodes", partial(both, node))
        assert not node.exists("/var/lib/rancher/k3s/server/db/state.db")
        assert not node.exists("/var/lib/rancher/k3s/server/db/etcd")
    before = [started(node) for node in (first, second)]
    assert site.converge().changed() == []
    assert [started(node) for node in (first, second)] == before

    first.kubectl("create", "namespace", "kept")
    first.kill()
    try:
        assert second.kubectl("get", "namespace", "kept", "-o", "name").stdout == "namespace/kept\n"
    finally:
        first.start()
    until("both nodes", partial(both, first))
