# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images that no node has are told before anything is applied, and no others are."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._workloads import images

Manifest = dict[str, t.Any]


def workload(image: str, policy: str = "", key: str = "containers") -> Manifest:
    row = {"name": "a", "image": image, **({"imagePullPolicy": policy} if policy else {})}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"template": {"spec": {key: [row]}}},
    }


def node(*names: str, called: str = "n") -> Manifest:
    rows = [{"names": [name]} for name in names]
    return {"metadata": {"name": called}, "status": {"images": rows}}


def told(
    item: Manifest,
    *nodes: Manifest,
    can_pull: bool = False,
    lists: dict[str, list[str]] | None = None,
) -> str:
    try:
        images.refuse_absent(images.needed([item], can_pull=can_pull), nodes, lists)
    except EdgeError as exc:
        return f"{exc.kind}: {exc.message}"
    return ""


@pytest.mark.parametrize(
    ("image", "whole"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:1", "docker.io/library/nginx:1"),
        ("bitnami/nginx:1", "docker.io/bitnami/nginx:1"),
        ("localhost/nginx:1", "localhost/nginx:1"),
        ("r.example.org:5000/a/b", "r.example.org:5000/a/b:latest"),
        ("r.example.org:5000/a/b:c", "r.example.org:5000/a/b:c"),
        ("nginx:1@sha256:aa", "docker.io/library/nginx@sha256:aa"),
        ("nginx@sha256:aa", "docker.io/library/nginx@sha256:aa"),
    ],
)
def test_names_are_made_whole(image: str, whole: str) -> None:
    assert images.normal(image) == whole
    assert images.normal(whole) == whole


@pytest.mark.parametrize("key", ["containers", "initContainers"])
def test_an_image_that_no_node_has_is_told(key: str) -> None:
    found = told(workload("web:1", key=key), node("docker.io/library/web:2"), node("other:1"))
    assert found.startswith("preflight: images cannot be pulled here: no node has web:1")
    assert "Deployment shop/web" in found


@pytest.mark.parametrize(
    ("item", "nodes"),
    [
        (workload("web:1"), [node("a:1"), node("docker.io/library/web:1")]),
        (workload("web@sha256:aa"), [node("docker.io/library/web@sha256:aa")]),
        (workload("web:1"), [node("a:1"), node()]),
        (workload("web:1"), [node(*(f"image:{number}" for number in range(images.TOLD)))]),
        ({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}}, [node("a:1")]),
    ],
)
def test_what_is_there_or_may_be_is_let_pass(item: Manifest, nodes: list[Manifest]) -> None:
    assert told(item, *nodes) == ""


@pytest.mark.parametrize(
    ("image", "policy"), [("web:1", "Always"), ("web", ""), ("web:latest", "")]
)
def test_what_would_be_pulled_at_each_start_is_told_even_where_it_is(
    image: str, policy: str
) -> None:
    here = node("docker.io/library/web:1", "docker.io/library/web:latest")
    assert "would be pulled at each start of Deployment shop/web" in told(
        workload(image, policy), here
    )
    assert told(workload(image, "IfNotPresent"), here) == ""


def test_where_images_can_be_pulled_only_those_that_must_not_be_are_looked_for() -> None:
    assert told(workload("web:1"), node("a:1"), can_pull=True) == ""
    assert "no node has web:1" in told(workload("web:1", "Never"), node("a:1"), can_pull=True)


MANY = node(*(f"image:{number}" for number in range(images.TOLD)), called="many")
NAMES = {
    "metadata": {"name": "names"},
    "status": {"images": [{"names": [f"web:{number}" for number in range(10, 15)]}]},
}


@pytest.mark.parametrize("node_in_doubt", [MANY, NAMES, node(called="silent")])
def test_a_node_that_may_have_more_is_asked(node_in_doubt: Manifest) -> None:
    needs = images.needed([workload("web:1")], can_pull=False)
    nodes = [node("a:1"), node_in_doubt]
    assert images.untold(needs, nodes) == ["web:1"]
    assert told(workload("web:1"), *nodes) == ""
    name = node_in_doubt["metadata"]["name"]
    assert images.untold(needs, nodes, {name: []}) == []
    assert "no node has web:1" in told(workload("web:1"), *nodes, lists={name: []})
    assert told(workload("web:1"), *nodes, lists={name: ["docker.io/library/web:1"]}) == ""


def test_an_image_of_which_no_kubelet_tells_is_asked_for() -> None:
    """It may have come a moment ago."""
    needs = images.needed([workload("web:1")], can_pull=False)
    assert images.missing(needs, [node("a:1")]) == ["web:1"]
    assert images.missing(needs, [node("a:1")], {"n": ["web:1"]}) == []
    assert images.missing(needs, [node("docker.io/library/web:1")]) == []


def test_what_is_known_is_in_no_doubt() -> None:
    needs = images.needed([workload("web:1")], can_pull=False)
    assert images.untold(needs, [node("a:1"), node("b:1")]) == []
    assert images.untold(needs, [MANY, node("docker.io/library/web:1")]) == []
