# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same image through the containerd of every other distribution; KubeEdge's machines have Debian's, 1.6."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import mirror_of, passing_fleets
from .lib import ground, images
from .lib.distributions import DISTRIBUTIONS, K3S, Distribution
from .lib.site import Site, wait_for
from .lib.staging import start_pod

pytestmark = pytest.mark.slow
NAME = "shop.example/till"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[images.Made]:
    """Two versions of one image that differ in a few bytes."""
    folder = tmp_path_factory.mktemp("images")
    # With an end of its own: KubeEdge's machines have the probe itself, as a layer that is not compressed.
    probe = images.program(mirror_of(K3S.name).parent / "images" / "probe.tar") + bytes(512)
    tops = [images.tar_of({"opt/data": images.noise(7, 3_000_000, n)}) for n in (0, 40)]
    return [
        images.make(folder / str(number), [probe, top], ["/probe"], images.by_go)
        for number, top in enumerate(tops)
    ]


@pytest.fixture(
    scope="module", params=[d for d in DISTRIBUTIONS if d is not K3S], ids=lambda d: d.name
)
def distribution(request: pytest.FixtureRequest) -> Distribution:
    found: Distribution = request.param
    return found


@pytest.fixture(scope="module")
def site(
    request: pytest.FixtureRequest,
    clean_machine: None,
    distribution: Distribution,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    with passing_fleets(request) as make:
        site = ground.lone(distribution, make)
        assert site.converge().failed() == []
        wait_for("the nodes", site.is_ready)
        site.inputs["edge_cache_dir"] = str(tmp_path_factory.mktemp("cache"))
        yield site


def bring(site: Site, *made: images.Made, gone: str = "", **more: Any) -> dict[str, Any]:
    """What the module says on the node that runs pods; `gone` is a tag that is to go."""
    rows = [{"name": f"{NAME}:{n}", "source": str(item.folder)} for n, item in enumerate(made)]
    rows += [{"name": f"{NAME}:{gone}", "state": "absent"}] if gone else []
    task = {"name": "Bring images", "lightk8s.edge.edge_images": {"images": rows, **more}}
    run = site.play([{"hosts": "all", "gather_facts": False, "tasks": [task]}])
    return dict(run.of(site.lone.name, action="edge_images")[-1].result)


def test_an_image_comes_once_and_its_successor_as_a_delta(
    site: Site, made: list[images.Made]
) -> None:
    first = bring(site, made[0])
    assert first["changed"]
    assert bring(site, made[0])["changed"] is False
    second = bring(site, *made)
    assert second["transfer"]["bytes"] < sum(made[1].layers) / 100
    assert [found["mode"] for found in second["images"]] == ["exact", "exact"]
    assert bring(site, *made)["changed"] is False
    names = site.lone.run([*site.distribution.ctr, "images", "ls", "-q"]).stdout
    for number, item in enumerate(made):
        assert f"{NAME}:{number}" in names.split()
        assert f"{NAME}@{item.digest}" in names.split()


def test_where_layers_are_discarded_once_extracted_an_update_does_without_them(
    site: Site, made: list[images.Made]
) -> None:
    node, ctr = site.lone, site.distribution.ctr
    bring(site, made[0], gone="1")
    node.run([*ctr, "content", "rm", *made[0].blobs()])
    done = bring(site, *made)
    assert [found["mode"] for found in done["images"]] == ["layer-less", "layer-less"]
    assert done["transfer"]["bytes"] < sum(made[1].layers) / 100
    assert made[0].blobs()[0] not in node.run([*ctr, "content", "ls", "-q"]).stdout
    assert bring(site, *made)["changed"] is False
    node.restart()
    wait_for("the nodes", site.is_ready)
    for name, image in (("pin", f"{NAME}@{made[1].digest}"), ("tag", f"{NAME}:0")):
        start_pod(site.server, name, image, **site.distribution.pod, nodeName=node.name)
        site.server.kubectl("delete", "pod", name, "--now")
    done = bring(site, *made, exact=True)
    assert [found["mode"] for found in done["images"]] == ["exact", "exact"]
    assert set(made[0].blobs()) <= set(node.run([*ctr, "content", "ls", "-q"]).stdout.split())
