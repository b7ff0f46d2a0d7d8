# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kubernetes resource quantities: `500m`, `64Mi`, `1e3`. Exact, rounded up as Kubernetes does."""

from __future__ import annotations

import re

from .errors import EdgeError

_FORM = r"([-+]?)([0-9]+\.?[0-9]*|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][-+]?[0-9]{1,3})?\Z"
_NANO = 9  # finer than a nano unit is rounded up
_DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


class QuantityError(EdgeError):
    """The text is not a resource quantity."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text!r} is not a resource quantity",
            kind="spec",
            hint="write it like 500m, 64Mi or 2",
        )


def nanos(text: str) -> int:
    """The quantity in units of 10^-9, rounded away from zero. Raises QuantityError."""
    match = re.match(_FORM, text)
    if match is None:
        raise QuantityError(text)
    sign, number, suffix = match[1], match[2], match[3] or ""
    fraction = number.partition(".")[2]
    digits, exponent = int(number.replace(".", "")), _NANO - len(fraction)
    if suffix in _BINARY:
        digits <<= _BINARY[suffix]
    elif suffix:
        exponent += _DECIMAL[suffix] if suffix in _DECIMAL else int(suffix[1:])
    power: int = 10 ** abs(exponent)
    value = digits * power if exponent >= 0 else -(-digits // power)
    return -value if sign == "-" else value


def format_bytes(count: int) -> str:
    """The shortest exact text with a binary suffix."""
    for suffix, shift in reversed(list(_BINARY.items())):
        if count and count % (1 << shift) == 0:
            return f"{count >> shift}{suffix}"
    return str(count)


def format_milli(count: int) -> str:
    """Millicores as `500m` or, when whole, as `2`."""
    return str(count // 1000) if count % 1000 == 0 else f"{count}m"
