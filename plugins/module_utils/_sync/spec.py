# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wanted of the agent on a node. No I/O."""

from __future__ import annotations

import typing as t

from .._core.errors import EdgeError
from .._core.records import dataclass, field
from .settings import Settings, checked

PRESENT, ABSENT = "present", "absent"
STATES = (PRESENT, ABSENT)
NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z"


@dataclass(frozen=True)
class Spec:
    """`sha256` and `size` are of the agent's code. `files` are secrets by path, None for absent ones.

    `secrets` are those that documents name; None leaves what has been delivered.
    """

    state: str
    settings: Settings | None = None
    sha256: str = ""
    size: int = 0
    files: t.Mapping[str, str | None] = field(default_factory=dict, repr=False)
    secrets: t.Mapping[str, str] | None = field(default=None, repr=False)
    drain_seconds: int = 60
    force: bool = False  # remove even what can be neither sent nor kept

    def words(self) -> list[str]:
        """What no message may show."""
        found = [*self.files.values(), *(self.secrets or {}).values()]
        return [text for text in found if text]


def validated(spec: Spec) -> Spec:
    """The spec itself; EdgeError(kind=spec)."""
    import re

    if spec.state == ABSENT:
        return spec
    if spec.settings is None or not spec.sha256:
        raise EdgeError(
            "the agent's code is not known to this run",
            kind="spec",
            hint="run edge_sync as an ordinary task, without async",
        )
    checked(spec.settings)
    for name in spec.secrets or {}:
        if not re.match(NAME, name):
            raise EdgeError(
                f"{name!r} is no name of a secret", kind="spec", hint="letters, digits, . _ -"
            )
    return spec
