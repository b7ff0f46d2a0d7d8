# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From inputs and facts to the steps of a MicroK8s node; what is refused."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._core.plan import Phase, Plan
from ansible_collections.lightk8s.edge.plugins.module_utils._core.records import replace
from ansible_collections.lightk8s.edge.plugins.module_utils._core.resources import (
    Absent,
    File,
    Seen,
    plan_paths,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.microk8s import (
    addons,
    agreement,
    guard,
    look,
    needs,
    paths,
    wishes,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.spec import Release
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host

from .bench import AGENT, BARE, JOINER, NEW, OLD, SPEC, given, release, settled, steps_of, verbs


def test_a_bare_node_gets_all_snaps_in_order() -> None:
    steps = steps_of(SPEC, BARE)
    assert verbs(steps) == [
        ("snap_verify", "microk8s"),
        ("snap_ack", "microk8s"),
        ("snap_base", "snapd"),
        ("snap_base", "core22"),
        ("snap_install", "microk8s"),
        ("snap_hold", "microk8s"),
        ("addon_enable", "dns"),
        ("remove", paths.LAUNCH),
    ]
    phases = [step.phase for step in steps]
    assert phases == sorted(phases)
    assert steps[1].phase == Phase.STOP  # signatures are judged before the first file is written
    assert [row["name"] for row in steps[1].artifacts] == [
        "snapd-assert.file",
        "core22-assert.file",
        "binary-assert.file",
    ]
    assert steps[4].starts == paths.units_of("server")
    assert all("--dangerous" not in step.params.get("flags", []) for step in steps)


def test_snaps_that_are_there_stay() -> None:
    facts = replace(BARE, config={"snaps": ["core22", "snapd"]})
    assert ("snap_base", "core22") not in verbs(steps_of(SPEC, facts))


def test_what_nobody_has_signed_has_to_be_asked_for() -> None:
    unsigned = replace(SPEC, release=release("v1.34.2+microk8s.8511", "old", signed=False))
    with pytest.raises(EdgeError, match="without an assertion") as error:
        guard.check(unsigned, BARE)
    assert error.value.kind == "artifact"
    asked = given(unsigned, extra_config={"dangerous": True})
    guard.check(asked, BARE)
    steps = steps_of(asked, BARE)
    assert "snap_ack" not in {step.verb for step in steps}
    assert steps[2].params["flags"] == ["--classic", "--dangerous"]
    assert any("dangerous" in text for text in guard.warnings(asked, BARE))


def test_a_mirror_without_base_snaps_is_told_by_name() -> None:
    poor = {key: asset for key, asset in OLD.assets.items() if not key.startswith("core22")}
    with pytest.raises(EdgeError, match="core22") as error:
        guard.check(replace(SPEC, release=Release(OLD.version, poor)), BARE)
    assert error.value.kind == "release"


def test_a_settled_node_needs_nothing() -> None:
    facts = settled(SPEC)
    guard.check(SPEC, facts)
    assert steps_of(SPEC, facts) == []
    assert guard.warnings(SPEC, facts) == ()


def test_a_newer_snap_takes_the_place_of_the_old_one_and_knows_the_way_back() -> None:
    spec = replace(SPEC, release=NEW)
    facts = settled(SPEC)
    guard.check(spec, facts)
    steps = [step for step in steps_of(spec, facts) if step.verb == "snap_install"]
    assert len(steps) == 1
    assert steps[0].params["previous"] == "8511"
    assert steps[0].summary == "change to MicroK8s v1.34.2+microk8s.8594"


@pytest.mark.parametrize(
    ("version", "word"),
    [
        ("v1.34.1+microk8s.8400", "older"),
        ("v1.36.0+microk8s.8999", "skips a minor"),
        ("v1.34.3+k3s1", "distribution"),
    ],
)
def test_no_way_there(version: str, word: str) -> None:
    with pytest.raises(EdgeError, match=word) as error:
        guard.check(replace(SPEC, release=release(version, "x")), settled(SPEC))
    assert error.value.kind == "refused"


def test_a_first_server_begins_and_others_join() -> None:
    first = replace(SPEC, single=False)
    assert ("microk8s_join", "microk8s") not in verbs(steps_of(first, BARE))
    assert wishes.receipt(first, BARE)["by_token"] is False
    for spec in (JOINER, AGENT):
        steps = steps_of(spec, BARE)
        order = [step.verb for step in steps]
        assert order.index("snap_install") < order.index("microk8s_join")
        assert "addon_enable" not in order
        assert wishes.receipt(spec, BARE)["by_token"] is True
    join = next(step for step in steps_of(AGENT, BARE) if step.verb == "microk8s_join")
    assert join.params["worker"] is True
    assert join.params["connection"] == "192.0.2.1:25000/token/check"
    assert "token" not in repr(join).replace("microk8s_join", "")


def test_a_node_that_has_joined_stays() -> None:
    facts = settled(AGENT)
    assert steps_of(replace(AGENT, join=None), facts) == []
    assert steps_of(AGENT, replace(facts, joined=False))[0].verb == "microk8s_join"


def test_a_refresh_that_is_no_longer_held_is_held_again() -> None:
    assert verbs(steps_of(SPEC, settled(SPEC, held=False))) == [("snap_hold", "microk8s")]


def test_arguments_change_with_one_restart_of_what_they_are_about() -> None:
    facts = settled(SPEC)
    spec = given(SPEC, extra_config={"extraKubeAPIServerArgs": {"--event-ttl": "10m"}})
    spec = replace(spec, proxy={"https_proxy": "http://p:1"})
    seen = {
        f"{paths.ARGS}/{name}": Seen("file", row["mode"], data=row["text"].encode())
        for name, row in facts.config["files"].items()
    }
    plan = plan_paths([w for w in wishes.wishes(spec, facts) if paths.ARGS in w.path], seen)
    assert [step.target.rpartition("/")[2] for step in plan.steps] == [
        "kube-apiserver",
        "containerd-env",
    ]
    assert plan.restarts == (paths.KUBELITE, paths.CONTAINERD)
    assert "http://p:1" not in str(plan.diff())


def test_images_are_put_there_once() -> None:
    spec = replace(SPEC, airgap_images=True)
    there = [wish.path for wish in wishes.wishes(spec, BARE)]
    assert paths.SIDELOAD in there
    facts = settled(spec)
    assert facts.receipt["images"] == "old-images"
    assert paths.SIDELOAD not in [wish.path for wish in wishes.wishes(spec, facts)]
    newer = replace(spec, release=NEW)
    assert paths.SIDELOAD in [wish.path for wish in wishes.wishes(newer, facts)]


def test_add_ons_follow_the_inputs() -> None:
    spec = given(
        SPEC,
        disable=["dns", "traefik"],
        extra_config={
            "addons": [{"name": "metallb", "args": ["192.0.2.10-192.0.2.20"]}, {"name": "ingress"}]
        },
    )
    assert addons.wanted(spec) == {"metallb": ["192.0.2.10-192.0.2.20"], "ingress": []}
    known = {"dns": [], "ingress": [], "metallb": ["192.0.2.10-192.0.2.11"]}
    assert verbs(addons.steps(spec, known)) == [
        ("addon_disable", "dns"),
        ("addon_disable", "metallb"),
        ("addon_enable", "metallb"),
    ]
    assert addons.steps(spec, addons.wanted(spec)) == ()


def test_the_dns_service_has_its_address_in_every_range() -> None:
    assert addons.wanted(given(SPEC, service_cidr=["10.4.0.0/24"])) == {
        "dns": ["/etc/resolv.conf", "10.4.0.10"]
    }
    assert addons.wanted(given(SPEC, dns_enabled=False)) == {}


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"extra_config": {"extraKubeletArgs": {"--node-ip": "1.2.3.4"}}}, "node_ip"),
        ({"extra_config": {"extraKubeletArgs": {"max-pods": 5}}}, "--a-flag"),
        ({"extra_config": {"extraKubeletArgs": ["--max-pods"]}}, "mapping"),
        ({"extra_config": {"extraKubeletArgs": {"--max-pods": 5}}}, "use max_pods"),
        ({"extra_config": {"extraKubeletArgs": {"--x": "a\nb"}}}, "one line"),
        ({"extra_config": {"extraContainerdEnv": {"HTTP_PROXY": "x"}}}, "use proxy"),
        ({"extra_config": {"extraContainerdEnv": {"--x": "y"}}}, "A_VARIABLE"),
        ({"extra_config": {"join": {"url": "x"}}}, "token of its own"),
        ({"extra_config": {"extraKubeletArg": {}}}, "no key"),
        ({"extra_config": {"dangerous": "yes"}}, "true or false"),
        ({"extra_config": {"addons": [{"name": "rbac"}]}}, "RBAC is on"),
        ({"extra_config": {"addons": [{"nam": "x"}]}}, "no name"),
        ({"extra_config": {"addons": [{"name": "x", "arg": 1}]}}, "knows name"),
        ({"disable": ["ha-cluster"]}, "always on"),
        ({"disable": ["coredns"]}, "no add-on"),
        ({"cluster_cidr": ["10.152.0.0/16"]}, "cluster_cidr|service"),
        ({"registries": {"configs": {"r": {"auth": {"username": "u", "password": "p"}}}}}, "auth"),
    ],
)
def test_a_wish_that_cannot_be_is_refused_by_name(settings: dict[str, t.Any], word: str) -> None:
    with pytest.raises(EdgeError) as error:
        guard.check(given(SPEC, **settings), BARE)
    assert error.value.kind == "spec"
    assert re.search(word, f"{error.value.message} {error.value.hint}")


