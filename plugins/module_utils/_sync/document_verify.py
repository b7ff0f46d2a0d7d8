# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a document is taken: site, generation, signature, expiry, in this order. Pure."""

from __future__ import annotations

import base64
import binascii
import typing as t

from .._core.errors import EdgeError
from .._core.records import dataclass
from . import ed25519
from .document import (
    Document,
    Envelope,
    Refused,
    key_id,
    read_document,
    read_envelope,
    to_sign,
)
from .document_secrets import inline_secrets

SKEW = 300  # seconds that the clocks of site and controller may differ by


@dataclass(frozen=True)
class Trust:
    """Public keys by id, and the ids of those that are no longer trusted, whatever else says."""

    keys: t.Mapping[str, bytes]
    revoked: frozenset[str] = frozenset()

    @classmethod
    def of(cls, keys: t.Iterable[str], revoked: t.Iterable[str] = ()) -> Trust:
        """From keys in base64, as they are configured. Raises EdgeError(spec)."""
        found = {}
        for text in keys:
            try:
                public = base64.b64decode(text, validate=True)
            except (binascii.Error, ValueError):
                public = b""
            if len(public) != 32:
                raise EdgeError(f"{text} is no Ed25519 public key in base64", kind="spec")
            found[key_id(public)] = public
        return cls(found, frozenset(revoked))


class Held(t.NamedTuple):
    """What the site accepted, and by which keys; a push has none, and is bound by no key's fate."""

    generation: int
    digest: str
    issued: int
    keys: tuple[str, ...] = ()

    def counts(self, revoked: t.Collection[str]) -> bool:
        """Whether somebody still stands for it: what revoked keys alone have signed binds nobody."""
        return not self.keys or not set(self.keys) <= set(revoked)

    def covers(self, other: Held) -> bool:
        """Whether it is as late, and no revocation takes it away and leaves the other."""
        stands = not self.keys or (bool(other.keys) and set(other.keys) <= set(self.keys))
        return stands and self.generation >= other.generation


class Accepted(t.NamedTuple):
    """A document that may be carried out."""

    document: Document
    envelope: Envelope
    keys: tuple[str, ...]  # trusted ones that have signed it
    fresh: bool  # False: the very document that is held
    clock: str  # known, or unknown: then expiry was judged by the latest time that is certain


def verify(raw: bytes, *, site: str, trust: Trust, held: Held | None, now: float) -> Accepted:
    """Judge a published document. Raises Refused.

    A clock earlier than the last accepted document, or than the one before us, is unknown: a node
    without a battery may begin in 1970. What is certain then is that it is not earlier than these.
    """
    envelope = read_envelope(raw)
    document = read_document(envelope.payload)
    _check_site(document, site)
    fresh = _check_generation(document, envelope, held)
    keys = _check_signatures(envelope, trust, site)
    earliest = held.issued if held else 0
    known = now + SKEW >= max(earliest, document.issued)
    certain = max(now, earliest) if known else earliest
    if certain > document.expires:
        raise Refused(
            "expired",
            f"generation {document.generation} is not to be accepted any more",
            site=site,
            hint="publish the site again; what runs stays as it is",
        )
    found = inline_secrets(document.desired)
    if found:
        raise Refused("holds_secret", f"{found[0]} holds a secret instead of its name", site=site)
    return Accepted(document, envelope, keys, fresh, "known" if known else "unknown")


def _check_site(document: Document, site: str) -> None:
    if document.site != site:
        raise Refused("other_site", f"it is for {document.site}, and this is {site}", site=site)


def _check_generation(document: Document, envelope: Envelope, held: Held | None) -> bool:
    if held is None or document.generation > held.generation:
        return True
    if document.generation < held.generation:
        raise Refused(
            "older",
            f"generation {document.generation} is older than {held.generation}, which is held",
            site=document.site,
        )
    if envelope.digest != held.digest:
        raise Refused(
            "conflicting",
            f"generation {document.generation} is held with other content",
            site=document.site,
            hint="publish under the next generation",
        )
    return False


def _check_signatures(envelope: Envelope, trust: Trust, site: str) -> tuple[str, ...]:
    """The ids of all trusted keys that have signed: what they bring falls when the last of them is revoked."""
    reason, text = "untrusted_key", "no key that this site trusts has signed it"
    message, found = to_sign(envelope.payload), []
    for name, signature in envelope.signatures:
        if name in trust.revoked:
            if reason == "untrusted_key":
                reason, text = "revoked_key", f"the key {name} was revoked"
        elif name in trust.keys:
            if ed25519.verify(trust.keys[name], message, signature):
                found.append(name)
            else:
                reason, text = "bad_signature", f"the signature of {name} does not fit the content"
    if not found:
        raise Refused(reason, text, site=site)
    return tuple(sorted(set(found)))
