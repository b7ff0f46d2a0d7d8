# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options: refused before anything is sent, and never shown."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.lightk8s.edge.plugins.plugin_utils._action import arguments

ARGS: dict[str, t.Any] = {
    "argument_spec": {
        "name": {"type": "str", "aliases": ["nm"]},
        "count": {"type": "int", "default": 3},
        "token": {"type": "str", "no_log": True},
        "where": {"type": "path"},
        "paths": {"type": "list", "elements": "path"},
        "users": {
            "type": "list",
            "elements": "dict",
            "options": {"password": {"type": "str", "no_log": True}, "home": {"type": "path"}},
        },
    },
    "mutually_exclusive": [("name", "where")],
    "supports_check_mode": True,
}


def test_defaults_and_types() -> None:
    checked = arguments.validate(ARGS, {"count": "7"}, "x.y.z")
    assert checked.error == ""
    assert checked.params["count"] == 7
    assert checked.params["name"] is None


def test_paths_are_left_to_the_node() -> None:
    given = {"where": "~/a", "paths": ["$HOME/b"], "users": [{"home": "~/c"}]}
    params = arguments.validate(ARGS, given, "x.y.z").params
    assert (params["where"], params["paths"]) == ("~/a", ["$HOME/b"])
    assert params["users"][0]["home"] == "~/c"


def test_secrets_are_collected_longest_first() -> None:
    given = {"token": "abc", "users": [{"password": "abcdef"}]}
    assert arguments.validate(ARGS, given, "x.y.z").secrets == ("abcdef", "abc")


@pytest.mark.parametrize(
    "given, part",
    [
        ({"nope": 1}, "Unsupported parameters for (x.y.z) module: nope"),
        ({"count": "many"}, "count"),
        ({"name": "a", "where": "b"}, "mutually exclusive"),
        ({"users": [{"passwd": 1}]}, "passwd"),
    ],
)
def test_errors(given: dict[str, t.Any], part: str) -> None:
    assert part in arguments.validate(ARGS, given, "x.y.z").error


def test_strings_of_a_peers_answer() -> None:
    assert arguments.strings({"a": ["x", {"b": "y"}], "c": 1, "d": "", "e": None}) == {"x", "y"}
