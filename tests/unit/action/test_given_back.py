# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A join token is made for one join, and goes back whatever has become of it."""

from __future__ import annotations

import types
import typing as t

import pytest
from ansible.playbook.task import Task

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.action import SiteAction

PARAMS = {"state": "present", "role": "agent", "site": "shop", "join_from": {"s1": "https://s1"}}


class Joining(SiteAction):
    """A run that has got a token from s1, and ends as it is told to."""

    DISTRIBUTION = "k0s"

    def __init__(self, ends: dict[str, t.Any] | EdgeError) -> None:
        task = types.SimpleNamespace(check_mode=False, action="k0s_install", args={})
        self._task = t.cast(Task, task)
        self.ends = ends
        self.given_back: list[str] = []

    def _with_cloud(
        self, params: dict[str, t.Any], task_vars: dict[str, t.Any]
    ) -> dict[str, t.Any]:
        self._lent["s1"] = {"used": "word"}
        if isinstance(self.ends, EdgeError):
            raise self.ends
        return dict(self.ends)

    def run_on_peer(
        self,
        host: str,
        door: str,
        params: dict[str, t.Any],
        task_vars: dict[str, t.Any],
        public: t.Container[str] = (),
    ) -> dict[str, t.Any]:
        if door == "site_join":
            self.given_back.append(f"{host}: {params['used']}")
            return {"initialized": True}
        return {"failed": True, "msg": "away"}


def failed(kind: str) -> dict[str, t.Any]:
    return {"failed": True, "failure": {"kind": kind}}


@pytest.mark.parametrize(
    ("ends", "back"),
    [
        ({"changed": True}, True),
        ({"changed": True, "asks": [{"node": "n1"}]}, True),  # which no server answers
        (failed("artifact"), True),
        (failed("join"), True),
        (EdgeError("no mirror", kind="artifact"), True),
        # The service has its token by now, and goes on trying.
        (failed("health"), False),
        (failed("certificate"), False),
    ],
)
def test_a_token_serves_nobody_after_the_run(
    ends: dict[str, t.Any] | EdgeError, back: bool
) -> None:
    action = Joining(ends)
    action._converse(dict(PARAMS), {"inventory_hostname": "a1"})
    assert action.given_back == (["s1: word"] if back else [])
