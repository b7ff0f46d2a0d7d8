# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From inputs to the files of KubeEdge; what is refused."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._core.plan import Phase
from ansible_collections.lightk8s.edge.plugins.module_utils._core.records import replace
from ansible_collections.lightk8s.edge.plugins.module_utils._core.resources import (
    Absent,
    File,
    Seen,
    SeenUnit,
    plan_paths,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.adapter import (
    Facts,
    Observation,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.kubeedge import (
    config,
    guard,
    keys,
    objects,
    paths,
    purge,
    unit,
    wishes,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.kubeedge.adapter import (
    KubeEdge,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.spec import (
    Asset,
    Join,
    Release,
    Spec,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host

from . import recorded

ASSETS = {f"{name}:amd64": Asset(name, "a" * 64, 1) for name in ("cloudcore", "edgecore")}
RELEASE = Release("v1.23.1", ASSETS)
CLOUD = Spec("kubeedge", release=RELEASE)
EDGE = Spec(
    "kubeedge",
    role="agent",
    release=RELEASE,
    single=False,
    servers=("https://10.99.0.70:6443",),
    join=Join("https://10.99.0.70:6443", recorded.TOKEN),
)
FACTS = Facts("amd64", "/usr/local/bin", hostname="ke-g", machine={"addresses": ["10.99.0.70"]})
JOINED = replace(
    FACTS,
    joined=True,
    initialized=True,
    version="v1.23.1",
    receipt={
        "role": "agent",
        "version": "v1.23.1",
        "fixed": {"data_dir": "/var/lib/kubeedge", "node_name": "ke-g"},
        "registration": {"labels": {"a": "b"}, "taints": [], "cloud": "10.99.0.70:10000"},
    },
)
HERE = Path(__file__).parent
ADAPTER = KubeEdge()


def files(spec: Spec, facts: Facts = FACTS) -> dict[str, File]:
    return {wish.path: wish for wish in wishes.wishes(spec, facts) if isinstance(wish, File)}


def edge(spec: Spec = EDGE, facts: Facts = FACTS) -> dict[str, t.Any]:
    return dict(yaml.safe_load(files(spec, facts)[paths.EDGE_BASE].data or b""))


def cloud(spec: Spec = CLOUD, facts: Facts = FACTS) -> dict[str, t.Any]:
    return dict(yaml.safe_load(files(spec, facts)[paths.CLOUD_CONFIG].data or b""))


def settings(spec: Spec, **given: t.Any) -> Spec:
    return replace(spec, settings=given)


def test_the_least_edgecore_yaml_is_the_one_that_made_a_node_ready() -> None:
    found = edge()
    assert found.pop("database") == {"dataSource": "/var/lib/kubeedge/edgecore.db"}
    assert found["modules"]["edged"].pop("registerSchedulable") is True
    assert found == yaml.safe_load(recorded.WORKING)


def test_settings_of_the_kubelet_go_on_with_the_file() -> None:
    base = files(EDGE)[paths.EDGE_BASE].data or b""
    layout = paths.layout(EDGE, "/usr/local/bin")
    parts = [
        layout.kubelet_file({"maxPods": 10, "kubeReserved": {"memory": "99Mi"}}),
        layout.kubelet_file({"containerLogMaxFiles": 5}),
        layout.kubelet_file({}),
    ]
    kubelet = yaml.safe_load(unit.composed(base, parts))["modules"]["edged"][
        "tailoredKubeletConfig"
    ]
    assert kubelet["maxPods"] == 10
    assert kubelet["kubeReserved"] == {"memory": "99Mi"}
    assert kubelet["containerLogMaxFiles"] == 5
    assert kubelet["cgroupDriver"] == "cgroupfs"


def test_the_script_at_each_start_puts_the_same_file_together(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    script = unit.compose().decode().replace("/etc/kubeedge", f"{tmp_path}/etc/kubeedge")
    host.write(paths.EDGE_BASE, b"a: 1\n")
    host.write(f"{paths.KUBELET_DROPINS}/60-b.conf", b"b: 2\n")
    host.write(f"{paths.KUBELET_DROPINS}/50-c.conf", b"c: 3\n")
    host.write(f"{paths.KUBELET_DROPINS}/70-d.conf~", b"d: 4\n")
    for dummy in range(2):
        host.run(["/bin/sh", "-c", script])
        assert host.read(paths.EDGE_CONFIG) == b"a: 1\nc: 3\nb: 2\n"
        info = host.inspect(paths.EDGE_CONFIG)
        assert info is not None
        assert info.mode == 0o600


def test_inputs_of_an_edge_node_find_their_places() -> None:
    spec = replace(
        settings(
            EDGE,
            api_endpoint="wss://cloud.example.org:443",
            extra_config={"modules": {"edgeHub": {"heartbeat": 30}, "eventBus": {"enable": True}}},
        ),
        node_name="till-1",
        node_ips=("192.0.2.5",),
        labels={"a": "b"},
        taints=("k=v:NoSchedule",),
        data_dir="/data/ke",
    )
    found = edge(spec, replace(FACTS, machine={"driver": "systemd"}))
    assert found["database"] == {"dataSource": "/data/ke/edgecore.db"}
    hub, edged = found["modules"]["edgeHub"], found["modules"]["edged"]
    assert hub["websocket"]["server"] == "cloud.example.org:443"
    assert hub["httpServer"] == "https://cloud.example.org:10002"
    assert hub["heartbeat"] == 30
    assert found["modules"]["eventBus"] == {"enable": True}
    assert edged["hostnameOverride"] == "till-1"
    assert edged["nodeIP"] == "192.0.2.5"
    assert edged["nodeLabels"] == {"a": "b"}
    kubelet = edged["tailoredKubeletConfig"]
    assert kubelet["registerWithTaints"] == [{"key": "k", "value": "v", "effect": "NoSchedule"}]
    assert kubelet["cgroupDriver"] == "systemd"


def test_a_node_that_has_joined_keeps_what_it_registered_with() -> None:
    later = replace(EDGE, join=None, labels={"other": "c"}, taints=("x:NoExecute",))
    assert edge(later, JOINED)["modules"]["edged"]["nodeLabels"] == {"a": "b"}
    away = replace(later, servers=())
    assert edge(away, JOINED)["modules"]["edgeHub"]["websocket"]["server"] == "10.99.0.70:10000"


def test_the_join_token_is_for_root_alone_and_gone_after_the_join() -> None:
    wish = files(EDGE)[paths.BOOTSTRAP]
    assert (wish.mode, wish.secret, wish.data) == (0o600, True, f"{recorded.TOKEN}\n".encode())
    plan = plan_paths(wishes.wishes(EDGE, FACTS), {})
    assert [(step.phase, step.verb, step.target) for step in wishes.more(EDGE, FACTS, plan)] == [
        (Phase.CLEAN, "remove", paths.BOOTSTRAP)
    ]
    assert recorded.TOKEN not in "".join(change.after for change in plan.changes)
    assert recorded.TOKEN.encode() not in (files(EDGE)[paths.EDGE_BASE].data or b"")
    after = wishes.wishes(replace(EDGE, join=None), JOINED)
    assert [wish for wish in after if isinstance(wish, Absent)] == [
        Absent(paths.BOOTSTRAP, secret=True, what="the join token")
    ]


def test_a_certificate_that_has_ended_goes_and_a_token_comes() -> None:
    ended = replace(JOINED, joined=False, certificate_days=-3)
    found = wishes.wishes(EDGE, ended)
    gone = [wish.path for wish in found if isinstance(wish, Absent)]
    assert gone == [paths.CERTIFICATE, paths.KEY]
    assert files(EDGE, ended)[paths.BOOTSTRAP].restarts == ("edgecore.service",)


def test_the_least_cloudcore_yaml() -> None:
    found = cloud()
    assert found["kubeAPIConfig"] == {"kubeConfig": paths.CLOUD_ACCESS}
    hub = found["modules"]["cloudHub"]
    assert hub["advertiseAddress"] == ["10.99.0.70"]
    assert hub["websocket"] == {"enable": True, "port": 10000}
    assert hub["https"] == {"enable": True, "port": 10002}
    assert hub["nodeLimit"] == 1000
    assert files(CLOUD)[paths.CLOUD_CONFIG].mode == 0o600


def test_cloudcore_is_reached_where_the_inputs_say() -> None:
    spec = replace(
        settings(
            CLOUD,
            tls_sans=["cloud.example.org"],
            extra_config={
                "kubeAPIConfig": {"kubeConfig": "/root/admin.conf", "qps": 99},
                "modules": {"cloudHub": {"nodeLimit": 7, "websocket": {"port": 443}}},
            },
        ),
        node_ips=("192.0.2.7",),
    )
    found = cloud(spec)
    hub = found["modules"]["cloudHub"]
    assert hub["advertiseAddress"] == ["192.0.2.7"]
    assert hub["dnsNames"] == ["cloud.example.org"]
    assert hub["nodeLimit"] == 7
    assert config.ports(found) == (443, 10002)
    assert found["kubeAPIConfig"] == {"kubeConfig": paths.CLOUD_ACCESS, "qps": 99}


def test_an_address_that_moves_costs_a_new_certificate_of_cloudcore() -> None:
    machine = {"source": "/k", "certificate": True, "lacks": [], "addresses": ["10.99.0.99"]}
    receipt = {"role": "server", "own": ["10.99.0.70"], "addresses": ["10.99.0.70"]}
    known = replace(FACTS, machine=machine, receipt=receipt)
    assert wishes.settled_addresses(CLOUD, known) == ["10.99.0.70"]
    assert list(wishes.cluster_steps(CLOUD, known)) == []
    moved = list(wishes.cluster_steps(replace(CLOUD, node_ips=("10.99.0.99",)), known))
    assert [step.params for step in moved] == [{"source": "/k", "renew": True}]
    running = {"cloudcore.service": SeenUnit("cloudcore.service", running=True)}
    repair = ADAPTER.repair(replace(CLOUD, node_ips=("10.99.0.99",)), known, running)
    assert [step.verb for step in repair.steps] == ["restart"]


@pytest.mark.parametrize("role", ["server", "agent"])
def test_every_key_of_the_default_configuration_is_known(role: str) -> None:
    name = "cloudcore" if role == "server" else "edgecore"
    text = (HERE / "fixtures" / f"{name}-v1.23.1-defaultconfig.txt").read_text(encoding="utf-8")
    document = yaml.safe_load(text)
    for key in ("apiVersion", "kind"):
        document.pop(key)
    unknown = [one for one in keys.check(role, document) if "is no key of" in one.message]
    assert unknown == []


@pytest.mark.parametrize(
    ("role", "given", "word"),
    [
        ("agent", {"modules": {"eventbuz": {"enable": False}}}, "modules.eventbuz"),
        ("agent", {"modules": {"edged": {"hostnameOverride": "a"}}}, "use node_name"),
        ("agent", {"modules": {"edgeHub": {"token": "x"}}}, "kept nowhere"),
        ("agent", {"modules": {"edgeHub": {"heartbeat": "15"}}}, "a whole number"),
        ("agent", {"modules": {"edgeHub": {"heartbeat": True}}}, "a whole number"),
        ("agent", {"modules": {"serviceBus": {"port": 99999}}}, "65535"),
        ("agent", {"modules": [1]}, "must be a mapping"),
        ("agent", {"database": {"dataSource": "/x"}}, "use data_dir"),
        ("agent", {"kubeAPIConfig": {"qps": 1}}, "is no key of edgecore.yaml"),
        ("server", {"modules": {"edged": {}}}, "is no key of cloudcore.yaml"),
        ("server", {"modules": {"cloudHub": {"advertiseAddress": ["1.2.3.4"]}}}, "node_ip"),
    ],
)
def test_keys_that_kubeedge_would_take_silently_are_refused(
    role: str, given: dict[str, t.Any], word: str
) -> None:
    spec = settings(CLOUD if role == "server" else EDGE, extra_config=given)
    with pytest.raises(EdgeError, match=word) as caught:
        guard.check(spec, FACTS)
    assert caught.value.kind == "spec"


@pytest.mark.parametrize(
    ("spec", "facts", "kind", "word"),
    [
        (replace(EDGE, labels={"kubernetes.io/x": "a"}), FACTS, "spec", "labels"),
        (replace(EDGE, taints=("a",)), FACTS, "spec", "taints"),
        (replace(EDGE, node_name="KE_G"), FACTS, "spec", "node_name"),
        (replace(EDGE, token="a-word"), FACTS, "spec", "token"),
        (replace(EDGE, release=Release("v1.19.0", ASSETS)), FACTS, "spec", "too old"),
        (replace(EDGE, release=Release("v1.25.0", ASSETS)), JOINED, "refused", "skips"),
        (replace(EDGE, release=Release("v1.22.0", ASSETS)), JOINED, "refused", "older"),
        (replace(EDGE, node_name="other"), JOINED, "refused", "node_name"),
        (replace(EDGE, data_dir="/d"), JOINED, "refused", "data_dir"),
        (CLOUD, JOINED, "refused", "agent"),
        (EDGE, replace(FACTS, machine={"certified": "ke-a"}), "refused", "that of ke-a"),
        (EDGE, replace(FACTS, foreign="edgecore.service"), "refused", "other means"),
    ],
)
def test_what_would_harm_is_refused(spec: Spec, facts: Facts, kind: str, word: str) -> None:
    with pytest.raises(EdgeError, match=word) as caught:
        guard.check(spec, facts)
    assert caught.value.kind == kind


@pytest.mark.parametrize(
    ("spec", "seen", "word"),
    [
        (EDGE, {"containerd": False}, "containerd.sock is not there"),
        (EDGE, {"containerd": True, "cri": False}, "without its CRI plugin"),
        (EDGE, {"kubelets": ["1371"]}, "process 1371: is a kubelet"),
        (EDGE, {"others": ["k3s.service"]}, "k3s.service: is on this node"),
        (CLOUD, {"source": "", "addresses": ["a"]}, "no kubeconfig"),
        (CLOUD, {"source": "/k"}, "no address"),
        (replace(CLOUD, single=False), {"source": "/k", "addresses": ["a"]}, "one cloudcore"),
    ],
)
def test_a_machine_that_cannot_bear_it_is_named(
    spec: Spec, seen: dict[str, t.Any], word: str
) -> None:
    found = guard.obstacles(spec, replace(FACTS, machine=seen))
    assert any(word in str(problem) for problem in found)


def test_a_machine_that_can_is_not() -> None:
    good = {"containerd": True, "cri": True, "kubelets": [], "others": [], "network": True}
    assert guard.obstacles(EDGE, replace(FACTS, machine=good)) == []
    assert guard.warnings(EDGE, replace(FACTS, machine=good)) == ()
    assert "net.d" in guard.warnings(EDGE, replace(FACTS, machine={"network": False}))[0]


def test_the_kinds_are_those_of_kubeedge() -> None:
    names = sorted(kind.full for kind in objects.KINDS)
    assert len(names) == 13
    assert names[0] == "clusterobjectsyncs.reliablesyncs.kubeedge.io"
    for kind in objects.KINDS:
        versions = objects.definition(kind)["spec"]["versions"]
        assert [row["name"] for row in versions if row["storage"]] == [kind.versions[-1]]


def test_the_account_of_cloudcore_may_do_nothing_it_need_not() -> None:
    for rule in objects.rights():
        assert "*" not in rule["verbs"]
    secrets = [rule for rule in objects.rights() if "secrets" in rule["resources"]]
    assert all("delete" not in rule["verbs"] for rule in secrets)


def test_a_kubelet_setting_restarts_edgecore_once_and_no_broker_is_looked_for() -> None:
    assert edge()["modules"]["eventBus"] == {"enable": False}
    text = (files(EDGE)[paths.unit_file("agent")].data or b"").decode()
    assert "ExecStartPre=/bin/sh /etc/kubeedge/config/compose.sh\n" in text
    assert "ExecStart=/usr/local/bin/edgecore\n" in text
    loud = files(settings(EDGE, log_level="debug"))[paths.unit_file("agent")].data or b""
    assert b"edgecore --v=4\n" in loud


def test_beside_another_distribution_cloudcore_touches_nothing_of_it() -> None:
    alone = replace(FACTS, machine={**FACTS.machine, "neighbour": False})
    beside = replace(FACTS, machine={**FACTS.machine, "neighbour": True})
    ours = {"/etc/systemd/system/lightk8s-recover.service"}
    assert ours <= set(files(CLOUD, alone))
    assert not ours & set(files(CLOUD, beside))
    gone = set(purge.files(replace(CLOUD, state="purged"), beside))
    assert not gone & {*ours, "/var/lib/lightk8s/state/distribution.json"}
    assert "/var/lib/lightk8s/state/guest.json" in gone


def test_a_purge_of_cloudcore_empties_its_cluster_and_a_removal_does_not() -> None:
    unit_seen = {"cloudcore.service": SeenUnit("cloudcore.service", "loaded", True, True)}
    facts = replace(FACTS, machine={"api": "ok", "source": "/k", "ours": True})
    seen = Observation(facts, {paths.CLOUD_CONFIG: Seen("file")}, unit_seen)
    verbs = [step.verb for step in purge.steps(replace(CLOUD, state="purged"), seen)]
    assert verbs.index("stop") < verbs.index("kubeedge_forget")
    kept = [step.verb for step in purge.steps(replace(CLOUD, state="absent"), seen)]
    assert "kubeedge_forget" not in kept


def test_a_purge_after_a_removal_empties_the_cluster_that_was_ours() -> None:
    purged = replace(CLOUD, state="purged")
    for ours in (True, False):
        facts = replace(FACTS, machine={"api": "ok", "source": "/k", "ours": ours})
        verbs = [step.verb for step in purge.steps(purged, Observation(facts, {}, {}))]
        assert verbs == (["kubeedge_forget"] if ours else [])


def test_a_purge_beside_another_distribution_leaves_its_helpers_and_comes_to_an_end() -> None:
    helpers = ("lightk8s-recover.service", "lightk8s-pod-cap.service")
    units = {name: SeenUnit(name, "loaded", True, True) for name in helpers}
    gone = replace(FACTS, machine={"api": "ok", "source": "/k", "neighbour": True})
    assert purge.steps(replace(CLOUD, state="purged"), Observation(gone, {}, units)) == ()


def test_the_receipt_holds_no_token() -> None:
    text = (files(EDGE)["/var/lib/lightk8s/state/distribution.json"].data or b"").decode()
    assert recorded.TOKEN not in text
    assert json.loads(text)["registration"]["cloud"] == "10.99.0.70:10000"
