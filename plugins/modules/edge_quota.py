#!/usr/bin/python
# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: edge_quota
short_description: Bound what namespaces may use
version_added: 0.1.0
description:
  - Makes a namespace with its quota, bounds of single containers, network policies, priority classes and levels of Pod
    Security, or brings those that are there to what the options say.
  - What an earlier run has made and the options name no more is removed. The namespace itself never is.
author:
  - lightk8s.edge contributors (@lightk8s)
extends_documentation_fragment:
  - lightk8s.edge.objects
  - lightk8s.edge.quota
options:
  namespace:
    description:
      - The namespace. It is made where it is not there.
    type: str
    default: default
  state:
    description:
      - With V(absent) the bounds of the namespace go. The namespace stays, with its labels and all that is in it.
    type: str
    choices: [present, absent]
    default: present
  owner:
    description:
      - Name of the list to which the bounds belong. What belongs to it and is not asked for any more is removed.
      - Unset means a list for each namespace, or one for all of O(quotas).
    type: str
attributes:
  check_mode:
    support: full
    description: Asks the API what a run would do, and changes nothing.
  diff_mode:
    support: full
    description: Shows objects before and after.
seealso:
  - module: lightk8s.edge.edge_pod
"""

EXAMPLES = r"""
- name: Bound what a shop's pods may use together
  lightk8s.edge.edge_quota:
    namespace: shop
    pod_security_enforce: baseline
    hard:
      pods: 8
      limits.cpu: 1
      limits.memory: 384Mi
    limits:
      - default: {cpu: 100m, memory: 32Mi}
        max: {memory: 128Mi}

- name: Let pods of a shop reach each other and the name service, and nothing else
  lightk8s.edge.edge_quota:
    namespace: shop
    default_deny: [ingress, egress]
    allow: [dns, same_namespace]

- name: Take the bounds away
  lightk8s.edge.edge_quota:
    namespace: shop
    state: absent
"""

RETURN = r"""
workloads:
  description: The objects, as they are after the run.
  returned: success
  type: dict
  contains:
    objects:
      description: One entry for each object, with its kind, namespace, name, and whether it exists.
      type: list
      elements: dict
pending:
  description: That there is something to do.
  returned: in check mode, where there is
  type: bool
actions:
  description: What was done, or would be done, one sentence each.
  returned: always
  type: list
  elements: str
  sample: ["create Namespace shop", "create ResourceQuota shop/lightk8s"]
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

from ansible_collections.lightk8s.edge.plugins.module_utils._doors.edge_quota import ARGS
from ansible_collections.lightk8s.edge.plugins.module_utils._doors.edge_quota import main as run


def main() -> None:
    """Run the door with this module's parameters."""
    module = AnsibleModule(**ARGS)
    result = run(module.params, module.check_mode, bool(module._diff))
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
