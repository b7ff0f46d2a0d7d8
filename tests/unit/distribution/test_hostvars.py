# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables of other hosts, from a real inventory and by core's own templating."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager

from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.hostvars import Hosts
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.inventory import read_members

INVENTORY = """
all:
  vars: {edge_site: shop, lan: 192.0.2}
  hosts:
    server: {ansible_host: "{{ lan }}.11"}
    guest:
      edge_alias_of: server
      edge_distribution: kubeedge
      ansible_host: "{{ hostvars[edge_alias_of].ansible_host }}"
    other:
      ansible_host: "{{ hostvars['server'].nowhere }}"
"""


@pytest.fixture
def hosts(tmp_path: Path) -> Hosts:
    file = tmp_path / "hosts.yml"
    file.write_text(INVENTORY, encoding="utf-8")
    loader = DataLoader()
    inventory = InventoryManager(loader, sources=[str(file)])
    known = HostVars(inventory, VariableManager(loader, inventory), loader)
    return Hosts(known, Templar(loader))


def test_an_address_may_be_that_of_the_machine_which_another_host_names(hosts: Hosts) -> None:
    assert hosts["guest"]["ansible_host"] == "192.0.2.11"
    assert set(hosts) == {"server", "guest", "other"}
    assert hosts["guest"].get("edge_node_ip") is None


def test_a_guest_whose_address_is_a_template_is_on_its_host_s_machine(hosts: Hosts) -> None:
    found = read_members({"hostvars": hosts, "ansible_play_hosts_all": ["server", "guest"]})
    machines = {member.name: (member.machine, member.problem) for member in found}
    assert machines == dict.fromkeys(("server", "guest"), ("192.0.2.11:22", None))


def test_a_value_that_cannot_be_templated_is_told(hosts: Hosts) -> None:
    with pytest.raises(AnsibleError, match="nowhere"):
        hosts["other"].get("ansible_host")
    (member,) = read_members({"hostvars": hosts, "ansible_play_hosts_all": ["other"]})
    assert member.problem is not None
    assert "other" in member.problem.message
