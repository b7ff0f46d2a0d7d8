# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A kubelet of k0s whose certificate has ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.records import replace
from ansible_collections.lightk8s.edge.plugins.module_utils._core.resources import Absent, File
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.k0s import paths, wishes
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.registry import adapter_of
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.spec import Spec
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host

from ..kube.authority import DAY, Authority, now
from .test_k0s_planning import ETCD, FACTS, SPEC, WORKER

ENDED = replace(FACTS, joined=True, machine={"kubelet_ended": True})
ACCESS = "/var/lib/k0s/kubelet.conf"


@pytest.mark.parametrize(
    ("spec", "token"),
    [(SPEC, False), (ETCD, False), (WORKER, True), (replace(ETCD, initial=False), False)],
)
def test_a_kubelet_s_certificate_that_has_ended_is_asked_for_anew(spec: Spec, token: bool) -> None:
    """A start of k0s renews its own, and has the kubelet ask only where there is no kubelet.conf."""
    found = {wish.path: wish for wish in wishes.wishes(spec, ENDED)}
    gone = found[ACCESS]
    assert isinstance(gone, Absent)
    assert gone.restarts == (paths.unit_of(spec.role),)
    assert isinstance(found[paths.TOKEN_FILE], File) is token
    stopped = {wish.path for wish in wishes.wishes(replace(spec, state="stopped"), ENDED)}
    assert ACCESS not in stopped


@pytest.mark.parametrize(("days", "joins"), [(9, False), (-2, True)])
def test_an_agent_whose_certificate_has_ended_joins_anew(
    tmp_path: Path, days: int, joins: bool
) -> None:
    host = Host(str(tmp_path))
    cert = Authority().issue("system:node:n1", before=now() - 99 * DAY, after=now() + days * DAY)
    host.write(ACCESS, b"access")
    host.write("/var/lib/k0s/kubelet/pki/kubelet-client-current.pem", cert.cert)
    adapter = adapter_of("k0s")
    assert adapter.must_join(host, WORKER) is joins
    assert not adapter.must_join(host, replace(WORKER, state="stopped"))
    facts = adapter.look(host, WORKER, {})
    assert (facts.joined, bool(facts.machine.get("kubelet_ended"))) == (True, joins)
