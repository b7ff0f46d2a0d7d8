# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long snapd is kept from refreshing MicroK8s by itself.

snapd is asked over its socket (snapcraft.io/docs, "Using the REST API"), at most once for each state that it has
written: a question about a snap has it ask systemd about every daemon.
"""

from __future__ import annotations

import json
import re
import typing as t

from ..._core.errors import EdgeError
from ..._core.places import HOME
from ..._core.plan import Step
from ..._core.verbs import Verb
from ..._host.host import Host
from . import paths

WAIT = 30.0
NOTE = f"{HOME}/state/hold.json"  # until when we have put off what others' snaps need, too
SOCKET = "/run/snapd.socket"
STATE = "/var/lib/snapd/state.json"  # whatever changes in snapd changes it; what it says is snapd's own affair
OPTION = "refresh.hold"
UNKNOWN = "unknown flag"  # says a `snap` that is older than 2.58
DAYS = 60  # as far ahead as a snapd without --hold lets a refresh be put off
SOON = 30  # days below which that is done again


def held(host: Host, *, full: bool = False) -> bool:
    """Whether refreshes are put off for long enough."""
    ends = host.derived(STATE, "hold", lambda: " ".join(_ends(host)), full=full)
    return any(far_enough(end, host.now()) for end in ends.split())


def _ends(host: Host) -> t.Iterator[str]:
    """Of the hold of this snap, which snapd has since 2.58, and of that of all snaps."""
    from ..._host.http import Connection  # not for each run

    with Connection(f"unix://{host.path(SOCKET)}", read_timeout=WAIT) as snapd:
        for path, key in (
            (f"/v2/snaps/{paths.NAME}", "hold"),
            (f"/v2/snaps/system/conf?keys={OPTION}", OPTION),
        ):
            answer = snapd.request("GET", path)
            # What is not set is an error.
            if answer.status == 200:
                yield str(json.loads(answer.body)["result"].get(key) or "")
            elif answer.status not in (400, 404):
                text = f"snapd answered with status {answer.status} about {path}"
                raise EdgeError(text, kind="command", hint="see `journalctl -u snapd`")


def far_enough(until: str, now: float) -> bool:
    """Whether a time as snapd writes it puts refreshes off for long enough. Pure."""
    if until == "forever":
        return True
    import datetime as dt  # few nodes have a date

    try:
        # Python before 3.11 reads neither Z nor nanoseconds.
        plain = re.sub(r"\.[0-9]+", "", until).replace("Z", "+00:00")
        end = dt.datetime.fromisoformat(plain)
    except ValueError:
        return False
    zoned = end if end.tzinfo else end.replace(tzinfo=dt.timezone.utc)
    return zoned.timestamp() - now > SOON * 86400


def _hold(host: Host, step: Step) -> None:
    done = host.run(["snap", "refresh", "--hold", paths.NAME], timeout=WAIT, check=False)
    if done.rc == 0:
        return
    if UNKNOWN not in done.said:
        raise EdgeError(f"snapd does not put refreshes off: {done.said}", kind="command")
    import datetime as dt  # not for runs that only look

    end = dt.datetime.fromtimestamp(host.now(), dt.timezone.utc)
    end += dt.timedelta(days=DAYS)
    until = f"{end:%Y-%m-%dT%H:%M:%SZ}"
    host.run(["snap", "set", "system", f"{OPTION}={until}"], timeout=WAIT)
    host.write_json(NOTE, {"until": until})


def ours(host: Host) -> bool:
    """Whether we have put off the refreshes of all snaps of this machine."""
    return bool(host.read_json(NOTE).get("until"))


def _release(host: Host, step: Step) -> None:
    """Unless somebody has set another time since."""
    done = host.run(["snap", "get", "system", OPTION], timeout=WAIT, check=False)
    if done.rc == 0 and done.out.strip() == host.read_json(NOTE).get("until"):
        host.run(["snap", "unset", "system", OPTION], timeout=WAIT, check=False)
    host.remove(NOTE)


VERBS: dict[str, Verb] = {"snap_hold": _hold, "snap_release": _release}
