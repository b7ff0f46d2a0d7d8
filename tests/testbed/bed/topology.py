# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The short text that names a topology, and the nodes it stands for."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass

from .shell import BedError

ROLES = ("server", "agent")
SUITES = ("bookworm", "bullseye", "trixie")
FORM = "site=role[:option...][,role...][; site=...]"


@dataclass(frozen=True)
class Options:
    """What a node can be given beside its role.

    memory: a podman limit such as `512m`, empty for none. airgap: no default route. disk: size of
    the loop-mounted file system for power cuts (`2g`), empty for none. readonly_usr: /usr cannot be
    written. suite: the Debian release, which decides the Python version. packages: further Debian
    packages in the node's image.
    """

    memory: str = ""
    airgap: bool = False
    disk: str = ""
    readonly_usr: bool = False
    suite: str = "bookworm"
    packages: tuple[str, ...] = ()


@dataclass(frozen=True)
class NodeSpec:
    name: str
    site: str
    role: str
    options: Options


def parse(text: str, defaults: Options) -> list[NodeSpec]:
    """`shop1=server; shop2=server:disk,agent:memory=1g`; raises BedError with the part at fault."""
    nodes: list[NodeSpec] = []
    seen: set[str] = set()
    for part in filter(None, (p.strip() for p in text.split(";"))):
        site, sign, members = part.partition("=")
        site = site.strip()
        if not sign or not re.fullmatch(r"[a-z][a-z0-9-]{0,20}", site):
            raise BedError(f"topology part {part!r}: the form is {FORM}")
        if site in seen or site in ("servers", "agents", "all"):
            raise BedError(f"site {site!r} is named twice, or is the name of a group")
        seen.add(site)
        nodes += _members(site, members, defaults)
    if not nodes:
        raise BedError(f"the topology is empty: the form is {FORM}")
    if len(nodes) > 200:
        raise BedError(f"{len(nodes)} nodes: a fleet has at most 200")
    return nodes


def _members(site: str, text: str, defaults: Options) -> list[NodeSpec]:
    count = dict.fromkeys(ROLES, 0)
    out: list[NodeSpec] = []
    for member in text.split(","):
        role, *words = (w.strip() for w in member.split(":"))
        if role not in ROLES:
            raise BedError(f"site {site}: role {role!r} is neither server nor agent")
        count[role] += 1
        options = defaults
        for word in words:
            options = option(options, word)
        out.append(NodeSpec(f"{site}-{role}{count[role]}", site, role, options))
    return out


def option(options: Options, word: str) -> Options:
    """`options` with one more word of the topology language (`airgap`, `memory=512m`, ...)."""
    key, sign, value = word.partition("=")
    if key in ("airgap", "readonly_usr") and not sign:
        return dataclasses.replace(
            options,
            airgap=options.airgap or key == "airgap",
            readonly_usr=options.readonly_usr or key == "readonly_usr",
        )
    if key == "disk" and (not sign or _is_size(value)):
        return dataclasses.replace(options, disk=value or "4g")
    if key == "memory" and _is_size(value):
        return dataclasses.replace(options, memory=value)
    if key == "suite" and value in SUITES:
        return dataclasses.replace(options, suite=value)
    if key == "packages" and re.fullmatch(r"[a-z0-9.+-]+( [a-z0-9.+-]+)*", value):
        return dataclasses.replace(options, packages=tuple(sorted(value.split())))
    raise BedError(
        f"node option {word!r}: known are airgap, readonly_usr, disk[=4g], memory=512m, "
        f"suite={'|'.join(SUITES)}, packages=NAME NAME"
    )


def _is_size(value: str) -> bool:
    return re.fullmatch(r"[1-9][0-9]*[mg]", value) is not None
