# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Periods of validity, compared with what the cryptography library reads."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.certs import (
    expired,
    not_after,
    validities,
)

from .authority import Authority, now

AUTHORITY = Authority()
# 2050 is where certificates change from UTCTime to GeneralizedTime.
MOMENTS = st.integers(-599_000_000, 253_000_000_000).map(
    lambda seconds: dt.datetime.fromtimestamp(seconds, dt.UTC)
)


@given(MOMENTS, MOMENTS, st.text(st.characters(codec="ascii", categories=["L"]), min_size=1))
def test_any_period_is_read_as_the_library_reads_it(
    one: dt.datetime, two: dt.datetime, name: str
) -> None:
    before, after = sorted((one, two))
    pem = AUTHORITY.issue(name[:64], name[:64], before=before, after=after).cert
    cert = x509.load_pem_x509_certificate(pem)
    assert validities(pem) == [
        (
            int(cert.not_valid_before_utc.timestamp()),
            int(cert.not_valid_after_utc.timestamp()),
        )
    ]


def test_a_bundle_is_read_in_order_and_judged_by_its_first() -> None:
    early, late = now(), now() + dt.timedelta(days=9)
    bundle = b"a comment\n" + AUTHORITY.issue("a", after=late).cert
    bundle += AUTHORITY.issue("b", after=early).cert
    assert [after for dummy, after in validities(bundle)] == [
        int(late.timestamp()),
        int(early.timestamp()),
    ]
    assert not_after(bundle) == late.timestamp()


def test_expired_means_after_the_last_second() -> None:
    end = now()
    pem = AUTHORITY.issue("node", after=end).cert
    assert not expired(pem, end.timestamp())
    assert expired(pem, end.timestamp() + 1)


@pytest.mark.parametrize("pem", [b"", b"no certificate", AUTHORITY.pair.key])
def test_what_holds_no_certificate_is_an_error_and_not_expired(pem: bytes) -> None:
    with pytest.raises(EdgeError) as caught:
        not_after(pem)
    assert caught.value.kind == "certificate"
    assert not expired(pem, 9e9)


@given(st.binary(max_size=200), st.integers(0, 200))
def test_damaged_bytes_never_end_in_another_error(noise: bytes, keep: int) -> None:
    der = (
        x509.load_pem_x509_certificate(AUTHORITY.pair.cert).public_bytes(Encoding.DER)[:keep]
        + noise
    )
    pem = b"-----BEGIN CERTIFICATE-----\n" + base64.b64encode(der) + b"\n-----END"
    with contextlib.suppress(EdgeError):
        for before, after in validities(pem):
            assert isinstance(before, int)
            assert isinstance(after, int)
