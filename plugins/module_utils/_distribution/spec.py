# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user wants of the distribution on one node. No I/O."""

from __future__ import annotations

import typing as t

from .._core.records import dataclass, field

PRESENT, STOPPED, ABSENT, PURGED = "present", "stopped", "absent", "purged"
STATES = (PRESENT, STOPPED, ABSENT, PURGED)
SERVER, AGENT = "server", "agent"
AUTHORITY_SOON = 180  # days of a cluster's authorities below which they are spoken of
# How a node's look goes in the first pass of a converge over whole sites: it answers for itself, a server
# reports on its site's other Nodes too, an agent leaves its Node to that report instead of asking the API.
OWN, REPORT, TRUST = "own", "report", "trust"
PLANNING = (OWN, REPORT, TRUST)


@dataclass(frozen=True)
class Asset:
    """One downloadable file of a release."""

    name: str
    sha256: str
    size: int | None = None


@dataclass(frozen=True)
class Release:
    """A version with its assets by `kind:arch` (`binary:amd64`, `images:arm64`)."""

    version: str
    assets: t.Mapping[str, Asset] = field(default_factory=dict)

    def asset(self, kind: str, arch: str) -> Asset | None:
        """The asset for that processor architecture."""
        return self.assets.get(f"{kind}:{arch}")


@dataclass(frozen=True)
class Join:
    """What a joining node needs of its site; `token` is secret. Filled in by the action plugin."""

    url: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class Spec:
    """One node's part of a site.

    Unset means "leave the distribution's default": None for scalars, an empty tuple for lists, except that
    `labels` and `taints` are None when unset and empty when the user wants none of ours.
    `guest`: the run only looks, and the cluster that this host works for may be brought up by others first.
    `peers` are the URLs of the site's other servers, `servers` the ways for this node to join: the site's endpoint
    where it has one, else `peers`.
    `settings` are the inputs that only an adapter understands, by their module option's name.
    """

    distribution: str
    state: str = PRESENT
    site: str = ""
    role: str = SERVER
    release: Release | None = None
    initial: bool = True
    guest: bool = False
    single: bool = True
    servers: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()
    join: Join | None = None
    token: str | None = field(default=None, repr=False)
    agent_token: str | None = field(default=None, repr=False)
    node_name: str | None = None
    node_ips: tuple[str, ...] = ()
    labels: t.Mapping[str, str] | None = None
    taints: tuple[str, ...] | None = None
    data_dir: str | None = None
    bin_dir: str | None = None
    storage_type: str | None = None
    airgap_images: bool = False
    adopt: bool = False
    proxy: t.Mapping[str, str] = field(default_factory=dict, repr=False)
    settings: t.Mapping[str, t.Any] = field(default_factory=dict, repr=False)
    wait_timeout: int = 300
    planning: str = ""  # one of PLANNING, empty in any other run
    verify_full: bool = False

    @property
    def wanted(self) -> bool:
        """The distribution is to be on the node, running or not."""
        return self.state in (PRESENT, STOPPED)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that must never be shown."""
        found = [self.token, self.agent_token, self.join.token if self.join else None]
        return tuple(word for word in found if word)
