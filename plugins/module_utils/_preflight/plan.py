# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judging a machine: what forbids the wish, and what is worth knowing. Pure."""

from __future__ import annotations

import typing as t

from . import judge_network, judge_sizes, judge_system
from .spec import Finding, Seen, Verdict, Wish

Judge = t.Callable[[Wish, Seen], t.Iterator[tuple[bool, Finding]]]
# Each yields (whether it forbids, finding).
JUDGES: tuple[Judge, ...] = (*judge_system.JUDGES, *judge_sizes.JUDGES, *judge_network.JUDGES)


def judge(wish: Wish, seen: Seen, tolerate: t.Container[str] = ()) -> Verdict:
    """All findings, in the order of JUDGES; refused inputs come first.

    Problems of a kind in `tolerate` are warnings.
    """
    problems = [*wish.refused, *seen.refused]
    warnings: list[Finding] = []
    for look in JUDGES:
        for forbids, finding in look(wish, seen):
            refuses = forbids and finding.kind not in tolerate
            (problems if refuses else warnings).append(finding)
    return Verdict(tuple(problems), tuple(warnings))
