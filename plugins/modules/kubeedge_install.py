#!/usr/bin/python
# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: kubeedge_install
short_description: Install and run KubeEdge on a node
version_added: 0.1.0
description:
  - Brings one node to the KubeEdge installation that the options describe. C(keadm) is not used, and nothing is pulled.
  - A server runs C(cloudcore) for a cluster that is there already, an agent C(edgecore) over its containerd.
  - Programs come from the controller and are sent only where the node lacks them.
  - A change of an edge node stays only if the cluster sees the node as Ready with the new version. Otherwise the former
    program and configuration run again; the database of C(edgecore) is never touched.
author:
  - lightk8s.edge contributors (@lightk8s)
extends_documentation_fragment:
  - lightk8s.edge.node
  - lightk8s.edge.distribution
  - lightk8s.edge.resources
  - lightk8s.edge.logging
options:
  component:
    description:
      - What runs on the node, another way to say O(role). V(cloudcore) is V(server), V(edgecore) is V(agent).
    type: str
    choices: [cloudcore, edgecore]
attributes:
  check_mode:
    support: full
    description: Predicts what a run would do, on a bare node too, and changes nothing.
  diff_mode:
    support: full
    description: Shows files before and after. Content that holds secrets is left out.
notes:
  - Nothing but Python 3.9 and systemd is needed on the node, and on edge nodes containerd 1.6 or newer with a CNI
    configuration.
  - C(cloudcore) may run beside the server of another distribution, whose kubeconfig it finds. Any other file is named
    by O(extra_config), C(kubeAPIConfig.kubeConfig).
  - O(extra_config) takes keys of C(cloudcore.yaml) on servers and of C(edgecore.yaml) on agents. Unknown keys are
    refused.
  - The token of a joining node is read from the cluster of O(join_from) when the node joins, and is gone from the node
    when it has its certificate. A certificate that has ended is renewed in the same way.
  - What KubeEdge cannot do is refused by name, see C(docs/guides/distributions.md). For nodes that are cut off, see
    C(docs/guides/kubeedge.md).
"""

EXAMPLES = r"""
- name: Run cloudcore beside the server of a cluster
  lightk8s.edge.kubeedge_install:
    component: cloudcore
    version: v1.23.1
    node_ip: [192.0.2.11]

- name: Join an edge node
  lightk8s.edge.kubeedge_install:
    component: edgecore
    version: v1.23.1
    join_from:
      cloud-server: https://192.0.2.11:6443
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
      sample: kubeedge
    role:
      description: Role of the node.
      type: str
      sample: agent
    version:
      description: Installed version, empty where none is.
      type: str
      sample: v1.23.1
    service:
      description: Whether the service is V(running), V(stopped) or V(absent).
      type: str
    certificate_days:
      description: Days until the certificate of an edge node ends.
      type: int
    api:
      description: On a server, V(ok) or why the API of its cluster did not answer.
      type: str
    node:
      description: Name, readiness, version and roles of the Node of an edge node, as its cluster sees it.
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
  sample: ["rewrite the edgecore configuration", "restart edgecore.service"]
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

from ansible_collections.lightk8s.edge.plugins.module_utils._doors.kubeedge_install import ARGS
from ansible_collections.lightk8s.edge.plugins.module_utils._doors.kubeedge_install import (
    main as run,
)


def main() -> None:
    """Run the door with this module's parameters."""
    module = AnsibleModule(**ARGS)
    result = run(module.params, module.check_mode, bool(module._diff))
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
