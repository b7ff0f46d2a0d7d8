# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The validity of X.509 certificates, read from PEM without a library.

Walks RFC 5280's Certificate as DER just far enough: version, serial, algorithm, issuer, validity.
"""

from __future__ import annotations

import binascii
import re

from .._core.errors import EdgeError

_PEM = rb"(?s)-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----\s(.*?)-----END"
_SEQUENCE, _INTEGER, _VERSION = 0x30, 0x02, 0xA0
_UTC_TIME, _GENERALIZED_TIME = 0x17, 0x18


def validities(pem: bytes) -> list[tuple[int, int]]:
    """(not before, not after) of each certificate in `pem`, in seconds since 1970.

    Raises EdgeError of kind certificate where there is none or one is damaged.
    """
    try:
        found = [_validity(binascii.a2b_base64(body)) for body in re.findall(_PEM, pem)]
    except (ValueError, IndexError) as exc:
        raise EdgeError(f"a certificate is damaged: {exc}", kind="certificate") from exc
    if not found:
        raise EdgeError("there is no PEM certificate", kind="certificate")
    return found


def not_after(pem: bytes) -> int:
    """The end of the first certificate of `pem`: the holder's own, before its CAs'."""
    return validities(pem)[0][1]


def expired(pem: bytes, now: float) -> bool:
    """Whether the first certificate of `pem` has ended at `now`; False where none can be read."""
    try:
        return not_after(pem) < now
    except EdgeError:
        return False


def _element(der: bytes, start: int) -> tuple[int, int, int]:
    """(tag, start of the content, end of the content) of the element at `start`."""
    tag, length, start = der[start], der[start + 1], start + 2
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4:
            raise ValueError("a length is not DER")
        length = int.from_bytes(der[start : start + count], "big")
        start += count
    if start + length > len(der):
        raise ValueError("it is cut off")
    return tag, start, start + length


def _expect(der: bytes, start: int, *tags: int) -> tuple[int, int]:
    tag, begin, end = _element(der, start)
    if tag not in tags:
        raise ValueError(f"found tag {tag:#x} in place of {tags[0]:#x}")
    return begin, end


def _validity(der: bytes) -> tuple[int, int]:
    position = _expect(der, 0, _SEQUENCE)[0]
    position = _expect(der, position, _SEQUENCE)[0]
    if der[position] == _VERSION:  # left out by version 1 certificates
        position = _element(der, position)[2]
    for tag in (_INTEGER, _SEQUENCE, _SEQUENCE):
        position = _expect(der, position, tag)[1]
    position = _expect(der, position, _SEQUENCE)[0]
    begin, end = _expect(der, position, _UTC_TIME, _GENERALIZED_TIME)
    first = _seconds(der[begin:end])
    begin, end = _expect(der, end, _UTC_TIME, _GENERALIZED_TIME)
    return first, _seconds(der[begin:end])


def _seconds(text: bytes) -> int:
    """RFC 5280 4.1.2.5: always UTC with seconds; two-digit years up to 49 are 20xx."""
    from datetime import datetime, timezone

    digits = text.decode("ascii", "replace")
    if len(digits) == 13:
        digits = ("20" if digits < "50" else "19") + digits
    if len(digits) != 15 or digits[14:] != "Z":
        raise ValueError(f"{digits} is not a time")
    parts = (digits[:4], *(digits[at : at + 2] for at in range(4, 14, 2)))
    year, month, day, hour, minute, second = map(int, parts)
    moment = datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
    return int(moment.timestamp())
