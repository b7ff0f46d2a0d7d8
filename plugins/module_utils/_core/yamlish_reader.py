# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reader behind yamlish.load: lines, blocks, one-line values."""

from __future__ import annotations

import re
from typing import NamedTuple

from .yamlish_scalar import Scalar, YamlishError, quoted, scalar

_COLON = r":(?=[ \t]|\Z)"
_ENDS = r"[ \t]*\Z|[ \t]+#"  # nothing but blanks and a comment is left
_MARKER = r"(---|\.\.\.)(?=[ \t]|\Z)"
_TAB_INDENT = r"(?:- *)*\t"
_COMMENT = r"(?:\A|[ \t])#"
# Raw control characters and the line separators of YAML 1.1 that 1.2 reads as text.
_UNREADABLE = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff]"
_FLOW_PLAIN = r"[^,\[\]{}?]*"

_REFUSED_STARTS = {
    "&": "an anchor", "*": "an alias", "!": "a tag", "|": "a block scalar", ">": "a block scalar",
    "{": "a mapping in braces", "}": "a brace", "]": "a bracket", "[": "a nested list",
    ",": "a comma", "%": "a directive", "@": "a reserved character", "`": "a reserved character",
    "\t": "a tab", "'": "a quote", '"': "a quote", "#": "a comment",
}  # fmt: skip


class Pairs(list[tuple[str, object]]):
    """A mapping as read: in order, with repeated keys."""


def plain_dicts(value: object) -> object:
    if isinstance(value, Pairs):
        return {key: plain_dicts(item) for key, item in value}
    if isinstance(value, list):
        return [plain_dicts(item) for item in value]
    return value


class _Line(NamedTuple):
    number: int
    indent: int
    text: str


def document(text: str) -> object:
    reader = _Reader(_lines(text))
    first = reader.peek()
    if first is None:
        return None
    value = reader.block(first.indent)
    rest = reader.peek()
    if rest is not None:
        raise YamlishError("this line does not continue what stands above it", rest.number)
    return value


def _lines(text: str) -> list[_Line]:
    """The lines that carry content, with a leading document marker taken off."""
    lines: list[_Line] = []
    marked = ended = False
    for number, raw in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        line = raw.removesuffix("\r")
        if re.search(_UNREADABLE, line):
            raise YamlishError("a control character or special line separator", number)
        body = line.lstrip(" ")
        if re.match(_TAB_INDENT, body):
            raise YamlishError("a tab in the indentation", number)
        if re.match(_ENDS, " " + body):
            continue
        if line[0] == "%":
            raise YamlishError("a directive", number)
        marker = re.match(_MARKER, line)
        if ended or (marker and marker.group() == "---" and (marked or lines)):
            raise YamlishError("a second document", number)
        if marker is not None:
            if marker.group() == "..." and not (marked or lines):
                raise YamlishError("an end without a document", number)
            if not re.match(_ENDS, line[3:]):
                raise YamlishError("content on the line of a document marker", number)
            marked, ended = True, marker.group() == "..."
            continue
        lines.append(_Line(number, len(line) - len(body), body.rstrip(" \t")))
    return lines


def _is_dash(text: str) -> bool:
    return text == "-" or text.startswith("- ")


