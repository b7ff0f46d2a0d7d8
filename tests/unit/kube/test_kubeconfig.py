# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kubeconfigs in the forms that K3s, kubectl and people write, and those we refuse."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.kubeconfig import (
    read_kubeconfig,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.resources import (
    object_path,
    with_query,
)


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


# As K3s lays it out, with data of the usual length: one long unquoted line.
K3S = f"""apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: {encoded("ca" * 400)}
    server: https://127.0.0.1:6443
  name: default
contexts:
- context:
    cluster: default
    user: default
  name: default
current-context: default
kind: Config
preferences: {{}}
users:
- name: default
  user:
    client-certificate-data: {encoded("cert" * 200)}
    client-key-data: {encoded("key" * 80)}
"""


def config(**changes: Any) -> dict[str, Any]:
    """A usable config; `cluster` and `user` are merged into its own."""
    return {
        "current-context": "here",
        "contexts": [
            {"name": "other", "context": {"cluster": "far", "user": "far"}},
            {"name": "here", "context": {"cluster": "c", "user": "u"}},
        ],
        "clusters": [
            {"name": "far", "cluster": {"server": "https://far:6443"}},
            {"name": "c", "cluster": {"server": "https://a:6443", **changes.get("cluster", {})}},
        ],
        "users": [
            {"name": "u", "user": {"token": "secret", **changes.get("user", {})}},
            {"name": "far", "user": {"token": "far-secret"}},
        ],
        **changes.get("top", {}),
    }


def test_the_file_that_k3s_writes() -> None:
    access = read_kubeconfig(K3S)
    assert access.server == "https://127.0.0.1:6443"
    assert access.tls.ca == b"ca" * 400
    assert access.tls.cert == b"cert" * 200
    assert access.tls.key == b"key" * 80
    assert access.token == ""


@pytest.mark.parametrize("dump", [json.dumps, yaml.safe_dump])
def test_yaml_and_json_say_the_same(dump: Any) -> None:
    text = dump(config(cluster={"tls-server-name": "kubernetes"}))
    access = read_kubeconfig(text)
    assert (access.server, access.token) == ("https://a:6443", "secret")
    assert access.tls.server_name == "kubernetes"
    far = read_kubeconfig(text, context="other")
    assert (far.server, far.token) == ("https://far:6443", "far-secret")


def test_paths_start_at_the_files_folder(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_bytes(b"CA")
    (tmp_path / "cert").write_bytes(b"CERT")
    text = json.dumps(
        config(
            cluster={"certificate-authority": "ca.crt"},
            user={"client-certificate": str(tmp_path / "cert"), "client-key": "missing"},
        )
    )
    with pytest.raises(EdgeError) as caught:
        read_kubeconfig(text, folder=str(tmp_path))
    assert caught.value.kind == "io"
    assert str(tmp_path / "missing") in caught.value.message
    (tmp_path / "missing").write_bytes(b"KEY")
    tls = read_kubeconfig(text, folder=str(tmp_path)).tls
    assert (tls.ca, tls.cert, tls.key) == (b"CA", b"CERT", b"KEY")


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"top": {"current-context": "none"}}, "context named none"),
        ({"top": {"current-context": None}}, "context named (empty)"),
        ({"top": {"clusters": []}}, "cluster named c"),
        ({"top": {"clusters": None}}, "cluster named c"),
        ({"top": {"users": "what"}}, "user named u"),
        ({"cluster": {"server": ""}}, "no server"),
        ({"cluster": {"insecure-skip-tls-verify": True}}, "insecure-skip-tls-verify"),
        ({"cluster": {"proxy-url": "http://proxy"}}, "proxy-url"),
        ({"cluster": {"certificate-authority-data": "%%%"}}, "certificate-authority-data"),
        ({"user": {"exec": {"command": "login"}}}, "exec"),
        ({"user": {"username": "admin", "password": "p"}}, "username"),
        ({"user": {"as": "root"}}, "as"),
    ],
)
def test_what_cannot_be_used_is_named(changes: dict[str, Any], word: str) -> None:
    with pytest.raises(EdgeError) as caught:
        read_kubeconfig(json.dumps(config(**changes)))
    assert caught.value.kind == "spec"
    assert word in caught.value.message


@pytest.mark.parametrize("text", ["", "null", "[]", "text", "{", "a: [", "- a"])
def test_what_is_no_kubeconfig_is_an_error(text: str) -> None:
    with pytest.raises(EdgeError) as caught:
        read_kubeconfig(text)
    assert caught.value.kind == "spec"


def test_secrets_are_not_shown() -> None:
    access = read_kubeconfig(json.dumps(config(user={"client-key-data": encoded("private")})))
    for secret in ("secret", "private"):
        assert secret not in repr(access)


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (("Node", ""), "/api/v1/nodes"),
        (("Node", "", "n1"), "/api/v1/nodes/n1"),
        (("Node", "ignored", "n1"), "/api/v1/nodes/n1"),
        (("Pod", ""), "/api/v1/pods"),
        (("Pod", "ns", "p", "eviction"), "/api/v1/namespaces/ns/pods/p/eviction"),
        (("Lease", "ns", "l"), "/apis/coordination.k8s.io/v1/namespaces/ns/leases/l"),
        (("Secret", "a/b", "../c?d"), "/api/v1/namespaces/a%2Fb/secrets/..%2Fc%3Fd"),
    ],
)
def test_paths_of_objects(arguments: tuple[str, ...], path: str) -> None:
    assert object_path(*arguments) == path


@pytest.mark.parametrize("arguments", [("Thing", ""), ("Pod", "", "p")])
def test_paths_that_cannot_be_built(arguments: tuple[str, ...]) -> None:
    with pytest.raises(EdgeError):
        object_path(*arguments)


def test_queries_hold_what_is_set() -> None:
    assert (
        with_query("/x", {"a": "", "limit": 5, "l": "a=b,c!=d"}) == "/x?limit=5&l=a%3Db%2Cc%21%3Dd"
    )
    assert with_query("/x", {"a": ""}) == "/x"
