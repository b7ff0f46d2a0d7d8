# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what at the hub, desired states, and what is shown of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.extras.hub.lightk8s_hub import access, serve, tables
from ansible_collections.lightk8s.edge.plugins.module_utils._host.http import HttpError
from ansible_collections.lightk8s.edge.plugins.module_utils._host.tls import Tls
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document import Document
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.signing import Signer, signed

from ..kube.authority import Authority
from .conftest import Running, cloudevent, secured, served

BATCH = [cloudevent(1)]


@pytest.mark.parametrize(
    "role, site, statuses",
    [
        ("site", "shop", (200, 404, 403, 403, 403)),
        ("site", "mill", (403, 403, 403, 403, 403)),
        ("publisher", "", (403, 404, 400, 200, 200)),
        ("reader", "", (403, 403, 403, 200, 200)),
        ("", "", (401, 401, 401, 401, 401)),
    ],
)
def test_each_role_does_its_own(
    hub: Running, role: str, site: str, statuses: tuple[int, ...]
) -> None:
    token = hub.token(role, site) if role else "guessed"
    found = (
        hub.ask("POST", "/v1/events", BATCH, token=token).status,
        hub.ask("GET", "/v1/desired/shop", token=token).status,
        hub.ask("PUT", "/v1/desired/shop", b"{}", token=token).status,
        hub.ask("GET", "/v1/sites", token=token).status,
        hub.ask("GET", "/metrics", token=token).status,
    )
    assert found == statuses
    assert hub.ask("GET", "/healthz").status == 200


def test_a_token_is_kept_as_a_digest_and_can_be_revoked(hub: Running) -> None:
    token = hub.token("site", "shop")
    assert token not in str(hub.rows(tables.tokens))
    assert access.revoke(hub.engine, "site", "shop") == 1
    assert hub.ask("POST", "/v1/events", BATCH, token=token).status == 401


def test_declared_tokens_go_with_the_file_and_others_stay(hub: Running) -> None:
    issued = hub.token("reader")

    def declare(*rows: dict[str, str]) -> None:
        access.declare(hub.engine, json.dumps(rows))

    site = {"role": "site", "site": "shop", "digest": access.digest("the-word")}
    for rows, status in (((site,), 200), ((site,), 200), ((), 401)):
        declare(*rows)
        assert hub.ask("POST", "/v1/events", BATCH, token="the-word").status == status
    assert hub.ask("GET", "/v1/sites", token=issued).status == 200
    for wrong in ({"role": "king"}, {**site, "site": ""}, {**site, "digest": "the-word"}):
        with pytest.raises(ValueError, match="token"):
            declare(wrong)


def document(generation: int, folder: Path, site: str = "shop") -> bytes:
    place = folder / "key.pem"
    signer = Signer.read(str(place)) if place.exists() else Signer.create(str(place))
    return signed(Document(site, generation, 1, 2, {"n": generation}), [signer]).raw()


def test_desired_states_are_handed_out_as_published_and_only_once(
    hub: Running, tmp_path: Path
) -> None:
    publisher, site = hub.token("publisher"), hub.token("site", "shop")
    for generation in (1, 2, 2):
        raw = document(generation, tmp_path)
        assert hub.ask("PUT", "/v1/desired/shop", raw, token=publisher).status == 200
    found = hub.ask("GET", "/v1/desired/shop", token=site)
    assert (found.status, found.body) == (200, raw)
    for mark in ("", "W/"):
        known = {"If-None-Match": f'"0", {mark}{found.headers["etag"]}'}
        again = hub.ask("GET", "/v1/desired/shop", token=site, headers=known)
        assert (again.status, again.body) == (304, b"")
    older, other = document(1, tmp_path), document(9, tmp_path, "mill")
    assert hub.ask("PUT", "/v1/desired/shop", older, token=publisher).status == 409
    assert hub.ask("PUT", "/v1/desired/shop", other, token=publisher).status == 400
    assert hub.ask("GET", "/v1/desired/shop", token=site).body == raw


def test_what_is_known_of_a_site(hub: Running, tmp_path: Path) -> None:
    site, reader = hub.token("site", "shop"), hub.token("reader")
    agent = {"User-Agent": "lightk8s-edge/1.2.3"}
    told = {"queue": {"bytes": 17}, "linked": True, "why": "text", "Odd name": 3}
    status = cloudevent(4, "state", type="lightk8s.edge.agent", data=told)
    hub.ask("POST", "/v1/events", [cloudevent(1), status], token=site, headers=agent)
    raw = document(3, tmp_path)
    hub.ask("PUT", "/v1/desired/shop", raw, token=hub.token("publisher"))
    [row] = json.loads(hub.ask("GET", "/v1/sites", token=reader).body)
    assert row.pop("last_seen") > 1_700_000_000
    assert row == {
        "site": "shop",
        "node": "",
        "epoch": "ab12",
        "acknowledged": 4,
        "agent": "lightk8s-edge/1.2.3",
        "dropped": {"state": 0, "event": 0, "audit": 0},
        "generation": 3,
        "asked": 0.0,
        "status": {"queue_bytes": 17.0, "linked": 1.0},
    }
    shown = hub.ask("GET", "/metrics", token=reader).body.decode()
    assert 'lightk8s_site_acknowledged{node="",site="shop"} 4.0' in shown
    assert 'lightk8s_site_agent_info{agent="lightk8s-edge/1.2.3",node="",site="shop"} 1.0' in shown
    assert "asked_timestamp_seconds{" not in shown
    hub.ask("GET", "/v1/desired/shop", token=site)
    asked = 'lightk8s_site_asked_timestamp_seconds{site="shop"}'
    assert asked in hub.ask("GET", "/metrics", token=reader).body.decode()
    assert 'lightk8s_site_generation{site="shop"} 3.0' in shown
    assert "lightk8s_site_last_seen_timestamp_seconds" in shown


