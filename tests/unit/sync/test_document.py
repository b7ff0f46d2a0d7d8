# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents that are taken, and why others are not."""

from __future__ import annotations

import base64
import json
import typing as t
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._core.records import replace
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document import (
    MOST_BYTES,
    REASONS,
    Document,
    Envelope,
    Refused,
    canonical,
    read_document,
    read_envelope,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document_verify import (
    Accepted,
    Held,
    Trust,
    verify,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.signing import Signer, signed

NOW = 1_790_000_000
DAY = 86_400
PLAIN = Document("shop", 5, NOW, NOW + 30 * DAY, {"edge_labels": {"zone": "north"}})


@pytest.fixture(scope="module")
def signers(tmp_path_factory: pytest.TempPathFactory) -> list[Signer]:
    folder = tmp_path_factory.mktemp("keys")
    return [Signer.create(str(folder / name)) for name in ("one.pem", "two.pem", "three.pem")]


def trust(signers: list[Signer], revoked: t.Sequence[int] = ()) -> Trust:
    """The first two of three keys."""
    keys = [base64.b64encode(signer.public).decode() for signer in signers[:2]]
    return Trust.of(keys, [signers[number].id for number in revoked])


def held(document: Document) -> Held:
    return Held(document.generation, Envelope(document.payload(), ()).digest, document.issued)


def judged(
    raw: bytes, trusted: Trust, before: Document | None = None, now: float = NOW
) -> Accepted | str:
    """What was accepted, or the reason why not."""
    floor = held(before) if before else None
    try:
        return verify(raw, site="shop", trust=trusted, held=floor, now=now)
    except Refused as exc:
        known = exc.reason in REASONS and exc.kind == "refused"
        return exc.reason if known else f"no known reason: {exc.reason}"


def test_a_signed_document_is_taken_and_the_same_again_changes_nothing(
    signers: list[Signer],
) -> None:
    raw = signed(PLAIN, signers[:1]).raw()
    first = judged(raw, trust(signers))
    assert isinstance(first, Accepted)
    assert (first.document, first.keys, first.fresh, first.clock) == (
        PLAIN,
        (signers[0].id,),
        True,
        "known",
    )
    again = judged(raw, trust(signers), PLAIN)
    assert isinstance(again, Accepted)
    assert not again.fresh


def test_other_sites_and_older_and_conflicting_generations(signers: list[Signer]) -> None:
    trusted = trust(signers)
    other = signed(PLAIN._replace(site="mill"), signers).raw()
    assert judged(other, trusted) == "other_site"
    newer = PLAIN._replace(generation=6)
    assert judged(signed(PLAIN, signers).raw(), trusted, newer) == "older"
    changed = PLAIN._replace(desired={"edge_labels": {}})
    assert judged(signed(changed, signers).raw(), trusted, PLAIN) == "conflicting"


@pytest.mark.parametrize(
    "by, revoked, reason",
    [
        ([0], [], ""),
        ([1], [], ""),
        ([1], [0], ""),
        ([0, 1], [0], ""),
        ([2, 0], [], ""),
        ([2], [], "untrusted_key"),
        ([0], [0], "revoked_key"),
        ([2, 0], [0], "revoked_key"),
    ],
)
def test_one_of_several_trusted_keys_is_enough_and_a_revoked_one_is_none(
    signers: list[Signer], by: list[int], revoked: list[int], reason: str
) -> None:
    raw = signed(PLAIN, [signers[number] for number in by]).raw()
    found = judged(raw, trust(signers, revoked))
    assert (found if isinstance(found, str) else "") == reason


def test_a_signature_of_other_content_does_not_fit(signers: list[Signer]) -> None:
    one = signed(PLAIN, signers[:1])
    other = signed(PLAIN._replace(generation=9), signers[:1])
    moved = Envelope(other.payload, one.signatures)
    assert judged(moved.raw(), trust(signers)) == "bad_signature"


@settings(max_examples=40)
@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_no_changed_bit_is_taken(signers: list[Signer], place: int, bit: int) -> None:
    envelope = signed(PLAIN, signers[:1])
    raw = bytearray(envelope.raw())
    raw[place % len(raw)] ^= 1 << bit
    found = judged(bytes(raw), trust(signers))
    if isinstance(found, Accepted):  # a bit that base64 leaves unused, at the most
        assert found.document == PLAIN
        assert found.envelope == envelope


def test_an_expired_document_is_not_accepted(signers: list[Signer]) -> None:
    raw = signed(PLAIN, signers).raw()
    assert isinstance(judged(raw, trust(signers), now=PLAIN.expires), Accepted)
    assert judged(raw, trust(signers), now=PLAIN.expires + 1) == "expired"


def test_a_clock_before_the_documents_is_unknown_and_judged_by_what_is_certain(
    signers: list[Signer],
) -> None:
    trusted = trust(signers)
    next_one = PLAIN._replace(generation=6, issued=NOW + DAY)
    found = judged(signed(next_one, signers).raw(), trusted, PLAIN, now=17.0)
    assert isinstance(found, Accepted)
    assert found.clock == "unknown"
    # Issued before what was accepted last, and over by then: the clock cannot save it.
    short = PLAIN._replace(generation=6, issued=NOW - 2 * DAY, expires=NOW - DAY)
    assert judged(signed(short, signers).raw(), trusted, PLAIN, now=17.0) == "expired"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a": 1, "a": 2}',
        b'{"payloadType": "other", "payload": "", "signatures": []}',
    ],
)
def test_what_is_no_envelope_is_malformed(signers: list[Signer], raw: bytes) -> None:
    assert judged(raw, trust(signers)) == "malformed"
    assert judged(b" " * (MOST_BYTES + 1), trust(signers)) == "too_large"


