# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every adapter says of every input what it becomes or why it is refused, the page repeats it, and it is true."""

from __future__ import annotations

import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._core.records import replace
from ansible_collections.lightk8s.edge.plugins.module_utils._core.resources import plan_paths
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution import inputs, registry
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.spec import (
    Asset,
    Release,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._doors import (
    edge_logging,
    edge_preflight,
    edge_resources,
    edge_site,
    options,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host
from ansible_collections.lightk8s.edge.plugins.module_utils._logging.plan import wishes as logs
from ansible_collections.lightk8s.edge.plugins.module_utils._resources.plan import wishes as bounds
from ansible_collections.lightk8s.edge.plugins.module_utils._resources.seen import Machine
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.inputs import NO_INPUTS

REPOSITORY = Path(__file__).resolve().parents[3]
Params = dict[str, t.Any]
OPTIONS = edge_site.ARGS["argument_spec"]
INPUTS = sorted(set(OPTIONS) - NO_INPUTS - inputs.COMMON - inputs.PLACED)
ENDPOINT = "postgres://u:p@db:5432/k"
URL = "https://192.0.2.9:6443"
# A value of each input that asks for something, with the other inputs without which it would not.
SAMPLES: dict[str, tuple[t.Any, Params]] = {
    "data_dir": ("/srv/data", {}),
    "bin_dir": ("/opt/edge/bin", {}),
    "node_name": ("other", {}),
    "version": ("v1.35.0", {}),
    "airgap_images": (True, {}),
    "api_endpoint": (URL, {"initial": False, "join_from": {"b": "https://192.0.2.8:6443"}}),
    "token": ("a-word-of-some-length", {"initial": False, "join_from": {"b": URL}}),
    "agent_token": ("a-word-of-some-length", {}),
    "node_ip": (["192.0.2.1"], {}),
    "labels": ({"a": "b"}, {}),
    "taints": (["a=b:NoSchedule"], {}),
    "datastore_endpoint": (ENDPOINT, {}),
    "snapshot_enabled": (True, {"storage_type": "etcd"}),
    "cluster_cidr": (["10.77.0.0/16"], {}),
    "service_cidr": (["10.78.0.0/16"], {}),
    "dns_enabled": (False, {}),
    "disable": (["metrics-server"], {}),
    "tls_sans": (["edge.example.org"], {}),
    "secrets_encryption": (True, {}),
    "registries": ({"mirrors": {"docker.io": {"endpoint": ["https://m.example.org"]}}}, {}),
    "proxy": ({"http_proxy": "http://192.0.2.3:3128"}, {}),
    "kubeconfig_mode": ("0644", {}),
    "selinux": (True, {}),
    "extra_config": ({"no-such-flag": "a"}, {}),
    "adopt": (True, {}),
    "max_memory_mb": (300, {}),
    "max_cpu_percent": (50, {}),
    "max_pods": (7, {}),
    "reserved_memory_mb": (99, {}),
    "ephemeral_storage_mb": (999, {}),
    "service_memory_mb": (777, {}),
    "max_log_files": (3, {}),
    "max_log_size_mb": (3, {}),
}


def samples() -> t.Iterator[tuple[str, Params, Params]]:
    """Name of an input, options that set it, and those to compare with."""
    for name in INPUTS:
        if name in SAMPLES:
            value, more = SAMPLES[name]
            yield name, {**more, name: value}, more
        for value in OPTIONS[name].get("choices", ()):
            more = {"datastore_endpoint": ENDPOINT} if value == "external" else {}
            yield name, {**more, name: value}, {}


class Full(Release):
    """A release that has whatever an adapter looks for."""

    def asset(self, kind: str, arch: str) -> Asset:
        return Asset(kind, "a" * 64)


def outcome(distribution: str, role: str, given: Params, host: Host) -> tuple[object, ...]:
    """All that a plan would be made from. EdgeError where the inputs are refused."""
    params = {"role": role, **given}
    adapter = registry.adapter_of(distribution)
    options.refuse_inputs(distribution, params)
    spec = options.distribution_spec(distribution, params)
    spec = replace(spec, release=Full(given.get("version", "v1.34.2")))
    bin_dir = adapter.bin_dir(host, spec)
    facts = replace(adapter.look(host, spec, {}), arch="amd64", hostname="n1")
    adapter.check(spec, facts)
    layout = adapter.layout(spec, bin_dir)
    wishes = adapter.wishes(spec, facts)
    machine = Machine(4096, 2, 20000)
    return (
        *(bin_dir, layout, wishes, adapter.requirements(spec)),
        adapter.wanted_units(spec, facts),
        adapter.more(spec, facts, plan_paths(wishes, {})),
        adapter.gate(spec, {}, "n1"),
        adapter.objects(spec, facts),
        bounds(options.resources_of(spec, params), machine, layout),
        logs(options.logging_of(spec, params), layout),
    )


def strange(distribution: str, host: Host) -> None:
    """An installation that others have made."""
    spec = options.distribution_spec(distribution, {})
    layout = registry.adapter_of(distribution).layout(spec, "/usr/local/bin")
    unit = f"[Service]\nExecStart={layout.binary} server\n"
    host.write(f"/etc/systemd/system/{layout.unit}", unit.encode())


def heeded(distribution: str, name: str, given: Params, bare: Params, host: Host) -> bool:
    """Whether an input is refused by name, or changes something, on a server or an agent."""
    for role in ("server", "agent"):
        roles = {} if name == "role" else {"role": role}
        try:
            found = outcome(distribution, given.get("role", role), {**given, **roles}, host)
        except EdgeError as exc:
            inside = given[name] if isinstance(given[name], dict) else ()
            return any(word in exc.message for word in (name, *inside))
        try:
            if found != outcome(distribution, bare.get("role", role), {**bare, **roles}, host):
                return True
        except EdgeError:
            if name == "adopt":
                return True  # what is refused without it goes with it
            raise
    return False


@pytest.mark.parametrize("distribution", registry.NAMES)
def test_what_is_given_alike_ends_alike(distribution: str, tmp_path: Path) -> None:
    """Else any input would pass for one that changes something."""
    host = Host(str(tmp_path))
    first, second = (outcome(distribution, "server", {}, host) for dummy in range(2))
    assert first == second


@pytest.mark.parametrize("distribution", registry.NAMES)
def test_an_adapter_tells_of_every_input_and_of_no_other(distribution: str) -> None:
    assert sorted(registry.inputs_of(distribution)) == INPUTS


@pytest.mark.parametrize("distribution", registry.NAMES)
def test_an_entry_says_what_becomes_of_the_input(distribution: str) -> None:
    table = registry.inputs_of(distribution)
    assert [name for name, entry in table.items() if not (entry.becomes or entry.refusals)] == []


def test_there_is_a_sample_of_every_input() -> None:
    assert {name for name, given, bare in samples()} == set(INPUTS)


@pytest.mark.parametrize("distribution", registry.NAMES)
@pytest.mark.parametrize(("name", "given", "bare"), list(samples()))
def test_no_input_is_accepted_and_ignored(
    distribution: str, name: str, given: Params, bare: Params, tmp_path: Path
) -> None:
    host = Host(str(tmp_path))
    if name == "adopt":
        strange(distribution, host)
    entry = registry.inputs_of(distribution)[name]
    assert heeded(distribution, name, given, bare, host) or given[name] in entry.as_unset


def refusals() -> t.Iterator[tuple[str, str, inputs.Refusal]]:
    for distribution in registry.NAMES:
        for name, entry in registry.inputs_of(distribution).items():
            yield from ((distribution, name, refusal) for refusal in entry.refusals)


def answers(distribution: str, name: str, refusal: inputs.Refusal) -> t.Iterator[Params]:
    """What each module that knows the option says of the example."""
    given = {"distribution": distribution, "role": refusal.role or "server", "site": ""}
    for door in (edge_site, edge_preflight, edge_resources, edge_logging):
        if name in door.ARGS["argument_spec"]:
            yield door.main({**given, name: refusal.example}, True, False)


@pytest.mark.parametrize(("distribution", "name", "refusal"), list(refusals()))
def test_what_an_adapter_refuses_is_refused(
    distribution: str, name: str, refusal: inputs.Refusal
) -> None:
    for answer in answers(distribution, name, refusal):
        assert answer["failed"]
        assert f"{name}: {refusal.reason}" in answer["failure"]["message"]
        assert refusal.remedy in answer["failure"]["hint"]


@pytest.mark.parametrize(("distribution", "name", "refusal"), list(refusals()))
def test_nothing_is_refused_of_who_does_not_ask(
    distribution: str, name: str, refusal: inputs.Refusal
) -> None:
    table = registry.inputs_of(distribution)
    role = refusal.role or "server"
    assert inputs.problems(table, {}, role) == []
    harmless = [{name: value} for value in table[name].as_unset]
    assert [given for given in harmless if inputs.problems(table, given, role)] == []
    removal = {name: refusal.example, "role": role, "state": "purged"}
    assert options.refused(distribution, removal) == []


def test_only_the_role_that_cannot_is_refused() -> None:
    table = {"a": inputs.Input("b", (inputs.exactly("x", "no x", "unset a", role="agent"),))}
    assert inputs.problems(table, {"a": "x"}, "server") == []
    assert [problem.key for problem in inputs.problems(table, {"a": "x"}, "agent")] == ["a"]


def test_the_page_is_what_the_adapters_say() -> None:
    words = [sys.executable, "tools/inputs_table.py", "check"]
    done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
