# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A value read from another host inside the plugin: found, used, never shown."""

from __future__ import annotations

import hashlib
import json
import os

import pytest

from .rig import ROOT, Node

PAIRS: list[tuple[str, str, int | str]] = [
    ("self", "here", "me"),
    ("here", "self", "me"),
    ("self", "nopipe", "me"),
]
if ROOT:
    PAIRS += [
        ("self", "free", 0),
        ("free", "asked", 0),
        ("here", "none", 54004),
        ("none", "here", 0),
        ("self", "tty", 0),
        ("su", "asked", 0),
        ("self", "su", 0),
        ("self", "other", 54004),
    ]


@pytest.mark.parametrize("target, peer, uid", PAIRS)
def test_peer(node: Node, target: str, peer: str, uid: int | str) -> None:
    secret = f"K10-peer-secret-of-{os.geteuid() if uid == 'me' else uid}"
    output = node.play("peer", "-vvvv", "-e", json.dumps({"target": target, "peer": peer}))
    assert hashlib.sha256(secret.encode()).hexdigest() in output
    assert secret not in output


def test_peer_that_is_away_leaves_the_host_reachable(node: Node) -> None:
    hosts = node.hosts()
    node.inventory(hosts | {"gone": hosts["self"] | {"ansible_port": 1}})
    try:
        output = node.play("peer", "-e", json.dumps({"target": "self", "peer": "gone"}))
    finally:
        node.inventory(hosts)
    assert "unreachable=0" in output


def test_peer_that_nobody_knows(node: Node) -> None:
    done = node.start_play("peer", "-e", json.dumps({"target": "self", "peer": "nobody"}))
    assert done.returncode == 2
    assert "nobody is not in the inventory" in done.stdout
