# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An installation by site.yml, against the same one by hand: scp, and systemctl or snap.

Of what brings no cluster of its own, see `pair`.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bed import fleet
from bed.node import Node
from bed.shell import BedError, run

from .lab import RELEASE, Kit, Lab, up

TOPOLOGY = "ours=server; hand=server"
# What an administrator would copy: programs, archives of images, configuration, unit.
READY = (
    " get node -o"
    " jsonpath='{.items[0].status.conditions[?(@.type==\"Ready\")].status}' 2>/dev/null"
    " | grep -q True; do sleep 0.2; done"
)


def compare(name: str, lab: Lab) -> tuple[float, float]:
    """Seconds until Ready on a bare node: by site.yml, by hand."""
    bare = up(name, TOPOLOGY, lab.distribution, lab.releases)
    try:
        ours, hand = bare.nodes["ours-server1"], bare.nodes["hand-server1"]
        installed = bare.run("site", "--limit", ours.name)
        unit = f"/etc/systemd/system/{lab.kit.unit}"
        wanted = (*lab.kit.copied, unit, f"{unit}.env", f"{unit}.d")
        renamed = {ours.ip: hand.ip, ours.name: hand.name}
        sources = collect(ours, wanted, bare.nodes.root / "by-hand", renamed)
        release = lab.releases / lab.kit.version
        for path in (path for name in lab.kit.carried for path in release.glob(name)):
            sources[f"{RELEASE}/{path.name}"] = path
        ours.kill()
        began = time.monotonic()
        _by_hand(hand, sources, lab.kit)
        return installed.seconds, time.monotonic() - began
    finally:
        fleet.down(name)


def collect(
    ours: Node, wanted: Sequence[str], folder: Path, renamed: Mapping[str, str]
) -> dict[str, Path]:
    """What the installation has put on the node, as files here; by their place on a node."""
    folder.mkdir()
    there = [path for path in wanted if ours.exists(path)]
    archive = folder / "all.tar"
    ours.run(["tar", "-C", "/", "-cf", "/var/tmp/all.tar", *(p.lstrip("/") for p in there)])
    run(["podman", "cp", f"{ours.container}:/var/tmp/all.tar", str(archive)], timeout=600)
    run(["tar", "-C", str(folder), "-xf", str(archive)], timeout=600)
    archive.unlink()
    for path in folder.glob("etc/**/*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            for before, after in renamed.items():
                text = text.replace(before, after)
            path.write_text(text, encoding="utf-8")
    return {path: folder / path.lstrip("/") for path in there}


def copy(node: Node, sources: Mapping[str, Path]) -> None:
    """One shared connection, one scp for each place."""
    parents = sorted({str(Path(path).parent) for path in sources})
    node.ssh(shlex.join(["mkdir", "-p", *parents]))
    options = node.ssh_argv()[1:-1]
    for path, source in sources.items():
        target = f"root@{node.ip}:{Path(path).parent}/"
        run(["scp", "-q", "-p", "-r", *options, str(source), target], timeout=1200)


def do(node: Node, script: str) -> str:
    """What a script says on the node; BedError where it fails."""
    done = node.ssh(script, check=False, timeout=1200)
    if done.returncode != 0:
        raise BedError(f"by hand: {done.stdout}{done.stderr}")
    return str(done.stdout)


def _by_hand(node: Node, sources: Mapping[str, Path], kit: Kit) -> None:
    """Copy, then start and wait."""
    copy(node, sources)
    ready = f"until {kit.kubectl}{READY}"
    begin = kit.begin or f"systemctl daemon-reload && systemctl enable --now {kit.unit}"
    do(node, f"{kit.prepare}; {begin} && {ready}")
