# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names: those by which cloudcore is reached, and what a new edge node is registered with."""

from __future__ import annotations

import json

from ansible_collections.lightk8s.edge.plugins.module_utils._core.plan import ASK
from ansible_collections.lightk8s.edge.plugins.module_utils._core.records import replace
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.adapter import Facts
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.kubeedge import wishes
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.kubeedge.adapter import (
    KubeEdge,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.spec import (
    Asset,
    Release,
    Spec,
)

ASSETS = {f"{name}:amd64": Asset(name, "a" * 64, 1) for name in ("cloudcore", "edgecore")}
CLOUD = Spec("kubeedge", release=Release("v1.23.1", ASSETS))
EDGE = replace(CLOUD, role="agent", single=False)
FACTS = Facts("amd64", "/usr/local/bin", hostname="ke-g", machine={"addresses": ["10.99.0.70"]})
JOINED = replace(FACTS, joined=True, initialized=True)
ADAPTER = KubeEdge()


def test_a_further_name_of_cloudcore_takes_no_address_away() -> None:
    named = replace(
        CLOUD,
        settings={"tls_sans": ["cloud.example.org"], "api_endpoint": "https://192.0.2.9:10000"},
    )
    everything = ["10.99.0.70", "cloud.example.org", "192.0.2.9"]
    assert wishes.settled_addresses(named, FACTS) == everything
    kept = json.loads(wishes.receipt(named, FACTS))
    assert (kept["own"], kept["addresses"]) == (["10.99.0.70"], everything)
    assert wishes.settled_addresses(CLOUD, replace(FACTS, receipt=kept)) == ["10.99.0.70"]


def test_a_new_node_says_beforehand_what_it_is_registered_with() -> None:
    asked = replace(EDGE, labels={"a": "b"}, taints=("x:NoSchedule",))
    found = ADAPTER.objects(asked, FACTS)
    assert [(step.verb, step.summary) for step in found] == [
        (ASK, "set the labels and taints of ke-g")
    ]
    assert ADAPTER.objects(EDGE, FACTS) == ()
    assert ADAPTER.objects(asked, JOINED) == ()
    assert ADAPTER.objects(CLOUD, FACTS) == ()
