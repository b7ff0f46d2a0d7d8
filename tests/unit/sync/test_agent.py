# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rounds of the agent against the hub itself, over HTTP on the loopback; the node is a report in the test."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import sqlite3
import threading
import tracemalloc
import typing as t
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.extras.hub.lightk8s_hub import serve, tables
from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host
from ansible_collections.lightk8s.edge.plugins.module_utils._host.http import Connection
from ansible_collections.lightk8s.edge.plugins.module_utils._sync import (
    commands,
    places,
    reach,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document import Document
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.export import export
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.records import AUDIT, Event
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.signing import Signer, signed

from ..hub.conftest import served
from .bench import NOW, Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with served(serve.Settings(f"sqlite:///{tmp_path / 'hub.db'}", port=0)) as hub:
        yield Bench(tmp_path, hub)


def test_a_round_tells_what_there_is_and_the_next_what_is_another(bench: Bench) -> None:
    assert bench.round() == "nothing is waiting"
    assert bench.states()["node/n1"]["ready"] is True
    before = bench.hub.rows(tables.streams)
    assert bench.round() == "nothing is waiting"
    assert bench.hub.rows(tables.streams) == before
    bench.ready = False
    bench.round()
    assert bench.states()["node/n1"]["ready"] is False
    assert bench.told("event") == ["node.changed"]


def test_without_a_link_all_is_kept_and_arrives_later(bench: Bench) -> None:
    away = {"url": "http://127.0.0.1:9"}
    assert "there is no link" in bench.round(**away)
    bench.ready = False
    bench.round(**away)
    assert "node/n1" in bench.waiting()
    assert bench.hub.rows(tables.streams) == []
    bench.round()
    assert bench.waiting() == []
    assert bench.states()["node/n1"]["ready"] is False
    assert bench.told("event") == ["node.changed"]


def test_events_that_shall_not_wait_are_left_out_while_the_link_is_away(bench: Bench) -> None:
    away = {"url": "http://127.0.0.1:9", "keeps_events": False}
    bench.round(**away)
    bench.ready = False
    bench.round(**away)
    bench.round(keeps_events=False)
    assert bench.states()["node/n1"]["ready"] is False
    assert bench.told("event") == []


def test_offline_sends_and_asks_nothing(bench: Bench) -> None:
    bench.publish(5)
    assert "offline" in bench.round(mode="offline")
    assert bench.hub.rows(tables.streams) == []
    assert bench.carried == []


def test_outside_its_windows_nobody_is_called(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []
    monkeypatch.setattr(Connection, "open", lambda link: called.append(link.where))
    soon = bench.clock.localtime(bench.clock.time() + 7200)
    closed = f"{soon.tm_hour:02d}:00-{soon.tm_hour:02d}:59"
    assert bench.round(pulls=False, windows=(closed,)) == "no window is open"
    assert called == []


def test_a_node_that_cannot_be_looked_at_is_trouble_and_not_gone(bench: Bench) -> None:
    bench.round()
    bench.broken = "the API is away"
    bench.round()
    assert bench.states()["node/n1"]["ready"] is True
    assert bench.states()["agent/n1"]["trouble"] == "the API is away"


def test_a_document_is_taken_once_and_carried_out_each_time(bench: Bench) -> None:
    bench.publish(5)
    bench.round()
    bench.round()
    assert bench.carried == [5, 5]
    assert bench.told() == ["queue.begun", "desired.accepted", "desired.applied"]
    assert bench.agent().memory.answer == "nothing new is published"


def test_a_bad_document_is_taken_back_and_told(bench: Bench) -> None:
    bench.publish(5)
    bench.round()
    bench.publish(6, bad=True)
    bench.round()
    bench.round()
    assert bench.carried == [5, 5, 5]
    assert bench.told()[3:] == ["desired.accepted", "desired.failed", "desired.restored"]
    assert bench.agent().store.failure() == "the node is not healthy"


def test_an_error_of_the_agent_does_not_keep_it_from_telling(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def confused(document: Document, generation: int) -> list[str]:
        raise ValueError("s3cret is no number")

    monkeypatch.setattr(bench, "carry", confused)
    bench.publish(5)
    for dummy in range(2):
        bench.round()
    assert bench.told() == ["queue.begun", "desired.accepted", "desired.hindered"]
    assert "s3cret" not in str(bench.hub.rows(tables.events))


def test_a_refusal_is_told_once_and_judged_anew_with_another_key(
    bench: Bench, tmp_path: Path
) -> None:
    other = Signer.create(str(tmp_path / "other.pem"))
    bench.publish(5, other)
    for dummy in range(3):
        bench.round()
    assert bench.told() == ["queue.begun", "desired.refused"]
    keys = (*bench.settings["keys"], base64.b64encode(other.public).decode())
    bench.round(keys=keys)
    assert bench.carried == [5]
    bench.round(keys=keys, revoked=(other.id,))
    assert bench.carried == [5]  # what runs stays, and nobody stands for it any more


def test_a_document_that_was_refused_is_taken_once_it_bears_a_trusted_signature(
    bench: Bench, tmp_path: Path
) -> None:
    other, token = Signer.create(str(tmp_path / "other.pem")), bench.hub.token("publisher")
    document = Document("shop", 5, NOW, NOW + 3600, {})
    for signers, carried in (([other], []), ([other, bench.signer], [5])):
        raw = signed(document, signers).raw()
        assert bench.hub.ask("PUT", "/v1/desired/shop", raw, token=token).status == 200
        bench.round()
        assert bench.carried == carried
    bench.round()
    assert bench.agent().memory.answer == "nothing new is published"


class Page(BaseHTTPRequestHandler):
    """What a front answers while what lies behind it is away."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "6")
        self.end_headers()
        self.wfile.write(b"<html>")

    def log_message(self, *_words: object) -> None:
        """Nothing on the terminal."""


def test_a_page_that_is_no_document_is_told_once(bench: Bench) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        for dummy in range(3):
            bench.round(document_url=f"http://127.0.0.1:{server.server_port}/page")
        server.shutdown()
        thread.join()
    assert bench.told() == ["queue.begun", "desired.refused"]


def test_a_round_that_was_cut_off_is_told_by_the_next(bench: Bench) -> None:
    agent = bench.agent()
    agent.memory.began = 1000.0
    agent.memory.keep(bench.host)
    bench.round()
    bench.round()
    assert bench.told("event") == ["agent.cut"]


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b'{"told": {"a": 1}, "up": 3, "asked": "x"}']
)
def test_a_damaged_memory_is_a_beginning(bench: Bench, content: bytes) -> None:
    bench.round()
    bench.host.write(places.STATE, content)
    assert bench.round() == "nothing is waiting"
    assert bench.states()["node/n1"]["ready"] is True


def test_a_new_queue_is_told_everything_anew(bench: Bench) -> None:
    bench.round()
    for side in ("", "-wal", "-shm"):
        Path(bench.host.path(places.QUEUE) + side).unlink(missing_ok=True)
    assert "node/n1" in bench.waiting() or bench.round() == "nothing is waiting"
    assert bench.told()[-1] == "queue.begun"
    assert bench.states()["node/n1"]["ready"] is True


def command(bench: Bench, *words: str, **more: t.Any) -> int:
    return commands.run(list(words), lambda: bench.agent(**more))


def test_the_commands_say_what_waits_and_why(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    away = {"url": "http://127.0.0.1:9"}
    assert command(bench, "run", **away) == 0
    assert command(bench, "sync", **away) == 3
    capsys.readouterr()
    command(bench, "explain", **away)
    assert "found no link: http://127.0.0.1:9 refused" in capsys.readouterr().out
    command(bench, "events", "-n", "1")
    assert json.loads(capsys.readouterr().out)["type"] == "lightk8s.edge.queue.begun"
    command(bench, "queue", "ls")
    assert "node/n1" in capsys.readouterr().out
    path = tmp_path / "export"
    command(bench, "queue", "export", str(path))
    assert len(path.read_text().splitlines()) == len(bench.waiting())
    capsys.readouterr()
    assert command(bench, "sync") == 0
    capsys.readouterr()
    command(bench, "status")
    status = json.loads(capsys.readouterr().out)
    assert (status["queue"]["waiting"], status["sending"]) == ({}, "nothing is waiting")


def test_a_drain_sends_or_keeps(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.round(mode="offline")
    assert command(bench, "drain", "5", str(tmp_path / "left"), mode="offline") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["left"] == len(bench.waiting()) > 0
    assert len(Path(told["path"]).read_text().splitlines()) == told["left"]
    command(bench, "drain", "5", str(tmp_path / "left"))
    assert json.loads(capsys.readouterr().out)["left"] == 0
    assert bench.states()["node/n1"]["ready"] is True


def test_a_drain_keeps_what_was_set_aside_as_damaged(bench: Bench, tmp_path: Path) -> None:
    bench.round(mode="offline")
    Path(bench.host.path(places.QUEUE)).write_bytes(b"torn" * 2000)
    assert command(bench, "drain", "5", str(tmp_path / "left")) == 0
    [kept] = (tmp_path / "left").glob("queue.db.damaged-*Z")
    assert kept.read_bytes() == b"torn" * 2000


def test_a_document_that_is_brought_by_hand_needs_no_link(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "document"
    path.write_bytes(signed(Document("shop", 5, NOW, NOW + 3600, {}), [bench.signer]).raw())
    assert command(bench, "accept", str(path), mode="offline") == 0
    assert bench.carried == [5]
    assert command(bench, "accept", str(tmp_path / "key.pem"), mode="offline") == 2


def test_a_token_goes_over_https_only(bench: Bench) -> None:
    agent = bench.agent(url="http://192.0.2.1", pulls=False)
    link = reach.connection(bench.host, agent.settings, "http://192.0.2.1")
    with agent.queue() as queue, pytest.raises(EdgeError, match="over https only"):
        agent.sender(queue, link)


def test_nodes_that_were_made_from_one_disk_lose_nothing_to_each_other(
    bench: Bench, tmp_path: Path
) -> None:
    bench.settings["pulls"] = False
    bench.round(mode="offline")
    shutil.copytree(tmp_path / "node", tmp_path / "copy")
    for folder, more in (("node", {"host": "n1"}), ("copy", {"host": "n2", "initial": False})):
        bench.host = Host(str(tmp_path / folder))
        with bench.agent(**more).queue() as queue:
            queue.append(
                [Event(AUDIT, f"{folder}/{n}", "lightk8s.edge.x", "t", n) for n in range(9)]
            )
        bench.round(**more)
    subjects = [row["subject"] for row in bench.hub.rows(tables.events)]
    assert sum(name.startswith(("node/", "copy/")) for name in subjects) == 18


def test_a_node_that_keeps_its_name_keeps_its_queue(bench: Bench) -> None:
    bench.host.write("/etc/machine-id", b"0123\n")
    for dummy in range(3):
        bench.round(pulls=False)
    assert bench.told() == ["queue.begun"]
    bench.host.write("/etc/machine-id", b"4567\n")
    bench.round(pulls=False)
    bench.round(pulls=False)
    assert bench.told() == ["queue.begun", "queue.begun"]


def test_an_event_that_the_disk_has_damaged_holds_up_no_other(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.settings["pulls"] = False
    bench.draws = itertools.repeat(0.5)
    bench.round(mode="offline")
    with closing(sqlite3.connect(bench.host.path(places.QUEUE))) as connection:
        connection.execute("UPDATE events SET body = x'7b22ff' WHERE seq = 1")
        connection.commit()
    assert command(bench, "queue", "export", str(tmp_path / "export"), mode="offline") == 0
    assert len((tmp_path / "export").read_bytes().splitlines()) == len(bench.waiting())
    capsys.readouterr()
    for dummy in range(2):
        command(bench, "sync")
    assert bench.waiting() == []
    [gap] = bench.hub.rows(tables.gaps)
    assert json.loads(gap["data"])["dropped"]["audit"] == 1


def test_an_export_takes_little_memory(bench: Bench, tmp_path: Path) -> None:
    agent, size = bench.agent(), 4000
    with agent.queue() as queue:
        rows = [Event(AUDIT, str(n), "lightk8s.edge.x", "t", "x" * size) for n in range(size)]
        queue.append(rows)
        del rows
        tracemalloc.start()
        try:
            assert export(agent, queue, str(tmp_path / "export")) == size + 1
            assert tracemalloc.get_traced_memory()[1] < size * size / 4
        finally:
            tracemalloc.stop()
