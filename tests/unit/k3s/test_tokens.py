# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import datetime as dt
import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.k3s import tokens

HASH = "0123456789abcdef" * 4
BOOTSTRAP = "abc123.0123456789abcdef"
PASSWORDS = st.text("abcdefXYZ0123456789.-_:/+=", min_size=1, max_size=40).filter(
    lambda text: not text.startswith("K10")
)


class Issuer:
    """A certificate that can sign others."""

    def __init__(self, name: str, above: Issuer | None = None) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        signer = above or self
        start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        public, authority = self.key.public_key(), signer.key.public_key()
        self.cert = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(signer.name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + dt.timedelta(days=3650))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority), critical=False
            )
            .sign(signer.key, hashes.SHA256())
        )

    @property
    def pem(self) -> bytes:
        return self.cert.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.cert.public_bytes(serialization.Encoding.DER)


def test_one_certificate_is_hashed_as_the_file_is() -> None:
    pem = Issuer("k3s-server-ca@1").pem
    assert tokens.ca_hash(pem) == hashlib.sha256(pem).hexdigest()
    assert tokens.ca_hash(pem + b"\n") == hashlib.sha256(pem + b"\n").hexdigest()


def test_a_chain_is_hashed_by_its_root() -> None:
    root = Issuer("root")
    middle = Issuer("middle", root)
    server = Issuer("k3s-server-ca", middle)
    stranger = Issuer("stranger")
    wanted = hashlib.sha256(root.der).hexdigest()
    assert tokens.ca_hash(server.pem + middle.pem + root.pem) == wanted
    assert tokens.ca_hash(server.pem + stranger.pem + root.pem + middle.pem) == wanted


def test_a_chain_without_its_root_is_hashed_as_the_file_is() -> None:
    root = Issuer("root")
    middle = Issuer("middle", root)
    pem = Issuer("k3s-server-ca", middle).pem + middle.pem
    assert tokens.ca_hash(pem) == hashlib.sha256(pem).hexdigest()


@pytest.mark.parametrize("pem", [b"", b"no certificate here"])
def test_no_certificate(pem: bytes) -> None:
    with pytest.raises(tokens.TokenError, match="no certificate"):
        tokens.ca_hash(pem)


def test_a_damaged_chain() -> None:
    good = Issuer("a").pem
    bad = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    with pytest.raises(tokens.TokenError, match="damaged"):
        tokens.ca_hash(good + bad)


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
    assert tokens.parse(text).text() == text


@given(PASSWORDS, PASSWORDS)
def test_same_password_only_for_the_same(one: str, other: str) -> None:
    assert tokens.same_password(one, other) == (one == other)


def test_the_secure_form() -> None:
    pem = Issuer("ca").pem
    digest = hashlib.sha256(pem).hexdigest()
    assert tokens.secure("pw", pem) == f"K10{digest}::server:pw"
    assert tokens.secure(f"K10{HASH}::server:pw", pem, "node") == f"K10{digest}::node:pw"


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
    assert password not in tokens.mask(text)
    assert password not in repr(tokens.parse(text))
    message = f"joining with {text} (password {password}) failed"
    assert password not in tokens.hide(message, [text])


def test_hiding_unknown_secure_tokens() -> None:
    assert tokens.hide(f"found K10{HASH}::server:abc in it", []) == "found K10*** in it"
    assert tokens.mask(f"K10{HASH}::server:abc") == "K1001234567...::server:***"
    assert tokens.mask("") == "***"
