# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two servers that keep their cluster in a PostgreSQL elsewhere."""

from __future__ import annotations

from functools import partial

import pytest
from bed import inventory
from bed.node import Node

from ..conftest import MakeFleet, mirror_of
from ..lib.distributions import Distribution
from ..lib.site import Site, common_inputs, ready, wait_for

PASSWORD = "a-password-of-the-database"
NAMES = ("shop-server1", "shop-server2")


@pytest.fixture(scope="module")
def site(distribution: Distribution, make_fleet: MakeFleet) -> Site:
    made = make_fleet("shop=server,server; data=server:packages=postgresql")
    serve(made["data-server1"], made.subnet)
    shop = inventory.build(made.name, made.site("shop"))
    inventory.write(made.inventory, shop)
    address = f"{made['data-server1'].ip}:5432"
    inputs = {
        **common_inputs(distribution, mirror_of(distribution.name)),
        "edge_storage_type": "external",
        "edge_datastore_endpoint": f"postgres://edge:{PASSWORD}@{address}/edge?sslmode=disable",
    }
    return Site(made, distribution, inputs)


def serve(node: Node, subnet: str) -> None:
    """A database that the fleet's network may use with a password."""
    node.run(
        "cd /etc/postgresql/*/main"
        " && echo \"listen_addresses = '*'\" >> postgresql.conf"
        f" && echo 'host all all {subnet}.0/24 scram-sha-256' >> pg_hba.conf"
        " && chown postgres: /var/lib/postgresql && systemctl restart postgresql"
    )
    words = f"CREATE ROLE edge LOGIN PASSWORD '{PASSWORD}'; CREATE DATABASE edge OWNER edge"
    for word in words.split("; "):
        wait_for("the database", partial(done, node, word))


def done(node: Node, word: str) -> bool:
    said = node.run(["runuser", "-u", "postgres", "--", "psql", "-c", word], check=False)
    return said.returncode == 0 or "already exists" in said.stderr


def both(node: Node) -> bool:
    return ready(node) == dict.fromkeys(NAMES, True)


def test_two_servers_share_a_database(site: Site) -> None:
    run = site.converge("--diff")
    assert PASSWORD not in run.output
    first, second = (site.fleet[name] for name in NAMES)
    for node in (first, second):
        wait_for("both nodes", partial(both, node))
        assert [path for path in site.distribution.stores if node.exists(path)] == []
    before = [site.main(node) for node in (first, second)]
    assert site.converge().changed() == []
    assert [site.main(node) for node in (first, second)] == before

    first.kubectl("create", "namespace", "kept")
    first.kill()
    try:
        assert second.kubectl("get", "namespace", "kept", "-o", "name").stdout == "namespace/kept\n"
    finally:
        first.start()
    wait_for("both nodes", partial(both, first))
