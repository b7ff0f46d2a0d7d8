# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node can tell of its token and its program, and what follows where they were changed by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import (
    EdgeError,
    NeedsRelease,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._core.places import TOKEN_NOTE
from ansible_collections.lightk8s.edge.plugins.module_utils._core.resources import File
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.adapter import Facts
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.k3s import (
    evidence,
    guard,
    paths,
    tokens,
    wishes,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.spec import Release, Spec
from ansible_collections.lightk8s.edge.plugins.module_utils._doors.options import distribution_spec
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host

WORD, OTHER, BROKEN = "a-token-of-the-shop", "another-token", "two words"
SECURE = f"K10{'0' * 64}::server:{WORD}"
VERSION = "v1.34.2+k3s1"


def _facts(root: Path, role: str, token: str | None, given: str, kept: str) -> dict[str, Any]:
    """`kept` is what tells the truth: a server's own token, or of an agent what its note is of."""
    host = Host(str(root))
    if token is not None:
        host.write(paths.TOKEN_FILE, f"{token}\n".encode(), 0o600)
    if role == "server":
        host.write("/data/server/token", kept.encode(), 0o600)
    elif kept:
        host.write(TOKEN_NOTE, tokens.note(kept, "edge7").encode(), 0o600)
    spec = Spec("k3s", role=role, token=given or None)
    return evidence.of_token(host, spec, "/data", {"token-file": paths.TOKEN_FILE})


@pytest.mark.parametrize("role", ["server", "agent"])
@pytest.mark.parametrize(
    ("token", "given", "expected"),
    [
        (WORD, WORD, (True, "same")),
        (SECURE, WORD, (True, "same")),
        (WORD, "", (True, "unknown")),
        (OTHER, WORD, (False, "same")),  # the file was changed, and we know what belongs there
        (OTHER, "", (False, "unknown")),
        (BROKEN, WORD, (False, "same")),
        (WORD, OTHER, (True, "different")),  # the wish was changed
    ],
)
def test_a_token_file_that_was_changed_by_hand_is_known(
    tmp_path: Path, role: str, token: str, given: str, expected: tuple[bool, str]
) -> None:
    found = _facts(tmp_path, role, token, given, WORD)
    assert (found["token_file"], found["token"]) == expected
    if role == "agent":
        assert evidence.agent_may_start(Host(str(tmp_path))) is expected[0]
        assert found["known_token"] == (token if expected[0] else "")


def test_a_file_that_is_not_there_is_not_right(tmp_path: Path) -> None:
    assert not _facts(tmp_path / "agent", "agent", None, WORD, WORD)["token_file"]
    assert not _facts(tmp_path / "server", "server", None, WORD, WORD)["token_file"]


def test_without_a_note_any_token_file_of_an_agent_will_do(tmp_path: Path) -> None:
    found = _facts(tmp_path, "agent", OTHER, "", "")
    assert (found["token_file"], found["known_token"]) == (True, OTHER)


@pytest.mark.parametrize("noted", ["", "edge7", "edge7:", ":", f"edge7:{'0' * 64}"])
def test_a_damaged_note_is_a_note_of_nothing(noted: str) -> None:
    assert not tokens.is_noted(noted, WORD)


def test_a_note_is_of_the_secret_alone() -> None:
    noted = tokens.note(SECURE, "edge7")
    assert WORD not in noted
    assert tokens.is_noted(noted, WORD)
    assert tokens.is_noted(noted, SECURE)
    assert not tokens.is_noted(noted, OTHER)
    assert not tokens.is_noted(noted, BROKEN)


def _agent(**more: Any) -> tuple[Spec, Facts]:
    spec = Spec(
        "k3s", role="agent", token=more.pop("given", None), settings=more.pop("settings", {})
    )
    given: dict[str, Any] = {"version": VERSION, "joined": True, "receipt": {"version": VERSION}}
    return spec, Facts("amd64", "/usr/local/bin", hostname="edge7", **{**given, **more})


def _file(spec: Spec, facts: Facts, path: str) -> File | None:
    found = [wish for wish in wishes.wishes(spec, facts) if wish.path == path]
    return found[0] if found and isinstance(found[0], File) else None


def test_the_note_follows_the_token_and_stays_while_it_is_right() -> None:
    fresh = _file(*_agent(token_file=True, known_token=WORD), TOKEN_NOTE)
    assert fresh is not None
    assert fresh.data is not None
    assert fresh.secret
    text = fresh.data.decode().strip()
    kept = _file(*_agent(token_file=True, known_token=SECURE, token_note=text), TOKEN_NOTE)
    assert kept is not None
    assert kept.data == fresh.data
    # The file was changed, no word is known in check mode: the note is not what has to change.
    assert _file(*_agent(token_file=False, token_note=text), TOKEN_NOTE) is None


def test_a_changed_token_file_is_written_again_with_the_token_that_is_known() -> None:
    text = tokens.note(WORD, "edge7")
    found = _file(*_agent(given=WORD, token_file=False, token_note=text), paths.TOKEN_FILE)
    assert found is not None
    assert found.data == f"{WORD}\n".encode()
    right = _file(*_agent(token_file=True, known_token=WORD, token_note=text), paths.TOKEN_FILE)
    assert right is not None
    assert right.data is None


def _program(version: str, digest: str, noted: str = "aa") -> Facts:
    receipt = {"version": VERSION, "sha256": noted} if noted else {}
    return Facts("amd64", "/usr/local/bin", version=version, digest=digest, receipt=receipt)


@pytest.mark.parametrize(
    ("facts", "wanted"),
    [
        (_program(VERSION, "bb"), VERSION),  # changed by hand
        (_program("", ""), VERSION),  # gone
        (_program("", "bb"), VERSION),  # does not run any more
        (_program("", "", noted=""), ""),  # a bare node
    ],
)
def test_without_a_version_the_release_that_was_installed_is_asked_for(
    facts: Facts, wanted: str
) -> None:
    with pytest.raises(NeedsRelease) as raised:
        guard.check(Spec("k3s"), facts)
    assert raised.value.version == wanted


@pytest.mark.parametrize(
    "facts",
    [
        _program(VERSION, "aa"),
        _program("v1.34.3+k3s1", "bb"),  # somebody's upgrade
        _program(VERSION, "bb", noted=""),  # installed by other means
    ],
)
def test_without_a_version_a_program_that_may_stay_is_noted(facts: Facts) -> None:
    guard.check(Spec("k3s"), facts)
    receipt = wishes.receipt(Spec("k3s"), facts).decode()
    assert f'"sha256": "{facts.digest}", "version": "{facts.version}"' in receipt


def test_a_version_makes_the_look_at_the_digest_needless() -> None:
    spec = Spec("k3s", release=Release(VERSION))
    guard.check(spec, _program(VERSION, ""))


def test_an_agent_keeps_the_ranges_of_its_site_off_the_proxy() -> None:
    ranges = {"cluster_cidr": ["10.50.0.0/16"], "service_cidr": ["10.51.0.0/16"]}
    spec, facts = _agent(settings=ranges)
    spec = Spec("k3s", role="agent", settings=ranges, proxy={"http_proxy": "http://proxy:3128"})
    found = wishes.proxied(spec, wishes.configuration(spec, facts))["NO_PROXY"].split(",")
    assert {"10.50.0.0/16", "10.51.0.0/16"} <= set(found)
    assert not {"10.42.0.0/16", "10.43.0.0/16"} & set(found)


@pytest.mark.parametrize(
    ("given", "direct"),
    [
        ({"initial": True}, {"192.0.2.11", "2001:db8::12"}),
        ({"initial": False}, {"192.0.2.11", "2001:db8::12"}),
        (
            {"initial": False, "api_endpoint": "https://vip:6443"},
            {"192.0.2.11", "2001:db8::12", "vip"},
        ),
        ({"role": "agent"}, {"192.0.2.11"}),  # one server more is no restart of agents
        ({"role": "agent", "api_endpoint": "https://vip:6443"}, {"vip"}),
    ],
)
def test_no_proxy_is_between_members_nor_on_the_way_in(
    given: dict[str, Any], direct: set[str]
) -> None:
    peers = {"b": "https://192.0.2.11:6443", "c": "https://[2001:db8::12]:6443"}
    params = {"join_from": peers, "proxy": {"https_proxy": "http://p:3128"}, "token": WORD, **given}
    spec, facts = distribution_spec("k3s", params), _program(VERSION, "aa")
    named = wishes.proxied(spec, wishes.configuration(spec, facts))["NO_PROXY"].split(",")
    assert {"192.0.2.11", "2001:db8::12", "vip"} & set(named) == direct


def test_a_wrong_edge_token_is_refused_with_the_remedy() -> None:
    facts = _program(VERSION, "aa")
    with pytest.raises(EdgeError, match="not the token") as raised:
        guard.check(
            Spec("k3s", token=OTHER),
            Facts(**{**facts.__dict__, "token": "different", "joined": True}),
        )
    assert "rotate" in raised.value.hint
