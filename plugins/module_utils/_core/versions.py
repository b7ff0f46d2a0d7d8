# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Versions of distributions: `v1.34.2+k3s1`, `v1.34.2-rc1+k3s1`, `v1.34.2+k0s.0`,
`v1.34.2+microk8s.8511` (a revision of its snap), `v1.34.2`.
"""

from __future__ import annotations

import re
from functools import total_ordering
from typing import Union

from .errors import EdgeError
from .records import dataclass

_FORM = (
    r"v?(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    r"(?:-([0-9A-Za-z.-]+))?"
    r"(?:\+(?P<build>[0-9A-Za-z.-]+))?\Z"
)
_BUILD = r"([a-z][a-z0-9]*[a-z])[.]?([0-9]+)\Z"

_Part = tuple[int, Union[int, str]]


class VersionError(EdgeError):
    """The text is not a version."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"{text!r} is not a version",
            kind="spec",
            hint="write it like v1.34.2+k3s1",
        )


# What stands between a flavour's name and its build number, where anything does.
_BEFORE_BUILD = {"k0s": ".", "microk8s": "."}


@total_ordering
@dataclass(frozen=True)
class Version:
    """Ordered by Kubernetes version, then by the distribution's own build number."""

    numbers: tuple[int, int, int]
    pre: tuple[_Part, ...]  # empty for a release
    flavour: str  # k3s, k0s, microk8s, or empty
    build: int

    def minor(self) -> tuple[int, int]:
        return self.numbers[:2]

    def __str__(self) -> str:
        pre = "-" + "".join(str(part) for dummy, part in self.pre) if self.pre else ""
        build = (
            f"+{self.flavour}{_BEFORE_BUILD.get(self.flavour, '')}{self.build}"
            if self.flavour
            else ""
        )
        return "v{}.{}.{}".format(*self.numbers) + pre + build

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Version):
            return NotImplemented
        return self._key() < other._key()

    def _key(self) -> tuple[object, ...]:
        return (self.numbers, not self.pre, self.pre, self.flavour, self.build)


def parse(text: str) -> Version:
    """Raises VersionError. A missing leading `v` is accepted; `rc.1` and `rc1` are the same."""
    match = re.match(_FORM, text)
    if match is None:
        raise VersionError(text)
    flavour, build = "", 0
    if match["build"] is not None:
        suffix = re.match(_BUILD, match["build"])
        if suffix is None:
            raise VersionError(text)
        flavour, build = suffix[1], int(suffix[2])
    pre = tuple(_part(word) for word in re.findall(r"[0-9]+|[A-Za-z]+", match[4] or ""))
    return Version((int(match[1]), int(match[2]), int(match[3])), pre, flavour, build)


def _part(word: str) -> _Part:
    """Numbers come before words, as in semantic versioning."""
    return (0, int(word)) if word.isdigit() else (1, word)


def upgrade_problem(installed: Version, wanted: Version) -> str | None:
    """Why the step must not be taken; None when it may. The same version is no problem."""
    if installed.flavour != wanted.flavour:
        return f"{wanted} is not a version of the installed {installed}'s distribution"
    if wanted < installed:
        return f"{wanted} is older than the installed {installed}; downgrades are not supported"
    if wanted.numbers[0] != installed.numbers[0]:
        return f"{wanted} is another major version than the installed {installed}"
    if wanted.numbers[1] > installed.numbers[1] + 1:
        major, minor = installed.minor()
        return (
            f"{wanted} skips a minor version after the installed {installed};"
            f" upgrade to v{major}.{minor + 1} first"
        )
    return None