def test_an_agent_has_no_arguments_of_servers() -> None:
    extra = {"extra_config": {"extraKubeAPIServerArgs": {"--v": "2"}}}
    with pytest.raises(EdgeError, match="only servers"):
        guard.check(given(AGENT, **extra), BARE)


def test_what_the_first_start_has_fixed_stays() -> None:
    with pytest.raises(EdgeError, match="cluster_cidr: cannot change") as error:
        guard.check(given(SPEC, cluster_cidr=["10.7.0.0/16"]), settled(SPEC))
    assert error.value.kind == "refused"


def test_a_microk8s_of_others_is_left_alone() -> None:
    with pytest.raises(EdgeError, match="by other means") as error:
        guard.check(SPEC, replace(BARE, foreign="revision 8000"))
    assert error.value.kind == "refused"


def test_servers_of_one_site_are_told_alike() -> None:
    other = given(JOINER, cluster_cidr=["10.7.0.0/16"], tls_sans=["b"])
    found = agreement.check({"a": replace(SPEC, single=False), "b": other})
    assert [problem.key for problem in found] == ["cluster_cidr"]


@pytest.mark.parametrize(
    ("revision", "digest", "version"),
    [
        ("", "", ""),
        ("8511", "other", "v1.34.2+microk8s.8511"),
        ("x1", "mine", "v1.34.2+microk8s.8594"),
        ("x2", "other", "v1.34.2+microk8s.8594"),
    ],
)
def test_the_installed_version(tmp_path: Path, revision: str, digest: str, version: str) -> None:
    host = Host(str(tmp_path))
    host.write(
        f"{paths.MOUNTS}/microk8s/current/meta/snap.yaml", b"name: microk8s\nversion: v1.34.2\n"
    )
    receipt = {"sha256": "mine", "version": "v1.34.2+microk8s.8594"}
    assert look.version_of(host, revision, digest, receipt) == version


