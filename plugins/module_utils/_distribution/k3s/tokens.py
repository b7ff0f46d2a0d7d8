# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens of a K3s cluster: the secure form `K10<CA hash>::<user>:<password>` and the short forms.

Nothing here puts a token into an error message. The forms are those of `k3s token` in the K3s
documentation; the hash rule for chains is the one that joining nodes apply.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable

from ..._core.errors import EdgeError
from ..._core.records import dataclass, field

_PREFIX = "K10"
_HASH = r"[0-9a-f]{64}\Z"
_BOOTSTRAP = r"[a-z0-9]{6}\.[a-z0-9]{16}\Z"
_SECURE_ANYWHERE = r"K10[0-9a-f]{64}::\S+"
_PEM = rb"(?s)-----BEGIN CERTIFICATE-----\s(.*?)-----END CERTIFICATE-----"
_SUBJECT_KEY_ID, _AUTHORITY_KEY_ID = b"\x06\x03\x55\x1d\x0e", b"\x06\x03\x55\x1d\x23"
_NOTE = r".+:[0-9a-f]{64}\Z"
_SHORTEST_PASSWORD = 8


class TokenError(EdgeError):
    """The text is not a token; the message never shows it."""

    def __init__(self, message: str) -> None:
        super().__init__(
            message,
            kind="spec",
            hint="take the token from <data-dir>/server/token of a server, or any long password",
        )


@dataclass(frozen=True)
class Token:
    """A parsed token. `user` is empty for a short one and for a bootstrap token."""

    password: str = field(repr=False)
    user: str = ""
    ca_hash: str = ""
    bootstrap: bool = False  # `<id>.<secret>` of `k3s token create`: for agents, expires

    def text(self) -> str:
        """The token as K3s reads it: secure when the CA's hash is known."""
        if not self.ca_hash:
            return self.password
        user = "" if self.bootstrap else f"{self.user or 'server'}:"
        return f"{_PREFIX}{self.ca_hash}::{user}{self.password}"


def parse(text: str) -> Token:
    """Raises TokenError. Surrounding blanks are dropped, as K3s does with a token file."""
    text = text.strip()
    if not text:
        raise TokenError("the token is empty")
    if not text.isprintable() or " " in text:
        raise TokenError("the token holds blanks or control characters")
    if not text.startswith(_PREFIX):
        return Token(text, bootstrap=bool(re.match(_BOOTSTRAP, text)))
    ca_hash, mark, credentials = text[len(_PREFIX) :].partition("::")
    if mark and ca_hash and not re.match(_HASH, ca_hash):
        raise TokenError("the CA hash of the token is not 64 hexadecimal digits")
    if not mark:
        ca_hash, credentials = "", ca_hash
    if re.match(_BOOTSTRAP, credentials):
        return Token(credentials, ca_hash=ca_hash, bootstrap=True)
    user, colon, password = credentials.partition(":")
    if not colon or not password:
        raise TokenError("a token that starts with K10 must end in <user>:<password>")
    return Token(password, user, ca_hash)


def password_of(text: str) -> str:
    """The secret part of any form of token. Raises TokenError."""
    return parse(text).password


def same_password(one: str, other: str) -> bool:
    """Whether two tokens of any form carry the same secret; takes the same time for all texts."""
    return hmac.compare_digest(password_of(one).encode(), password_of(other).encode())


def alike(one: str, other: str) -> bool:
    """As same_password; False where one of them is no token."""
    try:
        return same_password(one, other)
    except TokenError:
        return False


def note(text: str, salt: str) -> str:
    """A keyed digest of the token's secret, for a file that lies beside the token. Raises TokenError."""
    secret = password_of(text).encode()
    return f"{salt}:{hmac.new(salt.encode(), secret, hashlib.sha256).hexdigest()}"


def is_note(text: str) -> bool:
    """Whether the text has the form of a note."""
    return re.match(_NOTE, text) is not None


def is_noted(noted: str, text: str) -> bool:
    """Whether `noted` is a note of this token; False where either is damaged."""
    salt = noted.rpartition(":")[0]
    try:
        return is_note(noted) and hmac.compare_digest(noted.encode(), note(text, salt).encode())
    except TokenError:
        return False


def secure(password: str, ca_pem: bytes, user: str = "server") -> str:
    """The secure form for joining: `server` for servers and agents, `node` for an agent token."""
    return Token(password_of(password), user, ca_hash(ca_pem)).text()


