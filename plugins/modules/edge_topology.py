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
  - Refuses sites that cannot work, such as those with an even number of etcd servers, two servers with sqlite, one
    machine under two names, servers whose inputs contradict each other, or a part of a site only. The task itself does
    not fail.
  - A host with C(edge_alias_of) is another name of the host that it names, or, with another C(edge_distribution), what
    works for that host's cluster on the same machine. The latter stands for itself, in the same site or in another one.
  - Later tasks of this collection fail on the hosts of such a site, before they open a connection, and work on those of
    all others. Tasks that only look, or take a site down, refuse nothing but a part of a site.
  - Runs on the controller alone and opens no connection. Run it once per play, and register what it found as
    C(edge_topology), where the other modules of this collection look.
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
  register: edge_topology
"""

RETURN = r"""
sites:
  description: Names of the sites that the play touches.
  returned: always
  type: list
  elements: str
  sample: [shop1, shop2]
refused:
  description: For each site that is refused, what is wrong with it and what to do.
  returned: always
  type: dict
  sample: {"shop3": "site shop3: 2 etcd servers bear no more failures than 1 (use an odd number of servers)"}
places:
  description: For each host its C(site), C(role), C(rank), whether it is C(initial), C(join_from), C(alias_of) where it
    is merely another name, whether it is a C(guest), one that works for a cluster of other hosts, and C(refusal) where
    its site is refused.
  returned: always
  type: dict
  sample: {"shop1-server1": {"site": "shop1", "role": "server", "rank": 0, "initial": true, "join_from": {},
    "alias_of": "", "guest": false}}
"""

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    """Say that the work is done by the action plugin."""
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    module.fail_json(msg="edge_topology runs on the controller, by its action plugin only")


if __name__ == "__main__":
    main()
