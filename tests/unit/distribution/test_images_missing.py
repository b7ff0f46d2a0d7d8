# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An archive of images that is asked for, where the mirror has the program alone."""

from __future__ import annotations

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.records import replace
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution import noun
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.adapter import (
    Facts,
    Observation,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.spec import (
    Asset,
    Release,
    Spec,
)

VERSIONS = {"k0s": "v1.34.2+k0s.0", "k3s": "v1.34.2+k3s1"}
SEEN = Observation(Facts("amd64", "/usr/local/bin", hostname="n1"), {}, {})


@pytest.mark.parametrize("name", VERSIONS)
def test_it_is_said_that_none_is_brought(name: str) -> None:
    program = {"binary:amd64": Asset(name, "a" * 64, 1)}
    release = Release(VERSIONS[name], program)
    spec = Spec(name, release=release, airgap_images=True)
    (said,) = noun.plan(spec, SEEN).warnings
    assert f"images of {release.version} for amd64" in said
    whole = Release(release.version, {**program, "images:amd64": Asset("i", "b" * 64, 1)})
    for other in (
        replace(spec, airgap_images=False),
        replace(spec, release=whole),
        replace(spec, state="purged"),
    ):
        assert noun.plan(other, SEEN).warnings == ()


def test_kubeedge_brings_no_images_at_all() -> None:
    release = Release("v1.23.1", {"cloudcore:amd64": Asset("c", "a" * 64, 1)})
    machine = {"addresses": ["192.0.2.1"], "source": "/k"}
    seen = replace(SEEN, facts=replace(SEEN.facts, machine=machine))
    assert noun.plan(Spec("kubeedge", release=release, airgap_images=True), seen).warnings == ()
