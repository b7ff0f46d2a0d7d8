# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading checksum files."""

from __future__ import annotations

import re

_LINE = re.compile(r"([0-9a-fA-F]{64})[ \t]+\*?(\S.*)")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SHA512 = re.compile(r"[0-9a-f]{128}")


def is_sha256(text: str) -> bool:
    """Whether `text` is a SHA-256 digest in lower-case hexadecimal digits."""
    return _SHA256.fullmatch(text) is not None


def parse_bare_sha512(text: str) -> dict[str, str]:
    """The digest of the one file that the name of the checksum file tells, under an empty name.

    Raises ValueError where the text is anything else than a SHA-512 in hexadecimal digits.
    """
    digest = text.strip().lower()
    if _SHA512.fullmatch(digest) is None:
        raise ValueError(f"it is not one SHA-512: {text[:60]!r}")
    return {"": digest}


def parse_sha256sums(text: str) -> dict[str, str]:
    """File name -> digest, from the output format of coreutils' sha256sum.

    Every line must be understood: a login page or a file that was cut in the middle of a line
    must not pass as a shorter list. Raises ValueError saying which line is wrong.
    """
    sums: dict[str, str] = {}
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line:
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"line {number} is not '<sha256>  <file>': {line[:60]!r}")
        digest, name = match[1].lower(), match[2].removeprefix("./")
        if sums.setdefault(name, digest) != digest:
            raise ValueError(f"line {number} gives a second digest for {name!r}")
    if not sums:
        raise ValueError("it is empty")
    return sums
