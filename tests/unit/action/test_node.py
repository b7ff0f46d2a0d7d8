# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The loader and what it starts, in a Python of its own as on a node, without a connection."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.plugin_utils._action import node_boot
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.bundle import Bundle, bundle
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.loader import COMMAND, opening
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.node import decode

DOOR = """
ARGS = {"argument_spec": {"value": {"type": "raw"}, "where": {"type": "path"}, "other": {}}}
def main(params, check, diff):
    if params["value"] == "raise":
        raise ValueError("boom secret")
    return {"params": params, "check": check, "diff": diff}
"""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    root = tmp_path_factory.mktemp("utils")
    (root / "_doors").mkdir()
    for name in ("__init__.py", "_doors/__init__.py"):
        (root / name).write_text("")
    (root / "_doors" / "x.py").write_text(DOOR)
    return bundle(root)


def ask(home: Path, request: dict[str, t.Any], more: bytes = b"") -> dict[str, t.Any]:
    """One exec as a user at home in `home`; root is made a user, as its folder is a fixed one."""
    request = {"nonce": "0011aabb", "raw": True, "door": "x", **request}
    head = opening(request, rescue="code" in request or bool(request.get("rescue")))
    command = "import os;os.geteuid=lambda:os.getuid()or 1;" + COMMAND % len(head)
    done = subprocess.run(
        [sys.executable, "-ISc", command],
        input=head + more,
        capture_output=True,
        check=False,
        cwd="/",
        env={"HOME": str(home), "PATH": os.environ["PATH"]},
    )
    _noise, _mark, rest = done.stdout.partition(b"\n0011aabb<\n")
    body, mark, _end = rest.rpartition(b"\n0011aabb>\n")
    if not mark:
        raise AssertionError(done)
    return decode(body.decode("utf-8", "surrogateescape"), request)


def send(home: Path, doors: Bundle, **request: t.Any) -> dict[str, t.Any]:
    code = {"digest": doors.digest, "code": len(doors.packed), **request}
    return ask(home, code, doors.packed)


def test_absent_then_sent_then_kept(tmp_path: Path, doors: Bundle) -> None:
    request = {"digest": doors.digest, "params": {"value": 1, "where": "~/a"}}
    assert ask(tmp_path, request) == {"state": "code"}
    answer = send(tmp_path, doors, params={"value": 1, "where": "~/a"})
    assert answer["result"]["params"] == {"value": 1, "where": f"{tmp_path}/a", "other": None}
    assert ask(tmp_path, request) == answer


def test_check_mode_keeps_nothing(tmp_path: Path, doors: Bundle) -> None:
    assert send(tmp_path, doors, check=True)["result"]["check"] is True
    assert list(tmp_path.iterdir()) == []


def test_source_under_another_digest_is_refused(tmp_path: Path, doors: Bundle) -> None:
    send(tmp_path, doors)
    folder = tmp_path / ".cache" / "lightk8s" / "code"
    for path in list(folder.iterdir()):
        shutil.copy(path, folder / path.name.replace(doors.digest, "0" * 64))
    assert ask(tmp_path, {"digest": "0" * 64}) == {"state": "zip"}
    assert ask(tmp_path, {"digest": "0" * 64, "rescue": True}) == {"state": "zip"}


def test_an_exception_is_told_and_censored(tmp_path: Path, doors: Bundle) -> None:
    answer = send(tmp_path, doors, params={"value": "raise"}, hide=["secret"])
    assert answer["state"] == "error"
    assert answer["msg"] == "ValueError: boom ********"
    assert "secret" not in answer["exception"].replace("boom ********", "").split("ValueError")[-1]


def test_a_secret_that_is_a_letter_of_our_own_words_breaks_nothing(
    tmp_path: Path, doors: Bundle
) -> None:
    answer = send(tmp_path, doors, params={"value": "surf"}, hide=["result", "done", "u", "e"])
    assert answer["state"] == "done"
    assert set(answer["result"]) == {"params", "check", "diff"}
    assert "s********rf" in answer["result"]["params"].values()


@given(st.lists(st.sampled_from(["0a", "a", "needs", "asks", "done", "result"]), unique=True))
def test_what_the_controller_goes_by_is_no_secret(words: list[str]) -> None:
    result = {"needs": [{"sha256": "0a" * 32}], "asks": [{"node": "na"}], "actions": ["place 0a"]}
    seen = node_boot.shown({"state": "done", "result": result}, words)
    assert (seen["state"], set(seen["result"])) == ("done", set(result))
    assert [seen["result"][key] for key in ("needs", "asks")] == [result["needs"], result["asks"]]
    assert not any(word in seen["result"]["actions"][0] for word in words)


def test_a_plan_of_a_real_run_keeps_what_it_was_sent(tmp_path: Path, doors: Bundle) -> None:
    from ansible_collections.lightk8s.edge.plugins.module_utils._core import kept

    planning = {"check": True, "keeping": True, "params": {"value": "v"}, "keep": ["value"]}
    assert send(tmp_path, doors, **planning)["result"]["check"] is True
    by_digest = {"digest": doors.digest, "kept": {"value": kept.digest("v")}}
    assert ask(tmp_path, by_digest)["result"]["params"]["value"] == "v"


def test_sections_are_asked_for_once(tmp_path: Path, doors: Bundle) -> None:
    from ansible_collections.lightk8s.edge.plugins.module_utils._core import kept

    section = {"list": list(range(500))}
    by_digest = {"digest": doors.digest, "kept": {"value": kept.digest(section)}}
    send(tmp_path, doors, check=True)
    send(tmp_path, doors)
    assert ask(tmp_path, by_digest) == {"state": "sections", "wanted": ["value"]}
    full = {"digest": doors.digest, "params": {"value": section}, "keep": ["value"]}
    assert ask(tmp_path, full | {"check": True})["state"] == "done"
    assert ask(tmp_path, by_digest)["state"] == "sections"
    assert ask(tmp_path, full)["state"] == "done"
    assert ask(tmp_path, by_digest)["result"]["params"]["value"] == section


@given(JSON, st.booleans(), st.sampled_from(["", "00ff" * 8]))
def test_any_answer_survives(value: t.Any, raw: bool, mask: str) -> None:
    request = {"raw": raw, "mask": mask}
    reply = {"state": "done", "result": value}
    data = node_boot.packed(request, reply)
    assert decode(data.decode("utf-8", "surrogateescape"), request) == reply


def test_a_masked_answer_shows_nothing() -> None:
    reply = {"state": "done", "result": {"token": "abc"}}
    assert b"abc" in node_boot.packed({"raw": True}, reply)
    for raw in (True, False):
        assert b"abc" not in node_boot.packed({"raw": raw, "mask": "0123"}, reply)


LETTERS = st.text("abcdefgh", max_size=30)
WORDS = st.lists(st.text("abcdefgh", min_size=4, max_size=8), max_size=3)


@given(
    st.recursive(LETTERS, lambda inner: st.lists(inner) | st.dictionaries(LETTERS, inner)), WORDS
)
def test_nothing_hidden_remains(value: t.Any, words: list[str]) -> None:
    ordered = sorted(words, key=len, reverse=True)
    shown = json.dumps(node_boot.hidden({"value": value, "words": words}, ordered))
    assert not any(word in shown for word in words)
