# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which distributions there are. Only this file, the adapters and what installs one know their names."""

from __future__ import annotations

import functools
import typing as t
from importlib import import_module

from .._core.errors import EdgeError
from .adapter import Adapter

if t.TYPE_CHECKING:
    from .inputs import Table


def _k3s() -> Adapter:
    from .k3s.adapter import K3s

    return K3s()


def _k0s() -> Adapter:
    from .k0s.adapter import K0s

    return K0s()


def _kubeedge() -> Adapter:
    from .kubeedge.adapter import KubeEdge

    return KubeEdge()


def _microk8s() -> Adapter:
    from .microk8s.adapter import MicroK8s

    return MicroK8s()


def _k3s_inputs() -> Table:
    from .k3s.inputs import INPUTS

    return INPUTS


def _k0s_inputs() -> Table:
    from .k0s.inputs import INPUTS

    return INPUTS


def _kubeedge_inputs() -> Table:
    from .kubeedge.inputs import INPUTS

    return INPUTS


def _microk8s_inputs() -> Table:
    from .microk8s.inputs import INPUTS

    return INPUTS


# An adapter is loaded where a run is about it, for a node has one distribution only.
_LOADERS: dict[str, t.Callable[[], Adapter]] = {
    "k0s": _k0s,
    "k3s": _k3s,
    "kubeedge": _kubeedge,
    "microk8s": _microk8s,
}
# Apart from the adapters: the controller asks them of each node, and needs nothing else of most adapters.
_TABLES: dict[str, t.Callable[[], Table]] = {
    "k0s": _k0s_inputs,
    "k3s": _k3s_inputs,
    "kubeedge": _kubeedge_inputs,
    "microk8s": _microk8s_inputs,
}
# They work for a cluster that is there, and their servers are no Nodes of it. Asked of whole inventories, too.
_WITHOUT_CLUSTER = frozenset(("kubeedge",))
NAMES = tuple(sorted(_LOADERS))
Loader = t.TypeVar("Loader")
DEFAULT = "k3s"


@functools.cache
def adapter_of(name: str) -> Adapter:
    """The adapter of a distribution; EdgeError(kind=spec) where there is none."""
    return _of(_LOADERS, name)()


def inputs_of(name: str) -> Table:
    """What each input becomes on a distribution, and what of it is refused; EdgeError(kind=spec) as above."""
    return _of(_TABLES, name)()


def brings_cluster(name: str) -> bool:
    """Whether a distribution's servers run a cluster, and pods; else they work for one that others run."""
    return name not in _WITHOUT_CLUSTER


def default_networks(name: str) -> dict[str, list[str]]:
    """IPv4 ranges of pods and services where no input sets them; none where others' cluster chooses them."""
    from .networks import input_name

    _of(_LOADERS, name)
    if not brings_cluster(name):
        return {"cluster_cidr": [], "service_cidr": []}
    ranges = import_module(f".{name}.networks", __package__).DEFAULTS
    return {input_name(key): [found[4]] for key, found in ranges.items()}


def _of(loaders: t.Mapping[str, Loader], name: str) -> Loader:
    if name not in loaders:
        raise EdgeError(
            f"distribution {name!r} is not supported",
            kind="spec",
            hint=f"one of: {', '.join(NAMES)}",
        )
    return loaders[name]
