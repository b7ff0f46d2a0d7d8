# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stop takes a service as it is, whatever version is wanted later."""

from __future__ import annotations

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._core.resources import SeenUnit
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution import noun, registry
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.adapter import (
    Facts,
    Observation,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.spec import (
    Release,
    Spec,
)

VERSIONS = {
    "k3s": ("v1.34.2+k3s1", "v1.30.1+k3s1", "v1.37.0+k3s1"),
    "k0s": ("v1.34.2+k0s.0", "v1.30.1+k0s.0", "v1.37.0+k0s.0"),
    "kubeedge": ("v1.23.1", "v1.21.0", "v1.26.0"),
    "microk8s": (
        "v1.34.2+microk8s.8511",
        "v1.30.1+microk8s.7000",
        "v1.37.0+microk8s.9000",
    ),
}


@pytest.mark.parametrize("name", registry.NAMES)
@pytest.mark.parametrize("other", [1, 2], ids=["older", "skipped"])
def test_a_stop_judges_no_version_and_brings_no_program(name: str, other: int) -> None:
    here, wanted = VERSIONS[name][0], Release(VERSIONS[name][other])
    unit = registry.adapter_of(name).layout(Spec(name), "/usr/local/bin").unit
    facts = Facts("amd64", "/usr/local/bin", version=here, machine={"addresses": ["192.0.2.1"]})
    seen = Observation(facts, {}, {unit: SeenUnit(unit, "loaded", True, True)})
    with pytest.raises(EdgeError):
        noun.plan(Spec(name, release=wanted), seen)
    found = noun.plan(Spec(name, state="stopped", release=wanted), seen)
    assert "start" not in [step.verb for step in found.steps]
    assert all(not step.artifacts for step in found.steps)
