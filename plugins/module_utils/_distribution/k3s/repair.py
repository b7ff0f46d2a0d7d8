# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates that have ended. Pure.

K3s renews its leaf certificates at start where 120 days or fewer are left (docs.k3s.io, "k3s
certificate"), so a restart is the remedy. An agent fetches its own from a server at start: servers
come first. Authorities are never renewed by themselves.
"""

from __future__ import annotations

import typing as t

from ..._core.errors import EdgeError
from ..._core.plan import Phase, Plan, Step
from ..._core.resources import SeenUnit
from ..adapter import Facts
from ..spec import PRESENT, Spec
from . import paths

RENEWED_BELOW = 120  # days


def expired(facts: Facts) -> bool:
    """Whether a certificate that this node serves or uses has ended."""
    days = facts.certificate_days
    return facts.api == "expired" or (days is not None and days < 0)


def plan(
    spec: Spec,
    facts: Facts,
    units: t.Mapping[str, SeenUnit],
    authority_days: int | None = None,
) -> Plan:
    """A restart of a service that runs on ended certificates; a start renews them anyway.

    `authority_days` are those of the cluster's CAs, None where they are not known. EdgeError of
    kind certificate where these have ended: no restart helps.
    """
    if spec.state != PRESENT or not expired(facts):
        return Plan()
    if authority_days is not None and authority_days < 0:
        raise EdgeError(
            f"the certificate authority of this cluster ended {-authority_days} days ago",
            kind="certificate",
            hint="renew it with `k3s certificate rotate-ca` on a server, then run again",
        )
    unit = paths.unit_of(spec.role)
    if unit not in units or not units[unit].running:
        return Plan()
    summary = f"restart {unit} to renew its certificates"
    return Plan(
        steps=(Step(Phase.SERVICE, "restart", unit, summary),),
        warnings=("certificates of this node have ended and are renewed",),
    )
