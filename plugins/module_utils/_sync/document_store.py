# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documents a node keeps: the newest that was accepted, and the last one that was healthy.

Files: `newest` and `good`, each the sha256 of what was published, a line break, and what was
published; `held.json` with the highest generation ever accepted; `failed.json` with why the newest was
taken back. Each is replaced atomically, and a cut between any two leaves what can be gone on from.
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
HELD = "held.json"
FAILED = "failed.json"


class Store:
    """One site's documents below `folder` (0700). Raises EdgeError(io) where the disk refuses."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def held(self) -> Held | None:
        """What was accepted last: the floor for generations, also where its document is damaged."""
        found = [self._noted()]
        for name in (NEWEST, GOOD):
            envelope = self._envelope(name)
            if envelope is not None:
                document = read_document(envelope.payload)
                found.append(Held(document.generation, envelope.digest, document.issued))
        known = [held for held in found if held is not None]
        return max(known, key=lambda held: held.generation) if known else None

    def accept(self, accepted: Accepted) -> None:
        """Keep a verified document as the newest. The floor rises first: a cut never lowers it."""
        document, envelope = accepted.document, accepted.envelope
        held = Held(document.generation, envelope.digest, document.issued)
        if self._noted() != held:
            self._write(HELD, json.dumps(held._asdict(), sort_keys=True).encode())
        if self._published(NEWEST) != envelope.raw():
            self._publish(NEWEST, envelope.raw())

    def mark_good(self) -> None:
        """The newest is healthy: from now on it is what one goes back to."""
        raw = self._published(NEWEST)
        if raw is not None and raw != self._published(GOOD):
            self._publish(GOOD, raw)
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

        None where there is nothing, or nothing undamaged. It was verified when it was accepted, and
        expiry does not count here; `held` and the key's revocation are for what comes.
        """
        newest = self._envelope(NEWEST)
        if newest is None or self.failure():
            return self._envelope(GOOD)
        return newest

    def etag(self) -> str:
        """What to ask the publisher with: the digest of the newest as it was published."""
        envelope = self._envelope(NEWEST)
        return f'"{envelope.digest}"' if envelope else ""

    def _noted(self) -> Held | None:
        note = self._json(HELD)
        try:
            return Held(int(note["generation"]), str(note["digest"]), int(note["issued"]))
        except (KeyError, TypeError, ValueError):
            return None

    def _envelope(self, name: str) -> Envelope | None:
        raw = self._published(name)
        return None if raw is None else read_envelope(raw)

    def _published(self, name: str) -> bytes | None:
        """What was published, None where it is absent or its bytes have changed on the disk."""
        digest, _break, raw = (self._read(name) or b"").partition(b"\n")
        return raw if digest == hashlib.sha256(raw).hexdigest().encode() else None

    def _publish(self, name: str, raw: bytes) -> None:
        self._write(name, hashlib.sha256(raw).hexdigest().encode() + b"\n" + raw)

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
