# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.k3s import tokens

HASH = "0123456789abcdef" * 4
BOOTSTRAP = "abc123.0123456789abcdef"
PASSWORDS = st.text("abcdefXYZ0123456789.-_:/+=", min_size=1, max_size=40).filter(
    lambda text: not text.startswith("K10")
)


@pytest.mark.parametrize(
    "text, token",
    [
        ("secret", tokens.Token("secret")),
        (" secret\n", tokens.Token("secret")),
        (f"K10{HASH}::server:pw", tokens.Token("pw", "server", HASH)),
        (f"K10{HASH}::node:p:w", tokens.Token("p:w", "node", HASH)),
        (f"K10{HASH}::{BOOTSTRAP}", tokens.Token(BOOTSTRAP, ca_hash=HASH, bootstrap=True)),
        ("K10::server:pw", tokens.Token("pw", "server")),
        ("K10server:pw", tokens.Token("pw", "server")),
        (BOOTSTRAP, tokens.Token(BOOTSTRAP, bootstrap=True)),
    ],
)
def test_parsing(text: str, token: tokens.Token) -> None:
    assert tokens.parse(text) == token


@pytest.mark.parametrize(
    "text, word",
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("two words", "blanks"),
        ("tab\tin", "blanks"),
        ("K10abc::server:hunter22", "64 hexadecimal"),
        (f"K10{HASH}::hunter22", "user"),
        (f"K10{HASH}::server:", "user"),
        (f"K10{HASH}", "user"),
    ],
)
def test_not_a_token(text: str, word: str) -> None:
    with pytest.raises(tokens.TokenError, match=word) as caught:
        tokens.parse(text)
    assert "hunter22" not in str(caught.value)


@given(PASSWORDS)
def test_the_password_survives_the_secure_form(password: str) -> None:
    text = f"K10{HASH}::server:{password}"
    assert tokens.password_of(text) == password
    assert tokens.same_password(text, password)
    assert tokens.parse(text).ca_hash == HASH


@given(PASSWORDS, PASSWORDS)
def test_same_password_only_for_the_same(one: str, other: str) -> None:
    assert tokens.same_password(one, other) == (one == other)


@pytest.mark.parametrize(
    "text, first, refused",
    [
        ("long-enough", True, False),
        ("long-enough", False, False),
        ("short", True, True),
        ("short", False, False),
        (f"K10{HASH}::server:long-enough", True, True),
        (f"K10{HASH}::server:long-enough", False, False),
        (BOOTSTRAP, True, True),
        (BOOTSTRAP, False, False),
        ("", False, True),
    ],
)
def test_wished_tokens(text: str, first: bool, refused: bool) -> None:
    assert (tokens.problem(text, first_server=first) is not None) is refused


@given(PASSWORDS.filter(lambda text: len(text) >= 6), st.booleans())
def test_nothing_shown_holds_the_password(password: str, secure: bool) -> None:
    text = f"K10{HASH}::server:{password}" if secure else password
    assert password not in repr(tokens.parse(text))
