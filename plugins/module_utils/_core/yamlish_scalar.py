# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scalars of YAML: their types, quoting and escapes. Used by yamlish and its reader only."""

from __future__ import annotations

import re
from typing import Union

from .errors import EdgeError

Scalar = Union[None, bool, int, float, str]

WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("~", "null", "Null", "NULL"), None),
    **dict.fromkeys(
        ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"], True
    ),
    **dict.fromkeys(
        ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"], False
    ),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
_INT = r"([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|[1-9][0-9]*|0)\Z"
_INNER = r"(?<=[0-9])_(?=[0-9])"
_FLOAT = r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z"

_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f",
    "r": "\r", "e": "\x1b", " ": " ", '"': '"', "\\": "\\", "N": "\x85", "_": "\xa0",
    "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_HEX_ESCAPES = {"x": 2, "u": 4, "U": 8}


class YamlishError(EdgeError):
    """Not in the supported part of YAML, or not writable. `line` is 1-based, 0 when writing."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(f"line {line}: {message}" if line else message, kind="spec")
        self.line = line


def quote(text: str) -> str:
    """The string as a double-quoted scalar of ASCII characters."""
    return '"' + "".join(map(_escape, text)) + '"'


def _escape(char: str) -> str:
    code = ord(char)
    if char in '"\\':
        return "\\" + char
    if 0x20 <= code < 0x7F:
        return char
    if 0xD800 <= code <= 0xDFFF:
        raise YamlishError("a string holds half of a surrogate pair")
    if code <= 0xFF:
        return "\\n" if char == "\n" else f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def scalar(text: str) -> Scalar:
    """The value of a plain (unquoted) scalar by the rules of gopkg.in/yaml.v2."""
    if not text:
        return None
    if text in WORDS:
        return WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    digits = re.sub(_INNER, "", text) if text[0] == "." else text.replace("_", "")
    number = _integer(digits)
    if number is None and re.match(_FLOAT, digits):
        number = float(digits)
    return text if number is None or number in (float("inf"), float("-inf")) else number


def _integer(digits: str) -> int | float | None:
    match = re.match(_INT, digits)
    if match is None:
        return None
    sign, body = match.groups()
    base = {"x": 16, "b": 2, "o": 8}.get(body[1:2].lower(), 8 if body[0] == "0" else 10)
    number = int(body, base) * (-1 if sign == "-" else 1)
    fits = -(2**63) <= number < (2**63 if sign else 2**64)
    return number if fits else None


def quoted(text: str, number: int) -> tuple[str, str]:
    """The content of the quoted scalar at the start of `text`, and what follows it."""
    mark = text[0]
    out: list[str] = []
    at = 1
    while at < len(text):
        char = text[at]
        if char == mark == "'" and text[at + 1 : at + 2] == "'":
            at += 1
        elif char == mark:
            return "".join(out), text[at + 1 :]
        elif char == "\\" and mark == '"':
            char, at = _unescape(text, at + 1, number)
        out.append(char)
        at += 1
    raise YamlishError("a quoted text that does not end on its line", number)


def _unescape(text: str, at: int, number: int) -> tuple[str, int]:
    """The character of the escape whose letter is at `at`, and where the escape ends."""
    letter = text[at : at + 1]
    if letter in _HEX_ESCAPES:
        digits = text[at + 1 : at + 1 + _HEX_ESCAPES[letter]]
        if re.match(r"[0-9a-fA-F]+\Z", digits) and len(digits) == _HEX_ESCAPES[letter]:
            code = int(digits, 16)
            if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF:
                return chr(code), at + len(digits)
    elif letter in _ESCAPES:
        return _ESCAPES[letter], at
    raise YamlishError(f"an unknown escape \\{letter}", number)
