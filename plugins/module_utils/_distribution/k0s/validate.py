# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Having k0s check a configuration before anything is stopped for it."""

from __future__ import annotations

import base64

from ..._core.errors import EdgeError
from ..._core.plan import Step
from ..._core.verbs import Verb, artifact_path
from ..._host.host import Host
from ..spec import AGENT, SERVER
from . import paths, registries
from .unit import read_flags

WAIT = 60.0
PREFIX = "Error: "


def _validate(host: Host, step: Step) -> None:
    """By the program that is about to run; by the one that is installed where that has not come yet.

    EdgeError(kind=spec). A bare node in check mode has no program to ask, and one that is about to be made
    executable again cannot be asked.
    """
    digest = step.params["sha256"]
    new = artifact_path(digest) if digest else ""
    if new and host.inspect(new) is not None:
        host.chmod(new, 0o700)
        program = new
    else:
        there = host.inspect(step.target)
        if there is None or not there.mode & 0o100:
            return
        program = step.target
    text = base64.b64decode(step.params["config"]).decode()
    words = [host.path(program), "config", "validate", "--config=-"]
    done = host.run(words, text=text, timeout=WAIT, check=False)
    if done.rc:
        raise EdgeError(
            f"k0s refuses its configuration: {reasons(done.err or done.out)}",
            kind="spec",
            hint="mend the inputs, or spec in edge_extra_config",
        )


def reasons(said: str) -> str:
    """The lines of an answer of `k0s config validate` as one. Pure."""
    lines = [line.strip() for line in said.splitlines()]
    return "; ".join(line.removeprefix(PREFIX) for line in lines if line)


def _may_start(host: Host, step: Step) -> None:
    """Drop-ins of containerd that others have put there: k0s does not start with one that it cannot read.

    EdgeError(kind=refused). Before the first start there is no containerd to ask.
    """
    if step.target not in paths.ALL_UNITS:
        return
    role = SERVER if step.target == paths.SERVER_UNIT else AGENT
    flags = read_flags(host.read_text(paths.unit_file(role)), step.target)
    containerd = f"{flags.get('data-dir') or paths.DATA_DIR}/bin/containerd"
    if host.inspect(containerd) is None:
        return
    for name in host.names(paths.CONTAINERD_DROPINS):
        path = f"{paths.CONTAINERD_DROPINS}/{name}"
        if name.endswith(".toml") and path != registries.DROPIN:
            words = [host.path(containerd), f"--config={host.path(path)}", "config", "dump"]
            done = host.run(words, timeout=WAIT, check=False)
            if done.rc:
                raise EdgeError(
                    f"{path} cannot be read by containerd, and k0s would not start: {done.said}",
                    kind="refused",
                    hint=f"mend or remove {path}",
                )


VERBS: dict[str, Verb] = {"k0s_validate": _validate, "may_start": _may_start}
