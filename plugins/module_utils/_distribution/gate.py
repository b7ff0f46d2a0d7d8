# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The health gate: the service runs, the API answers, the node is Ready and runs the wanted version."""

from __future__ import annotations

import time
import typing as t
from functools import partial

from .._core.errors import EdgeError
from .._core.plan import Phase, Step
from .._host.host import Host
from .access import connect, view

PAUSE = 0.5  # seconds between two looks
CRASHES = 3  # starts in a row that failed before we stop hoping
RENEWAL = 60  # seconds in which a start may still serve, or hold, certificates that have ended
# What systemd says of containers, which outlive the service, and what clients of a datastore that does not
# answer say again each second: what ails it stands between these lines.
NOISE = (
    "Found left-over process",
    "This usually indicates unclean termination",
    "remains running after unit stopped",
    '"logger":"etcd-client"',
    "component=grpc",
)
# Characters of a log line that are told: edgecore and kine print whole objects in one.
LONGEST = 300
NO_NETWORK = "NetworkPluginNotReady"


def step(unit: str, **params: t.Any) -> Step:
    """The gate of a unit.

    `params`: kubeconfig (path), node (name), version (of the kubelet, "" for any), timeout (seconds),
    server (bool: ask /readyz too), network (bool: False accepts a node that only lacks its network).
    """
    return Step(Phase.GATE, "gate", unit, f"wait until {params['node']} is Ready", params)


Judge = t.Callable[[Host, Step], str]


def perform(host: Host, step: Step, judge: Judge | None = None) -> None:
    """Wait until healthy. EdgeError(kind=health | certificate) with the unit's last log lines.

    `judge` says why the node is not healthy yet, and nothing when it is.
    """
    unhealthy = judge or _unhealthy
    began = host.monotonic()
    deadline = began + float(step.params["timeout"])
    crashes = _Crashes(host.unit(step.target).restarts)
    reason = ""
    while True:
        # Seen first: a restart was asked for, not waited for, and until it begins all is well with the old process.
        state = host.unit(step.target)
        try:
            reason = unhealthy(host, step)
        except EdgeError as exc:
            reason = exc.message
            if exc.kind == "certificate" and host.monotonic() - began > RENEWAL:
                raise
        if not reason and not state.job:
            return
        reason = reason or "systemd has yet to start it anew"
        # A unit that ends a stop with an error is failed for a moment within each restart.
        failed = state.active == "failed" and not state.job
        if crashes.count(state.restarts, failed=failed) >= CRASHES:
            raise failure(host, step.target, f"{step.target} keeps ending right after its start")
        if host.monotonic() >= deadline:
            limit = f"within {float(step.params['timeout']):g} s"
            raise failure(
                host, step.target, f"{step.target} did not become healthy {limit}: {reason}"
            )
        host.sleep(PAUSE)


class _Crashes:
    """Counts starts that systemd had to repeat since the gate began."""

    def __init__(self, before: int) -> None:
        self._last = before
        self._seen = 0

    def count(self, restarts: int, *, failed: bool) -> int:
        """Crashes so far; the counter of systemd begins anew with each manual start."""
        if failed:
            return CRASHES
        if restarts > self._last:
            self._seen += restarts - self._last
        self._last = restarts
        return self._seen


def _unhealthy(host: Host, step: Step) -> str:
    """Why the node is not healthy yet; empty when it is."""
    state = host.unit(step.target)
    if state.active != "active":
        return f"the service is {state.active} ({state.sub})"
    with connect(host, step.params["kubeconfig"]) as client:
        if step.params["server"]:
            answer = client.readyz()
            if not answer["ready"]:
                return f"the API is not ready: {', '.join(answer['failed'])}"
        name = step.params["node"]
        found = client.read("Node", "", name)
        if found is None:
            return f"there is no Node {name} yet"
        started = host.now() - (host.monotonic() - state.since / 1e6)
        if not reported(found, partial(client.read, "Lease", "kube-node-lease", name), started):
            return "the kubelet has not reported since the start"
    node = view(found)
    if not runs(step.params["version"], node.version):
        return f"the kubelet reports {node.version}, not {step.params['version']}"
    if not node.ready and not (NO_NETWORK in node.reason and not step.params["network"]):
        return f"the node is not Ready: {node.reason}"
    return ""


def reported(
    node: t.Mapping[str, t.Any],
    lease: t.Callable[[], t.Mapping[str, t.Any] | None],
    since: float,
) -> bool:
    """Whether the kubelet has written since then: the conditions of its Node, or else its lease.

    It writes conditions at once at each start. A lease comes up to ten seconds later where the API was not
    there when the kubelet began; conditions that stay the same are written every five minutes.
    """
    rows = (node.get("status") or {}).get("conditions") or ()
    beats = (row.get("lastHeartbeatTime") or "" for row in rows if row.get("type") == "Ready")
    if any(seconds(beat) >= since for beat in beats):
        return True
    found = lease() or {}
    return seconds((found.get("spec") or {}).get("renewTime") or "") >= since


def runs(wanted: str, reported: str) -> bool:
    """Whether a kubelet that reports this version is the wanted one; "" wants any.

    A wanted version without a build after "+" is met by every build of it: not all distributions
    stamp their kubelet.
    """
    if not wanted or reported == wanted:
        return True
    return "+" not in wanted and reported.partition("+")[0] == wanted


def seconds(stamp: str) -> float:
    """An RFC 3339 time in UTC as seconds since the epoch; 0 where it is none."""
    whole, dummy, fraction = stamp.rstrip("Z").partition(".")
    import calendar

    try:
        return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float(
            f"0.{fraction or 0}"
        )
    except ValueError:
        return 0.0


def failure(host: Host, unit: str, message: str) -> EdgeError:
    """What is wrong, with the last log lines of the unit that it is about."""
    lines = [
        line if len(line) <= LONGEST else f"{line[:LONGEST]}..."
        for line in host.journal(unit, 60)
        if line.strip() and not any(words in line for words in NOISE)
    ]
    said = "; its last log lines:\n" + "\n".join(lines[-12:]) if lines else ""
    return EdgeError(
        message + said, kind="health", hint="mend what the log lines name, then run again"
    )
