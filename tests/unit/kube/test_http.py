# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections over real sockets: reuse, limits, and what each failure is called."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._host.http import (
    CertificateExpired,
    Connection,
    HttpError,
    Tls,
    ssl_context,
)

from .authority import DAY, Authority, now, private_key_pem
from .servers import answer, server_context, serving

CA = Authority()
SERVER = CA.issue("server", names=("127.0.0.1", "server.test"))
CLIENT = CA.issue("client")
LONG_AGO, PAST = now() - 9 * DAY, now() - DAY
TLS = Tls(CA.pair.cert)


def fault(url: str, tls: Tls | None = None, timeout: float | None = None) -> HttpError:
    """What a GET of `url` fails with."""
    with Connection(url, tls=tls) as connection, pytest.raises(HttpError) as caught:
        connection.request("GET", "/", timeout=timeout)
    return caught.value


def test_one_connection_serves_many_requests() -> None:
    with serving(*[answer(b"%d" % number) for number in range(9)]) as server:
        with Connection(server.url + "/base/") as connection:
            bodies = [connection.request("GET", "/x").body for dummy in range(9)]
        assert bodies == [b"%d" % number for number in range(9)]
        assert server.connections == 1
        assert server.requests[0].startswith(b"GET /base/x HTTP/1.1\r\n")


@pytest.mark.parametrize("last", [answer(b"1", "200 OK", "Connection: close"), answer(b"1")])
def test_a_connection_that_the_server_left_is_opened_again(last: bytes) -> None:
    with serving(last, b"", answer(b"2")) as server, Connection(server.url) as connection:
        assert connection.request("GET", "/").body == b"1"
        if b"close" not in last:
            with pytest.raises(HttpError):
                connection.request("GET", "/")
            assert connection.request("GET", "/").body == b"2"


def test_status_headers_and_body_are_handed_on() -> None:
    with serving(answer(b"busy", "429 Too Many", "Retry-After: 7", "X-A: b")) as server:
        with Connection(server.url) as connection:
            response = connection.request("POST", "/", body=b"{}", headers={"X-Own": "yes"})
        assert (response.status, response.body) == (429, b"busy")
        assert (response.headers["retry-after"], response.headers["x-a"]) == ("7", "b")
        assert b"X-Own: yes\r\n" in server.requests[0]


def test_interim_answers_are_passed_over() -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"
    with serving(early + answer(b"[]")) as server, Connection(server.url) as connection:
        assert connection.request("GET", "/").body == b"[]"


def test_an_answer_of_unknown_length_lasts_until_the_end() -> None:
    first = b"HTTP/1.0 200 OK\r\nX: close\r\n\r\nabc"
    with serving(first, answer(b"2")) as server, Connection(server.url) as connection:
        bodies = [connection.request("GET", "/").body for dummy in range(2)]
    assert (bodies, server.connections) == ([b"abc", b"2"], 2)


def test_nothing_can_be_slipped_into_a_request() -> None:
    with serving(answer()) as server:
        connection = Connection(server.url)
        with pytest.raises(EdgeError) as caught:
            connection.request("GET", "/a HTTP/1.1\r\nX: y\r\n\r\nGET /")
    assert (caught.value.kind, server.requests) == ("spec", [])


def test_a_chunked_answer_is_put_together() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    sent = head + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    with serving(sent) as server, Connection(server.url) as connection:
        assert connection.request("GET", "/").body == b"abcde"


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"", "reset"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\nabc", "reset"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: close\r\n\r\n9\r\nab", "reset"),
        (b"SSH-2.0-OpenSSH_9.2\r\nclose\r\n", "protocol"),
        (b"\x15\x03\x01\x00\x02\x02\x16close", "protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "timeout"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\nConnection: close\r\n\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nno field\r\nConnection: close\r\n\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nclose", "protocol"),
        (b"HTTP/1.1 200 OK\r\n" + 300 * b"A: close\r\n" + b"\r\n", "protocol"),
    ],
)
def test_answers_that_are_none(sent: bytes, reason: str) -> None:
    with serving(sent) as server:
        error = fault(server.url, timeout=0.5)
        assert (error.reason, error.kind, error.sent) == (reason, "api", True)
        assert server.url in error.message


def test_a_trickle_does_not_outlast_the_time_given() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with serving(head + b"1\r\na\r\n" * 9) as server:
        assert fault(server.url, timeout=0.3).reason == "timeout"


def test_an_answer_without_end_is_cut() -> None:
    with (
        serving(answer(b"x" * 200_000)) as server,
        Connection(server.url, max_bytes=100_000) as connection,
        pytest.raises(HttpError) as caught,
    ):
        connection.request("GET", "/")
    assert caught.value.reason == "too_large"


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = fault(f"https://127.0.0.1:{port}")
    assert (error.reason, error.sent) == ("refused", False)
    assert fault("https://no-such-host.invalid").reason == "unreachable"


