# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role hub on a machine: installed, asked, changed, moved to PostgreSQL, removed."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from bed import paths
from bed.fleet import Fleet
from bed.node import Node
from bed.plays import Run, playbook

from ansible_collections.lightk8s.edge.plugins.module_utils._host.http import (
    Connection,
    HttpError,
    Response,
    Tls,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document import Document
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.publish import publish
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.signing import Signer
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.targets import Web

from ..unit.hub.conftest import cloudevent
from ..unit.kube.authority import Authority
from .contract.test_datastore import done
from .lib.site import wait_for

pytestmark = pytest.mark.slow
HUB = paths.REPO / "extras" / "hub"
UNIT = "lightk8s-hub.service"
PASSWORD = "a-password-of-the-database"
WORDS = {"site": "word-of-the-shop", "publisher": "word-of-the-publisher"}


@pytest.fixture(scope="module")
def wheels() -> Path:
    """What the hub needs, for the Python of the node."""
    needs = HUB / "requirements.txt"
    name = hashlib.sha256(needs.read_bytes()).hexdigest()[:16]
    folder = Path(paths.cache_root()) / "wheels" / name
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:"]
    command += ["--python-version", "3.11", "--dest", str(folder), "--requirement", str(needs)]
    if not (folder / "complete").exists():
        subprocess.run(command, check=True)
        (folder / "complete").touch()
    return folder


@pytest.fixture(scope="module")
def fleet(make_fleet: Callable[..., Fleet]) -> Fleet:
    return make_fleet("hub=server:packages=postgresql python3-venv")


class Hub:
    """The machine, with the inputs that the role is given."""

    def __init__(self, fleet: Fleet, wheels: Path) -> None:
        self.fleet = fleet
        self.node: Node = fleet["hub-server1"]
        self.authority = Authority()
        pair = self.authority.issue("hub", names=(self.node.ip,))
        self.inputs: dict[str, Any] = {
            "hub_certificate": pair.cert.decode(),
            "hub_key": pair.key.decode(),
            "hub_client_ca": self.authority.pair.cert.decode(),
            "hub_packages": [],
            "hub_wheels": str(wheels),
            "hub_tokens": [
                {"role": "site", "site": "shop", "token": WORDS["site"]},
                {"role": "publisher", "token": WORDS["publisher"]},
            ],
        }

    def play(self, *words: str, check: bool = True, **inputs: Any) -> Run:
        given = {**self.inputs, **inputs}
        roles = [{"role": "lightk8s.edge.hub", "vars": given}]
        plays = [{"hosts": "all", "gather_facts": False, "roles": roles}]
        return playbook(self.fleet, plays, *words, check=check)

    @property
    def url(self) -> str:
        return f"https://{self.node.ip}:8443"

    def tls(self, name: str = "") -> Tls:
        own = self.authority.issue(name) if name else None
        if own is None:
            return Tls(self.authority.pair.cert)
        return Tls(self.authority.pair.cert, own.cert, own.key)

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> Response:
        headers = {"Authorization": f"Bearer {more['token']}"} if "token" in more else {}
        with Connection(self.url, tls=self.tls(more.get("certificate", ""))) as connection:
            content = None if body is None else json.dumps(body).encode()
            return connection.request(method, path, headers=headers, body=content)

    def main(self) -> str:
        return self.node.run(["systemctl", "show", "--value", "-p", "InvocationID", UNIT]).stdout


@pytest.fixture(scope="module")
def hub(fleet: Fleet, wheels: Path) -> Hub:
    return Hub(fleet, wheels)


def test_the_hub_is_installed_once_and_takes_what_sites_tell(hub: Hub, tmp_path: Path) -> None:
    told = hub.play("--check")
    assert told.changed()
    assert not hub.node.exists("/opt/lightk8s-hub")
    hub.play("--diff")
    started = hub.main()
    again = hub.play("--diff")
    assert again.changed() == []
    assert hub.main() == started

    batch = [cloudevent(1), cloudevent(2)]
    assert hub.ask("POST", "/v1/events", batch, token=WORDS["site"]).status == 200
    assert hub.ask("POST", "/v1/events", [cloudevent(3)], certificate="shop").status == 200
    assert hub.ask("POST", "/v1/events", [cloudevent(4)], certificate="mill").status == 403
    signer = Signer.create(str(tmp_path / "key.pem"))
    place = Web(hub.url, token=WORDS["publisher"], tls=hub.tls())
    for changed in (True, False):
        outcome = publish("shop", {"n": 1}, place, [signer], days=9, now=100, check=False)
        assert outcome.changed is changed
    assert outcome.document == Document("shop", 100, 100, 100 + 9 * 86400, {"n": 1})
    place.close()
    shown = hub.ask("GET", "/metrics", token=WORDS["publisher"]).body.decode()
    assert 'lightk8s_site_acknowledged{node="",site="shop"} 3.0' in shown
    assert 'lightk8s_site_generation{site="shop"} 100.0' in shown


def test_nothing_of_a_secret_is_left_for_others_to_read(hub: Hub) -> None:
    found = hub.node.run(["stat", "-c", "%a %U %n", *_files(hub)]).stdout.splitlines()
    assert [row for row in found if not row.startswith("600 lightk8s-hub ")] == []
    kept = hub.node.run(
        "find /etc/lightk8s-hub /var/lib/lightk8s-hub -type f -exec cat {} +"
    ).stdout
    logs = "".join(path.read_text() for path in (hub.fleet.root / "runs").glob("*.log"))
    for word in WORDS.values():
        assert word not in kept
        assert word not in logs
    exposure = hub.node.run(f"systemd-analyze security --no-pager {UNIT} | tail -1").stdout
    assert float(exposure.split(":")[1].split()[0]) < 2.5, exposure


def _files(hub: Hub) -> list[str]:
    return hub.node.run("ls -d /etc/lightk8s-hub/*").stdout.split()


def test_a_program_that_does_not_answer_is_taken_back(hub: Hub, tmp_path: Path) -> None:
    """Another Python is another program: one without modules can never start."""
    before = hub.node.run(["readlink", "/opt/lightk8s-hub/current"]).stdout
    hub.node.run("printf '#!/bin/sh\\nexec python3 \"$@\"\\n' > /opt/other && chmod +x /opt/other")
    broken = tmp_path / "wheels"
    broken.mkdir()
    failed = hub.play(check=False, hub_python="/opt/other", hub_wheels=str(broken))
    assert failed.code != 0
    assert hub.node.run(["readlink", "/opt/lightk8s-hub/current"]).stdout == before
    assert hub.ask("GET", "/healthz").status == 200
    hub.play(hub_python="/opt/other")
    after = hub.node.run(["readlink", "/opt/lightk8s-hub/current"]).stdout
    assert after != before
    assert not hub.node.exists(before.strip())
    assert hub.ask("GET", "/metrics", token=WORDS["publisher"]).status == 200
    hub.play()


def test_postgresql_keeps_what_sites_tell_and_is_met_again(hub: Hub) -> None:
    words = f"CREATE ROLE hub LOGIN PASSWORD '{PASSWORD}'; CREATE DATABASE hub OWNER hub"
    for word in words.split("; "):
        wait_for("the database", partial(done, hub.node, word))
    database = f"postgresql+psycopg://hub:{PASSWORD}@127.0.0.1/hub"
    run = hub.play(hub_database=database)
    assert PASSWORD not in run.output
    assert hub.play(hub_database=database).changed() == []
    for numbers in ((1, 2), (1, 2), (2, 3)):
        batch = [cloudevent(number) for number in numbers]
        assert hub.ask("POST", "/v1/events", batch, token=WORDS["site"]).status == 200
    count = "SELECT count(*) FROM events"
    query = ["runuser", "-u", "postgres", "--", "psql", "-tAd", "hub", "-c", count]
    assert hub.node.run(query).stdout.strip() == "3"
    hub.node.run("systemctl stop 'postgresql@*'")

    def away() -> bool:
        return hub.ask("GET", "/healthz").status == 503

    wait_for("the hub without its database", away)
    refused = hub.ask("POST", "/v1/events", [cloudevent(4)], token=WORDS["site"])
    assert (refused.status, refused.headers["retry-after"]) == (503, "30")
    hub.node.run("systemctl restart postgresql")

    def back() -> bool:
        found = hub.ask("POST", "/v1/events", [cloudevent(4)], token=WORDS["site"])
        return found.status == 200 and json.loads(found.body)["acknowledged"] == 4

    wait_for("the hub with its database", back)


def test_the_hub_is_removed(hub: Hub) -> None:
    assert hub.play("--check", hub_state="purged").changed()
    assert hub.ask("GET", "/healthz").status == 200
    hub.play(hub_state="absent")
    with pytest.raises(HttpError):
        hub.ask("GET", "/healthz")
    assert hub.node.exists("/var/lib/lightk8s-hub/hub.db")
    hub.play(hub_state="purged")
    for path in ("/opt/lightk8s-hub", "/etc/lightk8s-hub", "/var/lib/lightk8s-hub"):
        assert not hub.node.exists(path)
    assert hub.play(hub_state="purged").changed() == []
