# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates that have ended: MicroK8s makes two of them anew when it is told to, and none by itself."""

from __future__ import annotations

import typing as t

from ..._core.errors import EdgeError
from ..._core.plan import Plan, Step
from ..._core.records import replace
from ..._core.resources import SeenUnit
from ..._core.verbs import Verb
from ..._host.host import Host
from .. import validity
from ..adapter import Facts
from ..spec import SERVER, Spec
from . import paths
from .look import certificates

WAIT = 300.0
RENEWABLE = ("server.crt", "front-proxy-client.crt")
REMEDY = "`microk8s refresh-certs -e ca.crt` makes a new one; agents have to join again afterwards"
WORKER = "certificates of this agent have ended: purge it and let it join again"


def repair(spec: Spec, facts: Facts, units: t.Mapping[str, SeenUnit]) -> Plan:
    """The steps that renew what can be renewed; pure."""
    found = validity.repair(spec, facts, units, paths.KUBELITE, REMEDY)
    if spec.role != SERVER:
        return Plan(warnings=(*found.warnings[:-1], WORKER)) if found.steps else found
    steps = tuple(
        replace(
            step,
            verb="microk8s_renew",
            target=paths.CERTIFICATES,
            summary="have MicroK8s renew its certificates",
            starts=(paths.KUBELITE,),
        )
        for step in found.steps
    )
    return replace(found, steps=steps)


def _renew(host: Host, step: Step) -> None:
    for name in RENEWABLE:
        if _ended(host, f"{step.target}/{name}"):
            host.run([paths.COMMAND, "refresh-certs", "-e", name], timeout=WAIT)
    left = [path for path in certificates(SERVER) if _ended(host, path)]
    if left:
        raise EdgeError(
            f"MicroK8s renews {' and '.join(RENEWABLE)} alone, and these have ended: {', '.join(left)}",
            kind="certificate",
            hint=REMEDY,
        )


def _ended(host: Host, path: str) -> bool:
    days = validity.days_left(host, [path])
    return days is not None and days < 0


VERBS: dict[str, Verb] = {"microk8s_renew": _renew}