def test_a_full_backlog_is_a_timeout() -> None:
    """A listener that accepts nobody: its second connection is never completed."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        with socket.create_connection(listener.getsockname()):
            url = f"https://127.0.0.1:{listener.getsockname()[1]}"
            hasty = Connection(url, connect_timeout=0.3)
            with pytest.raises(HttpError) as caught:
                hasty.request("GET", "/")
    assert (caught.value.reason, caught.value.sent) == ("timeout", False)


@pytest.mark.parametrize("url", ["ftp://a", "https://", "a:6443", "https://a:port", "", "//a"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(EdgeError) as caught:
        Connection(url)
    assert caught.value.kind == "spec"


def test_tls_with_a_client_certificate(tmp_path: Path) -> None:
    context = server_context(tmp_path, SERVER, CA.pair.cert)
    tls = Tls(CA.pair.cert, CLIENT.cert, CLIENT.key)
    with serving(answer(b"1"), answer(b"2"), context=context) as server:
        with Connection(server.url, tls=tls) as connection:
            assert [connection.request("GET", "/").body for dummy in "12"] == [b"1", b"2"]
        assert server.connections == 1


def test_tickets_of_a_server_do_not_end_a_connection(tmp_path: Path) -> None:
    authority = Authority()
    context = server_context(tmp_path, authority.issue("s", names=("127.0.0.1",)))
    with serving(answer(), answer(), context=context) as server:
        with Connection(server.url, tls=Tls(authority.pair.cert)) as connection:
            connection.open()
            time.sleep(
                0.2
            )  # they have come, or they come later: it is one connection in both cases
            assert connection.request("GET", "/a").status == 200
            assert connection.request("GET", "/b").status == 200
        assert server.connections == 1


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_expired_certificates_are_named_by_their_side(tmp_path: Path, version: str) -> None:
    old = server_context(
        tmp_path, CA.issue("server", names=("127.0.0.1",), before=LONG_AGO, after=PAST)
    )
    old.maximum_version = ssl.TLSVersion[version]
    with serving(answer(), context=old) as server:
        error = fault(server.url, TLS)
    assert isinstance(error, CertificateExpired)
    assert (error.side, error.kind, error.sent) == ("server", "certificate", False)

    strict = server_context(tmp_path, SERVER, CA.pair.cert)
    strict.maximum_version = ssl.TLSVersion[version]
    client = CA.issue("client", before=LONG_AGO, after=PAST)
    with serving(answer(), context=strict) as server:
        error = fault(server.url, Tls(CA.pair.cert, client.cert, client.key))
    assert isinstance(error, CertificateExpired)
    assert error.side == "client"


@pytest.mark.parametrize(
    ("tls", "reason"),
    [
        (Tls(Authority().pair.cert), "tls"),  # another CA
        (Tls(CA.pair.cert, server_name="other.test"), "tls"),  # another name
        (Tls(CA.pair.cert), "client_certificate_refused"),  # none shown
        (Tls(CA.pair.cert, *Authority("x").issue("client")), "client_certificate_refused"),
        (Tls(CA.pair.cert, *Authority().issue("client")), "client_certificate_refused"),
    ],
)
def test_distrust_on_either_side(tmp_path: Path, tls: Tls, reason: str) -> None:
    context = server_context(tmp_path, SERVER, CA.pair.cert)
    with serving(answer(), context=context) as server:
        error = fault(server.url, tls)
    assert (error.reason, error.kind) == (reason, "certificate")


def test_a_certificate_of_the_future_points_to_the_clock(tmp_path: Path) -> None:
    pair = CA.issue("server", names=("127.0.0.1",), before=now() + DAY)
    with serving(answer(), context=server_context(tmp_path, pair)) as server:
        error = fault(server.url, TLS)
    assert error.reason == "server_certificate_not_yet_valid"
    assert "clock" in error.hint


def test_the_name_to_check_can_be_given(tmp_path: Path) -> None:
    context = server_context(tmp_path, CA.issue("server", names=("server.test",)))
    tls = Tls(CA.pair.cert, server_name="server.test")
    with serving(answer(), context=context) as server:
        assert Connection(server.url, tls=tls).request("GET", "/").status == 200


def test_tls_to_a_server_without_is_no_trust_problem() -> None:
    with serving(answer(), greedy=True) as server:
        error = fault(server.url.replace("http:", "https:"), TLS)
    assert (error.reason, error.kind) == ("protocol", "api")


@pytest.mark.parametrize(
    "tls",
    [
        Tls(b"nonsense"),
        Tls(CA.pair.cert, b"nonsense", CLIENT.key),
        Tls(CA.pair.cert, CLIENT.cert),
        Tls(CA.pair.cert, CLIENT.cert, SERVER.key),
    ],
)
def test_unusable_pem_is_an_error_of_its_own(tls: Tls) -> None:
    with pytest.raises(HttpError) as caught:
        ssl_context(tls)
    assert caught.value.reason == "tls"


def test_an_encrypted_key_is_refused_and_nobody_is_asked() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    locked = private_key_pem(key, b"password")
    with pytest.raises(HttpError):
        ssl_context(Tls(CA.pair.cert, CLIENT.cert, locked))


def test_keys_are_neither_shown_nor_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = Tls(CA.pair.cert, CLIENT.cert, CLIENT.key)
    assert "PRIVATE" not in repr(tls)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ssl_context(tls)
    monkeypatch.delattr("os.memfd_create")
    ssl_context(tls)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EdgeError) as caught:
        Tls.from_files(str(tmp_path / "ca.crt"))
    assert (caught.value.kind, str(tmp_path) in caught.value.message) == ("io", True)


def test_importing_costs_no_network_library() -> None:
    """A run that needs no API must not pay for ssl."""
    code = (
        "import sys\n"
        "from ansible_collections.lightk8s.edge.plugins.module_utils._kube import "
        "client, drain, etcdmembers, nodes\n"
        "sys.exit(','.join({'ssl', 'socket', 'http.client', 'random'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (done.stderr.strip(), done.returncode) == ("", 0)
