# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is refused before anything is changed."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._core.records import replace
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution import noun
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.adapter import (
    Facts,
    Observation,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.k3s.adapter import K3s
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.k3s.guard import check
from ansible_collections.lightk8s.edge.plugins.module_utils._doors.options import distribution_spec

BARE = Facts(arch="amd64", bin_dir="/usr/local/bin")
GIVEN: dict[str, t.Any] = {"role": "server", "version": "v1.34.2+k3s1"}


def refusal(**more: t.Any) -> tuple[str, str]:
    try:
        check(distribution_spec("k3s", {**GIVEN, **more}), BARE)
    except EdgeError as exc:
        return exc.kind, exc.message
    return "", ""


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"extra_config": {"flannel-backend": "host-gw"}, "network_mode": "calico"}, "calico"),
        ({"extra_config": {"flannel-backend": "hostgw"}}, "flannel-backend"),
        ({"extra_config": {"tls-san": ["a"]}}, "tls-san"),
        ({"extra_config": {"flanel-backend": "host-gw"}}, "flanel-backend"),
        ({"storage_type": "sqlite", "join_from": {"b": "https://b:6443"}}, "sqlite"),
        ({"storage_type": "external"}, "datastore_endpoint"),
        ({"taints": ["a:NoSchedule", "a=1:NoSchedule"]}, "twice"),
    ],
)
def test_a_mistake_is_refused_by_its_name(more: dict[str, t.Any], word: str) -> None:
    kind, message = refusal(**more)
    assert kind == "spec"
    assert word in message


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"extra_config": {"flannel-backend": "host-gw"}},
        {"extra_config": {"flannel-backend": "wireguard-native"}, "network_mode": "flannel"},
        {"extra_config": {"flannel-backend": "none"}, "network_mode": "none"},
    ],
)
def test_what_makes_sense_is_let_pass(more: dict[str, t.Any]) -> None:
    assert refusal(**more) == ("", "")


@pytest.mark.parametrize(
    ("storage", "datastore", "word"),
    [
        (None, "etcd", ""),
        ("etcd", "etcd", ""),
        ("sqlite", "etcd", "datastore"),
        (None, "sqlite", ""),
        ("etcd", "sqlite", "datastore"),
    ],
)
def test_a_datastore_stays_what_it_is(storage: str | None, datastore: str, word: str) -> None:
    """Also where a site that had several servers is down to one, and nothing names etcd."""
    receipt = {"version": GIVEN["version"], "sha256": "0" * 64}
    known = replace(BARE, version=GIVEN["version"], receipt=receipt)
    facts = replace(known, joined=True, datastore=datastore)
    spec = distribution_spec("k3s", {**GIVEN, "storage_type": storage})
    wishes = K3s().wishes(spec, facts)
    seen = Observation(facts, {wish.path: None for wish in wishes}, {})
    try:
        noun.plan(spec, seen)
        said = ""
    except EdgeError as exc:
        said = exc.message
    assert word in said
    assert bool(word) is bool(said)
