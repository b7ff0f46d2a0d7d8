# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snaps on a node as snapd leaves them, its hold of refreshes, and assertions."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import UnixStreamServer

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.microk8s import (
    hold,
    paths,
    snaps,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host


def mounted(host: Host, name: str, revision: str) -> None:
    """A snap as snapd leaves it: its file, the folder of its revision and the link to that one."""
    folder = f"{paths.MOUNTS}/{name}"
    host.write(
        f"{folder}/{revision}/meta/snap.yaml", f"name: {name}\nversion: 'v1.34.2'\n".encode()
    )
    host.write(paths.blob(revision, name), b"")
    host.link(f"{folder}/current", revision)


def test_snaps_on_a_node(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    assert (snaps.there(host), snaps.revision(host, "microk8s")) == ([], "")
    assert not snaps.disabled(host)
    mounted(host, "core22", "1122")
    mounted(host, "microk8s", "x3")
    assert (snaps.there(host), snaps.revision(host, "microk8s")) == (["core22", "microk8s"], "x3")
    assert snaps.version(host) == "v1.34.2"


@pytest.mark.parametrize(
    ("until", "enough"),
    [
        ("forever", True),
        ("1970-03-15T00:00:00Z", True),
        ("1970-03-15T02:00:00.123456789+02:00", True),
        ("1970-01-20T00:00:00Z", False),
        ("2318-02-28T10:15:39.917395211+01:00", True),
        ("soon", False),
        ("", False),
    ],
)
def test_how_long_refreshes_are_put_off(until: str, enough: bool) -> None:
    assert hold.far_enough(until, 0.0) is enough


class Snapd:
    """Answers as snapd does on its socket; `asked` counts."""

    def __init__(self, host: Host, snap: dict[str, str], options: dict[str, str]) -> None:
        self.asked = 0
        answers = {
            f"/v2/snaps/{paths.NAME}": snap,
            "/v2/snaps/system/conf?keys=refresh.hold": options,
        }
        mine = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                mine.asked += 1
                found = answers[self.path]
                body = json.dumps({"type": "sync", "result": found or {"kind": "option-not-found"}})
                self.send_response(200 if found else 400)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def address_string(self) -> str:
                return "socket"

            def log_message(self, *args: object) -> None:
                """Nothing."""

        host.make_folder("/run")
        server = UnixStreamServer(host.path(hold.SOCKET), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.end = server.shutdown


@pytest.mark.parametrize(
    ("snap", "options", "expected"),
    [
        ({"name": "microk8s", "hold": "2318-02-28T10:15:39.9+01:00"}, {}, True),
        ({"name": "microk8s"}, {"refresh.hold": "forever"}, True),
        ({"name": "microk8s", "hold": "1999-01-01T00:00:00Z"}, {}, False),
        ({"name": "microk8s"}, {}, False),
    ],
)
def test_snapd_is_asked_once_for_each_of_its_states(
    tmp_path: Path, snap: dict[str, str], options: dict[str, str], expected: bool
) -> None:
    host = Host(str(tmp_path))
    snapd = Snapd(host, snap, options)
    try:
        host.write(hold.STATE, b"{}")
        assert [hold.held(host) for dummy in range(3)] == [expected] * 3
        assert snapd.asked == 2
        host.write(hold.STATE, b"{ }")
        assert hold.held(host) is expected
        assert snapd.asked == 4
    finally:
        snapd.end()


def test_a_snapd_that_does_not_answer_is_told(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match=r"snapd\.socket is not reachable"):
        hold.held(Host(str(tmp_path)))


def test_an_assertion_names_its_snap(tmp_path: Path) -> None:
    blob = tmp_path / "x.snap"
    blob.write_bytes(b"a snap")
    digest = base64.urlsafe_b64encode(hashlib.sha3_384(b"a snap").digest()).decode().rstrip("=")
    assert snaps.sha3_of(str(blob)) == digest
    text = (
        "type: snap-declaration\nsnap-id: abc\nsnap-sha3-384: not-this\n\nAcLB\n\n"
        f"type: snap-revision\nauthority-id: canonical\nsnap-sha3-384: {digest}\nsnap-size: 6\n\nAcLBUg\n"
    )
    assert snaps.asserted(text) == {digest}
    assert snaps.asserted("a web page") == set()
