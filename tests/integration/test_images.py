# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images on a node without a route: what comes, and with how many bytes; ctr and kubectl say what is there and runs."""

from __future__ import annotations

import pytest
from bed.links import Link
from bed.node import Node

from .conftest import MakeFleet
from .lib import staging
from .lib.site import Site
from .lib.staging import (
    ARTIFACTS,
    NAME,
    REACHING_OUT,
    SERVER,
    Versions,
    is_whole,
    listed,
    play,
    result,
    row,
    start_pod,
)

PIECE = 1 << 20


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Versions:
    return staging.versions(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def site(make_fleet: MakeFleet, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return staging.node(make_fleet, tmp_path_factory.mktemp("cache"), disk="4g")


@pytest.fixture(scope="module")
def server(site: Site) -> Node:
    return site.server


def test_a_fresh_image_comes_with_the_bytes_that_were_foretold(
    site: Site, server: Node, made: Versions
) -> None:
    before = listed(server)
    told = result(site.play(play(row(made, "1")), "--check"))
    assert listed(server) == before
    done = result(site.play(play(row(made, "1"))))
    assert done["changed"]
    assert told["changed"]
    assert done["actions"] == told["actions"]
    assert done["transfer"]["bytes"] == told["bytes_to_send"]
    assert done["transfer"]["bytes"] <= 1.01 * sum(made["1"].layers)
    assert is_whole(server, made, "1")


def test_a_second_run_changes_nothing(site: Site, made: Versions) -> None:
    run = site.play(play(row(made, "1")))
    assert run.changed() == []
    assert "transfer" not in result(run)
    assert "staging" not in result(run)


def test_an_update_is_a_small_part_of_the_image(site: Site, server: Node, made: Versions) -> None:
    done = result(site.play(play(row(made, "1"), row(made, "2"))))
    assert done["transfer"]["bytes"] < sum(made["2"].layers) / 100
    assert [found["mode"] for found in done["images"]] == ["exact", "exact"]
    assert listed(server)[f"{NAME}@{made['2'].digest}"] == made["2"].digest
    assert is_whole(server, made, "2")
    assert is_whole(server, made, "1")


def test_a_pod_that_pins_the_digest_starts_without_a_registry(server: Node, made: Versions) -> None:
    assert server.run("ip route show default").stdout == ""
    start_pod(server, "pin", f"{NAME}@{made['2'].digest}")


def test_a_layer_that_reaches_out_of_it_is_refused(
    site: Site, server: Node, made: Versions
) -> None:
    before = listed(server)
    for mode in ([], ["--check"]):
        done = result(site.play(play(row(made, REACHING_OUT)), *mode, check=False))
        assert done["failure"]["kind"] == "refused"
        assert "'opt/../../root/.profile'" in done["failure"]["message"]
        assert "transfer" not in done
    assert listed(server) == before
    assert server.run(f"ls -A {ARTIFACTS}").stdout == ""


def test_a_transfer_that_was_cut_goes_on(site: Site, server: Node, made: Versions) -> None:
    total = result(site.play(play(row(made, "4")), "--check"))["bytes_to_send"]
    with Link() as link:
        via = {SERVER: link.forward((server.ip, 22))}
        inventory = site.fleet.write_inventory("hosts-cut", via=via)
        link.cut_after(total // 2, "up", "reset")
        cut = site.play(play(row(made, "4")), "-T", "20", check=False, inventory=inventory)
        assert cut.code != 0
    assert f"{NAME}:4" not in listed(server)
    done = result(site.play(play(row(made, "4"))))
    assert done["transfer"]["bytes"] <= total - total // 2 + 2 * PIECE
    assert is_whole(server, made, "4")
