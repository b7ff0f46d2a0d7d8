# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same events by MQTT, for comparison: a broker and a client of others, over TLS.

`python sync_mqtt.py broker CERT KEY` says its port on a line and serves until its standard input ends;
`python sync_mqtt.py publish HOST PORT CA TOPIC` reads one payload a line, publishes each with QoS 1 on one
connection, and ends when the broker has acknowledged all.
"""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from importlib import import_module
from typing import Any

PATIENCE = 120.0
QOS = 1


def serve(cert: str, key: str) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    listener = {
        "type": "tcp",
        "bind": f"127.0.0.1:{port}",
        "ssl": True,
        "certfile": cert,
        "keyfile": key,
    }
    plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    asyncio.run(_serve({"listeners": {"default": listener}, "plugins": plugins}, port))


async def _serve(settings: dict[str, Any], port: int) -> None:
    broker: Any = import_module("amqtt.broker").Broker(settings)
    await broker.start()
    print(port, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await broker.shutdown()


def publish(host: str, port: str, authority: str, topic: str) -> None:
    mqtt: Any = import_module("paho.mqtt.client")
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="shop")
    client.tls_set(ca_certs=authority)
    connected = threading.Event()
    client.on_connect = lambda *_told: connected.set()
    client.connect(host, int(port))
    client.loop_start()
    if not connected.wait(PATIENCE):
        raise SystemExit("the broker does not answer")
    for line in sys.stdin.buffer:
        client.publish(topic, line.rstrip(b"\n"), qos=QOS).wait_for_publish(PATIENCE)
    client.disconnect()
    client.loop_stop()


def main(what: str, *words: str) -> None:
    if what == "broker":
        serve(*words)
    else:
        publish(*words)


if __name__ == "__main__":
    main(*sys.argv[1:])
