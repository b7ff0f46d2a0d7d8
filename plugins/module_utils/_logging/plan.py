# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From bounds of logs to kubelet and journald settings. Pure."""

from __future__ import annotations

import typing as t

from .._core.plan import Plan, Step, merge
from .._core.resources import Absent, File, Seen, SeenUnit, Wish, plan_paths, plan_units
from .._distribution.adapter import Layout
from .spec import Spec

JOURNALD = "systemd-journald.service"
JOURNALD_FILE = "/etc/systemd/journald.conf.d/60-lightk8s.conf"


def wishes(spec: Spec, layout: Layout) -> tuple[Wish, ...]:
    """Files as they must be; a bound that is unset takes its file away."""
    kubelet = f"{layout.kubelet_dropins}/60-lightk8s-logging.conf"
    settings: dict[str, t.Any] = {}
    if spec.max_size_mb is not None:
        settings["containerLogMaxSize"] = f"{spec.max_size_mb}Mi"
    if spec.max_files is not None:
        settings["containerLogMaxFiles"] = spec.max_files
    label = "the bounds of container logs"
    restarts = (layout.unit,)
    first: Wish = (
        File(kubelet, data=layout.kubelet_file(settings), restarts=restarts, what=label)
        if settings
        else Absent(kubelet, restarts=restarts, what=label)
    )
    label = "the bounds of the journal"
    if spec.journal_max_mb is None:
        return first, Absent(JOURNALD_FILE, restarts=(JOURNALD,), what=label)
    data = journald(spec.journal_max_mb)
    return first, File(JOURNALD_FILE, data=data, restarts=(JOURNALD,), what=label)


def journald(limit_mb: int) -> bytes:
    """A journald drop-in (journald.conf(5)): bounds on disk and in memory."""
    return f"""# Written by lightk8s.edge.
[Journal]
SystemMaxUse={limit_mb}M
SystemMaxFileSize={max(1, limit_mb // 8)}M
RuntimeMaxUse={limit_mb}M
""".encode()


def plan_logging(
    spec: Spec,
    layout: Layout,
    gate: Step,
    paths: t.Mapping[str, Seen | None],
    units: t.Mapping[str, SeenUnit],
) -> Plan:
    """Steps from the bounds that lie on the node to those that are wanted."""
    files = plan_paths(wishes(spec, layout), paths)
    service = plan_units((), units, files)
    gates = (gate,) if any(step.key == ("restart", layout.unit) for step in service.steps) else ()
    return merge([files, service, Plan(gates)])
