# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that the rules judge, and what a rule says of one."""

from __future__ import annotations

import ast
import functools
import subprocess
import typing as t
from fnmatch import fnmatch
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parents[4]


class Finding(t.NamedTuple):
    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


def expect_none(findings: t.Collection[Finding]) -> None:
    """Fail with all findings, a line each."""
    assert not findings, "\n" + "\n".join(map(str, sorted(findings)))


@functools.cache
def tracked() -> tuple[str, ...]:
    """Files that git tracks and that are on disk, relative to the repository."""
    command = ["git", "ls-files", "-z"]
    listing = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True).stdout
    return tuple(
        n for n in sorted(listing.decode().split("\0")) if n and (REPOSITORY / n).is_file()
    )


def files(*patterns: str) -> list[str]:
    """Tracked files whose path matches one of the patterns, in which `*` crosses folders."""
    return [name for name in tracked() if any(fnmatch(name, pattern) for pattern in patterns)]


@functools.cache
def text(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8", errors="surrogateescape")


@functools.cache
def parsed(name: str) -> ast.Module:
    return ast.parse(text(name), filename=name)


def data(name: str) -> t.Any:
    """The content of a YAML file."""
    return yaml.safe_load(text(name))


def module_names() -> list[str]:
    return [Path(name).stem for name in files("plugins/modules/*.py") if "__init__" not in name]


def role_names() -> list[str]:
    return sorted({Path(name).parts[1] for name in files("roles/*/*")})
