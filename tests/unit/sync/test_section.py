# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The agent as a noun of edge_site: who is to have one, what it is made of, and what it does not cause."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.engine import (
    Bound,
    Noun,
    converge,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._core.plan import Phase, Plan, Step
from ansible_collections.lightk8s.edge.plugins.module_utils._doors import (
    edge_site,
    edge_sync,
    nouns,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._doors.sync_options import AGENT
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action import arguments
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.agent import (
    WISHES,
    site_agent,
)

HUB = "https://hub.example.org"
SHA256 = "a" * 64
CODE = {"sha256": SHA256, "size": 9}
PLAYBOOKS = Path(__file__).resolve().parents[3] / "playbooks"
Values = dict[str, t.Any]


def section(given: Values | None = None, **variables: t.Any) -> Values | None:
    values = {"inventory_hostname": "n1", **variables}
    return site_agent(given, values, lambda value: value)


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, False),
        ({"edge_mode": "offline"}, False),  # that says something of the images, too
        ({"edge_bandwidth_limit_mbps": 1}, False),
        ({"edge_mode": "hybrid"}, True),
        ({"edge_sync_url": HUB}, True),
        ({"edge_sync_url": ""}, False),
        ({"edge_cache_enabled": False}, True),
        ({"edge_sync_url": HUB, "edge_alias_of": "n0"}, False),
    ],
)
def test_an_agent_is_where_one_is_wished_for(variables: Values, wanted: bool) -> None:
    assert (section(**variables) is not None) is wanted


def test_both_playbooks_know_the_same_wishes() -> None:
    text = (PLAYBOOKS / "internal_site_sync.yml").read_text(encoding="utf-8")
    asked = set(re.findall(r"edge_(\w+) is not defined", text))
    assert asked == set(WISHES)


def test_what_a_task_gives_goes_over_the_inputs() -> None:
    found = section({"mode": "hybrid", "sync_windows": None}, edge_mode="online", edge_sync_url=HUB)
    assert found == {"mode": "hybrid", "sync_url": HUB, "host": "n1"}
    assert section({"state": "absent"}) == {"state": "absent", "host": "n1"}


def params(**more: t.Any) -> Values:
    given = {"site": "shop", "nouns": ["distribution", "sync"], **more}
    checked = arguments.validate(edge_site.ARGS, given, "edge_site")
    assert checked.error == ""
    return checked.params


def test_secrets_of_the_section_are_known_as_such() -> None:
    given = {
        "sync": {"sync_token": "the-token", "sync_secrets": {"a": "the-word"}, "mode": "hybrid"}
    }
    secrets = arguments.validate(edge_site.ARGS, given, "edge_site").secrets
    assert set(secrets) == {"the-token", "the-word"}


class Runs:
    """Stands in for the nouns of the node itself."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **answer: t.Any) -> None:
        self.beside: list[Bound] = []
        self.answer = {"changed": False, "actions": [], **answer}
        monkeypatch.setattr(nouns, "run", self.run)

    def run(self, *_words: t.Any, beside: t.Sequence[Bound] = ()) -> Values:
        self.beside += beside
        return dict(self.answer)


def test_the_agent_goes_by_the_plan_of_the_node(monkeypatch: pytest.MonkeyPatch) -> None:
    need = {"sha256": "b" * 64, "name": "k3s", "size": 1}
    runs = Runs(monkeypatch, needs=[need])
    given = {"host": "n1", "agent": CODE, "sync_url": HUB, "sync_token": "the-token"}
    found = edge_site.main(params(sync=given, role="agent"), True, False)
    (bound,) = runs.beside
    assert (bound.noun.name, bound.aside, bound.spec.sha256) == ("sync", True, SHA256)
    assert (bound.spec.settings.host, bound.spec.settings.initial) == ("n1", False)
    assert bound.spec.words() == ["the-token"]
    assert found["needs"] == [need]


@pytest.mark.parametrize("given", [{"state": "purged"}, {"sync": {"state": "absent"}}])
def test_it_goes_with_the_node_or_by_itself(monkeypatch: pytest.MonkeyPatch, given: Values) -> None:
    runs = Runs(monkeypatch)
    edge_site.main(params(**{"sync": {"host": "n1"}, **given}), False, False)
    assert [bound.spec.state for bound in runs.beside] == ["absent"]


def test_a_wrong_section_is_a_failure_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Runs(monkeypatch)
    given = {"host": "n1", "agent": CODE, "mode": "hybrid"}
    found = edge_site.main(params(sync=given), False, False)
    assert (found["failed"], found["failure"]["kind"]) == (True, "spec")
    assert "nobody to send to" in found["msg"]
    assert runs.beside == []


def test_code_that_lies_on_the_node_is_no_need() -> None:
    own, other = {"sha256": SHA256}, {"sha256": "b" * 64}
    assert edge_sync.without_code({"needs": [own]}, SHA256) == {}
    assert edge_sync.without_code({"needs": [own, other]}, SHA256) == {"needs": [other]}


def write(path: str) -> Noun:
    params = {"data": "eA==", "mode": 0o600}
    step = Step(Phase.FILES, "write", path, f"write {path}", params)

    def plan(_spec: t.Any, seen: bool) -> Plan:
        return Plan() if seen else Plan((step,))

    return Noun(path, lambda host, _spec: host.inspect(path) is not None, plan, lambda *_: {})


@pytest.mark.parametrize(("aside", "noted"), [(True, False), (False, True)])
def test_what_changes_aside_is_not_the_latest_word(
    tmp_path: Path, aside: bool, noted: bool
) -> None:
    host = Host(str(tmp_path))
    along = Step(Phase.FILES, "write", "/note", "note", {"data": "eA==", "mode": 0o600})
    bounds = [Bound(write("/one"), None, aside)]
    outcome = converge(bounds, host, check=False, along=(along,))
    assert outcome.plan.changed
    assert (host.inspect("/note") is not None) is noted


def test_each_option_of_the_section_is_one_of_the_module() -> None:
    assert AGENT.keys() <= edge_sync.ARGS["argument_spec"].keys()
    assert edge_site.ARGS["argument_spec"]["sync"]["options"] is AGENT
