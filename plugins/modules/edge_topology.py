#!/usr/bin/python
# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: edge_topology
short_description: Work out the sites of a play
version_added: 0.1.0
description:
  - Reads C(edge_site), C(edge_role), C(edge_node_ip), C(edge_alias_of), C(edge_storage_type) and C(edge_distribution)
    of all hosts of the play, and says who begins each site, who joins whom and in which order.
  - Refuses inventories that cannot work, such as an even number of etcd servers, two servers with sqlite, one machine
    under two names, or a part of a site only.
  - Runs on the controller alone and opens no connection. Run it once per play.
author:
  - lightk8s.edge contributors (@lightk8s)
options: {}
attributes:
  check_mode:
    support: full
    description: Changes nothing anyway.
  diff_mode:
    support: none
    description: There is nothing to compare.
"""

EXAMPLES = r"""
- name: Work out the sites
  lightk8s.edge.edge_topology:
  run_once: true
"""

RETURN = r"""
sites:
  description: Names of the sites that the play touches.
  returned: success
  type: list
  elements: str
  sample: [shop1, shop2]
ansible_facts:
  description: The place of each host, as fact C(edge_topology).
  returned: success
  type: dict
  contains:
    edge_topology:
      description: For each host its C(site), C(role), C(rank), whether it is C(initial), and C(join_from).
      type: dict
"""

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Say that the work is done by the action plugin."""
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    module.fail_json(msg="edge_topology runs on the controller, by its action plugin only")


if __name__ == "__main__":
    main()
