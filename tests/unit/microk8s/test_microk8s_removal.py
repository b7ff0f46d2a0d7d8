# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is taken off a node with MicroK8s, and what stays."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.module_utils._core.records import replace
from ansible_collections.lightk8s.edge.plugins.module_utils._core.resources import Seen
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.adapter import Observation
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.microk8s import (
    paths,
    purge,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host

from .bench import SPEC, settled, verbs


def test_a_purge_takes_snaps_links_and_folders() -> None:
    facts = replace(
        settled(SPEC, bases=["core22", "snapd"]), leftovers=(paths.HOME, paths.CONFIG_DIR)
    )
    seen = Observation(
        facts,
        {
            "/var/lib/kubelet": Seen("link", target=f"{paths.COMMON}/var/lib/kubelet"),
            "/etc/cni/net.d": Seen("folder"),
            paths.LAUNCH: Seen("file", data=b"version: 0.1.0\n"),
        },
        {},
    )
    steps = purge.steps(replace(SPEC, state="purged"), seen)
    assert verbs(steps) == [
        ("snap_remove", "microk8s"),
        ("snap_remove_bases", "bases"),
        ("microk8s_clear", paths.HOME),
        ("remove", "/var/lib/kubelet"),
        ("remove_tree", paths.HOME),
        ("remove_tree", paths.CONFIG_DIR),
    ]
    assert steps[0].params == {"purge": True}
    assert steps[1].params == {"names": ["core22", "snapd"]}


def test_an_absent_node_keeps_the_snapshot_of_snapd() -> None:
    seen = Observation(replace(settled(SPEC), leftovers=(paths.HOME,)), {}, {})
    steps = purge.steps(replace(SPEC, state="absent"), seen)
    assert verbs(steps) == [("snap_remove", "microk8s")]
    assert steps[0].params["purge"] is False


def test_other_snaps_are_refreshed_again() -> None:
    """An old snapd can put off the refreshes of all snaps only."""
    facts = settled(SPEC, holding=True)
    for state in ("absent", "purged"):
        steps = purge.steps(replace(SPEC, state=state), Observation(facts, {}, {}))
        assert verbs(steps) == [("snap_remove", "microk8s"), ("snap_release", "refresh.hold")]


def test_folders_of_others_are_no_leftovers(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    host.write("/etc/cni/net.d/10-others.conflist", b"{}")
    host.make_folder(paths.HOME)
    assert purge.leftovers(host) == (paths.HOME,)
    host.remove_tree("/etc/cni")
    host.make_folder("/etc/cni")
    host.link("/etc/cni/net.d", f"{paths.DATA}/args/cni-network")
    assert purge.leftovers(host) == (paths.HOME, "/etc/cni")


def test_folders_that_others_use_too_go_when_they_are_empty(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    for name in ("bin", "lib"):
        host.make_folder(f"/opt/containerd/{name}")
    assert purge.leftovers(host) == ("/opt/containerd",)
    host.write("/opt/containerd/bin/a-shim", b"")
    assert purge.leftovers(host) == ()
