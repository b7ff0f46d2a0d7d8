# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking the nodes of a site for images: a node that does not answer is told, and holds nobody up."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.lightk8s.edge.plugins.plugin_utils._objects import images

ANSWERS: dict[str, dict[str, t.Any]] = {
    "a": {"node": "shop-a", "images": ["web:1"]},
    "b": {"failed": True, "unreachable": True, "msg": "no route to host"},
    "c": {"node": "shop-c", "images": []},
}


class Action:
    """What an action plugin offers of its peers."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def run_on_peer(
        self, host: str, door: str, params: dict[str, t.Any], task_vars: t.Any, public: t.Any
    ) -> dict[str, t.Any]:
        assert (door, params["images"]) == ("node_images", ["web:1"])
        self.asked.append(host)
        return ANSWERS[host]


def place(site: str, **more: t.Any) -> dict[str, t.Any]:
    return {"site": site, "role": "server", "alias_of": "", "guest": False, **more}


def test_all_machines_of_the_site_are_asked_and_who_is_silent_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places = {
        "a": place("shop"),
        "b": place("shop"),
        "c": place("shop"),
        "a-cloud": place("shop", alias_of="a", guest=True),
        "far": place("mast"),
    }
    said: list[str] = []
    monkeypatch.setattr(images.DISPLAY, "warning", said.append)
    task_vars = {
        "inventory_hostname": "a",
        "edge_topology": {"places": places},
        "hostvars": {name: {} for name in places},
    }
    action: t.Any = Action()
    found = images.node_images(action, ["web:1"], task_vars)
    assert found == {"shop-a": ["web:1"], "shop-c": []}
    assert action.asked == ["a", "b", "c"]
    assert said == ["b cannot be asked for its images: no route to host"]
