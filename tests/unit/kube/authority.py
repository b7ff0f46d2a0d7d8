# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A certificate authority for tests, with certificates of any period."""

from __future__ import annotations

import datetime as dt
import ipaddress
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = dt.timedelta(days=1)


class Pair(NamedTuple):
    """A certificate and its key as PEM."""

    cert: bytes
    key: bytes


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def private_key_pem(key: ec.EllipticCurvePrivateKey, password: bytes = b"") -> bytes:
    """`key` in the form that Go and OpenSSL both read, encrypted where a password is given."""
    secret: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        secret = serialization.BestAvailableEncryption(password)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, secret
    )


def _name(common_name: str, organization: str) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(parts)


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class Authority:
    """Issues certificates; `before` and `after` are the ends of their validity."""

    def __init__(self, name: str = "test-ca") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name, "")
        self._cert = self._builder(self._name, self._key, now() - 400 * DAY, now() + 400 * DAY)
        self._signed = self._cert.add_extension(x509.BasicConstraints(True, None), True).sign(
            self._key, hashes.SHA256()
        )
        self.pair = Pair(
            self._signed.public_bytes(serialization.Encoding.PEM), private_key_pem(self._key)
        )

    def _builder(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        before: dt.datetime,
        after: dt.datetime,
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(before)
            .not_valid_after(after)
        )

    def issue(
        self,
        common_name: str,
        organization: str = "",
        *,
        names: tuple[str, ...] = (),
        before: dt.datetime | None = None,
        after: dt.datetime | None = None,
    ) -> Pair:
        """A certificate for clients and servers of `names`, by default valid for a year."""
        key = ec.generate_private_key(ec.SECP256R1())
        usage = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
        builder = self._builder(
            _name(common_name, organization),
            key,
            before or now() - DAY,
            after or now() + 365 * DAY,
        ).add_extension(x509.ExtendedKeyUsage(usage), False)
        if names:
            alternatives = [_alternative(name) for name in names]
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), False)
        cert = builder.sign(self._key, hashes.SHA256())
        return Pair(cert.public_bytes(serialization.Encoding.PEM), private_key_pem(key))


def ended_authority(cert: bytes, key: bytes, days: int) -> bytes:
    """An authority's certificate signed anew by its own key, so that it has ended `days` days ago."""
    old = x509.load_pem_x509_certificate(cert)
    signer = serialization.load_pem_private_key(key, None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise TypeError("the key of the authority is no elliptic curve's")
    builder = (
        x509.CertificateBuilder()
        .subject_name(old.subject)
        .issuer_name(old.subject)
        .public_key(signer.public_key())
        .serial_number(old.serial_number)
        .not_valid_before(now() - 4000 * DAY)
        .not_valid_after(now() - days * DAY + DAY / 2)
    )
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
