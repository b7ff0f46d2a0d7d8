# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading systemd units and environment files, by systemd.syntax, systemd.exec, systemd.service."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .._core.errors import EdgeError
from .._core.records import dataclass

_NAME = r"[A-Za-z_][A-Za-z0-9_]*\Z"
_BRACED = r"\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$([A-Za-z_][A-Za-z0-9_]*)?"
_EXEC_PREFIXES = "-@:+!|"
_ESCAPES = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "s": " ",
    "\\": "\\", '"': '"', "'": "'", ";": ";",
}  # fmt: skip
_NUMERIC = r"x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})"
_OCTAL = r"[0-7]{3}"


class UnitError(EdgeError):
    """A unit or environment file that cannot be read or written faithfully."""

    def __init__(self, message: str) -> None:
        super().__init__(message, kind="spec")


@dataclass(frozen=True)
class UnitFile:
    """The assignments of a unit file with its drop-ins, in order."""

    entries: tuple[tuple[str, str, str], ...]  # (section, key, value)

    def all(self, section: str, key: str) -> tuple[str, ...]:
        """The values of a key that may be repeated; an empty assignment drops those before it."""
        values: list[str] = []
        for entry_section, entry_key, value in self.entries:
            if (entry_section, entry_key) == (section, key):
                values = [*values, value] if value else []
        return tuple(values)

    def last(self, section: str, key: str) -> str:
        """The value of a key that counts once; empty when it is not set."""
        return (self.all(section, key) or ("",))[-1]


def parse_unit(*texts: str) -> UnitFile:
    """A unit file followed by its drop-ins in their order. Raises UnitError with the line."""
    entries: list[tuple[str, str, str]] = []
    for text in texts:
        section = ""
        for number, line in _logical_lines(text):
            if line.startswith("[") and line.endswith("]"):
                section = line[1:-1]
                continue
            key, mark, value = line.partition("=")
            if not mark or not section:
                raise UnitError(f"line {number} of the unit is neither a section nor an assignment")
            entries.append((section, key.strip(), value.strip()))
    return UnitFile(tuple(entries))


def _logical_lines(text: str) -> list[tuple[int, str]]:
    """Lines with their numbers; continued ones joined, comments left out even between them."""
    lines: list[tuple[int, str]] = []
    held, start = "", 0
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip()
        if line[:1] in ("#", ";") or (not line and not held):
            continue
        if not held:
            start = number
        if line.endswith("\\"):
            held += line[:-1] + " "
            continue
        if (held + line).strip():
            lines.append((start, (held + line).strip()))
        held = ""
    if held.strip():
        lines.append((start, held.strip()))
    return lines


def environment(unit: UnitFile) -> dict[str, str]:
    """The variables of the unit's Environment= lines."""
    found: dict[str, str] = {}
    for line in unit.all("Service", "Environment"):
        for word in split_words(line):
            name, mark, value = word.partition("=")
            if mark and re.match(_NAME, name):
                found[name] = value.replace("%%", "%")
    return found


def environment_files(unit: UnitFile, name: str) -> tuple[tuple[str, bool], ...]:
    """(path, may be missing) of each EnvironmentFile of the unit called `name` (k3s.service)."""
    lines = unit.all("Service", "EnvironmentFile")
    return tuple((_specifiers(line.lstrip("-"), name), line.startswith("-")) for line in lines)


def exec_start(unit: UnitFile, name: str, variables: Mapping[str, str]) -> tuple[str, ...]:
    """The argv of the unit's only ExecStart with specifiers and variables put in."""
    commands = unit.all("Service", "ExecStart")
    if len(commands) != 1:
        raise UnitError(f"{name} has {len(commands)} ExecStart commands, expected one")
    command = commands[0].lstrip(_EXEC_PREFIXES)
    literal = ":" in commands[0][: len(commands[0]) - len(command)]
    words = [_specifiers(word, name) for word in split_words(command)]
    return tuple(words) if literal else tuple(_expand(words, variables))