class _Reader:
    """Walks the lines; every method leaves the position after what it has read."""

    def __init__(self, lines: list[_Line]) -> None:
        self._lines = lines
        self._at = 0

    def peek(self) -> _Line | None:
        return self._lines[self._at] if self._at < len(self._lines) else None

    def block(self, indent: int) -> object:
        line = self._lines[self._at]
        if _is_dash(line.text):
            return self._sequence(indent)
        if _split_key(line) is not None:
            return self._mapping(indent)
        self._at += 1
        return _value(line.text, line.number)

    def _here(self, indent: int) -> _Line | None:
        """The current line when it belongs to the block of this indentation."""
        line = self.peek()
        if line is None or line.indent < indent:
            return None
        if line.indent > indent:
            raise YamlishError(
                "unexpected indentation, or a scalar over several lines", line.number
            )
        return line

    def _sequence(self, indent: int) -> list[object]:
        items: list[object] = []
        line = self._here(indent)
        while line is not None and _is_dash(line.text):
            rest = line.text[1:].lstrip(" ")
            if not rest or rest[0] == "#":
                self._at += 1
                items.append(self._nested(indent, in_mapping=False))
            else:
                inner = line.indent + len(line.text) - len(rest)
                self._lines[self._at] = _Line(line.number, inner, rest)
                items.append(self.block(inner))
            line = self._here(indent)
        return items

    def _mapping(self, indent: int) -> Pairs:
        pairs = Pairs()
        line = self._here(indent)
        while line is not None:
            split = None if _is_dash(line.text) else _split_key(line)
            if split is None:
                raise YamlishError("expected `key: value`", line.number)
            key, rest = split
            self._at += 1
            value = (
                self._nested(indent, in_mapping=True)
                if not rest or rest[0] == "#"
                else _value(rest, line.number)
            )
            pairs.append((key, value))
            line = self._here(indent)
        return pairs

    def _nested(self, indent: int, *, in_mapping: bool) -> object:
        """The block below a key or dash with nothing behind it; None when there is none."""
        line = self.peek()
        if line is not None and line.indent > indent:
            return self.block(line.indent)
        if line is not None and in_mapping and line.indent == indent and _is_dash(line.text):
            return self._sequence(indent)
        return None


def _split_key(line: _Line) -> tuple[str, str] | None:
    """The key and what follows its colon; None when the line is not `key: ...`."""
    text, number = line.text, line.number
    if text[0] in "\"'":
        key, rest = quoted(text, number)
        after = rest.lstrip(" \t")
        return (key, after[1:].lstrip(" \t")) if re.match(_COLON, after) else None
    colon, comment = re.search(_COLON, text), re.search(_COMMENT, text)
    if text[0] in "[{" or colon is None or (comment and comment.start() < colon.start()):
        return None
    plain = text[: colon.start()].rstrip(" \t")
    key_value = _plain(plain, number)
    if not isinstance(key_value, str) or plain == "<<":
        raise YamlishError(f"the key {plain!r} is not a plain string; quote it", number)
    return key_value, text[colon.end() :].lstrip(" \t")


def _value(text: str, number: int) -> object:
    """A scalar or a one-line list; `text` starts with its first character."""
    if text[0] in "\"'":
        value, rest = quoted(text, number)
        if not re.match(_ENDS, rest):
            raise YamlishError("text behind the closing quote", number)
        return value
    comment = re.search(_COMMENT, text)
    if text[0] == "[":
        items, rest = _flow_list(text, number)
        if not re.match(_ENDS, rest):
            raise YamlishError("text behind the closing bracket", number)
        return items
    plain = text[: comment.start()].rstrip(" \t") if comment else text
    if re.match(r"\{[ \t]*\}\Z", plain):
        return Pairs()
    return _plain(plain, number)


def _plain(text: str, number: int) -> Scalar:
    if not text or text[0] in _REFUSED_STARTS:
        what = _REFUSED_STARTS.get(text[:1], "nothing")
        raise YamlishError(f"{what} stands where a plain value is expected", number)
    if text[0] in "-?:" and (len(text) == 1 or text[1] in " \t"):
        raise YamlishError(f"{text[0]!r} starts something that is not supported here", number)
    if re.search(_COLON, text):
        raise YamlishError("a mapping on the line of another value; quote a text with `: `", number)
    return scalar(text)


def _flow_list(text: str, number: int) -> tuple[list[object], str]:
    items: list[object] = []
    rest = text[1:].lstrip(" \t")
    while rest[:1] != "]":
        item: Scalar
        if rest[:1] in ('"', "'"):
            item, rest = quoted(rest, number)
        else:
            match = re.match(_FLOW_PLAIN, rest)
            raw = match.group() if match else ""
            if re.search(_COMMENT, raw):
                raise YamlishError("a list in brackets that does not end on its line", number)
            item, rest = _plain(raw.rstrip(" \t"), number), rest[len(raw) :]
        items.append(item)
        rest = rest.lstrip(" \t")
        if rest[:1] == ",":
            rest = rest[1:].lstrip(" \t")
        elif rest[:1] != "]":
            raise YamlishError("a list in brackets that is not one line of scalars", number)
    return items, rest[1:]
