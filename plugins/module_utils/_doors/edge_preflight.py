# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a machine can carry a distribution. Reads only."""

from __future__ import annotations

import typing as t

from .._core import door
from .._core.errors import EdgeError
from .._host.host import Host
from .._preflight.judge_system import clock_skew
from .._preflight.observe import observe
from .._preflight.plan import judge
from .._preflight.spec import Finding, Seen, Verdict, Wish
from . import options

ARGS: dict[str, t.Any] = {
    "argument_spec": {
        **options.NAME,
        **options.NODE,
        **options.DISTRIBUTION,
        **options.PROFILE,
        **options.RESOURCES,
        **options.LOGGING,
        "max_clock_skew": {"type": "int", "default": 60},
        "controller_time": {"type": "float"},
        "refuse": {"type": "bool", "default": True},
        "tolerate": {"type": "list", "elements": "str", "default": []},
    },
    "supports_check_mode": True,
}


def main(params: dict[str, t.Any], check: bool, diff: bool) -> dict[str, t.Any]:
    """Look and judge; see the module's documentation for the result."""
    site = params.get("site") or ""
    try:
        base = options.distribution_spec(params["distribution"], params)
        wish = Wish(
            distribution=base,
            resources=options.resources_of(base, params),
            controller_time=params.get("controller_time") or 0,
            max_clock_skew=params.get("max_clock_skew") or 60,
            refused=tuple(
                Finding("input", f"{problem.key}: {problem.message}", problem.remedy)
                for problem in options.refused(base.distribution, params)
            ),
        )
        seen = observe(Host(), wish)
    except EdgeError as exc:
        return {"changed": False, **door.failed(exc, site)}
    verdict = judge(wish, seen, params.get("tolerate") or ())
    found = {"changed": False, "preflight": report(wish, seen), **rows(verdict, base.secrets)}
    if verdict.problems and params.get("refuse") is not False:
        found.update(door.failed(refusal(verdict.problems), site, base.secrets))
    return found


def rows(verdict: Verdict, secrets: t.Iterable[str]) -> dict[str, t.Any]:
    """The keys `problems` and `warnings`."""
    problems = [
        {key: door.redact(text, secrets) for key, text in finding.row().items()}
        for finding in verdict.problems
    ]
    found: dict[str, t.Any] = {"problems": problems}
    if verdict.warnings:
        found["warnings"] = [str(finding) for finding in verdict.warnings]
    return found


def report(wish: Wish, seen: Seen) -> dict[str, t.Any]:
    """The machine in figures."""
    found: dict[str, t.Any] = {
        "node_name": seen.node_name,
        "architecture": seen.machine,
        "memory_mb": seen.memory_mb,
        "python": "{}.{}".format(*seen.python),
        "running": seen.running,
        "clock_skew": round(clock_skew(wish, seen)),
    }
    if seen.data is not None:
        found["free_disk_mb"] = seen.data.free_mb
    return found


def refusal(problems: t.Sequence[Finding]) -> EdgeError:
    """All reasons in one error."""
    only_inputs = all(finding.kind == "input" for finding in problems)
    return EdgeError(
        "; ".join(finding.message for finding in problems),
        kind="spec" if only_inputs else "preflight",
        hint="; ".join(dict.fromkeys(finding.hint for finding in problems if finding.hint)),
    )
