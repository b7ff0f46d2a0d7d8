# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A TCP relay on loopback that counts bytes and can break the connection after a number of them."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import typing as t


class Relay:
    """`limit`: bytes towards the node after which all connections are cut, once.

    `rate`: bytes a second towards the node. Without it loopback is faster than the node, and a cut
    also destroys what waits in sshd (a window of 2 MiB) and in sockets, as on no real uplink.

    `settle`: seconds between the last byte that gets through and the cut. A link that dies is noticed
    late, so that even a busy node has read by then what has arrived.
    """

    def __init__(
        self, target: int, limit: int | None = None, rate: int | None = None, settle: float = 0
    ) -> None:
        self.target, self.limit, self.rate, self.settle = target, limit, rate, settle
        self.up = self.down = 0
        self.open: list[socket.socket] = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=100)
        self.port: int = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> t.Self:
        return self

    def __exit__(self, *_reason: object) -> None:
        self.listener.close()
        self._cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _address = self.listener.accept()
                far = socket.create_connection(("127.0.0.1", self.target))
                self.open += [near, far]
                for source, sink, name in ((near, far, "up"), (far, near, "down")):
                    threading.Thread(
                        target=self._copy, args=(source, sink, name), daemon=True
                    ).start()

    def _copy(self, source: socket.socket, sink: socket.socket, name: str) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                setattr(self, name, getattr(self, name) + len(data))
                if self.limit is not None and self.up > self.limit:
                    self.limit = None
                    time.sleep(self.settle)
                    self._cut()
                    return
                if self.rate and name == "up":
                    time.sleep(len(data) / self.rate)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def _cut(self) -> None:
        for end in self.open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self.open.clear()
