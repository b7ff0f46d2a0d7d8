# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wanted of the machine, and what was found. No I/O."""

from __future__ import annotations

import typing as t

from .._core.proc import Mount, Route
from .._core.records import dataclass, field
from .._distribution.requirements import Requirements
from .._distribution.spec import Spec as Distribution
from .._resources.spec import Spec as Resources

THERE, ABSENT, UNKNOWN = "there", "absent", "unknown"


@dataclass(frozen=True)
class Finding:
    """Something about the machine: a reason to refuse it, or to warn. `kind` is the subject."""

    kind: str
    message: str
    hint: str = ""

    def row(self) -> dict[str, str]:
        """As part of a result."""
        return {"kind": self.kind, "message": self.message, "hint": self.hint}

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


@dataclass(frozen=True)
class Wish:
    """What the machine is to carry. `controller_time` is the controller's clock, 0 if unknown.

    `refused`: inputs that the distribution cannot carry out on any machine.
    """

    distribution: Distribution
    resources: Resources
    controller_time: float = 0
    max_clock_skew: int = 60
    refused: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Folder:
    """A folder that is or will be, with its file system; `inodes` is 0 where nobody counts them."""

    path: str
    mount: Mount | None
    size_mb: int
    free_mb: int
    inodes: int
    free_inodes: int


@dataclass(frozen=True)
class Taken:
    """A port that something listens on."""

    number: int
    protocol: str
    what: str
    holder: str = ""


@dataclass(frozen=True)
class Seen:
    """The machine.

    `modules` maps names to THERE, ABSENT or UNKNOWN; `synchronised` is None where unknown.
    `running`: the distribution's service runs already. `installed`: its unit is there.
    `refused`: why the distribution's own check of the inputs refuses them. `signs`: those of cautions that
    are on the machine.
    """

    machine: str
    needs: Requirements
    systemd: bool = True
    python: tuple[int, int] = (3, 9)
    python_lacks: tuple[str, ...] = ()
    modules: t.Mapping[str, str] = field(default_factory=dict)
    controllers: frozenset[str] = frozenset()
    memory_mb: int = 0
    swap_mb: int = 0
    data: Folder | None = None
    programs: Folder | None = None
    taken: tuple[Taken, ...] = ()
    routes: tuple[Route, ...] = ()
    now: float = 0
    synchronised: bool | None = None
    node_name: str = ""
    lacking: tuple[str, ...] = ()
    running: bool = False
    installed: bool = False
    firewall: str = ""
    enforcing: bool = False
    refused: tuple[Finding, ...] = ()
    signs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """Reasons to refuse the machine, and things worth knowing."""

    problems: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
