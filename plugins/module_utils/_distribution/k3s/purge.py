# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Taking K3s off a node.

What there is to take away: docs.k3s.io, "Uninstalling K3s" (installation/uninstall) and the places
that K3s is documented to use. Every verb may run again and finds nothing the second time.
"""

from __future__ import annotations

import os

from ..._core.plan import Step
from ..._core.resources import Seen
from ..._host.host import Host
from .. import clearing, removal
from ..adapter import Observation
from ..processes import Mark
from ..removal import OURS, Removal
from ..spec import Spec
from . import paths
from .remains import PLACES

INTERFACES = ("cni0", "flannel.1", "flannel-v6.1", "flannel-wg", "flannel-wg-v6", "kube-ipvs0")
CHAINS = "KUBE-|CNI-|(?i:flannel)"
SCRIPTS = ("k3s-killall.sh", "k3s-uninstall.sh", "k3s-agent-uninstall.sh")


def steps(spec: Spec, seen: Observation) -> tuple[Step, ...]:
    """From whatever is there to nothing (absent: the data directory stays)."""
    data = str(seen.facts.config.get("data-dir") or paths.data_dir(spec)).rstrip("/")
    summary = "end containers, mounts, interfaces and rules of K3s"
    what = Removal(paths.ALL_UNITS, paths.CONFIG_DIR, "k3s_clear", summary, _foreign)
    return removal.steps(spec, seen, data, what)


def _foreign(path: str, there: Seen) -> bool:
    """Whether what bears the name of a tool is not K3s under another name, but the user's own."""
    if os.path.basename(path) not in paths.TOOLS:
        return False
    return there.kind != "link" or os.path.basename(there.target) != "k3s"


def files(spec: Spec, bin_dir: str) -> tuple[str, ...]:
    """Single files that K3s or we have put on the node, apart from whole folders."""
    programs = (*paths.TOOLS, "k3s", *SCRIPTS)
    units = tuple(
        f"{paths.UNITS}/{unit}{end}"
        for unit in paths.ALL_UNITS
        for end in ("", ".env", ".d/60-lightk8s-resources.conf")
    )
    return (*(f"{bin_dir}/{name}" for name in programs), *units, *OURS)


def mark(data: str) -> Mark:
    """Of processes that run from this data folder."""
    return Mark((f"{data}/data/",), ("/run/k3s/containerd/",))


def clear(host: Host, step: Step) -> None:
    """The verb that ends what is not a file."""
    traces = clearing.Traces("K3s", mark(step.target), PLACES, INTERFACES, CHAINS)
    clearing.clear(host, traces)
