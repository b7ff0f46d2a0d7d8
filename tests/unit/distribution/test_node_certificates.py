# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a node's certificates and its cluster's authorities last, from real files of each distribution."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.k0s import (
    validity as of_k0s,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.k3s import (
    validity as of_k3s,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host

from ..kube.authority import DAY, Authority, ended_authority, now


@dataclass(frozen=True)
class Kind:
    """Where a distribution has which certificates; `lasting` is an authority that does not end in the tests."""

    validity: ModuleType
    leaf: str
    lasting: str
    server: tuple[str, ...]
    agent: tuple[str, ...]


KINDS = {
    "k3s": Kind(
        of_k3s,
        "/data/agent/client-kubelet.crt",
        "/data/server/tls/request-header-ca.crt",
        (
            "/data/server/tls/server-ca.crt",
            "/data/server/tls/client-ca.crt",
            "/data/server/tls/etcd/peer-ca.crt",
        ),
        ("/data/agent/server-ca.crt", "/data/agent/client-ca.crt"),
    ),
    "k0s": Kind(
        of_k0s,
        "/data/kubelet/pki/kubelet-client-current.pem",
        "/data/pki/front-proxy-ca.crt",
        ("/data/pki/ca.crt", "/data/pki/etcd/ca.crt", "/data/pki/front-proxy-ca.crt"),
        ("/run/k0s/kubelet/ca.crt",),
    ),
}


def authorities() -> Iterator[tuple[str, str, str]]:
    """Distribution, role and path of each authority."""
    for name, kind in KINDS.items():
        for role in ("server", "agent"):
            yield from ((name, role, path) for path in getattr(kind, role))


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(str(tmp_path))


@pytest.mark.parametrize("role", ["server", "agent"])
@pytest.mark.parametrize("name", KINDS)
def test_nothing_is_known_of_a_bare_node(host: Host, name: str, role: str) -> None:
    validity = KINDS[name].validity
    assert validity.certificate_days(host, "/data", role) is None
    assert validity.authority_days(host, "/data", role) is None


@pytest.mark.parametrize(("name", "role", "path"), list(authorities()))
def test_the_authority_that_ends_first_counts_and_leaves_are_told_apart(
    host: Host, name: str, role: str, path: str
) -> None:
    kind, authority = KINDS[name], Authority()
    leaf = authority.issue("kubelet", before=now() - DAY, after=now() + 10 * DAY + DAY / 2)
    host.write(kind.leaf, leaf.cert + authority.pair.cert)
    host.write(kind.lasting, authority.pair.cert)
    host.write(path, ended_authority(*authority.pair, 3))
    assert kind.validity.authority_days(host, "/data", role) == -3
    assert kind.validity.certificate_days(host, "/data", role) == 10


@pytest.mark.parametrize(("name", "role", "path"), list(authorities()))
def test_a_damaged_authority_is_named(host: Host, name: str, role: str, path: str) -> None:
    host.write(path, b"no certificate")
    with pytest.raises(EdgeError, match=path.replace(".", r"\.")) as raised:
        KINDS[name].validity.authority_days(host, "/data", role)
    assert raised.value.kind == "certificate"
