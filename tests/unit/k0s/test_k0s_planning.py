# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From inputs to the files and flags of k0s; what is refused."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._core.plan import Phase
from ansible_collections.lightk8s.edge.plugins.module_utils._core.records import replace
from ansible_collections.lightk8s.edge.plugins.module_utils._core.resources import (
    Absent,
    File,
    Seen,
    Wish,
    plan_paths,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.adapter import Facts
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.k0s import (
    agreement,
    config,
    guard,
    paths,
    purge,
    registries,
    wishes,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.registry import adapter_of
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.spec import (
    Asset,
    Join,
    Release,
    Spec,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._doors.options import distribution_spec
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host

RELEASE = Release("v1.34.2+k0s.0", {"binary:amd64": Asset("k0s", "a" * 64, 1)})
SPEC = Spec("k0s", release=RELEASE)
FACTS = Facts("amd64", "/usr/local/bin", hostname="n1")
ETCD = replace(SPEC, single=False, servers=("https://192.0.2.2:6443",), node_ips=("192.0.2.1",))
WORKER = replace(SPEC, role="agent", single=False, join=Join("https://192.0.2.1:6443", "word"))


def document(spec: Spec) -> dict[str, t.Any]:
    return dict(yaml.safe_load(config.render(spec))["spec"])


def settings(spec: Spec, **given: t.Any) -> Spec:
    return replace(spec, settings=given)


def test_the_least_configuration_names_datastore_and_telemetry() -> None:
    assert document(SPEC) == {"storage": {"type": "kine"}, "telemetry": {"enabled": False}}


def test_the_database_lies_in_the_data_folder() -> None:
    """k0s itself puts it below /var/lib/k0s, wherever `--data-dir` is (`DefaultKineConfig`)."""
    elsewhere = replace(SPEC, data_dir="/srv/k0s/")
    source = "sqlite:///srv/k0s/db/state.db?mode=rwc&_journal=WAL"
    assert document(elsewhere)["storage"] == {"type": "kine", "kine": {"dataSource": source}}
    assert document(replace(SPEC, data_dir="/var/lib/k0s"))["storage"] == {"type": "kine"}
    outside = settings(elsewhere, datastore_endpoint="postgres://db/k0s")
    assert document(outside)["storage"]["kine"] == {"dataSource": "postgres://db/k0s"}


def test_several_servers_mean_etcd() -> None:
    assert document(ETCD)["storage"] == {"type": "etcd", "etcd": {"peerAddress": "192.0.2.1"}}
    assert document(ETCD)["api"] == {"address": "192.0.2.1", "sans": ["192.0.2.1"]}


def test_inputs_find_their_places() -> None:
    found = document(
        settings(
            SPEC,
            datastore_endpoint="postgres://u:p@db/k0s",
            cluster_cidr=["10.1.0.0/16", "fd00::/108"],
            service_cidr=["10.2.0.0/16", "fd01::/108"],
            network_mode="calico",
            api_endpoint="https://api.example.org:6443",
            extra_config={"spec": {"api": {"sans": ["a"]}, "telemetry": {"enabled": True}}},
        )
    )
    assert found["storage"] == {"type": "kine", "kine": {"dataSource": "postgres://u:p@db/k0s"}}
    assert found["network"] == {
        "provider": "calico",
        "podCIDR": "10.1.0.0/16",
        "serviceCIDR": "10.2.0.0/16",
        "dualStack": {
            "enabled": True,
            "IPv6podCIDR": "fd00::/108",
            "IPv6serviceCIDR": "fd01::/108",
        },
    }
    assert found["api"] == {"externalAddress": "api.example.org", "sans": ["api.example.org", "a"]}
    assert found["telemetry"] == {"enabled": True}


def test_an_empty_section_takes_nothing_away() -> None:
    """As where all lines below a key are comments."""
    least = document(ETCD)
    empty = dict.fromkeys(("api", "network", "storage", "telemetry"))
    spec = settings(ETCD, extra_config={"spec": {**empty, "scheduler": None}})
    guard.check(spec, FACTS)
    assert document(spec) == least
    inside = settings(ETCD, extra_config={"spec": {"api": {"sans": None}}})
    assert document(inside) == least


@pytest.mark.parametrize(
    ("part", "hidden"),
    [
        ({"api": {"sans": ["a"]}}, False),
        ({"extensions": {"helm": {"repositories": [{"name": "r", "password": "hush"}]}}}, True),
        (
            {"network": {"controlPlaneLoadBalancing": {"keepalived": {"vrrpInstances": [
                {"authPass": "hush"}]}}}},
            True,
        ),
    ],
)  # fmt: skip
def test_a_password_in_the_configuration_is_not_shown(part: dict[str, t.Any], hidden: bool) -> None:
    found = wishes.wishes(settings(SPEC, extra_config={"spec": part}), FACTS)
    file = next(wish for wish in found if wish.path == paths.CONFIG)
    assert isinstance(file, File)
    assert file.secret is hidden
    assert ("hush" in str(plan_paths([file], {}).diff())) is False


def test_the_endpoint_s_port_is_the_api_server_s() -> None:
    spec = settings(SPEC, api_endpoint="https://vip:7443")
    guard.check(settings(SPEC, api_endpoint="https://vip:6443"), FACTS)
    extra = {"spec": {"api": {"port": 7443}}}
    guard.check(replace(spec, settings={**spec.settings, "extra_config": extra}), FACTS)


@pytest.mark.parametrize(
    ("role", "endpoint", "direct"),
    [
        ("server", None, {"192.0.2.11", "2001:db8::12"}),
        ("server", "https://vip:6443", {"192.0.2.11", "2001:db8::12", "vip"}),
        ("agent", None, {"192.0.2.11", "2001:db8::12"}),  # a kubelet goes to the one that it joined
        ("agent", "https://vip:6443", {"vip"}),
    ],
)
def test_no_proxy_is_between_the_nodes_of_a_site(
    role: str, endpoint: str | None, direct: set[str]
) -> None:
    peers = {"c": "https://[2001:db8::12]:6443", "b": "https://192.0.2.11:6443"}
    given = {"role": role, "join_from": peers, "api_endpoint": endpoint}
    spec = distribution_spec("k0s", {**given, "proxy": {"https_proxy": "http://p:3128"}})
    files = [wish for wish in wishes.wishes(spec, FACTS) if isinstance(wish, File)]
    (text,) = [bytes(wish.data or b"").decode() for wish in files if wish.path.endswith(".env")]
    named = text.partition('NO_PROXY="')[2].partition('"')[0].split(",")
    assert {"192.0.2.11", "2001:db8::12", "vip"} & set(named) == direct


def test_flags_of_a_server() -> None:
    spec = replace(
        settings(SPEC, disable=["traefik", "metrics-server"], dns_enabled=False),
        node_name="N1",
        node_ips=("192.0.2.1",),
        labels={"b": "2", "a": "1"},
    )
    assert wishes.arguments(spec, FACTS) == {
        "config": "/etc/k0s/k0s.yaml",
        "disable-components": "metrics-server,coredns",
        "enable-worker": "true",
        "kubelet-extra-args": "--config-dir=/etc/k0s/kubelet.conf.d --hostname-override=n1"
        " --node-ip=192.0.2.1",
        "labels": "a=1,b=2",
        "no-taints": "true",
    }


@pytest.mark.parametrize(
    ("given", "waits"),
    [
        ({}, True),
        ({"network_mode": "calico"}, True),  # deployed by k0s itself
        ({"network_mode": "cilium"}, False),
        ({"network_mode": "none"}, False),
        ({"disable": ["network-provider"]}, False),
    ],
)
def test_the_gate_waits_for_a_network_that_k0s_brings(given: dict[str, t.Any], waits: bool) -> None:
    step = adapter_of("k0s").gate(settings(SPEC, **given), {}, "n1")
    assert step.params["network"] is waits


def test_labels_of_the_first_start_stay_in_the_unit() -> None:
    kept = json.loads(wishes.receipt(replace(SPEC, labels={"a": "1"}), FACTS))
    facts = replace(FACTS, joined=True, receipt=kept)
    assert wishes.arguments(replace(SPEC, labels={"a": "2"}), facts)["labels"] == "a=1"


def test_a_token_goes_after_the_join() -> None:
    files = plan_paths(wishes.wishes(WORKER, FACTS), {})
    steps = wishes.more(WORKER, FACTS, files)
    assert [(step.phase, step.target) for step in steps] == [(Phase.CLEAN, paths.TOKEN_FILE)]
    joined = wishes.wishes(replace(WORKER, join=None), replace(FACTS, joined=True))
    assert any(isinstance(x, Absent) and x.path == paths.TOKEN_FILE for x in joined)


def test_a_server_has_its_configuration_checked_and_its_accounts_made() -> None:
    files = plan_paths(wishes.wishes(SPEC, FACTS), {})
    steps = wishes.more(SPEC, FACTS, files)
    assert [step.verb for step in steps] == ["k0s_validate", "k0s_users"]
    assert steps[0].params["sha256"] == "a" * 64
    everyone = dict.fromkeys(paths.USERS, True)
    assert wishes.more(SPEC, replace(FACTS, accounts=everyone), plan_paths((), {})) == ()


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (settings(SPEC, disable=["ingress"]), "ingress"),
        (settings(SPEC, extra_config={"single": True}), "single"),
        (settings(SPEC, extra_config={"no-such-flag": 1}), "no-such-flag"),
        (settings(SPEC, extra_config={"kubelet-extra-args": "--node-ip=1.2.3.4"}), "node-ip"),
        (settings(SPEC, extra_config={"kubelet-extra-args": ["--v 2"]}), "without blanks"),
        (settings(WORKER, extra_config={"kubelet-extra-args": "--max-pods=5"}), "use max_pods"),
        (settings(SPEC, extra_config={"spec": {"bogus": {}}}), "spec.bogus"),
        (settings(SPEC, extra_config={"spec": {"storage": {"type": "etcd"}}}), "storage.type"),
        (settings(SPEC, extra_config={"spec": {"api": {"sanz": ["a"]}}}), "spec.api.sanz"),
        (settings(WORKER, extra_config={"spec": {}}), "only servers"),
        (settings(WORKER, extra_config={"feature-gates": {"A": True}}), "servers only"),
        (settings(SPEC, cluster_cidr=["fd00::/108"]), "IPv4"),
        (settings(SPEC, cluster_cidr=["10.96.0.0/16"]), "overlaps"),
        (settings(SPEC, registries={"mirrors": {"r": {"rewrite": {"a": "b"}}}}), "rewrite"),
        (replace(SPEC, labels={"node-role.kubernetes.io/x": "1"}), "kubelet may not"),
        (replace(SPEC, taints=("a",)), "NoSchedule"),
        (replace(SPEC, token="a-long-password"), "edge_token"),
        (replace(WORKER, token="a-long-password"), "no join token"),
        (replace(SPEC, release=Release("v1.29.9+k0s.0", RELEASE.assets)), "too old"),
        (replace(ETCD, storage_type="sqlite"), "sqlite"),
        (
            replace(settings(SPEC, datastore_endpoint="postgres://d"), storage_type="sqlite"),
            "not used",
        ),
        (settings(SPEC, api_endpoint="https://vip:7443"), "names port 7443"),
    ],
)
def test_what_k0s_cannot_do_is_refused(spec: Spec, words: str) -> None:
    with pytest.raises(EdgeError, match=words) as error:
        guard.check(spec, FACTS)
    assert error.value.kind == "spec"


@pytest.mark.parametrize(
    ("spec", "facts", "words"),
    [
        (SPEC, {"foreign": "k0scontroller.service"}, "other means"),
        (SPEC, {"receipt": {"role": "agent"}}, "agent"),
        (SPEC, {"version": "v1.34.3+k0s.0"}, "older"),
        (SPEC, {"version": "v1.32.1+k0s.0"}, "skips"),
        (SPEC, {"datastore": "etcd"}, "datastore"),
        (SPEC, {"joined": True, "receipt": {"fixed": {"node_name": "x"}}}, "node_name"),
    ],
)
def test_what_would_harm_is_refused(spec: Spec, facts: dict[str, t.Any], words: str) -> None:
    with pytest.raises(EdgeError, match=words) as error:
        guard.check(spec, replace(FACTS, **facts))
    assert error.value.kind == "refused"


def test_registries_become_files_of_containerd() -> None:
    wanted = {
        "mirrors": {"docker.io": {"endpoint": ["https://m:5000"]}},
        "configs": {
            "m:5000": {
                "auth": {"username": "u", "password": "p"},
                "tls": {"ca_file": "/ca.pem", "insecure_skip_verify": True},
            }
        },
    }
    found = registries.files(wanted, "v1.34.2+k0s.0")
    hosts = found["/etc/k0s/containerd.d/certs.d/docker.io/hosts.toml"]
    assert 'server = "https://registry-1.docker.io"' in hosts
    assert '[host."https://m:5000"]' in hosts
    assert 'ca = "/ca.pem"' in hosts
    assert '"io.containerd.grpc.v1.cri"' in found[registries.DROPIN]
    newer = registries.files(wanted, "v1.36.0+k0s.0")[registries.DROPIN]
    assert newer.startswith("version = 3")
    assert '"io.containerd.cri.v1.images"' in newer


def test_registries_that_are_no_longer_wanted_go_and_those_of_others_stay() -> None:
    both = settings(SPEC, registries={"mirrors": {"docker.io": {}, "quay.io": {}}})
    noted = json.loads(wishes.receipt(both, FACTS))
    assert noted["registries"] == ["docker.io", "quay.io"]
    facts = replace(FACTS, receipt=noted)
    one = settings(SPEC, registries={"mirrors": {"quay.io": {}}})
    folder = "/etc/k0s/containerd.d/certs.d/docker.io"
    gone = [wish for wish in wishes.wishes(one, facts) if isinstance(wish, Absent)]
    assert [wish.path for wish in gone if "certs.d" in wish.path] == [f"{folder}/hosts.toml"]
    files = plan_paths(gone, {f"{folder}/hosts.toml": Seen("file", data=b"x")})
    later = [step for step in wishes.more(one, facts, files) if step.phase == Phase.CLEAN]
    assert [(step.verb, step.target) for step in later] == [("remove_empty", folder)]
    assert json.loads(wishes.receipt(one, facts))["registries"] == ["quay.io"]
    # Who asks for nothing leaves them, and later runs still know whose they are.
    assert not [wish for wish in wishes.wishes(SPEC, facts) if "certs.d" in wish.path]
    assert json.loads(wishes.receipt(SPEC, facts))["registries"] == noted["registries"]
    none = settings(SPEC, registries={})
    assert sum("certs.d" in wish.path for wish in wishes.wishes(none, facts)) == 2
    assert "registries" not in json.loads(wishes.receipt(none, facts))


def test_a_mirror_needs_no_restart() -> None:
    mirrors = {"docker.io": {"endpoint": ["https://m:5000"]}}
    spec = settings(SPEC, registries={"mirrors": mirrors})
    files = {wish.path: wish for wish in wishes.wishes(spec, FACTS) if isinstance(wish, File)}
    assert files[registries.DROPIN].restarts
    hosts = files["/etc/k0s/containerd.d/certs.d/docker.io/hosts.toml"]
    assert hosts.secret
    assert not hosts.restarts


def seen(wish: Wish) -> Seen | None:
    if isinstance(wish, File):
        if wish.data is None and not wish.sha256:
            return None
        return Seen("file", wish.mode, wish.sha256, wish.data)
    return None


NAMES = st.text("abcdefgh", min_size=1, max_size=5)
SPECS = st.builds(
    replace,
    st.sampled_from((SPEC, ETCD, WORKER)),
    labels=st.none() | st.dictionaries(NAMES, NAMES, max_size=3),
    taints=st.none() | st.just(("a=b:NoSchedule",)),
    node_name=st.none() | NAMES,
    data_dir=st.none() | st.just("/srv/k0s"),
)


@given(SPECS, SPECS)
def test_a_joined_node_that_was_left_as_wanted_has_nothing_to_do(spec: Spec, other: Spec) -> None:
    kept = json.loads(wishes.receipt(spec, FACTS))
    facts = replace(FACTS, joined=True, receipt=kept, accounts=dict.fromkeys(paths.USERS, True))
    wanted = wishes.wishes(spec, facts)
    paths_seen = {wish.path: seen(wish) for wish in wanted}
    files = plan_paths(wanted, paths_seen)
    assert files.empty
    assert wishes.more(spec, facts, files) == ()
    relabelled = replace(spec, labels=other.labels, taints=other.taints)
    assert plan_paths(wishes.wishes(relabelled, facts), paths_seen).empty


def test_folders_of_networks_go_where_nothing_else_is_in_them(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    host.write("/etc/cni/net.d/10-kuberouter.conflist", b"")
    host.write("/opt/cni/bin/bridge", b"")
    host.make_folder("/opt/containerd/bin")
    assert purge.leftovers(host, "/var/lib/k0s") == ("/etc/cni", "/opt/cni", "/opt/containerd")
    host.write("/etc/cni/net.d/20-mine.conflist", b"")
    host.write("/opt/cni/bin/mine", b"")
    host.write("/opt/containerd/bin/mine", b"")
    assert purge.leftovers(host, "/var/lib/k0s") == ()


def test_servers_of_a_site_must_be_told_alike() -> None:
    other = replace(ETCD, node_ips=("192.0.2.2",), node_name="n2")
    assert agreement.check({"a": ETCD, "b": other}) == []
    found = agreement.check({"a": ETCD, "b": settings(other, network_mode="calico")})
    assert [problem.key for problem in found] == ["network_mode"]
    found = agreement.check({"a": ETCD, "b": settings(other, disable=["metrics-server"])})
    assert [problem.key for problem in found] == ["disable"]


@pytest.mark.parametrize(
    ("target", "found"),
    [("10.244.1.0/24", True), ("10.0.0.0/8", False), ("default", False), ("192.0.2.0/24", False)],
)
def test_routes_to_other_nodes_pods(target: str, found: bool) -> None:
    assert purge.inside(target, "10.244.0.0/16") is found
