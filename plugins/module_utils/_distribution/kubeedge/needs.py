# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What KubeEdge needs of a machine (kubeedge.io, "Ports", "Prerequisites"). Pure.

What it takes itself was measured at rest: edgecore 89 MiB, cloudcore 84 MiB.
"""

from __future__ import annotations

from ..release import ARCHITECTURES
from ..requirements import Caution, Module, Port, Requirements
from ..spec import AGENT, SERVER, Spec
from . import paths

MODULES = (
    Module("overlay", "/sys/module/overlay"),
    Module("br_netfilter", "/proc/sys/net/bridge/bridge-nf-call-iptables", required=False),
)
OFFLINE = Caution(
    "offline",
    "a pod with a service account's token does not start again after a restart of edgecore or of the"
    " machine while it is cut off from the cloud side (KubeEdge issues 6414 and 4441)",
    "set automountServiceAccountToken: false for pods that must, and tolerations for"
    " node.kubernetes.io/unreachable and not-ready",
    # Of a pod that has such a token.
    f"{paths.KUBELET_DIR}/pods/*/volumes/kubernetes.io~projected/*/token",
)


def requirements(spec: Spec) -> Requirements:
    """The needs of the spec's role."""
    agent = spec.role == AGENT
    return Requirements(
        title="an edge node of KubeEdge" if agent else "cloudcore",
        memory_mb=150 if agent else 90,
        memory_recommended_mb=256 if agent else 128,
        disk_mb=400 if agent else 150,
        disk_recommended_mb=1024 if agent else 200,
        inodes=5000 if agent else 500,
        architectures=tuple(sorted(ARCHITECTURES)),
        modules=MODULES if agent else (),
        controllers=("cpu", "cpuset", "memory", "pids") if agent else (),
        ports=tuple(_ports(spec)),
        programs=("systemctl", *(("mount", "umount") if agent else ())),
        programs_wanted=("ctr", "ip") if agent else ("ip",),
        cautions=(OFFLINE,) if agent else (),
    )


def _ports(spec: Spec) -> tuple[Port, ...]:
    if spec.role != SERVER:
        return (Port(paths.HEALTH, "the kubelet inside edgecore"),)
    return (
        Port(paths.WEBSOCKET, "cloudcore's websocket"),
        Port(paths.HTTPS, "cloudcore's certificates"),
    )
