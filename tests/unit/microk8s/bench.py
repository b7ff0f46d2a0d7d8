# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node of MicroK8s as plans see it."""

from __future__ import annotations

import typing as t

from ansible_collections.lightk8s.edge.plugins.module_utils._core.plan import Step
from ansible_collections.lightk8s.edge.plugins.module_utils._core.records import replace
from ansible_collections.lightk8s.edge.plugins.module_utils._core.resources import File, plan_paths
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.adapter import Facts
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.microk8s import (
    paths,
    wishes,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.spec import (
    Asset,
    Join,
    Release,
    Spec,
)


def release(version: str, mark: str, *, signed: bool = True) -> Release:
    kinds = ["binary", "core22", "snapd", "images"]
    kinds += [f"{kind}-assert" for kind in kinds[:3]] if signed else []
    names = {f"{kind}:amd64": Asset(f"{kind}.file", f"{mark}-{kind}", 1) for kind in kinds}
    return Release(version, names)


OLD, NEW = release("v1.34.2+microk8s.8511", "old"), release("v1.34.2+microk8s.8594", "new")
SPEC = Spec("microk8s", release=OLD)
BARE = Facts("amd64", "/snap/bin", hostname="n1", config={"snaps": [], "addons": {}})
JOINER = replace(
    SPEC, initial=False, single=False, join=Join("https://192.0.2.1:6443", "token/check")
)
AGENT = replace(JOINER, role="agent")
FILES = {
    name: {"text": "--eviction-hard=x\n--authorization-mode=AlwaysAllow\n", "mode": 0o660}
    for name in ("kubelet", "kube-apiserver")
}
INSTALLED = {
    "snaps": ["core22", "microk8s", "snapd"],
    "files": FILES,
    "defaults": {},
    "names": [],
    "revision": "8511",
    "held": True,
    "addons": {"dns": []},
}


def settled(spec: Spec, **config: t.Any) -> Facts:
    """Facts of a node that was installed from the spec."""
    kept = wishes.receipt(spec, BARE)
    facts = Facts(
        "amd64",
        "/snap/bin",
        hostname="n1",
        version="v1.34.2+microk8s.8511",
        initialized=True,
        joined=True,
        digest="old-binary",
        receipt=kept,
        config={**INSTALLED, **config},
    )
    written = {
        wish.path.rpartition("/")[2]: {"text": (wish.data or b"").decode(), "mode": wish.mode}
        for wish in wishes.wishes(spec, facts)
        if isinstance(wish, File) and wish.path.startswith(paths.ARGS)
    }
    return replace(facts, config={**facts.config, "files": {**FILES, **written}, **config})


def steps_of(spec: Spec, facts: Facts) -> list[Step]:
    files = plan_paths(wishes.wishes(spec, facts), {})
    return list(wishes.more(spec, facts, files))


def verbs(steps: t.Iterable[Step]) -> list[tuple[str, str]]:
    return [(step.verb, step.target) for step in steps]


def given(spec: Spec, **settings: t.Any) -> Spec:
    return replace(spec, settings=settings)
