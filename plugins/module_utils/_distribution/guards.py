# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Refusals that all distributions share. Pure; each raises EdgeError."""

from __future__ import annotations

import typing as t

from .._core import versions
from .._core.errors import EdgeError, NeedsRelease
from .adapter import Facts
from .problems import Problem
from .spec import SERVER, Spec
from .storage import storage


def refuse(problems: t.Sequence[Problem], kind: str) -> None:
    """All problems in one error; none is fine."""
    if problems:
        text = "; ".join(f"{problem.key}: {problem.message}" for problem in problems)
        hint = "; ".join(dict.fromkeys(problem.remedy for problem in problems if problem.remedy))
        raise EdgeError(text, kind=kind, hint=hint)


def check_role(spec: Spec, facts: Facts, title: str) -> None:
    """A node keeps its role."""
    installed = facts.receipt.get("role")
    if installed and installed != spec.role:
        raise EdgeError(
            f"this node is a {title} {installed}, the inventory says {spec.role}",
            kind="refused",
            hint="purge the node first, or set edge_role back",
        )


def check_version(spec: Spec, facts: Facts, title: str) -> None:
    """No downgrade, no skipped minor."""
    if spec.release is None:
        check_program(facts, title)
        return
    wanted = versions.parse(spec.release.version)
    if not facts.version:
        return
    trouble = versions.upgrade_problem(versions.parse(facts.version), wanted)
    if trouble:
        raise EdgeError(trouble, kind="refused", hint="choose a version that may follow")


def check_age(spec: Spec, oldest: tuple[int, int], title: str, why: str = "") -> None:
    """None older than the adapter can carry out."""
    if spec.release is not None and versions.parse(spec.release.version).minor() < oldest:
        raise EdgeError(
            f"{spec.release.version} is too old{f': {why}' if why else ''}",
            kind="spec",
            hint="use {} {}.{} or newer".format(title, *oldest),
        )


def check_program(facts: Facts, title: str) -> None:
    """NeedsRelease where the version that is to stay has gone, or its program was changed."""
    noted, digest = str(facts.receipt.get("version") or ""), facts.receipt.get("sha256")
    if not facts.version:
        gone = f"the program of {title} {noted} is gone or broken"
        what = gone if noted else f"{title} is not installed"
        raise NeedsRelease(f"no version is given and {what}", noted)
    # Another version that runs is somebody's upgrade, and nothing tells us to undo it.
    if digest and facts.digest and facts.digest != digest and facts.version == noted:
        changed = f"the program of {title} {noted} is not the one that was installed"
        raise NeedsRelease(changed, noted)


def check_storage(spec: Spec, facts: Facts) -> None:
    """The kind of datastore fits the site and stays."""
    if spec.role != SERVER:
        return
    wanted = storage(spec)
    if wanted == "sqlite" and not spec.single:
        raise EdgeError(
            "sqlite cannot serve more than one server",
            kind="spec",
            hint="use etcd or external, or keep one server in this site",
        )
    if wanted == "external" and not spec.settings.get("datastore_endpoint"):
        raise EdgeError("storage_type external needs datastore_endpoint", kind="spec")
    if facts.datastore and facts.datastore != wanted:
        raise EdgeError(
            f"the datastore of this cluster is {facts.datastore}, the inventory says {wanted}",
            kind="refused",
            hint="set edge_storage_type back; moving a datastore is a migration of its own",
        )
