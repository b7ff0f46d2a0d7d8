# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role `prepare` lets the networks of the node's own distribution through its firewall."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.lightk8s.edge.plugins.filter.default_networks import default_networks

PLAY = """
- hosts: all
  gather_facts: false
  connection: local
  roles: [lightk8s.edge.prepare]
  post_tasks:
    - ansible.builtin.debug:
        var: prepare_firewall_networks
"""
HOSTS = {
    "unset": {},
    "k3s": {"edge_distribution": "k3s"},
    "k0s": {"edge_distribution": "k0s"},
    "microk8s": {"edge_distribution": "microk8s"},
    "kubeedge": {"edge_distribution": "kubeedge"},
    "chosen": {"edge_distribution": "k0s", "edge_cluster_cidr": ["10.7.0.0/16", "fd07::/56"]},
}


def test_each_distribution_has_its_own_and_inputs_go_before(tmp_path: Path) -> None:
    (tmp_path / "play.yml").write_text(PLAY, encoding="utf-8")
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": HOSTS}}), encoding="utf-8")
    done = subprocess.run(
        ["ansible-playbook", "-i", "hosts.yml", "play.yml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"},
    )
    assert done.returncode == 0, done.stdout
    found = {}
    for part in done.stdout.split("ok: [")[1:]:
        name, dummy, rest = part.partition("] => ")
        if dummy:
            found[name] = json.JSONDecoder().raw_decode(rest)[0]["prepare_firewall_networks"]
    # Ranges as the distributions' documentation and sources have them.
    assert found == {
        "unset": ["10.42.0.0/16", "10.43.0.0/16"],
        "k3s": ["10.42.0.0/16", "10.43.0.0/16"],
        "k0s": ["10.244.0.0/16", "10.96.0.0/12"],
        "microk8s": ["10.1.0.0/16", "10.152.183.0/24"],
        "kubeedge": [],
        "chosen": ["10.7.0.0/16", "fd07::/56", "10.96.0.0/12"],
    }


def test_an_unknown_distribution_is_said() -> None:
    with pytest.raises(AnsibleFilterError, match="'k9s' is not supported"):
        default_networks("k9s")
