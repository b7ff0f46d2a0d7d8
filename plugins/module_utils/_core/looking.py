# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looking at paths and units for the plans of _core.resources. Changes nothing."""

from __future__ import annotations

import typing as t

from .._host.host import Host
from .resources import File, Seen, SeenUnit, Wish

LIMIT = 1 << 20  # bytes of a file that are read for comparison


def look_at_paths(
    host: Host, wishes: t.Sequence[Wish], *, full: bool = False
) -> dict[str, Seen | None]:
    """What lies at each wish's path; `full` computes every digest anew."""
    return {wish.path: _look(host, wish, full) for wish in wishes}


def _look(host: Host, wish: Wish, full: bool) -> Seen | None:
    info = host.inspect(wish.path)
    if info is None:
        return None
    if info.kind != "file":
        return Seen(info.kind, info.mode, target=info.target)
    if isinstance(wish, File) and wish.sha256:
        return Seen("file", info.mode, sha256=host.sha256(wish.path, full=full) or "")
    secret = isinstance(wish, File) and wish.data is None
    data = None if secret or info.size > LIMIT else host.read(wish.path)
    return Seen("file", info.mode, data=data)


def look_at_units(host: Host, names: t.Sequence[str]) -> dict[str, SeenUnit]:
    """The state of units as plans need it."""
    return {
        name: SeenUnit(
            name=name,
            load=state.load,
            running=state.running,
            enabled=state.enabled in ("enabled", "enabled-runtime", "static"),
            stale=state.stale,
            masked=state.load == "masked",
        )
        for name, state in host.units(names).items()
    }
