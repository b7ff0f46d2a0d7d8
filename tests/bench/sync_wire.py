# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an event costs on the way to the hub: all bytes of the connection, TLS's handshake among them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bed.links import Link

from ansible_collections.lightk8s.edge.plugins.module_utils._host.http import Connection, Tls
from ansible_collections.lightk8s.edge.plugins.module_utils._sync import cloudevents
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.records import Event, Row

from ..unit.hub.conftest import Running, secured, served
from ..unit.kube.authority import Authority

MQTT = Path(__file__).with_name("sync_mqtt.py")
BATCHES, EACH = 10, 100
EPOCH = "4be1d20c9f3a77e8"
RECORDED = Path(__file__).with_name("recorded") / "site-events.json"


def day() -> list[Row]:
    """Rows as a site's queue had them: recorded on a K3s node by `sync_record`."""
    rows = json.loads(RECORDED.read_text(encoding="utf-8"))["rows"]
    events = [Event(*row) for row in rows]
    return [
        Row(number, event.kind, event.key, event.body())
        for number, event in enumerate(events[: BATCHES * EACH], 1)
    ]


def measure(folder: Path) -> dict[str, float]:
    """Bytes per event: ten batches on a connection, one batch, and each event by itself in JSON."""
    rows = day()
    raw = len(cloudevents.batch("shop", EPOCH, rows)) / len(rows)
    batches = [rows[start : start + EACH] for start in range(0, len(rows), EACH)]
    packed = [cloudevents.compressed(cloudevents.batch("shop", EPOCH, part)) for part in batches]
    single = [cloudevents.batch("shop", EPOCH, [row]) for row in rows[:EACH]]
    return {
        "bytes_per_event": _sent(folder / "a", packed, True) / len(rows),
        "bytes_per_event_single_batch": _sent(folder / "b", packed[:1], True) / EACH,
        "bytes_per_event_json_posts": _sent(folder / "c", single, False) / EACH,
        "raw_bytes_per_event": raw,
    }


def _sent(folder: Path, bodies: Sequence[bytes], packed: bool) -> int:
    """Bytes both ways until the hub has taken all of them, on one connection."""
    folder.mkdir()
    authority = Authority()
    settings = secured(folder, authority)
    with served(settings) as hub, Link() as link:
        host, port = link.forward(_address(hub))
        token = hub.token("site", "shop")
        headers = {"Content-Type": cloudevents.CONTENT_TYPE, "Authorization": f"Bearer {token}"}
        if packed:
            headers["Content-Encoding"] = "gzip"
        with Connection(f"https://{host}:{port}", tls=Tls(authority.pair.cert)) as connection:
            for body in bodies:
                found = connection.request("POST", "/v1/events", headers=headers, body=body)
                assert found.status == 200, found.body
        assert json.loads(found.body)["acknowledged"] > 0
        return sum(link.counts())


def mqtt(folder: Path, python: str) -> float:
    """Bytes per event, both ways, until a broker has acknowledged each event by itself (QoS 1), on one connection.

    `python` has the broker and the client.
    """
    folder.mkdir()
    secured(folder, Authority())
    bodies = [cloudevents.batch("shop", EPOCH, [row]) for row in day()[:EACH]]
    rows = [json.dumps(json.loads(body)[0], separators=(",", ":")).encode() for body in bodies]
    with _broker(folder, python) as port, Link() as link:
        host, near = link.forward(("127.0.0.1", port))
        words = ["publish", host, str(near), str(folder / "ca"), "sites/shop/events"]
        subprocess.run(
            [python, str(MQTT), *words], input=b"\n".join(rows), check=True, capture_output=True
        )
        return sum(link.counts()) / EACH


@contextmanager
def _broker(folder: Path, python: str) -> Iterator[int]:
    words = [python, str(MQTT), "broker", str(folder / "cert"), str(folder / "key")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        )
    try:
        assert process.stdout
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.communicate()


def _address(hub: Running) -> tuple[str, int]:
    host, _sign, port = hub.url.partition("://")[2].rpartition(":")
    return host, int(port)
