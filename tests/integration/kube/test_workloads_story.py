# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Other managers, refusals, lists and their owners, Secrets."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._workloads import apply

from .cluster import Cluster
from .workload_kinds import DEFINITION, with_value
from .workloads import Object, Site, config_map, deployment, pod_spec

pytestmark = pytest.mark.integration


@pytest.fixture
def site(cluster: Cluster) -> Site:
    return Site(cluster)


def namespaced(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def secret(name: str, word: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "stringData": {"word": word},
    }


def pod(name: str, **more: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": pod_spec(**more),
    }


def names(site: Site, kind: str, namespace: str) -> list[str]:
    text = site.cluster.kubectl("-n", namespace, "get", kind, "-o", "name")
    return sorted(line.partition("/")[2] for line in text.split() if "kube-root-ca" not in line)


def test_another_managers_value_is_a_conflict_that_names_it(site: Site, namespace: str) -> None:
    site.kubectl_apply(config_map("one", key="theirs", other="x"), namespace=namespace)
    ours = config_map("one", key="ours")
    failure = site.refused(ours, namespace=namespace)
    assert failure["kind"] == "refused"
    assert ".data.key (kubectl)" in failure["message"]
    assert "force: true" in failure["hint"]
    site.settle(ours, namespace=namespace, force=True)
    found = site.shown(ours, namespace)
    assert found is not None
    assert found["data"] == {"key": "ours", "other": "x"}


def test_fields_of_others_are_left_alone_and_ours_go_when_dropped(
    site: Site, namespace: str
) -> None:
    site.settle(config_map("one", a="1", b="2"), namespace=namespace)
    site.kubectl_apply(config_map("one", theirs="3"), namespace=namespace)
    site.unchanged(config_map("one", a="1", b="2"), namespace=namespace)
    site.settle(config_map("one", a="1"), namespace=namespace)
    found = site.shown(config_map("one"), namespace)
    assert found is not None
    assert found["data"] == {"a": "1", "theirs": "3"}


def test_equal_values_of_another_manager_become_ours_too(site: Site, namespace: str) -> None:
    item = config_map("one", a="1")
    site.kubectl_apply(item, namespace=namespace)
    done = site.settle(item, namespace=namespace)
    assert done["actions"] == [f"note which fields of ConfigMap {namespace}/one are ours"]
    assert "diff" not in done


BAD = {
    "an unknown field": (with_value(config_map("one"), "dataa", {}), "dataa"),
    "an unknown field within": (with_value(deployment("one"), "spec/replica", 1), "replica"),
    "a wrong type": (with_value(deployment("one"), "spec/replicas", "three"), "replicas"),
    "a wrong name": (config_map("Not_A_Name"), "Not_A_Name"),
    "a wrong value": (with_value(deployment("one"), "spec/replicas", -1), "spec.replicas"),
    "no name": ({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}, "metadata.name"),
    "no kind": ({"apiVersion": "v1", "metadata": {"name": "a"}}, "no kind"),
    "a name to be made up": (
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "a-"}},
        "generateName",
    ),
    "an unknown kind": ({**config_map("one"), "kind": "ConfigMop"}, "ConfigMop"),
    "a version that has gone": ({**deployment("one"), "apiVersion": "apps/v1beta1"}, "apps/v1"),
    "selector and labels that differ": (
        with_value(deployment("one"), "spec/selector/matchLabels", {"app": "other"}),
        "selector",
    ),
}


@pytest.mark.parametrize("what", sorted(BAD))
def test_bad_manifest(site: Site, namespace: str, what: str) -> None:
    item, word = BAD[what]
    failure = site.refused(config_map("good"), item, namespace=namespace)
    assert failure["kind"] == "spec"
    assert word in failure["message"] + failure["hint"]
    assert names(site, "configmap", namespace) == []


def test_a_namespace_that_is_missing_is_told_before_anything_is_done(
    site: Site, namespace: str
) -> None:
    failure = site.refused(
        with_value(config_map("a"), "metadata/namespace", namespace),
        with_value(config_map("b"), "metadata/namespace", "nowhere"),
    )
    assert failure["kind"] == "spec"
    assert '"nowhere" not found' in failure["message"]
    assert names(site, "configmap", namespace) == []


def test_a_namespace_of_the_same_list_comes_first(site: Site) -> None:
    inner = [deployment("app"), config_map("conf"), namespaced("fresh")]
    site.settle(*inner, namespace="fresh")
    site.run(*inner, namespace="fresh", state="absent", wait=True, wait_timeout=60)
    assert site.shown(namespaced("fresh")) is None


def test_a_kind_and_its_first_object_come_in_one_run(site: Site, namespace: str) -> None:
    thing = {
        "apiVersion": "example.org/v1",
        "kind": "Thing",
        "metadata": {"name": "first"},
        "spec": {},
    }
    done = site.settle(thing, DEFINITION, namespace=namespace)
    assert done["actions"][0] == "create CustomResourceDefinition things.example.org"
    site.unchanged(thing, namespace=namespace)  # its default is no difference
    failure = site.refused(with_value(thing, "spec/size", "big"), namespace=namespace)
    assert "spec.size" in failure["message"]
    site.run(thing, DEFINITION, namespace=namespace, state="absent", wait=True, wait_timeout=60)
    site.unchanged(thing, namespace=namespace, state="absent")
    assert site.refused(thing, namespace=namespace)["kind"] == "spec"


