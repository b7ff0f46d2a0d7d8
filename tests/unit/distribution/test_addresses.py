# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Folders, addresses and endpoints that are none: refused by adapters whose distribution does not look."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._core.records import replace
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution import addresses
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.adapter import Facts
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.registry import adapter_of
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.spec import Release, Spec

FACTS = Facts("amd64", "/usr/local/bin", hostname="n1")
RELEASES = {
    "k0s": "v1.34.2+k0s.0",
    "kubeedge": "v1.23.1",
    "microk8s": "v1.34.2+microk8s.8511",
}


def keys(spec: Spec) -> list[str]:
    return [problem.key for problem in addresses.problems(spec)]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"data_dir": "/srv/k"}, []),
        ({"data_dir": "srv/k"}, ["data_dir"]),
        ({"data_dir": "/"}, ["data_dir"]),
        ({"bin_dir": "bin"}, ["bin_dir"]),
        ({"node_ips": ("192.0.2.1", "2001:db8::1")}, []),
        ({"node_ips": ("192.0.2.300", "n1")}, ["node_ip", "node_ip"]),
        ({"settings": {"tls_sans": ["Shop.Example.org", "*.example.org", "fd00::1"]}}, []),
        ({"settings": {"tls_sans": ["a b", "a\nb", ""]}}, ["tls_sans"] * 3),
        ({"settings": {"tls_sans": ["a b"]}, "role": "agent"}, []),
        ({"settings": {"api_endpoint": "https://vip.example.org:6443"}}, []),
        ({"settings": {"api_endpoint": "https://[2001:db8::1]"}}, []),
        ({"settings": {"api_endpoint": "vip.example.org:6443"}}, ["api_endpoint"]),
        ({"settings": {"api_endpoint": "192.0.2.1"}}, ["api_endpoint"]),
        ({"settings": {"api_endpoint": "https://2001:db8::1"}}, ["api_endpoint"]),
        ({"settings": {"api_endpoint": "https://vip:99999"}}, ["api_endpoint"]),
    ],
)
def test_what_is_no_place_is_named(change: dict[str, t.Any], found: list[str]) -> None:
    assert keys(replace(Spec("k0s"), **change)) == found


@pytest.mark.parametrize(
    ("text", "address"),
    [("10.0.0.1", True), ("fd00::1", True), ("10.0.0", False), ("cloud.example", False)],
)
def test_an_address_is_told_from_a_name(text: str, address: bool) -> None:
    assert addresses.is_ip(text) is address


@pytest.mark.parametrize("name", RELEASES)
@pytest.mark.parametrize("role", ["server", "agent"])
def test_adapters_refuse_it(name: str, role: str) -> None:
    spec = Spec(name, role=role, release=Release(RELEASES[name]), node_ips=("n1",))
    with pytest.raises(EdgeError, match="is not an IP address") as error:
        adapter_of(name).check(spec, FACTS)
    assert error.value.kind == "spec"
