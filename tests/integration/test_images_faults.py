# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that bring images and end in the middle: the next one completes them, and the old image is untouched.

LIGHTK8S_IMAGE_CUTS sets at how many random moments the last test ends runs.
"""

from __future__ import annotations

import hashlib
import os
import random
import time
from pathlib import Path

import pytest
from bed import power
from bed.node import Node
from bed.plays import Started

from .conftest import MakeFleet
from .lib import staging
from .lib.site import Site, wait_for
from .lib.staging import (
    ARTIFACTS,
    NAME,
    SNAPSHOTS,
    UNKNOWN,
    Versions,
    absent,
    is_complete,
    is_whole,
    listed,
    play,
    result,
    row,
    start_pod,
)

pytestmark = pytest.mark.slow
TURNS = int(os.environ.get("LIGHTK8S_IMAGE_CUTS", "4"))
PROGRAM, ASIDE = "/usr/local/bin/k3s", "/usr/local/bin/.k3s"
FILLER = "/var/lib/rancher/filler"
NOTE = "var/lib/lightk8s/state/imports.json"
# Stands in the place of ctr: where it is called with these words, it gives way and then does something, once.
DOUBLE = """#!/bin/bash
if [[ "$*" == *"{words}"* ]]; then
  mv -f {aside} {program}
  {deed}
fi
exec -a {program} {aside} "$@"
"""
KILL_BEFORE = "kill -9 $PPID; exit 1"
KILL_AFTER = '{program} "$@"; kill -9 $PPID; exit 1'
# All but two megabytes of what is free, that which is reserved for root too: less than a layer takes.
ROOM = "$(($(stat -f -c '%S*%f' /var/lib/rancher) - 2000000))"
# It stays full while the filler is there: what others give back is taken, too. It is held open, for a name that is
# gone would be made anew.
FILL = f"""exec 9>{{filler}}
  fill() {{{{ fallocate -l $(($(stat -L -c %s /dev/fd/9) + {ROOM})) /dev/fd/9; }}}}
  fill
  while sleep 0.05 && [ -e {{filler}} ]; do fill; done </dev/null >/dev/null 2>&1 &
  exec {{program}} "$@" 9>&-"""
REST = 'sleep 8; exec {program} "$@"'


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Versions:
    return staging.versions(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def site(make_fleet: MakeFleet, tmp_path_factory: pytest.TempPathFactory, made: Versions) -> Site:
    """The first version is there."""
    site = staging.node(make_fleet, tmp_path_factory.mktemp("cache"), disk="4g")
    site.play(play(row(made, "1")))
    return site


@pytest.fixture
def server(site: Site, made: Versions) -> Node:
    """The node with the first version and no other."""
    site.play(play(row(made, "1"), prune=True))
    assert is_whole(site.server, made, "1")
    return site.server


def arrange(node: Node, words: str, deed: str) -> None:
    """Have something happen when the next run calls ctr with these words."""
    done = deed.format(program=PROGRAM, filler=FILLER)
    script = DOUBLE.format(words=words, deed=done, program=PROGRAM, aside=ASIDE)
    node.write("/root/double", script, 0o755)
    node.run(f"test ! -e {ASIDE} && mv {PROGRAM} {ASIDE} && mv /root/double {PROGRAM}")


def completes(site: Site, made: Versions, version: str) -> None:
    """A rerun brings the image, its files are right, the old image is as it was, and all is done."""
    wanted = play(row(made, "1"), row(made, version))
    assert site.play(wanted).failed() == []
    assert is_whole(site.server, made, version)
    assert is_complete(site.server, made, "1")
    assert site.play(wanted).changed() == []
    right = {hashlib.sha256(staging.data(int(name))).hexdigest() for name in ("1", version)}
    files = f"{SNAPSHOTS}/*/fs/opt/data {SNAPSHOTS}/*/fs/opt/fresh"
    lines = site.server.run(f"sha256sum {files} 2>&1 | grep -v 'No such'").stdout.splitlines()
    assert {line.split()[0] for line in lines} == right


@pytest.mark.parametrize(
    ("words", "deed"),
    [
        ("--namespace lightk8s images import", KILL_BEFORE),
        ("--namespace lightk8s images import", KILL_AFTER),
        ("snapshots --snapshotter overlayfs view", KILL_AFTER),
        ("--namespace k8s.io images import", KILL_BEFORE),
        ("--namespace k8s.io images import", KILL_AFTER),
        ("--namespace lightk8s images rm", KILL_BEFORE),
        ("--namespace k8s.io images label", KILL_AFTER),
    ],
    ids=["compress", "compressed", "view", "import", "imported", "forget", "labelled"],
)
def test_a_run_that_is_killed_at_any_step_is_completed(
    site: Site, server: Node, made: Versions, words: str, deed: str
) -> None:
    arrange(server, words, deed)
    run = site.play(play(row(made, "2")), check=False)
    assert run.code != 0
    assert is_complete(server, made, "1")
    assert f"{NAME}:2" not in listed(server) or is_complete(server, made, "2")
    completes(site, made, "2")


def test_a_removal_that_is_killed_is_completed(site: Site, server: Node, made: Versions) -> None:
    site.play(play(row(made, "2")))
    arrange(server, "--namespace k8s.io images rm", KILL_BEFORE)
    assert site.play(play(absent("2")), check=False).code != 0
    assert is_complete(server, made, "2")
    site.play(play(absent("2")))
    assert f"{NAME}:2" not in listed(server)
    assert is_whole(server, made, "1")


@pytest.mark.parametrize(
    "words", ["--namespace lightk8s images import", "--namespace k8s.io images import"]
)
def test_a_disk_that_fills_up_in_an_import_is_told_and_a_rerun_completes_it(
    site: Site, server: Node, made: Versions, words: str
) -> None:
    arrange(server, words, FILL)
    try:
        run = site.play(play(row(made, "2")), check=False)
        said = result(run)["failure"]
    finally:
        server.run(f"rm -f {FILLER}")
    assert not server.exists(ASIDE)
    assert said["kind"] == "io"
    told = ("bytes are free in /var/lib/rancher", "No space left on device")
    assert any(words in said["message"] for words in told)
    wait_for("the node", site.is_ready)
    assert f"{NAME}:2" not in listed(server)
    completes(site, made, "2")


def test_a_disk_that_fills_up_in_a_transfer_is_told_and_a_rerun_completes_it(
    site: Site, server: Node, made: Versions
) -> None:
    site.inputs["edge_bandwidth_limit_mbps"] = 8
    run = site.begin(play(row(made, UNKNOWN)))
    try:
        at("partial", server, run)
        server.run(f"fallocate -l {ROOM} {FILLER} || cat /dev/zero >{FILLER}", check=False)
        done = run.wait()
    finally:
        run.kill()
        del site.inputs["edge_bandwidth_limit_mbps"]
        server.run(f"rm -f {FILLER}")
    assert done.code != 0
    assert "space" in str(result(done)["msg"]) or "room" in str(result(done)["msg"])
    assert f"{NAME}:{UNKNOWN}" not in listed(server)
    completes(site, made, UNKNOWN)


def test_of_two_runs_at_once_the_second_one_waits(site: Site, server: Node, made: Versions) -> None:
    arrange(server, "--namespace k8s.io images import", REST)
    runs = [site.begin(play(row(made, "2"))) for _number in range(2)]
    done = [run.wait() for run in runs]
    assert [run.failed() for run in done] == [[], []]
    assert is_whole(server, made, "2")
    assert site.play(play(row(made, "2"))).changed() == []


def at(moment: str, node: Node, run: Started) -> None:
    """Wait until a part of a piece has come, or until an import has begun or ended."""
    root = Path(f"/proc/{node.machine_pid()}/root")
    begun = False

    def look() -> bool:
        nonlocal begun
        if moment == "partial":
            return any((root / ARTIFACTS[1:]).glob(".partial-*"))
        begun = begun or (root / NOTE).exists()
        return begun and (moment == "import" or not (root / NOTE).exists())

    end = time.monotonic() + 300
    while not look():
        assert run.process.poll() is None, f"{moment} never came: {run.log}"
        assert time.monotonic() < end
        time.sleep(0.005)


def cut(site: Site, run: Started) -> None:
    """Cut the node's power; it boots, and its kubelet comes up."""
    power.cut(site.server)
    run.kill()
    wait_for("the node after the boot", site.is_ready)


