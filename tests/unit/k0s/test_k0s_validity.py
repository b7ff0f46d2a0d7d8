# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a k0s node's certificates and its cluster's authorities last, from real files."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.k0s import validity
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host

from ..kube.authority import DAY, Authority, ended_authority, now


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(str(tmp_path))


@pytest.mark.parametrize("role", ["server", "agent"])
def test_nothing_is_known_of_a_bare_node(host: Host, role: str) -> None:
    assert validity.certificate_days(host, "/data", role) is None
    assert validity.authority_days(host, "/data", role) is None


@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("server", "/data/pki/ca.crt"),
        ("server", "/data/pki/etcd/ca.crt"),
        ("server", "/data/pki/front-proxy-ca.crt"),
        ("agent", "/run/k0s/kubelet/ca.crt"),
    ],
)
def test_the_authority_that_ends_first_counts_and_leaves_are_told_apart(
    host: Host, role: str, path: str
) -> None:
    authority = Authority()
    leaf = authority.issue("kubelet", before=now() - DAY, after=now() + 10 * DAY + DAY / 2)
    host.write("/data/kubelet/pki/kubelet-client-current.pem", leaf.cert + leaf.key)
    host.write("/data/pki/front-proxy-ca.crt", authority.pair.cert)
    host.write(path, ended_authority(*authority.pair, 3))
    assert validity.authority_days(host, "/data", role) == -3
    assert validity.certificate_days(host, "/data", role) == 10


def test_a_damaged_authority_is_named(host: Host) -> None:
    host.write("/data/pki/ca.crt", b"no certificate")
    with pytest.raises(EdgeError, match=r"/data/pki/ca\.crt") as raised:
        validity.authority_days(host, "/data", "server")
    assert raised.value.kind == "certificate"
