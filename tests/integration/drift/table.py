# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single changes that somebody makes by hand on a node, each as a shell command, and what is to become of them.

`proof` is a shell command that is true on a node that is right; the test runs it before the change,
expects it to fail after it, and to hold again after the next converge. `restarts` counts the starts
of the distribution's service that mending takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bed.plays import Run

from ..lib.site import Site

UNITS = "/etc/systemd/system"
JOURNALD = "/etc/systemd/journald.conf.d/60-lightk8s.conf"
RECEIPT = "/var/lib/lightk8s/state/distribution.json"
RECOVER = "lightk8s-recover.service"
CAP = "lightk8s-pod-cap.service"
CAP_SCRIPT = "/var/lib/lightk8s/bin/pod-cap.sh"
_QUOTAS = "/sys/fs/cgroup/cpu*/kubepods/cpu.cfs_quota_us /sys/fs/cgroup/kubepods/cpu.max"
QUOTA = f"$(ls -d {_QUOTAS} 2>/dev/null | head -n 1)"
INPUTS: dict[str, Any] = {
    "edge_tls_sans": ["shop.example.org"],
    "edge_max_pods": 30,
    "edge_max_memory_mb": 2000,
    "edge_max_cpu_percent": 80,
    "edge_service_memory_mb": 3000,
    "edge_max_log_files": 3,
    "edge_max_log_size_mb": 5,
    "edge_journal_max_mb": 40,
    "edge_labels": {"example.org/shelf": "north"},
    "edge_taints": ["example.org/slow:PreferNoSchedule"],
    "edge_registries": {"mirrors": {"docker.io": {"endpoint": ["https://mirror.example.org"]}}},
    "edge_proxy": {"http_proxy": "http://proxy.example.org:3128"},
}


@dataclass(frozen=True)
class Drift:
    """One change by hand."""

    name: str
    change: str
    proof: str
    restarts: int = 0


def same(path: str) -> str:
    """A proof: the file is what it was when the table began (copies are made by the test)."""
    return f"cmp -s {path} /root/right{path}"


def file(name: str, path: str, change: str, restarts: int = 0) -> Drift:
    return Drift(name, change.replace("FILE", path), same(path), restarts)


def mode(name: str, path: str, wrong: str, right: str) -> Drift:
    return Drift(name, f"chmod {wrong} {path}", f'[ "$(stat -c %a {path})" = {right} ]')


# A copy in place of the file: writing into a program that runs is refused by the kernel.
_REPLACE = "cp -p FILE /root/changed && {} && mv /root/changed FILE"
FLIP = _REPLACE.format(
    "printf '\\377' | dd of=/root/changed bs=1 seek=4711 conv=notrunc 2>/dev/null"
)
CUT = _REPLACE.format("truncate -s -4096 /root/changed")

# Copies lie at /root/right/<path>; a node lacks the files of the other role.
KEEP = """
mkdir -p /root/right
for file in "$@"; do [ ! -e "$file" ] || cp -a --parents "$file" /root/right/; done
"""


@dataclass(frozen=True)
class Story:
    """What the run has seen of one change."""

    run: Run
    host: str
    drift: Drift

    def result(self, part: str) -> dict[str, Any]:
        name = f"{self.drift.name}: {part}"
        found = [t.result for t in self.run.of(self.host) if t.task == name]
        if not found:
            raise AssertionError(f"the run has not come to {name}")
        return found[0]

    def holds(self, part: str) -> bool:
        return bool(self.result(part)["rc"] == 0)

    def starts(self, part: str) -> tuple[int, str]:
        """(starts of the service so far, which start runs)."""
        count, which = self.result(part)["stdout"].split(" ", 1)
        return int(count), which


def _tasks(drift: Drift, unit: str, begun: str) -> list[dict[str, Any]]:
    count = (
        f"journalctl -b -o cat --no-pager -u {unit} | grep -c '^{begun} {unit} ' | tr '\\n' ' ';"
        f" systemctl show -p MainPID,ExecMainStartTimestampMonotonic --value {unit} | xargs"
    )
    return [
        _shell(drift, "right before", drift.proof),
        _shell(drift, "the change", drift.change),
        _shell(drift, "right after the change", drift.proof),
        _shell(drift, "starts before", count),
        {**_edge(drift, "check mode"), "check_mode": True},
        _shell(drift, "right after check mode", drift.proof),
        _edge(drift, "converge"),
        _shell(drift, "right after converge", drift.proof),
        _shell(drift, "starts", count),
        _edge(drift, "converge again"),
        _shell(drift, "starts in the end", count),
    ]


def _shell(drift: Drift, part: str, script: str) -> dict[str, Any]:
    name = f"{drift.name}: {part}"
    return {"name": name, "ansible.builtin.shell": script, "ignore_errors": True}


def _edge(drift: Drift, part: str) -> dict[str, Any]:
    name = f"{drift.name}: {part}"
    return {"name": name, "lightk8s.edge.edge_site": {}, "ignore_errors": True}


def bring_up(site: Site, kept: Sequence[str]) -> None:
    """Converge the site and keep copies of what is right."""
    site.converge()
    for node in site.fleet.nodes.values():
        node.run(["sh", "-c", KEEP, "sh", *kept])
    assert site.converge().changed() == []


def carry_out(site: Site, host: str, drifts: Sequence[Drift], *args: str, **inputs: Any) -> Run:
    """All changes, one after the other, in one run."""
    unit = site.unit(site.fleet[host])
    topology = {
        "name": "Work out the sites",
        "lightk8s.edge.edge_topology": {},
        "run_once": True,
        "register": "edge_topology",
    }
    changes = [task for drift in drifts for task in _tasks(drift, unit, site.distribution.begun)]
    plays = [
        {"hosts": "all", "gather_facts": False, "tasks": [topology]},
        {"hosts": host, "gather_facts": False, "tasks": changes},
    ]
    return site.play(plays, *args, **inputs)


def judge(story: Story) -> None:
    """Found by check mode, mended with the restarts it takes, and gone after that."""
    assert story.holds("right before"), "not right before the change"
    assert story.holds("the change"), story.result("the change")
    assert not story.holds("right after the change"), "the change has no effect"

    found = story.result("check mode")
    assert found.get("actions"), ("check mode does not find it", found)
    assert not story.holds("right after check mode"), "check mode has mended it"

    mended = story.result("converge")
    assert mended["changed"], mended  # with what a failure says
    assert mended["actions"] == found["actions"]
    assert story.holds("right after converge"), "converge has not mended it"
    before, after = story.starts("starts before"), story.starts("starts")
    assert after[0] - before[0] == story.drift.restarts, mended["actions"]
    assert (after[1] != before[1]) == bool(story.drift.restarts)

    again = story.result("converge again")
    assert not again["changed"], again
    assert again["actions"] == []
    assert story.starts("starts in the end") == after
