# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a distribution needs of a machine, as data for preflight."""

from __future__ import annotations

import typing as t

from .._core.records import dataclass, field

TCP, UDP = "tcp", "udp"


@dataclass(frozen=True)
class Port:
    """A port that the distribution listens on, on all addresses or on loopback."""

    number: int
    what: str
    protocol: str = TCP


@dataclass(frozen=True)
class Module:
    """A kernel module. `sign` is a path that exists wherever its function is there."""

    name: str
    sign: str
    required: bool = True


@dataclass(frozen=True)
class Caution:
    """Something that people should know of before they rely on the distribution.

    `sign` is a pattern of paths, one `*` for any name. Where the distribution runs already, the caution is
    for a machine that has such a path.
    """

    kind: str
    message: str
    hint: str
    sign: str = ""


@dataclass(frozen=True)
class Requirements:
    """Needs of one role of one distribution. Sizes in MiB.

    `memory_mb` is what the distribution itself takes, `memory_recommended_mb` what its makers advise
    for the machine. `networks` are address ranges (CIDR) that must be free in the node's
    networks, by what they are for; `interfaces` are prefixes of interface names that belong to the
    cluster's own network. `default_route` is "must", "should" or "" (never mind).
    """

    title: str
    memory_mb: int
    memory_recommended_mb: int
    disk_mb: int
    disk_recommended_mb: int
    inodes: int
    architectures: tuple[str, ...]
    modules: tuple[Module, ...] = ()
    controllers: tuple[str, ...] = ()
    ports: tuple[Port, ...] = ()
    programs: tuple[str, ...] = ()
    programs_wanted: tuple[str, ...] = ()
    networks: t.Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    interfaces: tuple[str, ...] = ()
    default_route: str = ""
    cautions: tuple[Caution, ...] = ()
