# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sites and publishers that mean no good, or are out of order: what one of them does harms nobody else."""

from __future__ import annotations

import gzip
import json
import threading
import time
import typing as t
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from ansible_collections.lightk8s.edge.extras.hub.lightk8s_hub import (
    access,
    app,
    ingest,
    serve,
    tables,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document import Document
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.signing import Signer, signed

from .conftest import Running, cloudevent, numbers, served

EVENTS = "/v1/events"
SOON = 30.0


def scraped(hub: Running) -> str:
    found = hub.ask("GET", "/metrics", token=hub.token("reader"))
    assert found.status == 200, found.body
    return found.body.decode()


POISON: list[t.Any] = [
    b'"data": NaN',
    b'"data": -Infinity',
    b'"data": 1e999',
    b'"data": "\\ud800"',
    b'"data": {"\\udfff": 1}',
    b'"subject": "\\ud800"',
    b'"type": "\\ud800"',
    b'"edgeclass": "\\ud800"',
    b'"edgeclass": ["event"]',
    b'"data_base64": "AAAA"',
    b'"data": ' + b"[" * 100_000 + b"]" * 100_000,
    b'"data": ' + b"9" * 5000,
]


@pytest.mark.parametrize("number", range(len(POISON)))
def test_what_no_database_can_keep_is_refused_and_not_met_again(hub: Running, number: int) -> None:
    name = json.loads(POISON[number].partition(b":")[0])
    plain = {key: value for key, value in cloudevent(1).items() if key != name}
    body = b"[" + json.dumps(plain).encode()[:-1] + b", " + POISON[number] + b"}]"
    answer = hub.ask("POST", EVENTS, body, token=hub.token("site", "shop"))
    assert answer.status == 400
    assert json.loads(answer.body)["error"]
    assert hub.rows(tables.streams) == []


NESTED = "[" * 900 + "]" * 900
FIGURES = [
    ("gap", '{"dropped": {"event": 1' + "0" * 400 + ', "state": true, "audit": -3}}'),
    ("gap", '{"dropped": [1]}'),
    ("gap", NESTED),
    ("state", '{"queue": 1' + "0" * 400 + ', "ready": true}'),
    ("state", NESTED),
]


@pytest.mark.parametrize("kind, data", FIGURES)
def test_what_one_site_tells_of_itself_never_hides_the_others(
    hub: Running, kind: str, data: str
) -> None:
    mill = cloudevent(1, "state", source="/sites/mill", id="cd34-1", subject="agent/mill")
    mill = {**mill, "type": "lightk8s.edge.agent", "data": {"applied": 7}}
    assert hub.ask("POST", EVENTS, [mill], token=hub.token("site", "mill")).status == 200
    bad = {**cloudevent(1, kind), "type": "lightk8s.edge.agent", "data": json.loads(data)}
    sent = hub.ask("POST", EVENTS, [bad], token=hub.token("site", "shop"))
    assert sent.status in (200, 400)
    assert 'lightk8s_agent_applied_generation{node="",site="mill"} 7.0' in scraped(hub)
    told = json.loads(hub.ask("GET", "/v1/sites", token=hub.token("reader")).body)
    assert "mill" in [row["site"] for row in told]
    for row in told:
        assert row["dropped"] == {"state": 0, "event": 0, "audit": 0}


def test_metrics_are_named_as_prometheus_asks_for(hub: Running, tmp_path: Path) -> None:
    status = cloudevent(1, "state", type="lightk8s.edge.agent", data={"applied": 3, "made_up": 1})
    hub.ask("POST", EVENTS, [status], token=hub.token("site", "shop"))
    signer = Signer.create(str(tmp_path / "key.pem"))
    raw = signed(Document("shop", 3, 1, 2, {}), [signer]).raw()
    hub.ask("PUT", "/v1/desired/shop", raw, token=hub.token("publisher"))
    hub.ask("GET", "/v1/desired/shop", token=hub.token("site", "shop"))
    shown = scraped(hub)
    families = {family.name: family for family in text_string_to_metric_families(shown)}
    ours = {name for name in families if name.startswith("lightk8s_")}
    assert ours == {
        "lightk8s_site_last_seen_timestamp_seconds",
        "lightk8s_site_acknowledged",
        "lightk8s_site_generation",
        "lightk8s_site_asked_timestamp_seconds",
        "lightk8s_site_dropped",
        "lightk8s_site_agent_info",
        "lightk8s_agent_generation",
        "lightk8s_agent_applied_generation",
        "lightk8s_agent_damaged_queues",
    }
    assert all(families[name].documentation for name in ours)
    assert "lightk8s_site_dropped_total{" in shown
    for name in ("last_seen", "asked"):
        [moment] = families[f"lightk8s_site_{name}_timestamp_seconds"].samples
        assert abs(moment.value - time.time()) < 600
    assert "process_resident_memory_bytes" in families


def test_two_queues_with_one_epoch_do_not_undo_each_other(database: str) -> None:
    """A node that was cloned with its queue: two nodes of a site at once, on two instances."""
    settings = serve.Settings(database, port=0)
    with served(settings) as first, served(settings) as second:
        token = first.token("site", "shop")
        statuses: list[int] = []

        def post(to: Running, node: str) -> None:
            rows = [cloudevent(n, source=f"/sites/shop/nodes/{node}") for n in range(1, 31)]
            batches = [rows[start : start + 5] for start in range(0, 30, 5)]
            statuses.extend(to.ask("POST", EVENTS, rows, token=token).status for rows in batches)

        places = ((first, "a"), (second, "b"), (first, "c"), (second, "d"))
        callers = [threading.Thread(target=post, args=place) for place in places]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        assert statuses == [200] * 24
        assert numbers(first) == list(range(1, 31))


@pytest.mark.parametrize("name", ["x" * 254, "a%00b"])
def test_a_name_that_no_site_can_have_is_refused(hub: Running, tmp_path: Path, name: str) -> None:
    signer = Signer.create(str(tmp_path / "key.pem"))
    raw = signed(Document(name.replace("%00", "\0"), 3, 1, 2, {}), [signer]).raw()
    publisher = hub.token("publisher")
    assert hub.ask("PUT", f"/v1/desired/{name}", raw, token=publisher).status == 400


def test_the_name_of_an_encoding_may_be_in_capitals(hub: Running) -> None:
    token, packed = hub.token("site", "shop"), {"Content-Encoding": "GZIP"}
    bomb = gzip.compress(b" " * (ingest.MOST_BYTES + 1))
    assert hub.ask("POST", EVENTS, bomb, headers=packed, token=token).status == 413
    fine = gzip.compress(json.dumps([cloudevent(1)]).encode())
    assert hub.ask("POST", EVENTS, fine, headers=packed, token=token).status == 200


def test_a_site_cannot_write_as_another_one(hub: Running) -> None:
    token = hub.token("site", "shop")
    for source in (
        "/sites/mill",
        "/sites/mill/nodes/shop",
        "/sites/shop%2F..%2Fmill",
        "/sites/%73hop2",
    ):
        answer = hub.ask("POST", EVENTS, [cloudevent(1, source=source)], token=token)
        assert answer.status == 403, source
    mixed = [cloudevent(1), cloudevent(2, source="/sites/mill")]
    assert hub.ask("POST", EVENTS, mixed, token=token).status == 400
    assert hub.ask("GET", "/v1/desired/mill", token=token).status == 403
    assert hub.rows(tables.sites) == []


@pytest.mark.parametrize("name", ["MOST_NODES", "MOST_QUEUES"])
def test_a_site_cannot_make_up_names_for_ever(
    hub: Running, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(ingest, name, 3)
    token = hub.token("site", "shop")

    def told(number: int) -> int:
        row = cloudevent(1, id=f"ab{number}-1", source=f"/sites/shop/nodes/n{number}")
        return hub.ask("POST", EVENTS, [row], token=token).status

    statuses = [told(number) for number in range(6)]
    assert 3 <= statuses.count(200) <= 4
    assert statuses[-1] == 403
    assert told(0) == 200  # what is known goes on
    assert len(hub.rows(tables.sites)) == statuses.count(200)


def test_tokens_are_changed_without_a_moment_in_which_none_is_taken(database: str) -> None:
    """Old and new beside each other, then the new one alone; a running instance heeds it at once."""
    old, new = (
        {"role": "site", "site": "shop", "digest": access.digest(w)} for w in ("old", "new")
    )
    with served(serve.Settings(database, port=0)) as hub:
        for rows, statuses in (([old], (200, 401)), ([old, new], (200, 200)), ([new], (401, 200))):
            access.declare(hub.engine, json.dumps(rows))
            found = [
                hub.ask("POST", EVENTS, [cloudevent(1)], token=w).status for w in ("old", "new")
            ]
            assert tuple(found) == statuses


def test_a_database_that_can_only_be_read_is_away(
    cluster: t.Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A standby after a change of roles: nothing is taken, and the site comes again."""
    url = cluster.database()
    with served(serve.Settings(url, port=0)) as hub:
        token = hub.token("site", "shop")
        name = hub.engine.url.database
        others = f"FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"
        with hub.engine.begin() as connection:
            for word in (
                f"ALTER DATABASE {name} SET default_transaction_read_only = on",
                f"SELECT pg_terminate_backend(pid) {others}",
            ):
                connection.execute(text(word))
        answer = hub.ask("POST", EVENTS, [cloudevent(1)], token=token)
        assert (answer.status, answer.headers["retry-after"]) == (503, str(app.RETRY_SECONDS))
        assert "read-only" in caplog.text
        assert hub.rows(tables.streams) == []


def test_a_site_whose_row_another_instance_holds_is_asked_to_come_again(
    cluster: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a power cut of an instance: the database does not know yet that it has gone."""
    monkeypatch.setattr(tables, "SESSION", {"lock_timeout": 1})
    with served(serve.Settings(cluster.database(), port=0)) as hub:
        tokens = {site: hub.token("site", site) for site in ("shop", "mill")}

        def told(site: str, number: int) -> int:
            row = cloudevent(number, source=f"/sites/{site}", id=f"{site.encode().hex()}-{number}")
            return hub.ask("POST", EVENTS, [row], token=tokens[site]).status

        assert told("shop", 1) == 200
        with hub.engine.begin() as dead:
            dead.execute(text("SELECT 1 FROM sites WHERE site = 'shop' FOR UPDATE"))
            assert (told("shop", 2), told("mill", 1)) == (503, 200)
        assert told("shop", 2) == 200
