# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates that have ended. Pure.

K3s renews its leaf certificates at start where 120 days or fewer are left (docs.k3s.io, "k3s
certificate"), so a restart is the remedy. An agent fetches its own from a server at start: servers
come first. Authorities last ten years and are never renewed by themselves.
"""

from __future__ import annotations

import typing as t

from ..._core.errors import EdgeError
from ..._core.plan import Phase, Plan, Step
from ..._core.resources import SeenUnit
from ..adapter import Facts
from ..spec import AUTHORITY_SOON, PRESENT, Spec
from . import paths

RENEWED_BELOW = 120  # days
ROTATE = (
    "put new ones in place with `k3s certificate rotate-ca` on a server (docs.k3s.io/cli/certificate),"
    " restart the servers and then the agents, and run again"
)


def expired(facts: Facts) -> bool:
    """Whether a certificate that this node serves or uses has ended."""
    days = facts.certificate_days
    return facts.api == "expired" or (days is not None and days < 0)


def plan(spec: Spec, facts: Facts, units: t.Mapping[str, SeenUnit]) -> Plan:
    """A restart of a service that runs on ended certificates; a start renews them anyway.

    EdgeError(kind=certificate) where an authority of the cluster has ended: no restart helps.
    """
    if spec.state != PRESENT:
        return Plan()
    soon = _authorities(facts)
    unit = paths.unit_of(spec.role)
    if not expired(facts) or unit not in units or not units[unit].running:
        return Plan(warnings=soon)
    summary = f"restart {unit} to renew its certificates"
    return Plan(
        steps=(Step(Phase.SERVICE, "restart", unit, summary),),
        warnings=(*soon, "certificates of this node have ended and are renewed"),
    )


def _authorities(facts: Facts) -> tuple[str, ...]:
    """A warning where they end soon."""
    days = facts.authority_days
    if days is None or days >= AUTHORITY_SOON:
        return ()
    if days < 0:
        raise EdgeError(
            f"a certificate authority of this cluster ended {-days} days ago",
            kind="certificate",
            hint=ROTATE,
        )
    return (f"a certificate authority of this cluster ends in {days} days: {ROTATE}",)
