# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The accounts that the parts of a controller run as; without them k0s falls back to root."""

from __future__ import annotations

import typing as t

from ..._core.plan import Phase, Step
from ..._core.verbs import Verb
from ..._host.host import Host


def make_step(names: t.Sequence[str], data: str) -> Step:
    """Make accounts whose home is the data folder, as `k0s install` does."""
    summary = f"make the accounts {', '.join(names)}"
    return Step(Phase.UNITS, "k0s_users", "accounts", summary, {"names": list(names), "home": data})


def drop_step(names: t.Sequence[str]) -> Step:
    """Take them away again."""
    summary = f"remove the accounts {', '.join(names)}"
    return Step(Phase.CLEAN, "k0s_drop_users", "accounts", summary, {"names": list(names)})


def _make(host: Host, step: Step) -> None:
    for name in step.params["names"]:
        if host.run(["id", name], check=False).rc:
            words = ["useradd", "--system", "--no-create-home", "--shell", "/bin/false"]
            host.run([*words, "--home-dir", step.params["home"], name])


def _drop(host: Host, step: Step) -> None:
    for name in step.params["names"]:
        host.run(["userdel", name], check=False)


VERBS: dict[str, Verb] = {"k0s_users": _make, "k0s_drop_users": _drop}
