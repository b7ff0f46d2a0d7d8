# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines and wishes, and what is said of them."""

from __future__ import annotations

import ipaddress
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._core.proc import Mount, Route
from ansible_collections.lightk8s.edge.plugins.module_utils._core.records import replace
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.k3s.needs import (
    requirements,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.spec import Spec
from ansible_collections.lightk8s.edge.plugins.module_utils._preflight.plan import judge
from ansible_collections.lightk8s.edge.plugins.module_utils._preflight.spec import (
    ABSENT,
    THERE,
    UNKNOWN,
    Finding,
    Folder,
    Seen,
    Taken,
    Wish,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._resources.spec import (
    Spec as Resources,
)

NOW = 1795000000.0
SERVER = Spec("k3s")
AGENT = Spec("k3s", role="agent", single=False)
ETCD = Spec("k3s", storage_type="etcd")


def route(network: str, interface: str = "eth0") -> Route:
    return Route(interface, ipaddress.ip_network(network), network == "0.0.0.0/0")


def folder(path: str, options: str = "rw", **more: int) -> Folder:
    values = {"size_mb": 20000, "free_mb": 10000, "inodes": 10**6, "free_inodes": 10**6, **more}
    return Folder(path, Mount("/", "ext4", tuple(options.split(","))), **values)


def machine(spec: Spec = SERVER, **more: t.Any) -> Seen:
    """One that is fine for the spec."""
    needs = requirements(spec)
    good = Seen(
        machine="x86_64",
        needs=needs,
        modules={module.name: THERE for module in needs.modules},
        controllers=frozenset(needs.controllers),
        memory_mb=4000,
        data=folder("/var/lib/rancher/k3s"),
        programs=folder("/usr/local/bin"),
        routes=(route("0.0.0.0/0"), route("192.168.1.0/24")),
        now=NOW,
        synchronised=True,
        node_name="shop1-server1",
    )
    return replace(good, **more)


def wish(spec: Spec = SERVER, clock: float = NOW, **bounds: t.Any) -> Wish:
    return Wish(spec, Resources(spec, **bounds), controller_time=clock)


@pytest.mark.parametrize("spec", [SERVER, AGENT, ETCD])
def test_a_good_machine_is_not_mentioned(spec: Spec) -> None:
    verdict = judge(wish(spec), machine(spec))
    assert verdict.problems == verdict.warnings == ()


PROBLEMS: list[tuple[dict[str, t.Any], str, str]] = [
    ({"systemd": False}, "os", "systemd"),
    ({"machine": "riscv64"}, "architecture", "riscv64"),
    ({"python": (3, 8)}, "python", "3.8 is too old"),
    ({"python_lacks": ("ssl",)}, "python", "lacks the modules ssl"),
    ({"modules": {"overlay": ABSENT}}, "module", "no module overlay"),
    ({"controllers": frozenset(("cpu", "cpuset", "pids"))}, "cgroup", "memory are off"),
    ({"lacking": ("systemctl",)}, "program", "systemctl is not installed"),
    ({"now": NOW - 61}, "clock", "61 s behind"),
    ({"now": NOW + 3600}, "clock", "3600 s ahead of"),
    ({"node_name": "shop_1"}, "name", "'shop_1' cannot be"),
    ({"node_name": "-shop"}, "name", "cannot be"),
    ({"node_name": "a" * 64}, "name", "cannot be"),
    ({"node_name": "localhost"}, "name", "no name to tell nodes apart"),
    ({"memory_mb": 400}, "memory", "400 MiB of memory; a K3s server alone takes 512"),
    ({"data": folder("/data", free_mb=300)}, "disk", "300 MiB are free"),
    ({"data": folder("/data", free_inodes=900)}, "inodes", "900 inodes"),
    ({"data": folder("/data", "rw,noexec")}, "mount", "mounted with noexec"),
    ({"programs": folder("/usr/local/bin", "ro")}, "mount", "read-only"),
    ({"taken": (Taken(6443, "tcp", "the API server", "haproxy"),)}, "port", "taken by haproxy"),
    ({"routes": (route("0.0.0.0/0"), route("10.42.3.0/24"))}, "network", "range of pods"),
    ({"routes": (route("0.0.0.0/0"), route("10.0.0.0/8"))}, "network", "range of services"),
    ({"routes": (route("192.168.1.0/24"),)}, "route", "no default route"),
    ({"refused": (Finding("input", "version: no"),)}, "input", "version: no"),
]


@pytest.mark.parametrize(("change", "kind", "text"), PROBLEMS)
def test_a_machine_is_refused(change: dict[str, t.Any], kind: str, text: str) -> None:
    verdict = judge(wish(), machine(**change))
    assert {finding.kind for finding in verdict.problems} == {kind}
    assert any(text in finding.message for finding in verdict.problems)


WARNINGS = [
    ({"modules": {"vxlan": ABSENT}}, "module", "vxlan"),
    ({"modules": {"br_netfilter": UNKNOWN}}, "module", "br_netfilter is not loaded"),
    ({"lacking": ("modprobe",)}, "program", "modprobe"),
    ({"synchronised": False}, "clock", "not synchronised"),
    ({"memory_mb": 1000}, "memory", "1000 MiB of memory for a K3s server"),
    ({"swap_mb": 100}, "swap", "100 MiB of swap"),
    ({"firewall": "ufw"}, "firewall", "ufw runs"),
    ({"enforcing": True}, "selinux", "enforcing"),
    ({"data": folder("/data", free_mb=1000, size_mb=2000)}, "disk", "1000 MiB are free"),
    ({"data": folder("/data", free_inodes=9000)}, "inodes", "9000 inodes"),
    ({"data": folder("/data", free_mb=3000, size_mb=90000)}, "disk", "only 3 % are free"),
]


@pytest.mark.parametrize(("change", "kind", "text"), WARNINGS)
def test_a_machine_is_warned_of(change: dict[str, t.Any], kind: str, text: str) -> None:
    if "modules" in change:
        change = {"modules": {**machine().modules, **change["modules"]}}
    verdict = judge(wish(), machine(**change))
    assert verdict.problems == ()
    assert [finding.kind for finding in verdict.warnings] == [kind]
    assert text in verdict.warnings[0].message


def test_a_clock_that_was_never_set_is_told_apart_from_a_skew() -> None:
    verdict = judge(wish(clock=0), machine(now=100.0))
    assert verdict.problems == ()
    assert [str(finding) for finding in verdict.warnings] == [
        "the clock stands before the year 2020 (synchronise it: certificates depend on it)"
    ]


RUNNING = [
    {"taken": (Taken(6443, "tcp", "the API server", "k3s-server"),)},
    {"programs": folder("/usr/local/bin", "ro")},
    {"data": folder("/data", free_mb=3000, size_mb=9000, free_inodes=10), "installed": True},
]


@pytest.mark.parametrize("change", RUNNING)
def test_what_runs_already_is_not_in_its_own_way(change: dict[str, t.Any]) -> None:
    assert judge(wish(), machine(running=True, **change)).problems == ()


@pytest.mark.parametrize("interface", ["cni0", "flannel.1", "cali1234", "cilium_host"])
def test_routes_of_the_cluster_itself_overlap_with_nothing(interface: str) -> None:
    seen = machine(routes=(route("0.0.0.0/0"), route("10.42.0.0/24", interface)))
    assert judge(wish(), seen).problems == ()


@pytest.mark.parametrize(
    ("spec", "problem", "warning"),
    [
        (SERVER, True, False),
        (Spec("k3s", node_ips=("192.168.1.5",)), False, True),
        (
            Spec(
                "k3s",
                node_ips=("192.168.1.5",),
                settings={"extra_config": {"flannel-iface": "eth0"}},
            ),
            False,
            False,
        ),
    ],
)
def test_a_default_route_matters_where_something_is_read_from_it(
    spec: Spec, problem: bool, warning: bool
) -> None:
    verdict = judge(wish(spec), machine(spec, routes=(route("192.168.1.0/24"),)))
    assert bool(verdict.problems) == problem
    assert bool(verdict.warnings) == warning


@pytest.mark.parametrize(
    ("memory", "pods", "kept", "problem"),
    [(2000, 512, 64, False), (960, 512, 64, False), (800, 512, 64, True), (4000, 3900, 0, True)],
)
def test_bounds_must_fit_beside_the_distribution(
    memory: int, pods: int, kept: int, problem: bool
) -> None:
    wanted = wish(max_memory_mb=pods, reserved_memory_mb=kept)
    found = judge(wanted, machine(memory_mb=memory)).problems
    assert [finding.kind for finding in found] == ["memory"] * problem


@given(st.integers(600, 10**6), st.integers(1, 10**6), st.integers(0, 4000))
def test_the_memory_that_is_advised_is_accepted(memory: int, pods: int, kept: int) -> None:
    """What the hint names can be had: following it never leads to another refusal."""
    seen = machine(memory_mb=memory)
    found = judge(wish(max_memory_mb=pods, reserved_memory_mb=kept), seen).problems
    if not found:
        return
    room = int(found[0].hint.split()[3])
    if room:
        assert judge(wish(max_memory_mb=room, reserved_memory_mb=kept), seen).problems == ()


def test_storage_for_pods_must_fit() -> None:
    found = judge(wish(ephemeral_storage_mb=19500), machine()).problems
    assert [finding.hint for finding in found] == ["set edge_ephemeral_storage_mb to 19000 or less"]


def test_a_tolerated_problem_only_warns() -> None:
    verdict = judge(wish(), machine(controllers=frozenset(("cpu", "cpuset", "pids"))), ("cgroup",))
    assert verdict.problems == ()
    assert [finding.kind for finding in verdict.warnings] == ["cgroup"]


def test_all_reasons_are_given_together() -> None:
    changes = {key: value for change, _kind, _text in PROBLEMS for key, value in change.items()}
    kinds = {finding.kind for finding in judge(wish(), machine(**changes)).problems}
    assert len(kinds) >= 12


def test_ways_to_other_nodes_pods_are_the_clusters_own_where_it_runs() -> None:
    way = Route("eth0", ipaddress.ip_network("10.42.3.0/24"), gateway=True)
    seen = machine(routes=(route("0.0.0.0/0"), way))
    assert [finding.kind for finding in judge(wish(), seen).problems] == ["network"]
    assert judge(wish(), machine(routes=seen.routes, running=True)).problems == ()