@pytest.mark.parametrize(
    "change",
    [
        {"generation": "5"},
        {"generation": True},
        {"generation": 0},
        {"desired": []},
        {"format": 2},
        {"more": 1},
        {"issued": 1.5},
        {"expires": 2**60},
    ],
)
def test_fields_that_are_not_those_of_a_document(change: dict[str, t.Any]) -> None:
    content = {"format": 1, **PLAIN._asdict(), **change}
    with pytest.raises(Refused) as error:
        read_document(json.dumps(content, sort_keys=True, separators=(",", ":")).encode())
    assert error.value.reason == "malformed"


def test_another_way_to_write_the_same_is_refused() -> None:
    content = {"format": 1, **PLAIN._asdict()}
    with pytest.raises(Refused) as error:
        read_document(json.dumps(content).encode())
    assert error.value.reason == "not_canonical"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(desired=st.dictionaries(st.text(max_size=8), JSON, max_size=4))
def test_canonical_bytes_are_read_back_as_they_were(desired: dict[str, t.Any]) -> None:
    try:
        payload = PLAIN._replace(desired=desired).payload()
    except Refused:
        return  # texts that are no Unicode, such as half a surrogate pair
    assert read_document(payload).desired == desired
    assert canonical(json.loads(payload)) == payload


def test_an_envelope_is_read_back_as_it_was(signers: list[Signer]) -> None:
    envelope = signed(PLAIN, signers)
    assert read_envelope(envelope.raw()) == envelope


SECRETS = [
    {"edge_token": "s3cret"},
    {"distribution": {"apiToken": "x"}},
    {"registries": {"a.example": {"auth": {"user": "u", "password": "p"}}}},
    {"workloads": [{"kind": "Secret", "data": {"a": "eA=="}}]},
    {"workloads": [{"secrets": [{"name": "a", "data": {"k": "v"}}]}]},
    {"edge_datastore_endpoint": "postgres://edge:pw@db/edge"},
    {"files": ["-----BEGIN EC PRIVATE KEY-----\nabc"]},
    {"containers": [{"env": [{"name": "DB_PASSWORD", "value": "s3cret"}]}]},
    {"env": {"DB_PASSWORD": "s3cret"}},
    {"config_maps": [{"name": "a", "data": {"secret": "s3cret"}}]},
    {"kind": "Secret", "stringData": {"a": {"secret_ref": "a"}, "b": "s3cret"}},
]
HARMLESS = [
    {"edge_token": {"secret_ref": "join"}},
    {"edge_token": ""},
    {"edge_secrets_encryption": True, "restart_on_secret_change": True},
    {"registries": {"a.example": {"auth": {"password": {"secret_ref": "registry"}}}}},
    {"workloads": [{"kind": "Secret", "metadata": {"name": "a"}}, {"secretName": "tls"}]},
    {"edge_release_mirrors": ["https://mirror.example:8443/k3s@v1"]},
    {"env": {"DB_PASSWORD": {"secret": "db", "key": "password"}}},
    {"volumes": [{"name": "tls", "mount_path": "/tls", "secret": "till-tls"}]},
    {"volumes": [{"name": "tls", "secret": {"secretName": "till-tls"}}]},
    {"sources": [{"serviceAccountToken": {"path": "token"}}]},
    {"kind": "Secret", "stringData": {"a": {"secret_ref": "a"}}},
    {"secrets": [{"name": "a", "data": {"k": {"secret_ref": "a"}}}]},
]


@pytest.mark.parametrize("desired", SECRETS)
def test_inline_secrets_are_refused_on_both_sides(
    signers: list[Signer], desired: dict[str, t.Any]
) -> None:
    document = PLAIN._replace(desired=desired)
    with pytest.raises(Refused) as error:
        signed(document, signers)
    assert error.value.reason == "holds_secret"
    assert not any(word in error.value.message for word in ("s3cret", "eA==", "pw@"))
    payload = document.payload()
    forced = Envelope(payload, ((signers[0].id, signers[0].sign(payload)),))
    assert judged(forced.raw(), trust(signers)) == "holds_secret"


@pytest.mark.parametrize("desired", HARMLESS)
def test_names_of_secrets_are_no_secrets(signers: list[Signer], desired: dict[str, t.Any]) -> None:
    raw = signed(PLAIN._replace(desired=desired), signers).raw()
    assert isinstance(judged(raw, trust(signers)), Accepted)


def test_keys_are_private_files_and_never_written_over(tmp_path: Path) -> None:
    place = tmp_path / "site.pem"
    made = Signer.create(str(place), password="pass")
    assert place.stat().st_mode & 0o777 == 0o600
    assert Signer.read(str(place), password="pass").public == made.public
    with pytest.raises(EdgeError) as error:
        Signer.create(str(place))
    assert error.value.kind == "refused"
    for wrong in (str(tmp_path / "absent"), str(place)):
        with pytest.raises(EdgeError):
            Signer.read(wrong)


def test_a_key_that_is_none_is_refused() -> None:
    for wrong in ("", "x", base64.b64encode(b"short").decode()):
        with pytest.raises(EdgeError, match="public key"):
            Trust.of([wrong])
    assert replace(Trust.of([]), revoked=frozenset("a")).revoked == {"a"}
