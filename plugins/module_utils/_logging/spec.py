# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much room logs may take. No I/O."""

from __future__ import annotations

from .._core.errors import EdgeError
from .._core.records import dataclass
from .._distribution.spec import Spec as Distribution


@dataclass(frozen=True)
class Spec:
    """Bounds of logs on one node; None leaves that bound alone.

    `max_files` files of `max_size_mb` MiB are kept per container; `journal_max_mb` MiB by journald.
    """

    distribution: Distribution
    max_files: int | None = None
    max_size_mb: int | None = None
    journal_max_mb: int | None = None


def checked(spec: Spec) -> Spec:
    """The spec itself; EdgeError(kind=spec) naming the first value that makes no sense."""
    # The kubelet refuses fewer than two files: one is being written.
    limits = (
        ("max_log_files", spec.max_files, 2),
        ("max_log_size_mb", spec.max_size_mb, 1),
        ("journal_max_mb", spec.journal_max_mb, 8),
    )
    for name, value, low in limits:
        if value is not None and value < low:
            raise EdgeError(f"{name} is {value}; it must be at least {low}", kind="spec")
    return spec
