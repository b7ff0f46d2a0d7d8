# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ed25519 signatures, RFC 8032 section 5.1, verified only: nothing here is secret, so nothing need be constant in time.

Stricter than the RFC demands where verifiers disagree: keys of small order are refused, R is compared
as bytes (no cofactor), and encodings that are not canonical are no points.
"""

from __future__ import annotations

import hashlib

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)  # a square root of -1

# Extended homogeneous coordinates: x = X/Z, y = Y/Z, x*y = T/Z.
Point = tuple[int, int, int, int]
NEUTRAL: Point = (0, 1, 1, 0)


def _recover_x(y: int, sign: int) -> int | None:
    """The x that belongs to y, of that parity; None where the curve has none."""
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x


def _decode(data: bytes) -> Point | None:
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    x = _recover_x(y, sign) if y < P else None
    return None if x is None else (x, y, 1, x * y % P)


def _encode(point: Point) -> bytes:
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _add(one: Point, other: Point) -> Point:
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = other
    a = (y1 - x1) * (y2 - x2) % P
    b = (y1 + x1) * (y2 + x2) % P
    c = 2 * t1 * t2 * D % P
    d = 2 * z1 * z2 % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _both(s: int, base: Point, k: int, other: Point) -> Point:
    """S times base plus k times other, in one run over the bits."""
    table = (NEUTRAL, base, other, _add(base, other))
    found = NEUTRAL
    for bit in range(max(s.bit_length(), k.bit_length()) - 1, -1, -1):
        found = _add(found, found)
        chosen = (s >> bit & 1) | (k >> bit & 1) << 1
        if chosen:
            found = _add(found, table[chosen])
    return found


def _is_small(point: Point) -> bool:
    for _doubling in range(3):
        point = _add(point, point)
    return point[0] == 0 and (point[1] - point[2]) % P == 0


_BASE_Y = 4 * pow(5, P - 2, P) % P


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) of `message` was made with the key that `public` (32 bytes) belongs to."""
    if len(public) != 32 or len(signature) != 64:
        return False
    key = _decode(public)
    s = int.from_bytes(signature[32:], "little")
    base = _decode(_BASE_Y.to_bytes(32, "little"))
    if key is None or base is None or s >= ORDER or _is_small(key):
        return False
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    k = int.from_bytes(digest, "little") % ORDER
    negated = (P - key[0], key[1], key[2], P - key[3])
    return _encode(_both(s, base, k, negated)) == signature[:32]
