# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the steps that all nouns share are carried out."""

from __future__ import annotations

import binascii
import typing as t

from .._host.host import Host
from .errors import EdgeError
from .places import HOME
from .plan import Step

Verb = t.Callable[[Host, Step], None]
ARTIFACTS = f"{HOME}/artifacts"


def artifact_path(sha256: str) -> str:
    """Where the action plugin leaves an artifact."""
    return f"{ARTIFACTS}/{sha256}"


def _write(host: Host, step: Step) -> None:
    host.write(step.target, binascii.a2b_base64(step.params["data"]), step.params["mode"])


def _place(host: Host, step: Step) -> None:
    source = artifact_path(step.params["sha256"])
    if host.sha256(source, full=True) != step.params["sha256"]:
        host.remove(source)
        raise EdgeError(
            f"{step.params['name']} was damaged while it lay in {ARTIFACTS}",
            kind="artifact",
            hint="run again: it is sent once more",
        )
    host.copy(source, step.target, step.params["mode"])
    host.sha256(step.target)


def _mode(host: Host, step: Step) -> None:
    host.chmod(step.target, step.params["mode"])


def _link(host: Host, step: Step) -> None:
    host.link(step.target, step.params["to"])


def _remove(host: Host, step: Step) -> None:
    host.remove(step.target)


def _remove_tree(host: Host, step: Step) -> None:
    host.remove_tree(step.target)


def _remove_empty(host: Host, step: Step) -> None:
    host.remove_empty(step.target)


def _reload(host: Host, step: Step) -> None:
    host.systemctl("daemon-reload")


def _unit(word: str, *more: str) -> Verb:
    def act(host: Host, step: Step) -> None:
        host.systemctl(word, *more, step.target)

    return act


def _begin(word: str) -> Verb:
    # A distribution's unit reports readiness itself and may wait for ever: the gate does the waiting.
    def act(host: Host, step: Step) -> None:
        host.run(["systemctl", "reset-failed", step.target], check=False)
        host.systemctl(word, "--no-block", step.target)

    return act


def _stop(host: Host, step: Step) -> None:
    host.systemctl("stop", step.target, timeout=step.params.get("timeout", 120))
    # cloudcore ends each stop with 1: what was asked to end has not failed, and leaves no failed unit.
    host.run(["systemctl", "reset-failed", step.target], check=False)


COMMON: dict[str, Verb] = {
    "write": _write,
    "place": _place,
    "mode": _mode,
    "link": _link,
    "remove": _remove,
    "remove_tree": _remove_tree,
    "remove_empty": _remove_empty,
    "reload": _reload,
    "enable": _unit("enable"),
    "disable": _unit("disable"),
    "unmask": _unit("unmask"),
    "start": _begin("start"),
    "restart": _begin("restart"),
    "stop": _stop,
}