def test_what_a_quota_forbids_is_refused_with_its_words(site: Site, namespace: str) -> None:
    hard = {"hard": {"pods": "1", "limits.memory": "64Mi"}}
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "small"},
        "spec": hard,
    }
    site.settle(quota, namespace=namespace)
    path = "jsonpath={.status.hard.pods}"
    site.cluster.kubectl(
        *("-n", namespace, "wait", "--timeout=60s", f"--for={path}=1", "resourcequota/small")
    )
    site.settle(pod("first"), namespace=namespace)
    failure = site.refused(pod("second"), namespace=namespace)
    assert failure["kind"] == "refused"
    assert "exceeded quota: small" in failure["message"]


def test_containers_without_limits_are_refused_by_name(site: Site, namespace: str) -> None:
    item = deployment("one")
    del item["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"]
    failure = site.refused(item, namespace=namespace, allow_unlimited=False)
    assert (failure["kind"], "Deployment one: app" in failure["message"]) == ("spec", True)
    site.settle(item, namespace=namespace, allow_unlimited=True)


def test_what_left_the_list_leaves_the_cluster_and_nothing_else_does(
    site: Site, namespace: str
) -> None:
    site.kubectl_apply(config_map("theirs"), namespace=namespace)
    site.settle(config_map("other"), namespace=namespace, owner="other-list")
    site.settle(config_map("a"), secret("s", "some-word"), namespace=namespace, owner="shop")
    site.settle(config_map("a"), config_map("b"), namespace=namespace, owner="shop")
    assert names(site, "configmap", namespace) == ["a", "b", "other", "theirs"]
    assert names(site, "secret", namespace) == []
    done = site.settle(definition=[], namespace=namespace, owner="shop", wait=True)
    assert [action.split()[0] for action in done["actions"]] == ["delete", "delete", "forget"]
    assert names(site, "configmap", namespace) == ["other", "theirs"]
    site.run(definition=None, owner="other-list", state="absent")
    assert names(site, "configmap", namespace) == ["theirs"]


def test_namespaces_that_left_the_list_stay_with_a_warning(site: Site) -> None:
    site.settle(namespaced("kept"), config_map("a"), namespace="kept", owner="keeping")
    site.kubectl_apply(config_map("theirs"), namespace="kept")
    done = site.run(definition=[], owner="keeping", wait=True)
    assert done["actions"] == ["delete ConfigMap kept/a: it left the list", *done["actions"][1:]]
    again = site.unchanged(definition=[], owner="keeping")
    assert "Namespace kept left the list" in again["warnings"][0]
    assert names(site, "configmap", "kept") == ["theirs"]


def test_an_object_of_another_list_is_not_taken_silently(site: Site, namespace: str) -> None:
    site.settle(config_map("a"), namespace=namespace, owner="one")
    for owner in ("two", None):
        failure = site.refused(config_map("a"), namespace=namespace, owner=owner)
        assert "belongs to another list" in failure["message"]
    site.settle(config_map("a"), namespace=namespace, owner="two", force=True)
    site.settle(definition=[], namespace=namespace, owner="one")
    assert names(site, "configmap", namespace) == ["a"]


@pytest.mark.parametrize("steps", range(5))
def test_a_run_that_is_cut_off_orphans_nothing(
    site: Site, namespace: str, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = f"cut-{steps}"
    site.settle(config_map("old"), namespace=namespace, owner=owner)
    wanted = [secret("new", "some-word"), {**config_map("c"), "kind": "ConfigMap"}]
    left = iter(range(steps))
    perform = apply.Work.perform

    def cut(work: apply.Work, step: Any) -> None:
        if next(left, None) is None:
            raise EdgeError("the power is cut", kind="internal")
        perform(work, step)

    with monkeypatch.context() as patch:
        patch.setattr(apply.Work, "perform", cut)
        site.run(*wanted, namespace=namespace, owner=owner)
    # What the second list lacks had come with the first, wherever that ended.
    site.settle(definition=[], namespace=namespace, owner=owner, wait=True)
    assert names(site, "configmap", namespace) == []
    assert names(site, "secret", namespace) == []


def test_no_word_of_a_secret_is_told(site: Site, namespace: str) -> None:
    first, second = "a-very-secret-word", "another-secret-word"
    results = [
        site.settle(secret("s", first), namespace=namespace),
        site.settle(secret("s", second), namespace=namespace),
        site.unchanged(secret("s", second), namespace=namespace),
        site.run(with_value(secret("s", first), "extra", first), namespace=namespace),
        site.run(secret("s", second), namespace=namespace, state="absent", wait=True),
    ]
    told = json.dumps(results)
    for word in (first, second):
        assert word not in told
        assert base64.b64encode(word.encode()).decode() not in told
    change = results[1]["diff"][0]
    assert ("(before)" in change["before"], "(after)" in change["after"]) == (True, True)


def test_a_changed_secret_rolls_its_users_when_asked(site: Site, namespace: str) -> None:
    env = [{"name": "W", "valueFrom": {"secretKeyRef": {"name": "s", "key": "word"}}}]
    item = with_value(deployment("user"), "spec/template/spec/containers/0/env", env)
    options = {"namespace": namespace, "restart_on_secret_change": True}
    site.settle(item, secret("s", "first-word"), **options)
    done = site.settle(item, secret("s", "second-word"), **options)
    kinds = [action.split()[1] for action in done["actions"]]
    assert kinds == ["Secret", "Deployment"]
    # A Secret that another task brought counts as well.
    site.kubectl_apply(secret("s", "third-word"), "--force-conflicts", namespace=namespace)
    done = site.settle(item, **options)
    assert done["actions"] == [f"change Deployment {namespace}/user"]
    plain = site.settle(item, secret("s", "fourth-word"), namespace=namespace, force=True)
    assert [action.split()[1] for action in plain["actions"]] == ["Secret", "Deployment"]
