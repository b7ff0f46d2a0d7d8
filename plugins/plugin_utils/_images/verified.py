# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bytes that are checked while they are read."""

from __future__ import annotations

import hashlib
import io
import typing as t

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError


def damaged(what: str, why: str) -> EdgeError:
    """The error for content that is not what its digest promises."""
    return EdgeError(f"{what} {why}", kind="artifact", hint="bring the source of the images again")


class Verified(io.RawIOBase):
    """A stream that raises EdgeError(artifact) at its end unless all of it had the digest and size.

    Who does not read to the end has read unchecked bytes.
    """

    def __init__(self, stream: t.BinaryIO, digest: str, size: int | None, what: str) -> None:
        super().__init__()
        self._stream = stream
        self._digest = digest
        self._size = size
        self._what = what
        self._hash = hashlib.sha256()
        self._count = 0

    @classmethod
    def over(cls, stream: t.BinaryIO, digest: str, size: int | None, what: str) -> t.BinaryIO:
        """The checked stream, buffered."""
        return io.BufferedReader(cls(stream, digest, size, what), 1 << 16)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int:
        data = self._stream.read(len(buffer))
        if not data:
            self._judge()
            return 0
        self._hash.update(data)
        self._count += len(data)
        if self._size is not None and self._count > self._size:
            raise damaged(self._what, f"is larger than the {self._size} bytes promised")
        buffer[: len(data)] = data
        return len(data)

    def _judge(self) -> None:
        if self._size not in (None, self._count):
            raise damaged(self._what, f"has {self._count} bytes instead of {self._size}")
        found = f"sha256:{self._hash.hexdigest()}"
        if found != self._digest:
            raise damaged(self._what, f"has the digest {found} instead of {self._digest}")

    def close(self) -> None:
        self._stream.close()
        super().close()


def checked(data: bytes, digest: str, what: str) -> bytes:
    """`data`, if it has the digest. EdgeError(artifact)."""
    found = f"sha256:{hashlib.sha256(data).hexdigest()}"
    if found != digest:
        raise damaged(what, f"has the digest {found} instead of {digest}")
    return data