def split_words(text: str) -> list[str]:
    """Words as systemd splits a command: quotes anywhere in a word, C escapes."""
    words: list[str] = []
    current: list[str] | None = None  # None between words: a pair of quotes alone is a word
    quote, at = "", 0
    while at < len(text):
        char, after = _unescape(text, at + 1) if text[at] == "\\" else (text[at], at + 1)
        literal, at = text[at] == "\\", after
        if not literal and not quote and char in " \t\n\r":
            if current is not None:
                words.append("".join(current))
            current = None
            continue
        current = [] if current is None else current
        if not literal and char == quote:
            quote = ""
        elif not literal and not quote and char in "\"'":
            quote = char
        else:
            current.append(char)
    if quote:
        raise UnitError("a quote in a unit's command does not end")
    return words if current is None else [*words, "".join(current)]


def _unescape(text: str, at: int) -> tuple[str, int]:
    """The character behind a backslash and the position after it."""
    letter = text[at : at + 1]
    if letter in _ESCAPES:
        return _ESCAPES[letter], at + 1
    match = re.compile(_NUMERIC).match(text, at)
    if match:
        return chr(int(match.group()[1:], 16)), match.end()
    match = re.compile(_OCTAL).match(text, at)
    if match:
        return chr(int(match.group(), 8)), match.end()
    return "\\" + letter, at + 1


def _specifiers(text: str, name: str) -> str:
    bare = name.rsplit(".", 1)[0]
    known = {"%": "%", "n": name, "N": bare, "p": bare.partition("@")[0], "i": ""}

    def replace(match: re.Match[str]) -> str:
        if match[1] not in known:
            raise UnitError(f"the specifier %{match[1]} in {name} is not supported")
        return known[match[1]]

    return re.sub(r"%(.?)", replace, text)


def _expand(words: list[str], variables: Mapping[str, str]) -> list[str]:
    """`${X}` anywhere; `$X` only as a whole word, which its value may split; `$$` is a dollar."""
    expanded: list[str] = []
    for word in words:
        if word.startswith("$") and re.match(_NAME, word[1:]):
            expanded += variables.get(word[1:], "").split()
        else:
            expanded.append(re.sub(_BRACED, lambda match: _variable(match, variables), word))
    return expanded


def _variable(match: re.Match[str], variables: Mapping[str, str]) -> str:
    if match.group() == "$$":
        return "$"
    return variables.get(match[1], "") if match[1] else match.group()


def parse_env(text: str) -> dict[str, str]:
    """The variables of an environment file; lines that systemd ignores are ignored."""
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        if text[at] in " \t\r\n":
            at += 1
        elif text[at] in "#;":
            at = _end_of_comment(text, at)
        else:
            line = text.find("\n", at)
            line = len(text) if line < 0 else line
            mark = text.find("=", at, line)
            if mark < 0:
                at = line + 1
                continue
            key = text[at:mark].strip()
            value, at = _env_value(text, mark + 1)
            if re.match(_NAME, key):
                found[key] = value
    return found


def _end_of_comment(text: str, at: int) -> int:
    """Past the line break that ends it; a backslash carries a comment on to the next line."""
    while at < len(text) and text[at] != "\n":
        at += 2 if text[at] == "\\" else 1
    return at + 1


def _env_value(text: str, at: int) -> tuple[str, int]:
    """A value and the position after its line. Quotes count until an unquoted character came."""
    out, solid, plain = "", 0, False
    while at < len(text) and text[at] != "\n":
        char = text[at]
        if char in "\"'" and not plain:
            piece, at = _env_quoted(text, at)
            out += piece
            solid = len(out)
            continue
        if char == "\\":
            plain, char, at = True, text[at + 1 : at + 2].replace("\n", ""), at + 1
            solid = len(out) + len(char)
        elif char not in " \t\r":
            plain, solid = True, len(out) + 1
        out += char if plain else ""
        at += 1
    return out[:solid], at + 1


def _env_quoted(text: str, at: int) -> tuple[str, int]:
    """The content of the quoted part that starts at `at`, and the position after it."""
    quote, out = text[at], ""
    at += 1
    while at < len(text) and text[at] != quote:
        char = text[at]
        if char == "\\" and quote == '"':
            after = text[at + 1 : at + 2]
            char = "" if after == "\n" else after if after in '"\\`$' else char + after
            at += 1
        out += char
        at += 1
    return out, at + 1
