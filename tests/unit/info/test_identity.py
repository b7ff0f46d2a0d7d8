# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which Node is whose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.identity import (
    Host,
    KnownNode,
    compare,
    find,
    known,
)

NODES = (
    KnownNode("one", ("192.0.2.1", "fd00::1")),
    KnownNode("two", ("192.0.2.2",)),
    KnownNode("nat1", ("10.0.0.1", "198.51.100.9")),
    KnownNode("nat2", ("10.0.0.2", "198.51.100.9")),
)


@pytest.mark.parametrize(
    ("host", "found"),
    [
        (Host("one"), "one"),
        (Host("ONE"), "one"),
        (Host("shop", addresses=("192.0.2.2",)), "two"),
        (Host("shop", addresses=("fd00::1",)), "one"),
        (Host("two", addresses=("203.0.113.7",)), "two"),
        (Host("shop", node_name="two", addresses=("192.0.2.1",)), "two"),  # a given name decides
        (Host("one", node_name="gone", addresses=("192.0.2.1",)), ""),
        (Host("nat2", addresses=("198.51.100.9",)), "nat2"),  # several share the address
        (Host("shop", addresses=("198.51.100.9",)), ""),
        (Host("shop"), ""),
    ],
)
def test_find(host: Host, found: str) -> None:
    assert find(host, NODES) == found


def test_a_doubtful_host_is_nobodys() -> None:
    with pytest.raises(EdgeError, match="may be the Node one by its name or two") as error:
        find(Host("one", addresses=("192.0.2.2",)), NODES)
    assert error.value.kind == "refused"
    assert error.value.hint == "set edge_node_name of one"


def test_known() -> None:
    node = {
        "metadata": {"name": "one"},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": "192.0.2.1"},
                {"type": "Hostname", "address": "one"},
            ]
        },
    }
    assert known(node) == KnownNode("one", ("192.0.2.1",))
    assert known({}) == KnownNode("")


def test_compare() -> None:
    hosts = [Host("one"), Host("b", addresses=("192.0.2.2",)), Host("late")]
    assert compare(hosts, NODES) == (["nat1", "nat2"], ["late"])


@given(st.lists(st.sampled_from([Host(f"h{n}", addresses=(f"a{n}",)) for n in range(6)])))
def test_who_is_there_is_neither_unknown_nor_missing(hosts: list[Host]) -> None:
    nodes = [KnownNode(f"n{host.name}", host.addresses) for host in set(hosts)]
    assert compare(hosts, nodes) == ([], [])
    assert compare([], nodes)[0] == sorted(node.name for node in nodes)
    assert compare(hosts, [])[1] == sorted(host.name for host in hosts)
