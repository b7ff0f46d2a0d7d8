# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Steps that only bounds need."""

from __future__ import annotations

from .._core.plan import Step
from .._core.verbs import Verb
from .._host.host import Host
from .observe import CGROUP, ROOTS


def _cap(host: Host, step: Step) -> None:
    host.systemctl("restart", "--no-block", step.target)
    for dummy in range(40):
        state = host.unit(step.target)
        if not state.job and state.active in ("active", "failed"):
            return
        host.sleep(0.25)


def _uncap(host: Host, step: Step) -> None:
    host.run(["systemctl", "stop", step.target], check=False)
    for root in ROOTS:
        for name in step.params["cgroups"]:
            base = "/".join(part for part in (CGROUP, root, name) if part)
            for file, value in (("cpu.cfs_quota_us", "-1"), ("cpu.max", "max")):
                if host.inspect(f"{base}/{file}"):
                    host.poke(f"{base}/{file}", value)


VERBS: dict[str, Verb] = {"cap": _cap, "uncap": _uncap}
