# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Members of sites as the variables of hosts tell them."""

from __future__ import annotations

import typing as t

import pytest
from ansible.errors import AnsibleError

from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.inventory import read_members
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.member import Member


class Broken(dict[str, t.Any]):
    """Variables of a host one of which cannot be templated."""

    def get(self, key: str, default: t.Any = None) -> t.Any:
        if super().get(key) == "broken":
            raise AnsibleError(f"{key} cannot be templated")
        return super().get(key, default)


def read(playing: list[str], **hosts: dict[str, t.Any]) -> dict[str, Member]:
    found = read_members(
        {
            "hostvars": {name: Broken(values) for name, values in hosts.items()},
            "ansible_play_hosts_all": playing,
            "groups": {"all": list(hosts)},
        }
    )
    return {member.name: member for member in found}


def test_hosts_outside_the_play_count_where_they_share_a_site_with_it() -> None:
    shop, other = {"edge_site": "shop"}, {"edge_site": "other"}
    found = read(["b"], a=shop, b=shop, c=other, d={})
    assert {name: member.in_play for name, member in found.items()} == {"a": False, "b": True}


@pytest.mark.parametrize(
    ("given", "expected"), [(None, False), (True, True), ("true", True), ("false", False)]
)
def test_a_part_of_a_site_is_meant_in_any_spelling(given: t.Any, expected: bool) -> None:
    assert read(["a"], a={"edge_partial_site": given})["a"].partial is expected


@pytest.mark.parametrize(
    ("variables", "words", "site"),
    [
        ({"edge_role": "boss"}, "edge_role is 'boss'", "shop"),
        ({"edge_node_ip": "broken"}, "edge_node_ip cannot be templated", "shop"),
        ({"group_names": ["servers", "workers"]}, "in the group workers", "shop"),
        ({"edge_site": "broken"}, "edge_site cannot be templated", "site"),
    ],
)
def test_what_is_wrong_with_one_host_is_kept_with_it(
    variables: dict[str, t.Any], words: str, site: str
) -> None:
    found = read(["a", "b"], a={"edge_site": "shop", **variables}, b={"edge_site": "shop"})
    assert found["b"].problem is None
    problem = found["a"].problem
    assert problem
    assert words in problem.message
    assert problem.hint
    assert found["a"].site == site
