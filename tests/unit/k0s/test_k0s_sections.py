# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys of k0s.yaml that k0s v1.34.2+k0s.0 took silently on 2026-11-21, and did nothing about."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.k0s import sections
from ansible_collections.lightk8s.edge.tests.unit.k0s import recorded


def unknown(text: str) -> list[str]:
    given: dict[str, t.Any] = yaml.safe_load(text)
    return [problem.key for problem in sections.unknown(given)]


@pytest.mark.parametrize(("text", "setting"), recorded.TAKEN_SILENTLY.items())
def test_what_k0s_takes_silently_is_named(text: str, setting: str) -> None:
    assert unknown(text) == [f"spec.{setting}"]


@pytest.mark.parametrize(
    "text",
    [
        "api: {extraArgs: {any: thing}, ca: {expiresAfter: 8760h}}",
        "network: {calico: {envVars: {A: b}}, kuberouter: {extraArgs: {a: b}, autoMTU: false}}",
        "network: {kubeProxy: {mode: ipvs, ipvs: {strictARP: true}}}",
        "network: {controlPlaneLoadBalancing: {keepalived: {vrrpInstances: [{authPass: a}]}}}",
        "images: {pause: {image: a, version: b}, calico: {windows: {cni: {image: a}}}}",
        "storage: {etcd: {externalCluster: {endpoints: [a]}}}",
        "extensions: {helm: {whatever: k0s itself refuses}}",
    ],
)
def test_what_k0s_knows_passes(text: str) -> None:
    assert unknown(text) == []


def test_every_path_is_a_key_of_the_one_above() -> None:
    for path in sections.KNOWN:
        above, dot, key = path.rpartition(".")
        assert not dot or key in sections.KNOWN[above].split()
