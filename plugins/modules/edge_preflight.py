#!/usr/bin/python
# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: edge_preflight
short_description: Find out whether a machine can carry a distribution
version_added: 0.1.0
description:
  - Looks at the operating system, kernel, cgroups, memory, disk, mounts, ports, networks, clock and
    name of a machine, and at the inputs themselves, and compares them with what the distribution
    needs and what the options ask for.
  - Changes nothing. All reasons against the machine are reported together.
author:
  - lightk8s.edge contributors (@lightk8s)
extends_documentation_fragment:
  - lightk8s.edge.node
  - lightk8s.edge.distribution
  - lightk8s.edge.resources
  - lightk8s.edge.logging
options:
  distribution:
    description:
      - The Kubernetes distribution.
    type: str
    choices: [k0s, k3s, kubeedge, microk8s]
    default: k3s
  max_clock_skew:
    description:
      - Seconds that the machine's clock may differ from the controller's.
    type: int
    default: 60
  controller_time:
    description:
      - The controller's clock in seconds since the epoch. The action plugin fills this in.
    type: float
  refuse:
    description:
      - Whether the module fails where there is a problem. With V(false) problems are only reported.
    type: bool
    default: true
  tolerate:
    description:
      - Kinds of problems that only warn, for example V(cgroup) where a later task is going to mend it.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
    description: Changes nothing anyway.
  diff_mode:
    support: none
    description: There is nothing to compare.
notes:
  - Options that are not given are taken from variables with the prefix C(edge_), for example
    O(data_dir) from C(edge_data_dir).
  - Ports are not looked at where the distribution runs already.
"""

EXAMPLES = r"""
- name: Refuse machines that cannot carry a K3s server with 512 MiB for pods
  lightk8s.edge.edge_preflight:
    max_memory_mb: 512
    reserved_memory_mb: 64

- name: Only report
  lightk8s.edge.edge_preflight:
    role: agent
    refuse: false
  register: report
"""

RETURN = r"""
preflight:
  description: The machine in figures.
  returned: when the machine could be looked at
  type: dict
  sample:
    node_name: shop1-server1
    architecture: x86_64
    memory_mb: 3932
    free_disk_mb: 20480
    python: "3.11"
    running: false
    clock_skew: 0
problems:
  description: Reasons against this machine or these inputs.
  returned: when the machine could be looked at
  type: list
  elements: dict
  contains:
    kind:
      description: The subject.
      type: str
      sample: port
    message:
      description: What was found.
      type: str
      sample: port 6443/tcp (the API server) is taken by haproxy (process 812)
    hint:
      description: What to do.
      type: str
      sample: stop what listens there
failure:
  description: All reasons as one failure.
  returned: on failure
  type: dict
  contains:
    kind:
      description: V(preflight), or V(spec) where only inputs are wrong.
      type: str
      sample: preflight
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
      description: Empty.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.lightk8s.edge.plugins.module_utils._doors import edge_preflight as door


def main() -> None:
    """Run the door with this module's parameters."""
    module = AnsibleModule(**door.ARGS)
    result = door.main(module.params, module.check_mode, bool(module._diff))
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
