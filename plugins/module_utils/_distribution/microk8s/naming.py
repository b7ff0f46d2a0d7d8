# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names in the API server's certificate, after the first start.

MicroK8s makes that certificate from a template, whose entries beside ours are its own. Left to itself it would make
the new one by ending all containers; told to (`microk8s refresh-certs`), it restarts what serves the certificate.
"""

from __future__ import annotations

import ipaddress
import typing as t

from ..._core.errors import EdgeError
from ..._core.plan import Phase, Step
from ..._core.verbs import Verb
from ..._host.host import Host
from . import paths

WAIT = 300.0
TEMPLATE = f"{paths.CERTIFICATES}/csr.conf.template"
SECTION = "[ alt_names ]"


def entries(text: str) -> list[str]:
    """The names that a template has. Pure."""
    lines = text.partition(SECTION)[2].partition("\n[")[0].splitlines()
    rows = (line.partition("=") for line in lines if line.strip().startswith(("DNS.", "IP.")))
    return [row[2].strip() for row in rows]


def with_entries(text: str, gone: t.Collection[str], more: t.Sequence[str]) -> str:
    """The template without some names and with others, counted anew. Pure."""
    head, mark, rest = text.partition(SECTION)
    body, end, tail = rest.partition("\n[")
    kept = [name for name in entries(text) if name not in gone]
    names = [*kept, *(name for name in more if name not in kept)]
    others = [line for line in body.splitlines() if not line.strip().startswith(("DNS.", "IP."))]
    lines = []
    for kind, wanted in (("DNS", False), ("IP", True)):
        mine = [name for name in names if _is_address(name) is wanted]
        lines += [f"{kind}.{number} = {name}" for number, name in enumerate(mine, 1)]
    return "\n".join([head + mark, *lines, *(line for line in others if line.strip())]) + (
        f"\n{end}{tail}" if end else "\n"
    )


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def steps(wanted: t.Sequence[str], before: t.Sequence[str], seen: t.Sequence[str]) -> list[Step]:
    """From the names that are there to those that are wanted; `before` are those that were ours."""
    more = [name for name in wanted if name not in seen]
    gone = [name for name in before if name in seen and name not in wanted]
    if not more and not gone:
        return []
    what = ", ".join([*more, *(f"no longer {name}" for name in gone)])
    summary = f"restart {paths.KUBELITE} with a certificate for {what}"
    params = {"more": more, "gone": gone}
    return [
        Step(Phase.SERVICE, "microk8s_names", TEMPLATE, summary, params, starts=(paths.KUBELITE,))
    ]


def _perform(host: Host, step: Step) -> None:
    _change(host, step.params["gone"], step.params["more"])


def _undo(host: Host, step: Step) -> None:
    _change(host, step.params["more"], step.params["gone"])


def _change(host: Host, gone: t.Sequence[str], more: t.Sequence[str]) -> None:
    text, info = host.read_text(TEMPLATE), host.inspect(TEMPLATE)
    new = with_entries(text, gone, more)
    if info is None or new == text:
        return
    # It looks at the template every five seconds, and would do it its own way.
    host.systemctl("stop", paths.KICKER)
    try:
        host.write(TEMPLATE, new.encode(), info.mode)
        host.run([paths.COMMAND, "refresh-certs", "-e", "server.crt"], timeout=WAIT)
    except EdgeError:
        host.write(TEMPLATE, text.encode(), info.mode)
        raise
    finally:
        host.systemctl("start", "--no-block", paths.KICKER)


VERBS: dict[str, Verb] = {"microk8s_names": _perform, "undo_microk8s_names": _undo}
