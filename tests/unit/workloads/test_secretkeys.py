# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A changed Secret changes the pod templates that use it, and nothing else does."""

from __future__ import annotations

import base64
import typing as t

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._workloads import secretkeys

Manifest = dict[str, t.Any]
SPACE = "shop"


class Api:
    """What `stamp` asks of a client: Secrets by name."""

    def __init__(self) -> None:
        self.secrets: dict[tuple[str, str], Manifest] = {}
        self.asked: list[tuple[str, str]] = []

    def read(self, kind: str, namespace: str, name: str) -> Manifest | None:
        assert kind == "Secret"
        self.asked.append((namespace, name))
        return self.secrets.get((namespace, name))

    def keep(self, objects: t.Iterable[Manifest]) -> None:
        for item in objects:
            if item["kind"] == "Secret":
                self.secrets[(item["metadata"]["namespace"], item["metadata"]["name"])] = item


def secret(name: str = "web", **data: str) -> Manifest:
    return {
        "kind": "Secret",
        "metadata": {"name": name, "namespace": SPACE},
        "data": {key: base64.b64encode(text.encode()).decode() for key, text in data.items()},
    }


def workload(kind: str = "Deployment", **spec: t.Any) -> Manifest:
    pod = spec or {"containers": [{"envFrom": [{"secretRef": {"name": "web"}}]}]}
    return {
        "kind": kind,
        "metadata": {"name": "web", "namespace": SPACE},
        "spec": {"template": {"spec": pod}},
    }


def stamp(api: Api, *objects: Manifest, owner: str = "") -> list[Manifest]:
    return secretkeys.stamp(t.cast("t.Any", api), objects, owner)


def note(objects: list[Manifest]) -> str:
    metadata = objects[-1]["spec"]["template"].get("metadata") or {}
    return str((metadata.get("annotations") or {}).get(secretkeys.ANNOTATION, ""))


@pytest.mark.parametrize(
    "pod",
    [
        {"containers": [{"envFrom": [{"secretRef": {"name": "web"}}]}]},
        {"containers": [{"env": [{"valueFrom": {"secretKeyRef": {"name": "web", "key": "a"}}}]}]},
        {"initContainers": [{"envFrom": [{"secretRef": {"name": "web"}}]}]},
        {"volumes": [{"secret": {"secretName": "web"}}]},
        {"volumes": [{"projected": {"sources": [{"secret": {"name": "web"}}]}}]},
    ],
)
def test_every_way_to_use_a_secret_is_found(pod: Manifest) -> None:
    assert secretkeys.used(workload(**pod)) == [(SPACE, "web")]


@pytest.mark.parametrize(
    "item",
    [
        workload("Job"),
        secret(a="b"),
        workload(containers=[{"env": [{"name": "A", "value": "b"}], "envFrom": None}]),
        workload(containers=[{"envFrom": [{"configMapRef": {"name": "web"}}]}]),
        workload(imagePullSecrets=[{"name": "web"}]),
        {"kind": "Deployment"},
    ],
)
def test_what_uses_none_or_does_not_roll_is_left_as_it_is(item: Manifest) -> None:
    api = Api()
    assert stamp(api, item) == [item]
    assert api.asked == []


def test_the_second_run_has_the_same_digest_and_a_changed_secret_another() -> None:
    api = Api()
    first = stamp(api, secret(a="1"), workload())
    api.keep(first)
    assert stamp(api, secret(a="1"), workload()) == first
    assert note(first) != note(stamp(api, secret(a="2"), workload())) != ""


def test_a_secret_that_others_made_counts_too() -> None:
    api = Api()
    api.keep(stamp(api, workload()))
    before = note(stamp(api, workload()))
    api.keep([secret(a="1")])
    assert note(stamp(api, workload())) != before


def test_values_mean_the_same_in_data_and_in_string_data() -> None:
    api = Api()
    api.keep(stamp(api, secret(a="1"), workload()))
    plain = {**secret(), "data": None, "stringData": {"a": "1"}}
    assert note(stamp(api, plain, workload())) == note(stamp(api, secret(a="1"), workload()))


def test_the_digest_needs_the_key_of_the_namespace() -> None:
    one, other = Api(), Api()
    assert note(stamp(one, secret(a="1"), workload())) != note(
        stamp(other, secret(a="1"), workload())
    )


@pytest.mark.parametrize("key", ["", "c2hvcnQ=", "no base64"])
def test_a_key_that_is_none_is_replaced(key: str) -> None:
    api = Api()
    api.keep([{**secret(secretkeys.KEY_SECRET), "data": {"key": key}}])
    made = stamp(api, workload())[0]
    assert made["metadata"]["name"] == secretkeys.KEY_SECRET
    assert len(base64.b64decode(made["data"]["key"])) == 32


def test_each_owner_has_a_key_of_its_own() -> None:
    names = [stamp(Api(), workload(), owner=name)[0]["metadata"]["name"] for name in ("", "site")]
    assert len(set(names)) == 2


def test_other_annotations_stay_and_the_given_objects_are_not_touched() -> None:
    item = workload()
    item["spec"]["template"]["metadata"] = {"annotations": {"a": "b"}}
    found = stamp(Api(), item)[-1]["spec"]["template"]["metadata"]["annotations"]
    assert set(found) == {"a", secretkeys.ANNOTATION}
    assert item["spec"]["template"]["metadata"] == {"annotations": {"a": "b"}}