@pytest.mark.parametrize("moment", ["partial", "import", "imported"])
def test_after_a_power_cut_a_rerun_completes_the_image(
    site: Site, server: Node, made: Versions, moment: str
) -> None:
    run = site.begin(play(row(made, UNKNOWN)))
    at(moment, server, run)
    cut(site, run)
    assert is_complete(server, made, "1")
    completes(site, made, UNKNOWN)


def test_what_a_power_cut_has_left_runs(site: Site, server: Node, made: Versions) -> None:
    run = site.begin(play(row(made, "2")))
    at("import", server, run)
    cut(site, run)
    completes(site, made, "2")
    start_pod(server, "pin", f"{NAME}@{made['2'].digest}")
    server.kubectl("delete", "pod", "pin", "--now")


def test_cuts_and_kills_at_any_moment(site: Site, server: Node, made: Versions) -> None:
    chance = random.Random(TURNS)
    began = time.monotonic()
    site.play(play(row(made, UNKNOWN)))
    whole = time.monotonic() - began
    for turn in range(TURNS):
        version = chance.choice(["2", "3", UNKNOWN])
        site.play(play(row(made, "1"), prune=True))
        run = site.begin(play(row(made, version)))
        time.sleep(chance.uniform(0.3, 1) * whole)
        if turn % 2:
            cut(site, run)
        else:
            run.kill()
            server.run("pkill -9 -x python3; pkill -9 -x ctr", check=False)
        assert is_complete(server, made, "1")
        completes(site, made, version)
