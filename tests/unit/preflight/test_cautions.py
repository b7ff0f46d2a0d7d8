# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cautions are for machines that they are about."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.records import replace
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.kubeedge.needs import (
    OFFLINE,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.spec import Spec
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host
from ansible_collections.lightk8s.edge.plugins.module_utils._preflight.observe import observe
from ansible_collections.lightk8s.edge.plugins.module_utils._preflight.plan import judge
from ansible_collections.lightk8s.edge.plugins.module_utils._preflight.spec import Wish
from ansible_collections.lightk8s.edge.plugins.module_utils._resources.spec import (
    Spec as Resources,
)

SPEC = Spec("kubeedge", role="agent", single=False)
EDGE = Wish(SPEC, Resources(SPEC))
VOLUMES = "/var/lib/kubelet/pods/2b7c/volumes/kubernetes.io~projected"


def warned(host: Host, *, running: bool) -> bool:
    seen = replace(observe(host, EDGE), running=running)
    return OFFLINE.message in [one.message for one in judge(EDGE, seen).warnings]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(str(tmp_path))


def test_before_an_installation_people_are_told_what_to_expect(host: Host) -> None:
    assert warned(host, running=False)


def test_an_edge_node_whose_pods_have_no_tokens_is_not_warned_of(host: Host) -> None:
    assert not warned(host, running=True)
    host.write(f"{VOLUMES}/settings/application.conf", b"a=1\n")
    assert not warned(host, running=True)


def test_a_pod_with_a_token_is_warned_of(host: Host) -> None:
    host.write(f"{VOLUMES}/kube-api-access-x7t4q/token", b"word\n")
    assert warned(host, running=True)
