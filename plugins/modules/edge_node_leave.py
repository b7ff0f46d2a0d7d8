# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: edge_node_leave
short_description: Take a node out of its cluster
version_added: 0.1.0
description:
  - Cordons and drains a node, removes its etcd member, its Node and the Secret that binds its name
    to the machine, so that a replaced machine can join under the old name.
  - The work is done by a living server of the site. The host itself may be dead. Where it can be
    reached, its service is stopped, so that it does not come back; nothing is removed from it.
  - Refused for the last server of a site, and where etcd would lose its quorum.
author:
  - lightk8s.edge contributors (@lightk8s)
options:
  distribution:
    description:
      - The Kubernetes distribution.
    type: str
    choices: [k0s, k3s, kubeedge, microk8s]
    default: k3s
  site:
    description:
      - Name of the site. It appears in results and messages.
    type: str
    default: ""
  data_dir:
    description:
      - Folder for the distribution's data. Unset means the distribution's default.
    type: path
  member:
    description:
      - Who leaves. Unset means the inventory host of the task, which is then not worked on itself.
      - Where it is given, the host of the task is the server that does the work. This is the way to
        remove a Node that the inventory does not know.
    type: dict
    suboptions:
      name:
        description:
          - Inventory name. It is taken for the Node's name where nothing better is known.
        type: str
        required: true
      node_name:
        description:
          - Name of the Node, where it is certain.
        type: str
      addresses:
        description:
          - Addresses of the host, as the Node may report them.
        type: list
        elements: str
        default: []
  servers:
    description:
      - Inventory names of servers of the site that may do the work, in order.
      - Unset means the other servers of the site, as M(lightk8s.edge.edge_topology) found them.
    type: list
    elements: str
    default: []
  leave_timeout:
    description:
      - Seconds to wait for pods to leave. Disruption budgets are respected that long.
      - A node that is dead to its cluster is not waited for.
    type: int
    default: 120
  leave_force:
    description:
      - Whether pods that do not leave in time are deleted. Without it the node stays, cordoned, and
        the module fails with their names, unless the node is dead to its cluster.
    type: bool
    default: false
  stage:
    description:
      - Part of the work. The action plugin uses V(drain) and V(remove) to stop the host in between.
    type: str
    choices: [all, drain, remove]
    default: all
attributes:
  check_mode:
    support: full
    description: Tells what would be done, and refuses what a run would refuse.
  diff_mode:
    support: full
    description: Shows what the cluster would no longer hold.
notes:
  - Options that are not given are taken from variables with the prefix C(edge_), for example
    O(leave_timeout) from C(edge_leave_timeout).
seealso:
  - module: lightk8s.edge.k3s_install
    description: Takes the distribution off the host, with C(state=purged).
"""

EXAMPLES = r"""
- name: Work out the sites
  lightk8s.edge.edge_topology:
  run_once: true
  register: edge_topology

- name: Take this host out of its cluster
  lightk8s.edge.edge_node_leave:
    leave_timeout: 300

- name: Remove a Node that the inventory does not know, from a server of its site
  lightk8s.edge.edge_node_leave:
    member:
      name: old-agent7
      node_name: old-agent7
  delegate_to: shop1-server1
"""

RETURN = r"""
leave:
  description: What was found of the node, and what became of its pods.
  returned: when a server of the site could be asked
  type: dict
  contains:
    node:
      description: Name of the Node.
      type: str
      sample: shop1-agent1
    found:
      description: Whether the cluster had such a Node.
      type: bool
    alive:
      description: Whether the Node still reported to its cluster.
      type: bool
    role:
      description: V(server) or V(agent).
      type: str
    stop_first:
      description: Whether the host may be stopped before its etcd member is removed.
      type: bool
    evicted:
      description: Pods that were evicted.
      type: list
      elements: str
      sample: [default/web-0]
    forced:
      description: Pods that were deleted because they did not leave.
      type: list
      elements: str
    left:
      description: Pods that were left behind, each with C(pod) and C(reason).
      type: list
      elements: dict
    removed:
      description: Whether nothing of the node is left in the cluster.
      type: bool
      returned: outside check mode
actions:
  description: What was done, or would be done, one sentence each.
  returned: always
  type: list
  elements: str
  sample: ["cordon shop1-agent1", "delete the Node shop1-agent1"]
failure:
  description: What failed, where and what to do.
  returned: on failure
  type: dict
  contains:
    kind:
      description: The kind of failure, from a closed list.
      type: str
      sample: refused
    message:
      description: What was found.
      type: str
    hint:
      description: What to do.
      type: str
    site:
      description: The site.
      type: str
    step:
      description: The step that failed.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.lightk8s.edge.plugins.module_utils._doors import edge_node_leave as door


def main() -> None:
    """Run the door with this module's parameters."""
    module = AnsibleModule(**door.ARGS)
    result = door.main(module.params, module.check_mode, bool(module._diff))
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
