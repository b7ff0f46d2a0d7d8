# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source inside a real ansible-rulebook: what sites tell makes rules act, once."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bed import paths

from ansible_collections.lightk8s.edge.plugins.module_utils._host.http import Connection
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.queue import Queue
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.records import Event
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.sender import Sender
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.up import Policy, State

from ..unit.hub.conftest import cloudevent

pytestmark = pytest.mark.slow
TIME = "2026-11-21T10:00:00Z"
TOKEN = "word-of-the-shop"
PATIENCE = 300.0
RULEBOOK = """
- name: What sites tell
  hosts: all
  sources:
    - lightk8s.edge.site_events: {{port: {port}, tokens: {{shop: {token}}}}}
  rules:
    - name: A node turned wrong
      condition: event.type == "lightk8s.edge.node.changed" and event.data.good == false
      action:
        debug: {{msg: "ACTED for {{{{ event.site }}}} {{{{ event.subject }}}}"}}
    - name: Enough
      condition: event.type == "lightk8s.edge.end"
      action:
        shutdown: {{}}
"""


class Rulebook:
    """A rulebook that runs; it ends by an event."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        (folder / "rules.yml").write_text(RULEBOOK.format(port=self.port, token=TOKEN))
        (folder / "hosts").write_text("localhost ansible_connection=local\n")
        self._log = folder / "log"
        self.process = self._started(folder)

    def _started(self, folder: Path) -> subprocess.Popen[bytes]:
        assert shutil.which("java"), "ansible-rulebook needs a Java runtime, 17 or newer"
        tool = [sys.executable, str(paths.REPO / "tools" / "virtualenv.py"), "rulebook"]
        made = subprocess.run(tool, check=True, capture_output=True, text=True).stdout.strip()
        words = ["ansible-rulebook", "--rulebook", "rules.yml", "-i", "hosts"]
        search = f"{made}/bin:{os.environ['PATH']}"
        with self._log.open("wb") as log:
            return subprocess.Popen(
                [f"{made}/bin/{words[0]}", *words[1:]],
                cwd=folder,
                env={**os.environ, "PATH": search},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def said(self) -> str:
        return self._log.read_text()

    def wait(self) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            assert self.process.poll() is None, self.said()
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.2)
            else:
                return
        raise AssertionError(self.said())


@pytest.fixture
def rulebook(tmp_path: Path) -> Iterator[Rulebook]:
    made = Rulebook(tmp_path)
    try:
        made.wait()
        yield made
    finally:
        made.process.kill()
        made.process.wait()


def test_what_a_site_tells_makes_a_rule_act_once(rulebook: Rulebook, tmp_path: Path) -> None:
    with Queue(str(tmp_path / "sync" / "queue.db"), 1 << 20, lambda: TIME) as queue:

        def tell(kind: str, key: str, data: object) -> None:
            queue.append([Event("event", key, f"lightk8s.edge.{kind}", TIME, data)])

        def send() -> None:
            connection = Connection(f"http://127.0.0.1:{rulebook.port}")
            policy = Policy(most_events=2)
            sender = Sender(
                "shop", queue, connection, policy, token=TOKEN, clock=time, draw=lambda: 0.0
            )
            sender.run(State(linked=True), lambda _state: None)
            connection.close()

        tell("node.changed", "node/a", {"good": True})
        tell("node.changed", "node/b", {"good": False})
        tell("image.pulled", "image/c", {"good": False})
        send()
        tell("end", "site", None)
        send()
        assert queue.pending(1) == []
    assert rulebook.process.wait(PATIENCE) == 0, rulebook.said()
    acted = [row for row in rulebook.said().splitlines() if "ACTED for" in row]
    assert len(acted) == 1
    assert "ACTED for shop node/b" in acted[0]


def test_events_of_one_batch_act_each_and_a_batch_that_comes_again_does_not(
    rulebook: Rulebook,
) -> None:
    """As when the answer is lost: the site sends the same events once more, then newer ones beside them."""

    def wrong(number: int) -> dict[str, Any]:
        kind: dict[str, Any] = {"type": "lightk8s.edge.node.changed", "data": {"good": False}}
        return {**cloudevent(number, subject=f"node/{number}"), **kind}

    end = cloudevent(4, type="lightk8s.edge.end", data=None)
    batches = ([wrong(1), wrong(2)], [wrong(1), wrong(2)], [wrong(2), wrong(3)], [end])
    with Connection(f"http://127.0.0.1:{rulebook.port}") as connection:
        for batch in batches:
            body = json.dumps(batch).encode()
            headers = {"Authorization": f"Bearer {TOKEN}"}
            found = connection.request("POST", "/v1/events", headers=headers, body=body)
            told = json.loads(found.body)
            last = int(str(batch[-1]["id"]).partition("-")[2])
            assert (found.status, told["acknowledged"]) == (200, last)
    assert rulebook.process.wait(PATIENCE) == 0, rulebook.said()
    acted = [row.rpartition("ACTED for ")[2] for row in rulebook.said().splitlines()]
    told_of = [row.rstrip(" *'\"") for row in acted if row.startswith("shop")]
    assert told_of == ["shop node/1", "shop node/2", "shop node/3"]