def problem(text: str, *, first_server: bool) -> str | None:
    """Why a wished token must be refused before anything is written, or None."""
    try:
        token = parse(text)
    except TokenError as error:
        return error.message
    if not first_server:
        return None  # whatever the cluster has
    if token.bootstrap:
        return "a bootstrap token (<id>.<secret>) cannot found a cluster"
    if text.strip().startswith(_PREFIX):
        return "the first server takes only the password part of a token, not the K10 form"
    if len(token.password) < _SHORTEST_PASSWORD:
        return f"the token is shorter than {_SHORTEST_PASSWORD} characters"
    return None


def mask(text: str) -> str:
    """What of a token may be shown: its form."""
    try:
        token = parse(text)
    except TokenError:
        return "***"
    user = f"{token.user}:" if token.user else ""
    return f"{_PREFIX}{token.ca_hash[:8]}...::{user}***" if token.ca_hash else "***"


def hide(message: str, secrets: Iterable[str]) -> str:
    """The message with these tokens, their passwords and anything in the secure form taken out."""
    words = {word for text in secrets if text.strip() for word in _words(text)}
    for word in sorted(words, key=len, reverse=True):
        message = message.replace(word, "***")
    return re.sub(_SECURE_ANYWHERE, "K10***", message)


def _words(text: str) -> tuple[str, ...]:
    try:
        return (text.strip(), parse(text).password)
    except TokenError:
        return (text.strip(),)


def ca_hash(pem: bytes) -> str:
    """The hash that a secure token carries for this server-ca.crt. Raises TokenError.

    One certificate: SHA-256 of the file's bytes as they are. A bundle: SHA-256 of the DER of the
    root above the first certificate, so that the CA below it may be renewed.
    """
    try:
        chain = [binascii.a2b_base64(body) for body in re.findall(_PEM, pem)]
        root = _root(chain) if len(chain) > 1 else None
    except (ValueError, IndexError) as error:
        raise TokenError("the CA bundle holds a damaged certificate") from error
    if not chain:
        raise TokenError("the CA bundle holds no certificate")
    return hashlib.sha256(pem if root is None else root).hexdigest()


@dataclass(frozen=True)
class _Names:
    """Issuer and subject as DER, and whether the certificate stands at the top of a chain."""

    issuer: bytes
    subject: bytes
    is_root: bool


def _root(chain: list[bytes]) -> bytes | None:
    """The root reached from the first certificate by names; None when the bundle lacks it."""
    names = [_names(der) for der in chain]
    wanted = names[0].issuer
    left = list(range(1, len(chain)))
    while True:
        index = next((i for i in left if names[i].subject == wanted), None)
        if index is None:
            return None
        if names[index].is_root:
            return chain[index]
        left.remove(index)
        wanted = names[index].issuer


def _names(der: bytes) -> _Names:
    certificate = _content(der, 0)
    fields = _children(_content(certificate, 0))
    first = 1 if fields[0][:1] == b"\xa0" else 0  # the version is optional
    issuer, subject = fields[first + 2], fields[first + 4]
    extensions = next((item for item in fields if item[:1] == b"\xa3"), b"")
    own, above = _key_id(extensions, _SUBJECT_KEY_ID), _key_id(extensions, _AUTHORITY_KEY_ID)
    return _Names(issuer, subject, not above or above == own)


def _key_id(extensions: bytes, oid: bytes) -> bytes:
    """The key identifier in the extension with this OID, empty when it is absent."""
    at = extensions.find(oid)
    if at < 0:
        return b""
    octets = _content(extensions, at + len(oid))
    inner = _children(octets)[0]
    return _content(inner, 0) if inner[0] == 0x04 else _authority_key(_content(inner, 0))


def _authority_key(content: bytes) -> bytes:
    return next((_content(item, 0) for item in _children(content) if item[0] == 0x80), b"")


def _children(content: bytes) -> list[bytes]:
    """The DER elements that stand one after the other in `content`."""
    items: list[bytes] = []
    at = 0
    while at < len(content):
        end = _span(content, at)[1]
        items.append(content[at:end])
        at = end
    return items


def _content(der: bytes, at: int) -> bytes:
    begin, end = _span(der, at)
    return der[begin:end]


def _span(der: bytes, at: int) -> tuple[int, int]:
    """Begin and end of the content of the DER element at `at`."""
    length, begin = der[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        length = int.from_bytes(der[begin : begin + count], "big")
        begin += count
    if begin + length > len(der):
        raise ValueError("cut off")
    return begin, begin + length
