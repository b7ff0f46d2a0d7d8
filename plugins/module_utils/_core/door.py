# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a module's parameters to its result: what all doors share."""

from __future__ import annotations

import re
import typing as t

from .errors import EdgeError, NeedsArtifacts, NeedsRelease

if t.TYPE_CHECKING:
    from .._host.host import Host
    from .engine import Bound, Outcome
    from .plan import Step

SECRETS = (
    r"(?s)K10[0-9a-f]{64}::[^\s'\"]+|\b[0-9a-f]{64}(?:\.[A-Za-z0-9_-]+){3}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
)


def redact(text: str, words: t.Iterable[str] = ()) -> str:
    """Hide tokens, keys, URL credentials and the given words."""
    text = re.sub(SECRETS, "********", text)
    for word in sorted((w for w in words if len(w) >= 4), key=len, reverse=True):
        text = text.replace(word, "********")
    return text


def answer(
    bounds: t.Sequence[Bound],
    *,
    check: bool,
    diff: bool,
    site: str = "",
    secrets: t.Iterable[str] = (),
    host: Host | None = None,
    keep: bool = False,
    hold: bool = False,
    along: tuple[Step, ...] = (),
) -> dict[str, t.Any]:
    """Converge the bounds and give the result; expected errors become `failure`."""
    from .._host.host import Host  # the controller loads this file for `failed` alone
    from .engine import converge

    try:
        outcome = converge(bounds, host or Host(), check=check, keep=keep, hold=hold, along=along)
    except NeedsArtifacts as exc:
        return {"changed": False, "needs": exc.needs, **failed(exc, site, secrets)}
    except EdgeError as exc:
        return {"changed": False, **failed(exc, site, secrets)}
    return result(outcome, diff=diff, secrets=secrets, check=check)


def result(
    outcome: Outcome, *, diff: bool, secrets: t.Iterable[str] = (), check: bool = False
) -> dict[str, t.Any]:
    """The contract's keys; `needs` only where bytes are missing, `pending` only in check mode."""
    plan = outcome.plan
    found: dict[str, t.Any] = {"changed": plan.changed, **outcome.reports}
    found["actions"] = [redact(text, secrets) for text in plan.actions()]
    if check and not plan.empty:
        found["pending"] = True
    if plan.warnings:
        found["warnings"] = [redact(text, secrets) for text in plan.warnings]
    if diff and plan.changes:
        found["diff"] = [
            {key: redact(text, secrets) for key, text in row.items()} for row in plan.diff()
        ]
    if outcome.needs:
        found["needs"] = outcome.needs
    if outcome.held:
        found["held"] = True
    if outcome.asks:
        found["asks"] = [
            {**step.params, "node": step.target, "summary": step.summary} for step in outcome.asks
        ]
    return found


def failed(exc: EdgeError, site: str = "", secrets: t.Iterable[str] = ()) -> dict[str, t.Any]:
    """The failure keys of a result; the message names the site and the remedy."""
    exc.site = exc.site or site
    failure = {key: redact(text, secrets) for key, text in exc.failure().items()}
    where = f"site {failure['site']}: " if failure["site"] else ""
    hint = f" ({failure['hint']})" if failure["hint"] else ""
    found = {"failed": True, "msg": f"{where}{failure['message']}{hint}", "failure": failure}
    if isinstance(exc, NeedsRelease) and exc.version:
        found["version"] = exc.version
    return found
