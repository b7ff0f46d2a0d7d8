# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a place in the topology allows a task to do."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site import standing
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.places import refuse_wrong_site


def place(kind: str = "") -> dict[str, t.Any]:
    refusal = {"message": "this is wrong", "kind": kind, "hint": "mend it"}
    return {"site": "shop", "role": "server", **({"refusal": refusal} if kind else {})}


@pytest.mark.parametrize(
    ("kind", "builds", "refused"),
    [
        ("", True, False),
        ("spec", True, True),
        ("spec", False, False),
        ("refused", True, True),
        ("refused", False, True),
    ],
)
def test_a_site_that_is_wrong_can_be_looked_at_and_taken_down(
    kind: str, builds: bool, refused: bool
) -> None:
    if not refused:
        refuse_wrong_site(place(kind), builds=builds)
        return
    with pytest.raises(EdgeError, match="this is wrong") as caught:
        refuse_wrong_site(place(kind), builds=builds)
    assert caught.value.failure()["site"] == "shop"


AWAY = {"unreachable": True}
HERE: dict[str, t.Any] = {"changed": False}
DOWN = {"distribution": {"service": "stopped"}}
BARE = {"distribution": {"service": "absent"}}


@pytest.mark.parametrize(
    ("changed", "peers", "expected"),
    [
        ({}, {"b": HERE, "c": HERE}, []),
        ({}, {"b": HERE, "c": AWAY}, ["c"]),
        ({}, {"b": HERE, "c": DOWN}, ["c"]),
        ({}, {"b": BARE, "c": BARE}, []),
        ({"role": "agent"}, {"b": HERE, "c": AWAY}, []),
        ({"state": "purged"}, {"b": AWAY, "c": AWAY}, []),
        ({"storage_type": "external"}, {"b": AWAY}, []),
        ({}, {"b": HERE, "c": HERE, "d": HERE, "e": AWAY}, []),
        ({}, {"b": HERE, "c": HERE, "d": AWAY, "e": AWAY}, ["d", "e"]),
    ],
)
@pytest.mark.parametrize("register", standing.RESULTS)
def test_servers_are_missed_where_etcd_needs_them(
    changed: dict[str, t.Any],
    peers: dict[str, dict[str, t.Any]],
    expected: list[str],
    register: str,
) -> None:
    params = {"role": "server", "state": "present", "join_from": dict.fromkeys(peers, "url")}
    hostvars = {name: {register: result} for name, result in peers.items()}
    assert standing.needed_peers({**params, **changed}, {"hostvars": hostvars}) == expected


def test_a_server_that_was_brought_back_in_this_run_is_no_longer_missed() -> None:
    up = {"distribution": {"service": "running"}}
    hostvars = {"b": {"__edge_planned": DOWN, "__edge_applied": up}, "c": {}}
    params = {"role": "server", "state": "present", "join_from": {"b": "url", "c": "url"}}
    assert standing.needed_peers(params, {"hostvars": hostvars}) == []


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        (["rewrite the K3s configuration", "restart k3s.service"], True),
        (["rewrite the bounds of the journal", "restart systemd-journald.service"], False),
        (["change the agent's settings", "restart lightk8s-sync.service"], False),
        (["start k3s.service"], False),
    ],
)
def test_only_a_restart_of_the_distribution_counts(actions: list[str], expected: bool) -> None:
    assert standing.restarts_distribution({"actions": actions}) is expected
