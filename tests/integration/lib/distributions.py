# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the contract tests know of each distribution: versions of the test bed, units, places.

Written down here a second time, from the distribution's own documentation: the collection's idea of
them is what the tests check.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Distribution:
    """Versions are those of the test bed's mirror; paths are on the node."""

    name: str
    version: str
    rebuilt: str  # the same version in a newer packaging
    newer: str  # the next patch
    next_minor: str
    skipped_minor: str  # in no mirror: refused before anything is fetched
    never_ready: str
    no_start: str
    server_unit: str
    agent_unit: str
    binary: str
    config: str
    config_folder: str
    data: str
    images: str
    kubeconfig: str
    ctr: tuple[str, ...]
    server_only_key: str

    def unit(self, role: str) -> str:
        return self.server_unit if role == "server" else self.agent_unit


K3S = Distribution(
    name="k3s",
    version="v1.34.2+k3s1",
    rebuilt="v1.34.2+k3s2",
    newer="v1.34.3+k3s1",
    next_minor="v1.35.0+k3s1",
    skipped_minor="v1.36.0+k3s1",
    never_ready="v1.34.4+k3s1",
    no_start="v1.34.5+k3s1",
    server_unit="k3s.service",
    agent_unit="k3s-agent.service",
    binary="/usr/local/bin/k3s",
    config="/etc/rancher/k3s/config.yaml",
    config_folder="/etc/rancher/k3s",
    data="/var/lib/rancher/k3s",
    images="/var/lib/rancher/k3s/agent/images",
    kubeconfig="/etc/rancher/k3s/k3s.yaml",
    ctr=("k3s", "ctr"),
    server_only_key="tls-san-security",
)
DISTRIBUTIONS = (K3S,)
