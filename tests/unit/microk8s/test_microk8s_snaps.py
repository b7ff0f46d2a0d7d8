# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snaps on a node as snapd leaves them, its hold of refreshes, and assertions."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import typing as t
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import UnixStreamServer

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._core.plan import Phase, Step
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.microk8s import (
    addons,
    hold,
    joining,
    look,
    paths,
    snaps,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.spec import Join, Spec
from ansible_collections.lightk8s.edge.plugins.module_utils._host.commands import Done
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


class Commands(Host):
    """Answers of commands, in order; `said` is what was run."""

    def __init__(self, root: str, *answers: Done) -> None:
        super().__init__(root)
        self.said: list[str] = []
        self._answers = list(answers)

    def run(self, argv: t.Sequence[str], **options: t.Any) -> Done:
        self.said.append(" ".join(argv))
        answer = self._answers.pop(0)
        if answer.rc and options.get("check", True):
            raise EdgeError(f"{argv[0]} failed", kind="command")
        return answer


def done(rc: int = 0, out: str = "", err: str = "") -> Done:
    return Done((), rc, out, err)


BUSY = done(1, err='error: snap "microk8s" has "install-snap" change in progress')
CONTENT = b"a snap"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def install(host: Host) -> None:
    row = {"sha256": DIGEST, "name": "microk8s_8511.snap", "size": 6}
    params = {"artifacts": [row], "flags": ["--classic"]}
    snaps.VERBS["snap_install"](host, Step(Phase.SERVICE, "snap_install", "microk8s", "", params))


@pytest.mark.parametrize("right", [True, False])
def test_what_a_killed_run_has_begun_is_waited_for(tmp_path: Path, right: bool) -> None:
    host = Commands(str(tmp_path), BUSY, done(), done())
    mounted(host, "microk8s", "x1")
    host.write(paths.blob("x1"), CONTENT if right else b"another")
    install(host)
    words = [line.partition(" /")[0].partition(str(tmp_path))[0].strip() for line in host.said]
    again = [] if right else ["snap install --classic"]
    assert words == ["snap install --classic", "snap watch --last=install", *again]


def test_a_snap_that_snapd_does_not_install_is_named(tmp_path: Path) -> None:
    host = Commands(str(tmp_path), done(1, err="error: no room"))
    with pytest.raises(EdgeError, match=r"microk8s_8511\.snap: .*no room"):
        install(host)


def test_a_disabled_snap_is_told_from_none(tmp_path: Path) -> None:
    host = Commands(str(tmp_path), done(0, "Name Version\nmicrok8s v1.34.2 8511 - - disabled"))
    assert not snaps.disabled(host)
    host.write(paths.blob("8511"), b"")
    assert snaps.disabled(host)
    assert host.said == ["snap list microk8s"]


class Late(Host):
    """A machine on which a command does not end."""

    def run(self, argv: t.Sequence[str], **options: t.Any) -> Done:
        raise EdgeError(f"{' '.join(argv[:3])} did not end within 1 s", kind="command")


STATUS = "microk8s is running\naddons:\ncore/dns: enabled\ncore/rbac: enabled\n"


def addons_there(host: Host, running: bool = True) -> list[str]:
    return sorted(addons.there(host, running=running, full=False))


def test_add_ons_that_somebody_has_turned_off_are_found_once(tmp_path: Path) -> None:
    off = done(out=f"{STATUS}core/metallb: disabled\ncommunity/portainer: disabled\n")
    busy = done(out="microk8s is not running. Use microk8s inspect for a deeper inspection.", rc=1)
    host = Commands(str(tmp_path), done(), busy, off)
    assert addons_there(host) == []
    names = ("dns", "metallb", "community/portainer")
    host.write_json(addons.NOTE, {name: [] for name in names})
    assert addons_there(host) == sorted(names)
    host.write(addons.LOCK, b"")
    assert addons_there(host, running=False) == sorted(names)
    enable = Step(Phase.OBJECTS, "addon_enable", "dns", "", {"word": "enable", "args": []})
    addons.VERBS["addon_enable"](host, enable)
    assert addons_there(host) == sorted(names)
    assert host.said == [f"{paths.COMMAND} enable dns"]  # it was our own change

    host.write(addons.LOCK, b"")
    assert addons_there(host) == sorted(names)  # it does not answer, and is asked again
    assert [addons_there(host) for dummy in range(2)] == [["dns"]] * 2
    assert host.said[1:] == [f"{paths.COMMAND} status --format short"] * 2


def test_a_join_that_does_not_end_keeps_its_token_to_itself(tmp_path: Path) -> None:
    spec = Spec("microk8s", role="agent", join=Join("https://192.0.2.1:6443", "secret/check"))
    with pytest.raises(EdgeError, match="did not end joining") as error:
        joining.join(Late(str(tmp_path)), joining.step(spec, {}))
    assert "secret" not in f"{error.value.message} {error.value.hint}"
    assert error.value.kind == "join"
    assert error.value.__cause__ is None


def test_who_has_set_a_snap_up(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    assert look.foreign(host, "8511", {}) == "revision 8511"
    assert look.foreign(host, "8511", {"version": "x"}) is None
    host.write(paths.DELEGATE, b"# Written by lightk8s.edge.\n")
    assert look.foreign(host, "8511", {}) is None


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


@pytest.mark.parametrize("theirs", [False, True])
def test_an_old_snapd_s_hold_is_taken_back_unless_it_is_another_one(
    tmp_path: Path, theirs: bool
) -> None:
    step = Step(Phase.OBJECTS, "snap_hold", "microk8s", "")
    host = Commands(str(tmp_path), done(64, err="error: unknown flag `hold'"), done())
    hold.VERBS["snap_hold"](host, step)
    until = host.said[-1].partition("refresh.hold=")[2]
    assert hold.ours(host)
    found = "2999-01-01T00:00:00Z" if theirs else until
    later = Commands(str(tmp_path), done(out=f"{found}\n"), done())
    hold.VERBS["snap_release"](later, step)
    assert ("snap unset system refresh.hold" in later.said) is not theirs
    assert not hold.ours(later)


def test_a_hold_of_one_snap_goes_with_it(tmp_path: Path) -> None:
    host = Commands(str(tmp_path), done())
    hold.VERBS["snap_hold"](host, Step(Phase.OBJECTS, "snap_hold", "microk8s", ""))
    assert not hold.ours(host)


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
