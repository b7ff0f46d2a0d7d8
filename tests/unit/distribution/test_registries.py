# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `edge_registries` becomes where containerd reads hosts.toml: the same as on K3s."""

from __future__ import annotations

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._distribution import hosts_toml
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.k0s import registries

LOGIN = {"auth": {"username": "u", "password": "p"}, "tls": {"ca_file": "/ca.pem"}}


@pytest.mark.parametrize(
    ("endpoint", "whole"),
    [
        ("https://m:5000", False),
        ("https://m:5000/", False),
        ("https://m:5000/v2", False),
        ("https://m/v2/docker-proxy", True),
        ("http://[fd00::1]:5000/artifactory/api/docker/x", True),
    ],
)
def test_a_mirror_s_path_is_taken_as_it_stands(endpoint: str, whole: bool) -> None:
    """Containerd would put /v2 behind it."""
    found = hosts_toml.hosts({"mirrors": {"docker.io": {"endpoint": [endpoint]}}})["docker.io"]
    assert ("override_path = true" in found) is whole


@pytest.mark.parametrize("name", ["docker.io", "registry-1.docker.io"])
def test_docker_s_registry_has_a_host_of_another_name(name: str) -> None:
    found = hosts_toml.hosts({"mirrors": {"docker.io": None}, "configs": {name: LOGIN}})
    assert 'ca = "/ca.pem"' in found["docker.io"]
    dropin = registries.dropin({"configs": {name: LOGIN}}, "v1.34.2+k0s.0")
    assert dropin.count('configs."registry-1.docker.io".auth]') == 1
    assert 'configs."docker.io"' not in dropin
