# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens of a K3s cluster: the secure form `K10<CA hash>::<user>:<password>` and the short forms.

Nothing here puts a token into an error message. The forms are those of `k3s token` in the K3s
documentation.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from ..._core.errors import EdgeError
from ..._core.records import dataclass, field

_PREFIX = "K10"
_HASH = r"[0-9a-f]{64}\Z"
_BOOTSTRAP = r"[a-z0-9]{6}\.[a-z0-9]{16}\Z"
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
