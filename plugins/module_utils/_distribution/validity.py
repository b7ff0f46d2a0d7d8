# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates of a node and authorities of its cluster that end, and what heals it. Looking reads only."""

from __future__ import annotations

import typing as t

from .._core.errors import EdgeError
from .._core.plan import Phase, Plan, Step
from .._core.resources import SeenUnit
from .._host.host import Host
from .adapter import Facts
from .spec import AUTHORITY_SOON, PRESENT, Spec

DAY = 86400


def days_left(host: Host, paths: t.Iterable[str]) -> int | None:
    """Days until the first of these certificates ends, those that are not there left out; None where none is.

    Of a file with several, the first counts. EdgeError(kind=certificate) naming a file that is damaged.
    """
    from .._kube.certs import not_after

    ends: list[int] = []
    for path in paths:
        pem = host.read(path)
        if not pem:
            continue
        try:
            ends.append(not_after(pem))
        except EdgeError as exc:
            raise EdgeError(f"{path}: {exc.message}", kind=exc.kind) from exc
    return int((min(ends) - host.now()) // DAY) if ends else None


def repair(
    spec: Spec, facts: Facts, units: t.Mapping[str, SeenUnit], unit: str, remedy: str
) -> Plan:
    """A restart of `unit` where it runs on ended certificates, for a start renews them; pure.

    EdgeError(kind=certificate) with the `remedy` where an authority of the cluster has ended: no restart
    helps.
    """
    if spec.state != PRESENT:
        return Plan()
    soon = _authorities(facts, remedy)
    if not _expired(facts) or unit not in units or not units[unit].running:
        return Plan(warnings=soon)
    summary = f"restart {unit} to renew its certificates"
    return Plan(
        steps=(Step(Phase.SERVICE, "restart", unit, summary),),
        warnings=(*soon, "certificates of this node have ended and are renewed"),
    )


def _expired(facts: Facts) -> bool:
    """Whether a certificate that this node serves or uses has ended."""
    days = facts.certificate_days
    return facts.api == "expired" or (days is not None and days < 0)


def _authorities(facts: Facts, remedy: str) -> tuple[str, ...]:
    """A warning where they end soon."""
    days = facts.authority_days
    if days is None or days >= AUTHORITY_SOON:
        return ()
    if days < 0:
        raise EdgeError(
            f"a certificate authority of this cluster ended {-days} days ago",
            kind="certificate",
            hint=remedy,
        )
    return (f"a certificate authority of this cluster ends in {days} days: {remedy}",)
