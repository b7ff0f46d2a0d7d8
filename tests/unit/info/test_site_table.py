# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of playbooks/info.yml."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.lightk8s.edge.plugins.filter.site_table import site_table

USAGE = {"memory_mb": 2000, "memory_used_mb": 500}


def report(**more: Any) -> dict[str, Any]:
    info = {
        "site": "shop1",
        "role": "server",
        "version": "v1.34.2+k3s1",
        "service": {"state": "running"},
        "api": {"state": "ok"},
        "node": {"ready": True, "reason": ""},
        "pods": {"running": 4},
        "usage": USAGE,
        "certificates": {"days": 364},
        "datastore": {"kind": "sqlite", "bytes": 3 << 20},
        **more,
    }
    return {"info": info}


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


def test_a_line_for_a_healthy_node() -> None:
    head, line = site_table({"a": report()})
    assert head.split()[:2] == ["SITE", "NODE"]
    assert cells(line) == [
        *("shop1", "a", "server", "v1.34.2+k3s1", "yes", "4"),
        *("500/2000 MiB", "364 days", "sqlite 3.0 MiB"),
    ]


@pytest.mark.parametrize(
    ("more", "ready"),
    [
        ({"service": {"state": "stopped"}, "api": {"state": "off"}}, "stopped"),
        ({"api": {"state": "expired"}}, "certificates expired"),
        ({"api": {"state": "unavailable"}}, "no API"),
        ({"node": None}, "no Node"),
        ({"node": None, "node_name": ""}, "-"),
        ({"api": {"state": "unavailable"}, "node_name": ""}, "no API"),
        ({"api": {"state": "none"}, "node": None, "node_name": "a"}, "no API"),
        (
            {"node": {"ready": False, "reason": "KubeletNotReady: no network"}},
            "no (KubeletNotReady)",
        ),
    ],
)
def test_nodes_that_are_not_ready(more: dict[str, Any], ready: str) -> None:
    assert cells(site_table({"a": report(**more)})[1])[4] == ready


@pytest.mark.parametrize(("ready", "cell"), [(True, "yes"), (False, "no (NodeStatusUnknown)")])
def test_a_node_without_a_way_to_the_api_is_as_its_site_s_server_sees_it(
    ready: bool, cell: str
) -> None:
    row = {"name": "e1", "ready": ready, "reason": "NodeStatusUnknown: no word"}
    edge = report(api={"state": "none"}, node=None, node_name="e1", role="agent")
    found = site_table({"c": report(node_name="c", nodes=[row]), "e": edge})
    assert [cells(line)[4] for line in found[1:]] == ["yes", cell]


def test_ended_certificates_agents_and_bare_hosts() -> None:
    lines = site_table(
        {
            "a": report(certificates={"days": -3}),
            "b": report(role="agent", datastore={}, version="", pods=None, certificates={}),
        }
    )
    assert "expired 3 days ago" in lines[1]
    assert cells(lines[2])[3:] == ["-", "yes", "-", "500/2000 MiB", "-", "-"]


@pytest.mark.parametrize(
    ("authority", "cell"),
    [(3000, "364 days"), (30, "authority 30 days"), (-2, "authority expired 2 days ago")],
)
def test_an_authority_that_ends_first_is_named(authority: int, cell: str) -> None:
    found = report(certificates={"days": 364, "authority_days": authority})
    assert cells(site_table({"a": found})[1])[7] == cell


def test_hosts_that_are_away_have_a_line_and_a_reason() -> None:
    away = {"unreachable": True, "msg": "no route\nto host"}
    lines = site_table({"b": away, "a": report()}, {"b": {"site": "shop2", "role": "agent"}})
    assert cells(lines[2])[:5] == ["shop2", "b", "agent", "-", "unreachable"]
    assert lines[3:] == ["b: no route to host"]


def test_a_site_that_is_put_together_wrongly_is_named_once() -> None:
    refusal = {"message": "sqlite cannot serve 2 servers", "kind": "spec", "hint": "keep one"}
    place = {"site": "shop1", "role": "server", "refusal": refusal}
    lines = site_table({"a": report(), "b": report()}, {"a": place, "b": place})
    assert lines[3:] == ["site shop1: sqlite cannot serve 2 servers (keep one)"]


def test_what_does_not_match_is_said_once() -> None:
    doubtful = report(unknown_nodes=["ghost"], missing_nodes=["late"])
    lines = site_table({"a": doubtful, "b": doubtful})
    assert lines[3:] == ["shop1: Node ghost is in no inventory", "shop1: late has no Node"]


def test_anything_else_is_refused() -> None:
    wrong: Any = ["a"]
    with pytest.raises(AnsibleFilterError):
        site_table(wrong)