def test_a_site_that_has_never_told_anything_is_seen_to_be_silent(
    hub: Running, tmp_path: Path
) -> None:
    hub.ask("PUT", "/v1/desired/shop", document(3, tmp_path), token=hub.token("publisher"))
    reader = hub.token("reader")
    [row] = json.loads(hub.ask("GET", "/v1/sites", token=reader).body)
    assert (row["site"], row["last_seen"], row["generation"]) == ("shop", 0.0, 3)
    shown = hub.ask("GET", "/metrics", token=reader).body.decode()
    assert 'last_seen_timestamp_seconds{node="",site="shop"} 0.0' in shown
    assert "agent_info{" not in shown
    hub.ask("POST", "/v1/events", BATCH, token=hub.token("site", "shop"))
    [row] = json.loads(hub.ask("GET", "/v1/sites", token=reader).body)
    assert row["last_seen"] > 0


def test_a_client_certificate_is_a_site(tmp_path: Path) -> None:
    authority, foreign = Authority(), Authority("another-ca")
    settings = secured(tmp_path, authority, client_ca=str(tmp_path / "ca"))
    with served(settings) as hub:

        def post(issuer: Authority, name: str) -> int:
            own = issuer.issue(name)
            tls = Tls(authority.pair.cert, own.cert, own.key)
            return hub.ask("POST", "/v1/events", BATCH, tls=tls).status

        assert post(authority, "shop") == 200
        assert post(authority, "mill") == 403
        with pytest.raises(HttpError):
            post(foreign, "shop")
        plain = Tls(authority.pair.cert)
        assert hub.ask("POST", "/v1/events", BATCH, tls=plain).status == 401
        token = hub.token("site", "shop")
        assert hub.ask("POST", "/v1/events", BATCH, tls=plain, token=token).status == 200


def test_a_name_is_taken_only_where_a_certificate_has_exactly_one() -> None:
    def subject(*names: str) -> dict[str, object]:
        return {"subject": tuple((("commonName", name),) for name in names)}

    assert serve.common_name(subject("shop")) == "shop"
    assert serve.common_name(subject("shop", "mill")) == ""
    assert serve.common_name({}) == ""


def test_without_its_database_the_hub_takes_nothing_and_asks_to_come_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "data" / "hub.db"
    path.parent.mkdir()
    with served(serve.Settings(f"sqlite:///{path}", port=0)) as hub:
        token = hub.token("site", "shop")
        hub.engine.dispose()
        with hub.engine.begin() as connection:
            tables.metadata.drop_all(connection)
        answer = hub.ask("POST", "/v1/events", BATCH, token=token)
        assert answer.status == 503
        assert answer.headers["retry-after"] == "30"


DATABASE = "database = 'sqlite:////tmp/hub.db'"


@pytest.mark.parametrize(
    "text, word",
    [
        ("port = 1", "database is missing"),
        (f"{DATABASE}\ncolour = 1", "unknown: colour"),
        ("data base", "is no TOML"),
        ("database = 5", "database has to be a text"),
        ("database = 'x'", "sqlite:////PATH"),
        ("database = 'mysql://a/b'", "sqlite:////PATH"),
        (f"{DATABASE}\nport = '8443'", "port has to be a whole number"),
        (f"{DATABASE}\nport = 70000", "port has to be 0 to 65535"),
        (f"{DATABASE}\nspread = -1", "spread cannot be negative"),
        (f"{DATABASE}\nspread = true", "spread has to be a number"),
        (f"{DATABASE}\ncertificate = '/x'", "key is missing"),
        (f"{DATABASE}\nclient_ca = '/x'", "key is missing"),
        (f"{DATABASE}\ntokens = '/none'", "/none cannot be read"),
        (f"{DATABASE}\nartifacts = '/none'", "make it"),
    ],
)
def test_settings_are_judged_by_name(tmp_path: Path, text: str, word: str) -> None:
    path = tmp_path / "hub.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=word):
        serve.Settings.read(str(path))


def test_the_command_line_issues_tokens(tmp_path: Path) -> None:
    settings = tmp_path / "hub.toml"
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    settings.write_text(f"database = '{url}'")
    folder = Path(serve.__file__).parent.parent

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "lightk8s_hub", str(settings), *words]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)

    made = call("token", "site", "shop")
    assert made.returncode == 0
    engine = tables.opened(url)
    assert access.caller(engine, f"Bearer {made.stdout.strip()}", "") == ("site", "shop")
    engine.dispose()
    assert call("token", "site").returncode == 2
    assert call("revoke", "site", "shop").stdout == "1\n"
    wrong = {
        "database = 'postgresql+psycopg://hub:secretword@127.0.0.1:1/hub'": "hub:***@127.0.0.1",
        f"database = '{url}'\ncertificate = '{settings}'\nkey = '{settings}'": "no certificate",
        f"database = '{url}'\ntokens = '{settings}'": "hub.toml: ",
    }
    for content, word in wrong.items():
        settings.write_text(content)
        told = call("serve")
        assert (told.returncode, word in told.stderr) == (1, True), told.stderr
        assert "Traceback" not in told.stderr
        assert "secretword" not in told.stderr
