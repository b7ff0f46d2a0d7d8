# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words and lines that no file, or every file, holds."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatch

from .tree import Finding

UNWANTED = "tests/unit/house/unwanted.txt"
SPDX = "SPDX-License-Identifier: GPL-3.0-or-later"
PYTHON_HEADER = f"""\
# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# {SPDX}
""".splitlines()


Words = list[tuple[re.Pattern[str], str, str]]


def unwanted(source: str) -> Words:
    """The expressions of the list, each with the reason it gives and the only file that may hold it."""
    rows = [line.split("\t") for line in source.splitlines() if not line.startswith("#")]
    return [(re.compile(pattern), why, "".join(place)) for pattern, why, *place in rows]


def check_words(path: str, source: str, words: Words) -> list[Finding]:
    """Lines that put off, set aside, or name a machine."""
    return [
        Finding(path, number, f"{why}: {line.strip()[:60]}")
        for number, line in enumerate(source.splitlines(), 1)
        for pattern, why, place in words
        if path != place and pattern.search(line)
    ]


def covered(path: str, reuse: str) -> bool:
    """Whether REUSE.toml states the licence of files that cannot say it themselves."""
    annotations = tomllib.loads(reuse).get("annotations", [])
    patterns = [p for item in annotations for p in item["path"]]
    return any(fnmatch(path, pattern) for pattern in patterns)


def check_licence(path: str, source: str, reuse: str) -> list[Finding]:
    """A file that does not state its licence, or a Python file with another header than all."""
    if not source.strip() or path.startswith("LICENSES/") or covered(path, reuse):
        return []
    lines = source.splitlines()
    if lines[0].startswith("#!"):
        lines = lines[1:]
    python = path.endswith(".py")
    good = lines[:3] == PYTHON_HEADER if python else any(SPDX in line for line in lines[:5])
    return [] if good else [Finding(path, 1, "does not begin with the licence header")]
