# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documents a node keeps: the newest that was accepted, and the last one that was healthy.

Files: `newest` and `good`, each the sha256 of what follows, a line with the keys that it was accepted by, and
what was published; `held` and its copy, the sha256 of what follows, and the highest generations ever accepted, one
for each choice of keys; `failed.json` with why the newest was taken back. Each is replaced atomically, and a cut
between any two leaves what can be gone on from.

What revoked keys alone have signed is as if it had never come: whoever has stolen a key may have signed a
generation that nobody could go beyond.
"""

from __future__ import annotations

import hashlib
import json
import os
import typing as t

from .._host import files
from .document import Envelope, read_document, read_envelope
from .document_verify import Accepted, Held

NEWEST = "newest"
GOOD = "good"
HELD = "held"
COPY = "held.copy"  # a push leaves no document that would say its generation again
FAILED = "failed.json"
DISTRUSTED = "what is held was signed by revoked keys alone: publish the site again, or push"


class Store:
    """One site's documents below `folder` (0700). Raises EdgeError(io) where the disk refuses.

    `revoked` are ids of keys for which nothing stands any more.
    """

    def __init__(self, folder: str, revoked: t.Collection[str] = ()) -> None:
        self._folder = folder
        self._revoked = frozenset(revoked)

    def held(self) -> Held | None:
        """What was accepted last: the floor for generations, also where its document is damaged."""
        found = [held for held in self._noted() if held.counts(self._revoked)]
        for name in (NEWEST, GOOD):
            kept = self._kept(name)
            if kept is not None:
                keys, raw = kept
                envelope = read_envelope(raw)
                document = read_document(envelope.payload)
                found.append(Held(document.generation, envelope.digest, document.issued, keys))
        return max(found, key=lambda held: held.generation, default=None)

    def note(self, word: Held) -> None:
        """Raise the floor of those who stand for the word; that of others stays, for keys may be revoked."""
        noted = self._noted()
        later = any(row.covers(word) and row.generation > word.generation for row in noted)
        if word not in noted and not later:
            rows = [row._asdict() for row in noted if not word.covers(row)]
            content = {"words": [*rows, word._asdict()]}
            data = json.dumps(content, sort_keys=True).encode()
            for name in (HELD, COPY):
                self._write(name, _checked(data))

    def distrusted(self) -> str:
        """What a person is told where the newest is held and nobody stands for it; '' where that is not so."""
        return DISTRUSTED if self._kept(NEWEST) is None and self._kept(NEWEST, ()) else ""

    def accept(self, accepted: Accepted) -> None:
        """Keep a verified document as the newest. The floor rises first: a cut never lowers it."""
        document, envelope = accepted.document, accepted.envelope
        keys = accepted.keys
        self.note(Held(document.generation, envelope.digest, document.issued, keys))
        if self._kept(NEWEST) != (keys, envelope.raw()):
            self._keep(NEWEST, keys, envelope.raw())

    def mark_good(self) -> None:
        """The newest is healthy: from now on it is what one goes back to."""
        kept = self._kept(NEWEST)
        if kept is not None and kept != self._kept(GOOD):
            self._keep(GOOD, *kept)
        files.remove(self._path(FAILED))

    def mark_failed(self, why: str) -> None:
        """The newest did not become healthy: it is not carried out again until another comes."""
        envelope = self._envelope(NEWEST)
        if envelope is not None:
            note = {"digest": envelope.digest, "why": why}
            self._write(FAILED, json.dumps(note, sort_keys=True).encode())

    def failure(self) -> str:
        """Why the newest was taken back; '' where it was not."""
        envelope = self._envelope(NEWEST)
        note = self._json(FAILED)
        same = envelope is not None and note.get("digest") == envelope.digest
        return str(note.get("why") or "it was not healthy") if same else ""

    def wanted(self) -> Envelope | None:
        """What the site should be now: the newest, or the last good one where the newest failed.

        None where there is nothing, or nothing undamaged. It was verified when it was accepted: expiry
        does not count here, and a key that is trusted no more only if it was revoked.
        """
        newest = self._envelope(NEWEST)
        if newest is None or self.failure():
            return self._envelope(GOOD)
        return newest

    def etag(self) -> str:
        """What to ask the publisher with: the digest of the newest as it was published."""
        envelope = self._envelope(NEWEST)
        return f'"{envelope.digest}"' if envelope else ""

    def _noted(self) -> list[Held]:
        """All floors, also of revoked keys. After a cut the copy may be behind; a damaged file says nothing."""
        data = self._content(HELD) or self._content(COPY)
        rows = json.loads(data)["words"] if data else []
        return [Held(**{**row, "keys": tuple(row["keys"])}) for row in rows]

    def _envelope(self, name: str) -> Envelope | None:
        kept = self._kept(name)
        return None if kept is None else read_envelope(kept[1])

    def _kept(
        self, name: str, revoked: t.Collection[str] | None = None
    ) -> tuple[tuple[str, ...], bytes] | None:
        """(keys, what was published), None where it is absent, changed on the disk, or nobody's any more."""
        data = self._content(name)
        if not data:
            return None
        names, _break, raw = data.partition(b"\n")
        keys = tuple(names.decode("utf-8").split())
        gone = self._revoked if revoked is None else revoked
        return (keys, raw) if keys and not set(keys) <= set(gone) else None

    def _keep(self, name: str, keys: tuple[str, ...], raw: bytes) -> None:
        self._write(name, _checked(" ".join(keys).encode() + b"\n" + raw))

    def _content(self, name: str) -> bytes:
        """What is kept under its checksum; nothing where it is absent, or changed on the disk."""
        digest, _break, data = (self._read(name) or b"").partition(b"\n")
        return data if digest == hashlib.sha256(data).hexdigest().encode() else b""

    def _json(self, name: str) -> dict[str, t.Any]:
        try:
            found = json.loads(self._read(name) or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, name)

    def _read(self, name: str) -> bytes | None:
        return files.read(self._path(name))

    def _write(self, name: str, data: bytes) -> None:
        files.make_folder(self._folder, 0o700)
        files.write_bytes(self._path(name), data, 0o600)


def _checked(data: bytes) -> bytes:
    return hashlib.sha256(data).hexdigest().encode() + b"\n" + data
