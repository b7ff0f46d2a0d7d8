# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compressed streams, known by their first bytes: media types and file names are often wrong."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import typing as t
import zlib

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.verified import damaged

_MAGIC = {
    "gzip": b"\x1f\x8b",
    "zstd": b"\x28\xb5\x2f\xfd",
    "xz": b"\xfd7zXZ\x00",
    "bzip2": b"BZh",
}
_OPENERS: dict[str, t.Any] = {"gzip": gzip.open, "xz": lzma.open, "bzip2": bz2.open}
_LONGEST = 6


def kind_of(start: bytes) -> str:
    """The name of the compression that a stream begins with, empty where there is none."""
    return next((name for name, magic in _MAGIC.items() if start.startswith(magic)), "")


class _Decompressed(io.RawIOBase):
    """A decompressor's stream, whose many errors become one."""

    def __init__(self, stream: t.Any, inner: t.BinaryIO, what: str, error: type[Exception]) -> None:
        super().__init__()
        self._stream = stream
        self._inner = inner
        self._what = what
        self._errors = (OSError, EOFError, zlib.error, lzma.LZMAError, error)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: t.Any) -> int:
        try:
            data = self._stream.read(len(buffer))
        except self._errors as error:
            raise damaged(self._what, f"cannot be unpacked: {error}") from error
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._inner.close()
        super().close()


def plain(stream: t.BinaryIO, what: str) -> t.BinaryIO:
    """The uncompressed content of `stream`. Reading raises EdgeError(artifact) where it is damaged.

    EdgeError(preflight) where the controller lacks the library.
    """
    inner = io.BufferedReader(t.cast(io.RawIOBase, stream), 1 << 16)
    kind = kind_of(inner.peek(_LONGEST)[:_LONGEST])
    if not kind:
        return inner
    if kind == "zstd":
        library = _zstd(what)
        opened, error = library.open(inner), library.ZstdError
    else:
        opened, error = _OPENERS[kind](inner), EOFError
    return io.BufferedReader(_Decompressed(opened, inner, what, error), 1 << 16)


def _zstd(what: str) -> t.Any:
    """The standard library's module, or the same for an older Python."""
    try:
        try:
            from compression import zstd
        except ImportError:
            from backports import zstd
    except ImportError as error:
        raise EdgeError(
            f"{what} is compressed with zstd, which this Python cannot read",
            kind="preflight",
            hint="install the Python package backports.zstd on the controller",
        ) from error
    return zstd
