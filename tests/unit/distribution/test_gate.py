# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the gate takes for a report of the kubelet, and what a failed one tells of the unit's log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution import gate
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host
from ansible_collections.lightk8s.edge.plugins.module_utils._host.systemd import parse_show

# journalctl --unit=k0scontroller.service --output=cat, k0s v1.34.2+k0s.0 on Debian 12, 2026-11-21
JOURNAL = [
    "Error: not an embedded asset: bin/containerd-shim.gz",
    "k0scontroller.service: Main process exited, code=exited, status=1/FAILURE",
    *[
        f"k0scontroller.service: Unit process {pid} (containerd-shim) remains running after unit stopped."
        for pid in range(20)
    ],
    "k0scontroller.service: Scheduled restart job, restart counter is at 3.",
]

RETRY = '{"level":"warn","logger":"etcd-client","msg":"retrying of unary invoker failed"}'
DIAL = 'time="2026-11-21 17:39:26" level=warning msg="[core] grpc: addrConn.createTransport" component=grpc'
WAITING = [  # the same, while it waits for kine
    'time="2026-11-21 17:39:26" level=error msg="Failed to wait for process" component=kine error="exit status 1"',
    *[RETRY, DIAL] * 20,
]


def test_a_datastore_that_does_not_answer_hides_nothing_of_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = Host(root=str(tmp_path))
    monkeypatch.setattr(host, "journal", lambda unit, lines: WAITING)
    message = gate.failure(host, "k0scontroller.service", "it did not become healthy").message
    assert message.splitlines()[1:] == WAITING[:1]


def test_a_whole_object_in_a_line_does_not_hide_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = [f'Node "{"x" * 2200}"', "dial tcp 192.0.2.1:10002: i/o timeout"]
    host = Host(root=str(tmp_path))
    monkeypatch.setattr(host, "journal", lambda unit, lines: told)
    message = gate.failure(host, "edgecore.service", "it did not become healthy").message
    assert message.splitlines()[1:] == [f"{told[0][: gate.LONGEST]}...", told[1]]


def test_containers_that_live_on_do_not_hide_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = Host(root=str(tmp_path))
    monkeypatch.setattr(host, "journal", lambda unit, lines: JOURNAL)
    step = gate.step("k0scontroller.service", node="n1")
    message = gate.failure(host, step.target, "it ended").message
    assert message.splitlines()[1:] == [JOURNAL[0], JOURNAL[1], JOURNAL[-1]]


STARTED = 1795267508.5  # 2026-11-21T13:25:08.5Z
BEFORE, WITHIN, AFTER = "2026-11-21T13:20:00Z", "2026-11-21T13:25:08Z", "2026-11-21T13:25:11Z"
RENEWED = "2026-11-21T13:25:09.000001Z"


def node(ready: str, other: str = BEFORE) -> dict[str, Any]:
    rows = (("MemoryPressure", other), ("Ready", ready))
    return {"status": {"conditions": [{"type": k, "lastHeartbeatTime": v} for k, v in rows]}}


@pytest.mark.parametrize(
    ("seen", "renewed", "expected"),
    [
        (node(AFTER), None, True),
        (node(AFTER), BEFORE, True),
        (node(BEFORE), RENEWED, True),
        (node(BEFORE), BEFORE, False),
        (node(BEFORE, other=AFTER), BEFORE, False),
        # In whole seconds, so it may be of the kubelet before: only the lease can tell.
        (node(WITHIN), BEFORE, False),
        (node(WITHIN), RENEWED, True),
        (node(""), None, False),
        ({}, RENEWED, True),
        ({"status": None}, None, False),
        ({"status": {"conditions": [{"type": "Ready", "lastHeartbeatTime": None}]}}, None, False),
    ],
)
def test_only_what_was_written_since_the_start_is_a_report(
    seen: dict[str, Any], renewed: str | None, expected: bool
) -> None:
    lease = None if renewed is None else {"spec": {"renewTime": renewed}}
    assert gate.reported(seen, lambda: lease, STARTED) is expected


# systemctl show -p Id,ActiveState,SubState,Job, systemd 252, of a unit that ends with 1 when it is stopped
STOPPED = "Id=cloudcore.service\nActiveState=failed\nSubState=failed\nJob={job}\n"
RUNNING = "Id=cloudcore.service\nActiveState=active\nSubState=running\nJob={job}\n"
STARTED_ANEW = RUNNING.format(job="")


def gate_over(shown: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> float:
    """Seconds of waiting for what systemd shows, one state after the other; the last one stays."""
    host = Host(root=str(tmp_path))
    states = [parse_show(text)["cloudcore.service"] for text in shown]
    now = [0.0]

    def sleep(pause: float) -> None:
        now[0] += pause
        del states[: len(states) > 1]

    monkeypatch.setattr(host, "unit", lambda name: states[0])
    monkeypatch.setattr(host, "sleep", sleep)
    monkeypatch.setattr(host, "monotonic", lambda: now[0])
    monkeypatch.setattr(host, "journal", lambda unit, lines: [])
    step = gate.step("cloudcore.service", node="n1", timeout=10)
    gate.perform(host, step, lambda *_seen: "" if states[0].active == "active" else "it is not up")
    return now[0]


def test_a_restart_under_way_is_no_failed_unit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate_over([STOPPED.format(job=4711), STARTED_ANEW], monkeypatch, tmp_path)


def test_the_process_that_is_about_to_end_is_not_the_one_that_was_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = RUNNING.format(job=4711)
    waited = gate_over([old, old, STOPPED.format(job=4711), STARTED_ANEW], monkeypatch, tmp_path)
    assert waited == 3 * gate.PAUSE


def test_a_restart_that_never_begins_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(EdgeError, match="systemd has yet to start it anew"):
        gate_over([RUNNING.format(job=4711)], monkeypatch, tmp_path)


def test_a_failed_unit_that_nobody_starts_ends_the_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(EdgeError, match="keeps ending right after its start"):
        gate_over([STOPPED.format(job=""), STARTED_ANEW], monkeypatch, tmp_path)
