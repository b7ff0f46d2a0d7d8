# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The link proxy, with real sockets on loopback."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
from bed.links import Address, Link
from hypothesis import given, settings
from hypothesis import strategies as st


class Echo:
    """Sends back what it receives, and counts it."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.received = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> Address:
        host, port = self.listener.getsockname()
        return str(host), int(port)

    def _accept(self) -> None:
        while True:
            try:
                connection, _peer = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                while data := connection.recv(65536):
                    self.received += len(data)
                    connection.sendall(data)
            except OSError:
                return

    def close(self) -> None:
        self.listener.close()


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


def connect(address: Address) -> socket.socket:
    return socket.create_connection(address, timeout=20)


def exchange(address: Address, data: bytes) -> bytes:
    """Send all, read until the end of the answer."""
    with connect(address) as sock:

        def send() -> None:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        answer = b""
        while part := sock.recv(65536):
            answer += part
        sender.join()
        return answer


def read_until_reset(sock: socket.socket) -> bytes:
    """All that arrives before the connection is reset; an orderly end is a failure."""
    got = b""
    while True:
        try:
            part = sock.recv(65536)
        except ConnectionResetError:
            return got
        assert part, "the connection ended in order"
        got += part


def refused(address: Address) -> bool:
    """Whether a new connection is reset, be it before or after it has come about."""
    try:
        with connect(address) as sock:
            return read_until_reset(sock) == b""
    except ConnectionResetError:
        return True


@settings(max_examples=20, deadline=None)
@given(data=st.binary(min_size=0, max_size=200_000))
def test_what_goes_in_comes_out_and_is_counted(data: bytes) -> None:
    server = Echo()
    with Link() as link:
        assert exchange(link.forward(server.address), data) == data
        assert link.counts() == (len(data), len(data))
    server.close()


def test_rate_is_shared_by_connections_and_bounds_them(echo: Echo) -> None:
    with Link(rate=200_000) as link:
        address = link.forward(echo.address)
        started = time.monotonic()
        threads = [
            threading.Thread(target=exchange, args=(address, b"x" * 20_000)) for dummy in "ab"
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert time.monotonic() - started >= 40_000 / 200_000
        assert link.counts() == (40_000, 40_000)


def test_delay_is_paid_on_both_ways(echo: Echo) -> None:
    with Link(delay=0.1) as link, connect(link.forward(echo.address)) as sock:
        started = time.monotonic()
        sock.sendall(b"ping")
        assert sock.recv(4) == b"ping"
        assert time.monotonic() - started >= 0.2


@pytest.mark.parametrize("size", [1, 1000, 16384, 50_001])
def test_cut_after_lets_exactly_so_many_bytes_through(echo: Echo, size: int) -> None:
    with Link() as link, connect(link.forward(echo.address)) as sock:
        link.cut_after(size, "down")
        sock.sendall(b"x" * 60_000)
        assert len(read_until_reset(sock)) == size
        assert link.counts()[1] == size
        assert link.is_cut


def test_cut_upwards_bounds_what_the_target_sees(echo: Echo) -> None:
    with Link() as link, connect(link.forward(echo.address)) as sock:
        link.cut_after(10, "up", "stall")
        sock.sendall(b"x" * 5000)
        sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            sock.recv(1)
        assert echo.received == 10
        assert link.counts() == (10, 0)


def test_reset_refuses_until_mended(echo: Echo) -> None:
    with Link() as link:
        address = link.forward(echo.address)
        with connect(address) as sock:
            sock.sendall(b"a")
            assert sock.recv(1) == b"a"
            link.cut()
            assert read_until_reset(sock) == b""
        assert refused(address)
        link.mend()
        assert exchange(address, b"again") == b"again"


def test_stalled_connections_go_on_when_mended(echo: Echo) -> None:
    with Link() as link, connect(link.forward(echo.address)) as sock:
        sock.sendall(b"a")
        assert sock.recv(1) == b"a"
        link.cut("stall")
        sock.sendall(b"b")
        sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            sock.recv(1)
        assert link.counts() == (1, 1)
        sock.settimeout(20)
        link.mend()
        assert sock.recv(1) == b"b"


def test_cut_in_happens_by_itself(echo: Echo) -> None:
    with Link() as link, connect(link.forward(echo.address)) as sock:
        link.cut_in(0.05)
        assert read_until_reset(sock) == b""


def test_dead_target_looks_dead() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        target = ("127.0.0.1", int(listener.getsockname()[1]))
    with Link() as link:
        assert refused(link.forward(target))


def test_two_targets_share_one_link(echo: Echo) -> None:
    other = Echo()
    with Link() as link:
        assert exchange(link.forward(echo.address), b"one") == b"one"
        assert exchange(link.forward(other.address), b"two!") == b"two!"
        assert link.counts() == (7, 7)
    other.close()


def test_shape_changes_a_running_link(echo: Echo) -> None:
    with Link() as link:
        address = link.forward(echo.address)
        link.shape(rate=100_000)
        started = time.monotonic()
        assert exchange(address, b"x" * 20_000) == b"x" * 20_000
        assert time.monotonic() - started >= 0.2


def test_close_ends_connections_and_may_be_repeated(echo: Echo) -> None:
    link = Link()
    with connect(link.forward(echo.address)) as sock:
        sock.sendall(b"a")
        assert sock.recv(1) == b"a"
        link.close()
        assert read_until_reset(sock) == b""
    link.close()
