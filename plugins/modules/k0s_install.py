#!/usr/bin/python
# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: k0s_install
short_description: Install and run k0s on a node
version_added: 0.1.0
description:
  - Brings one node of a site to the k0s installation that the options describe, without C(k0s install) or C(k0sctl).
  - Telemetry is off unless O(extra_config) turns it on.
  - Programs and image archives come from the controller and are sent only where the node lacks them.
  - A change that does not become healthy is undone, and the former version or configuration runs again.
author:
  - lightk8s.edge contributors (@lightk8s)
extends_documentation_fragment:
  - lightk8s.edge.node
  - lightk8s.edge.distribution
  - lightk8s.edge.resources
  - lightk8s.edge.logging
attributes:
  check_mode:
    support: full
    description: Predicts what a run would do, on a bare node too, and changes nothing.
  diff_mode:
    support: full
    description: Shows files before and after. Content that holds secrets is left out.
notes:
  - Nothing but Python 3.9, systemd and (on servers) C(useradd) is needed on the node.
  - A server is a controller that runs pods, with kine and SQLite where it is the only one of its site and no other
    datastore is asked for, else with etcd. It is not begun with C(--single), so that agents may join at any time.
  - O(extra_config) takes flags of C(k0s controller) and C(k0s worker), and C(spec), which is added to that of
    C(k0s.yaml).
  - What k0s cannot do is refused by name, see C(docs/guides/distributions.md).
"""

EXAMPLES = r"""
- name: Install a single server
  lightk8s.edge.k0s_install:
    version: v1.34.2+k0s.0
    site: shop1

- name: Join an agent
  lightk8s.edge.k0s_install:
    role: agent
    version: v1.34.2+k0s.0
    site: shop1
    join_from:
      shop1-server: https://192.0.2.11:6443
"""

RETURN = r"""
distribution:
  description: The distribution as it is on the node after the run.
  returned: success
  type: dict
  contains:
    name:
      description: Name of the distribution.
      type: str
      sample: k0s
    role:
      description: Role of the node.
      type: str
      sample: server
    version:
      description: Installed version, empty where none is.
      type: str
      sample: v1.34.2+k0s.0
    service:
      description: Whether the service is V(running), V(stopped) or V(absent).
      type: str
    datastore:
      description: Kind of datastore of a server.
      type: str
      sample: sqlite
    certificate_days:
      description: Days until the first certificate of the node ends.
      type: int
    authority_days:
      description: Days until the first certificate authority of the cluster ends, where these are less than 180.
      type: int
    api:
      description: V(ok), or why the API did not answer.
      type: str
    node:
      description: Name, readiness, version and roles of the Node.
      type: dict
resources:
  description: What the machine has. Only V(pods_cpu_percent) appears where a cap is in force.
  returned: success
  type: dict
  sample: {"memory_mb": 2048, "processors": 2, "storage_mb": 30000, "pods_cpu_percent": 50}
logging:
  description: The bounds of logs that are in force.
  returned: success
  type: dict
  sample: {"max_files": 5, "max_size_mb": 10}
pending:
  description: That there is something to do.
  returned: in check mode, where there is
  type: bool
needs:
  description: Files that the node lacks and a run would bring, each with C(name), C(sha256) and C(size).
  returned: in check mode, when there are any
  type: list
  elements: dict
bytes_to_send:
  description: Bytes of these files.
  returned: in check mode, when there are any
  type: int
transfer:
  description:
    - C(bytes) over the site's uplink and number of C(artifacts) that this run has brought, with C(lan_bytes) that came
      from other nodes of the site.
  returned: when something was sent
  type: dict
actions:
  description: What was done, or would be done, one sentence each.
  returned: always
  type: list
  elements: str
  sample: ["rewrite the k0s configuration", "restart k0scontroller.service"]
failure:
  description: What failed, where and what to do.
  returned: on failure
  type: dict
  contains:
    kind:
      description: The kind of failure, from a closed list.
      type: str
      sample: health
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

from ansible_collections.lightk8s.edge.plugins.module_utils._doors.k0s_install import ARGS
from ansible_collections.lightk8s.edge.plugins.module_utils._doors.k0s_install import main as run


def main() -> None:
    """Run the door with this module's parameters."""
    module = AnsibleModule(**ARGS)
    result = run(module.params, module.check_mode, bool(module._diff))
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
