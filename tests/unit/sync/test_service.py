# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service of the online mode: rounds in processes of their own, and the end where one does not end well."""

from __future__ import annotations

import os
import signal
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host
from ansible_collections.lightk8s.edge.plugins.module_utils._sync import service
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.agent import Agent, Survey, Work
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.settings import Settings


def broken() -> None:
    raise EdgeError("the disk is full", kind="io")


def surprised() -> None:
    raise KeyError("x")


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("work", "said"),
    [(broken, "lightk8s-edge: the disk is full"), (surprised, "KeyError"), (killed, "")],
)
def test_what_goes_wrong_is_said_and_ends_nobody_else(
    work: t.Callable[[], None], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert not service.apart(work)
    assert said in capfd.readouterr().err


def test_nothing_of_a_round_stays_but_what_is_on_disk(tmp_path: Path) -> None:
    found: list[int] = []

    def work() -> None:
        found.append(os.getpid())
        (tmp_path / "pid").write_text(str(os.getpid()))

    assert service.apart(work)
    assert found == []
    assert int((tmp_path / "pid").read_text()) != os.getpid()


def test_the_node_is_converged_once_an_interval_and_a_failed_round_ends_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = Host(str(tmp_path))
    settings = Settings("shop", "n1", {}, interval_minutes=1)
    now = [5000.0]
    monkeypatch.setattr(host, "monotonic", lambda: now[0])
    monkeypatch.setattr(host, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    agent = Agent(host, settings, Work(lambda: Survey({}), lambda document, number: []))
    log = tmp_path / "log"

    def look(converge: bool) -> None:
        with log.open("a", encoding="utf-8") as stream:
            stream.write("c" if converge else ".")
        if len(log.read_text()) == 8:
            raise EdgeError("enough", kind="io")

    assert service.serve(agent, look) == 1
    assert log.read_text() == "c..c..c."