def test_a_build_of_others_has_no_number(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    host.write(f"{paths.MOUNTS}/microk8s/current/meta/snap.yaml", b"version: v1.34.3\n")
    receipt = {"sha256": "mine", "version": "v1.34.2+microk8s.8594"}
    assert look.version_of(host, "x2", "other", receipt) == "v1.34.3+microk8s.0"


def test_a_damaged_snap_is_found_where_no_version_is_asked_for() -> None:
    facts = replace(settled(SPEC), digest="other")
    with pytest.raises(EdgeError, match="not the one that was installed") as error:
        guard.check(replace(SPEC, release=None), facts)
    assert error.value.kind == "release"


def test_a_disabled_snap_is_left_alone() -> None:
    facts = replace(BARE, config={**BARE.config, "disabled": True})
    with pytest.raises(EdgeError, match="is disabled") as error:
        guard.check(SPEC, facts)
    assert error.value.kind == "refused"


def test_the_name_of_the_node() -> None:
    assert look.node_name({}, "Host") == "host"
    files = {"kubelet": {"text": "--hostname-override=192.0.2.7\n", "mode": 0o660}}
    assert look.node_name({"files": files}, "host") == "192.0.2.7"


def test_who_has_joined(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    assert look.joined(host, "server", {"by_token": False})
    assert not look.joined(host, "server", {"by_token": True})
    assert not look.joined(host, "agent", {"by_token": True})
    host.write(paths.SHARED_LOCK, b"")
    host.write(paths.WORKER_LOCK, b"")
    assert look.joined(host, "server", {"by_token": True})
    assert look.joined(host, "agent", {})


def test_a_stopped_node_is_installed_and_stopped() -> None:
    spec = replace(SPEC, state="stopped")
    install = next(step for step in steps_of(spec, BARE) if step.verb == "snap_install")
    assert install.params["stop"] is True
    assert install.starts == ()
    assert all(unit.active is not True for unit in wishes.wanted_units(spec, settled(SPEC)))


def test_daemons_start_in_the_order_in_which_they_stand_on_each_other() -> None:
    names = [unit.name for unit in wishes.wanted_units(SPEC, settled(SPEC)) if unit.active]
    assert (
        names.index(paths.CONTAINERD) < names.index(paths.DATASTORE) < names.index(paths.KUBELITE)
    )
    stopped = wishes.wanted_units(replace(SPEC, state="stopped"), settled(SPEC))
    ends = [unit.name for unit in stopped if unit.active is False]
    assert ends.index(paths.KUBELITE) < ends.index(paths.CONTAINERD)


def test_the_receipt_is_stable() -> None:
    facts = settled(SPEC)
    assert wishes.receipt(SPEC, facts) == facts.receipt
    assert json.loads(json.dumps(facts.receipt)) == facts.receipt


def test_what_the_machine_must_have() -> None:
    assert {port.number for port in needs.requirements(SPEC).ports} >= {16443, 25000, 19001}
    assert 19001 not in {port.number for port in needs.requirements(AGENT).ports}
    assert "snap" in needs.requirements(AGENT).programs


def test_nothing_is_planned_for_a_version_that_is_there_and_not_asked_for() -> None:
    spec = replace(SPEC, release=None)
    guard.check(spec, settled(SPEC))
    assert not wishes.needs_snap(spec, settled(SPEC))
    with pytest.raises(EdgeError, match="not installed") as error:
        guard.check(spec, BARE)
    assert error.value.kind == "release"
    assert Plan(tuple(steps_of(spec, settled(SPEC)))).empty


def test_registries_that_are_no_longer_wanted_go_and_the_snaps_own_come_back(
    tmp_path: Path,
) -> None:
    names = ("docker.io", "localhost:32000", "quay.io")
    facts = settled(given(SPEC, registries={"mirrors": {name: {} for name in names}}))
    assert facts.receipt["registries"] == sorted(names)
    own = tmp_path / "snap/microk8s/current/default-args/certs.d/localhost__32000/hosts.toml"
    own.parent.mkdir(parents=True)
    own.write_text("of the snap")
    hosts = look.hosts(Host(root=str(tmp_path)), facts.receipt)
    facts = replace(facts, config={**facts.config, "hosts": hosts})

    one = given(SPEC, registries={"mirrors": {"quay.io": {}}})
    found = {wish.path: wish for wish in wishes.wishes(one, facts) if "certs.d" in wish.path}
    place = f"{paths.REGISTRY_HOSTS}/{{}}/hosts.toml".format
    assert set(found) == {place(name) for name in names}
    assert isinstance(found[place("docker.io")], Absent)
    back = found[place("localhost:32000")]
    assert isinstance(back, File)
    assert back.data == b"of the snap"
    files = plan_paths([found[place("docker.io")]], {place("docker.io"): Seen("file", data=b"x")})
    later = [step for step in wishes.more(one, facts, files) if step.phase == Phase.CLEAN]
    assert verbs(later) == [("remove_empty", f"{paths.REGISTRY_HOSTS}/docker.io")]
    assert wishes.receipt(one, facts)["registries"] == ["quay.io"]
    # Who asks for nothing leaves them, and later runs still know whose they are.
    assert not [wish for wish in wishes.wishes(SPEC, facts) if "certs.d" in wish.path]
    assert wishes.receipt(SPEC, facts)["registries"] == facts.receipt["registries"]
