# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The desired state of a site as signed bytes. Pure.

The content is JSON in one canonical form: keys sorted, no spaces, UTF-8, whole numbers only. The
envelope is that of DSSE (Dead Simple Signing Envelope): what is signed is the content with its type
and lengths, so a signature fits nothing else.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import typing as t

from .._core.errors import EdgeError

PAYLOAD_TYPE = "application/vnd.lightk8s.edge.desired-state+json"
FORMAT = 1
MOST_BYTES = 4 << 20
MOST_SIGNATURES = 8
MOST_NUMBER = 2**53  # beyond it JSON readers disagree

REASONS = (
    "too_large",
    "malformed",  # no envelope, no JSON, or not the fields of a document
    "not_canonical",  # another way to write the same content
    "other_site",
    "older",  # a generation below the one that is held
    "conflicting",  # the generation that is held, with other content
    "untrusted_key",
    "revoked_key",
    "bad_signature",
    "expired",
    "holds_secret",
)


class Refused(EdgeError):
    """A document that is not taken; `reason` is one of REASONS. What runs stays as it is."""

    def __init__(self, reason: str, message: str, *, site: str = "", hint: str = "") -> None:
        super().__init__(f"desired state: {message}", kind="refused", hint=hint, site=site)
        self.reason = reason


class Document(t.NamedTuple):
    """What a site should be. Times are seconds since the epoch."""

    site: str
    generation: int
    issued: int
    expires: int
    desired: dict[str, t.Any]

    def payload(self) -> bytes:
        """The canonical bytes."""
        return canonical({"format": FORMAT, **self._asdict()})


class Envelope(t.NamedTuple):
    """A document with its signatures: (key id, signature)."""

    payload: bytes
    signatures: tuple[tuple[str, bytes], ...]

    @property
    def digest(self) -> str:
        """The content's identity, whoever has signed it."""
        return hashlib.sha256(self.payload).hexdigest()

    def raw(self) -> bytes:
        """The bytes that are published, the same for the same envelope."""
        rows = [{"keyid": key, "sig": _text(signature)} for key, signature in self.signatures]
        return canonical(
            {"payloadType": PAYLOAD_TYPE, "payload": _text(self.payload), "signatures": rows}
        )


def canonical(value: t.Any) -> bytes:
    """The one way to write a value. Raises Refused(malformed) for what has none."""
    _check_numbers(value)
    try:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return text.encode("utf-8")
    except (TypeError, ValueError, RecursionError) as exc:
        raise Refused("malformed", f"the content cannot be written: {exc}") from exc


def _check_numbers(value: t.Any) -> None:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if not all(isinstance(key, str) for key in item):
                raise Refused("malformed", "a key is no text")
            waiting += item.values()
        elif isinstance(item, (list, tuple)):
            waiting += item
        elif isinstance(item, float) or (isinstance(item, int) and abs(item) >= MOST_NUMBER):
            raise Refused("malformed", f"{item} is no number that all readers agree on")


def to_sign(payload: bytes) -> bytes:
    """What a signature is made over: DSSE's pre-authentication encoding."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def key_id(public: bytes) -> str:
    """The name of a public key, given by its bytes."""
    return hashlib.sha256(public).hexdigest()[:32]


def read_envelope(raw: bytes) -> Envelope:
    """The parts of a published document; nothing of it is trusted yet. Raises Refused."""
    if len(raw) > MOST_BYTES:
        raise Refused("too_large", f"{len(raw)} bytes are more than {MOST_BYTES}")
    content = _read_json(raw)
    if not isinstance(content, dict) or content.get("payloadType") != PAYLOAD_TYPE:
        raise Refused("malformed", "this is no envelope of a desired state")
    rows = content.get("signatures")
    if not isinstance(rows, list) or not 0 < len(rows) <= MOST_SIGNATURES:
        raise Refused("malformed", f"it needs one to {MOST_SIGNATURES} signatures")
    if not all(isinstance(row, dict) for row in rows):
        raise Refused("malformed", "a signature is no object")
    signatures = tuple((str(row.get("keyid")), _bytes(row.get("sig"))) for row in rows)
    return Envelope(_bytes(content.get("payload")), signatures)


def read_document(payload: bytes) -> Document:
    """The content of an envelope; nothing of it is trusted yet. Raises Refused."""
    content = _read_json(payload)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise Refused("malformed", f"the content is not of format {FORMAT}")
    if set(content) != {"format", *Document._fields}:
        raise Refused("malformed", "the content has other fields than a document")
    numbers = [content[name] for name in ("generation", "issued", "expires")]
    if not all(map(_is_positive, numbers)):
        raise Refused("malformed", "generation, issued and expires are positive whole numbers")
    if not isinstance(content["site"], str) or not isinstance(content["desired"], dict):
        raise Refused("malformed", "site is a text and desired an object")
    if canonical(content) != payload:
        raise Refused("not_canonical", "the content is not written in the canonical form")
    return Document(**{name: content[name] for name in Document._fields})


def _is_positive(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _unique(pairs: list[tuple[str, t.Any]]) -> dict[str, t.Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found


def _read_json(raw: bytes) -> t.Any:
    try:
        return json.loads(raw.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as exc:
        raise Refused("malformed", f"it is no JSON: {exc}") from exc


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: object) -> bytes:
    try:
        return base64.b64decode(str(text), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise Refused("malformed", "a part of the envelope is no base64") from exc
