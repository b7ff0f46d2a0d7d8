# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What forbids a change of a MicroK8s node. Pure."""

from __future__ import annotations

import typing as t

from ..._core.errors import EdgeError
from .. import addresses, kubenames
from ..adapter import Facts
from ..guards import check_age, check_role, check_version, refuse
from ..problems import Problem, changed
from ..spec import Spec
from . import addons, arguments, networks, paths
from .wishes import dangerous, fixed, missing_snaps, needs_snap

TITLE = "MicroK8s"
OLDEST = (1, 30)
WHY = "its kubelet reads no drop-ins"
REMEDY = "set it back; another value needs a new cluster"
KEYS = (*arguments.FILES, "addons", "dangerous")
# Keys of a launch configuration that inputs set, or that nobody would hear fail.
ELSEWHERE = {
    "addonRepositories": "add them by `microk8s addons repo add`",
    "containerdRegistryConfigs": "use registries",
    "extraCNIEnv": "use cluster_cidr and service_cidr",
    "extraSANs": "use tls_sans",
    "join": "a node that joins is given a token of its own",
    "persistentClusterToken": "a node that joins is given a token of its own",
}


def check(spec: Spec, facts: Facts) -> None:
    """Raise EdgeError(kind=spec | refused | release) for the first thing that forbids the plan."""
    if not spec.wanted:
        return
    _check_foreign(facts)
    if facts.config.get("disabled"):
        raise EdgeError(
            "the snap microk8s is disabled on this node",
            kind="refused",
            hint="say `snap enable microk8s` there, or leave the node out",
        )
    check_role(spec, facts, TITLE)
    check_version(spec, facts, TITLE)
    check_age(spec, OLDEST, TITLE, WHY)
    refuse(inputs(spec), "spec")
    if needs_snap(spec, facts):
        _check_files(spec, facts)
    if facts.initialized and facts.receipt:
        refuse(changed(facts.receipt.get("fixed") or {}, fixed(spec), REMEDY), "refused")


def inputs(spec: Spec) -> list[Problem]:
    """Everything that is wrong with the wish itself, beside what the table of inputs refuses."""
    found = [*_extra(spec), *addresses.problems(spec)]
    found += addons.check_disabled(spec.settings.get("disable") or ())
    found += kubenames.problems(spec.labels, spec.taints)
    registries = spec.settings.get("registries")
    if registries:
        from .registries import check as check_registries  # few sites have any

        found += check_registries(registries)
    return found + networks.check(spec)


def _extra(spec: Spec) -> t.Iterator[Problem]:
    for key, value in (spec.settings.get("extra_config") or {}).items():
        if key in arguments.FILES:
            yield from arguments.check(spec.role, key, value)
        elif key == "addons":
            yield from addons.check(value)
        elif key == "dangerous" and not isinstance(value, bool):
            yield Problem(key, "must be true or false")
        elif key in ELSEWHERE:
            yield Problem(str(key), "cannot be given here", ELSEWHERE[key])
        elif key not in KEYS:
            yield Problem(
                str(key), "is no key of a launch configuration", f"known are {', '.join(KEYS)}"
            )


def _check_foreign(facts: Facts) -> None:
    if facts.foreign is not None:
        raise EdgeError(
            f"a MicroK8s that was set up by other means is on this node ({facts.foreign})",
            kind="refused",
            hint="taking over a MicroK8s is not supported yet: remove it, or leave the node out",
        )


def _check_files(spec: Spec, facts: Facts) -> None:
    """The mirror must hold all that this node lacks, and a signature of each unless the user needs none."""
    for kind in ("binary", *missing_snaps(facts)):
        name = paths.NAME if kind == "binary" else kind
        asked = spec.release.asset(kind, facts.arch) if spec.release is not None else None
        if asked is None:
            raise EdgeError(
                f"the node lacks the snap {name}, and no mirror holds it for {facts.arch}",
                kind="release",
                hint=f"put the files of `snap download {name}` beside the others, and into SHA256SUMS",
            )
        signed = spec.release is not None and spec.release.asset(f"{kind}-assert", facts.arch)
        if not signed and not dangerous(spec):
            raise EdgeError(
                f"{asked.name} comes without an assertion that tells who has made it",
                kind="artifact",
                hint="put the .assert file of `snap download` beside it, or say dangerous: true in"
                " edge_extra_config to install what nobody has signed",
            )


def warnings(spec: Spec, facts: Facts) -> tuple[str, ...]:
    """What a person should know though nothing is refused."""
    found = []
    if spec.wanted and arguments.agrees_to_everything(spec):
        found.append(
            "the API server asks nobody for permission: RBAC was refused by extraKubeAPIServerArgs"
        )
    if spec.wanted and dangerous(spec) and needs_snap(spec, facts):
        found.append("snaps are installed without a check of who has made them (dangerous)")
    return tuple(found)
