#!/usr/bin/python
# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: edge_logging
short_description: Bound the room that logs take on a node
version_added: 0.1.0
description:
  - Sets the rotation of container logs through the kubelet and bounds the system's journal.
  - Works before the distribution is installed. Where it runs already, it is restarted once if something changed.
author:
  - lightk8s.edge contributors (@lightk8s)
extends_documentation_fragment:
  - lightk8s.edge.node
  - lightk8s.edge.logging
options:
  distribution:
    description:
      - The Kubernetes distribution whose node it is.
    type: str
    choices: [k0s, k3s, kubeedge, microk8s]
    default: k3s
  hand_on:
    description:
      - Whether the work is left to the distribution's module, which runs later in the play and does all with one
        restart at most. Nothing is done on the node then, and no connection is opened.
      - Give its option O(lightk8s.edge.k3s_install#module:handed_on) the value RV(handed_on).
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    description: Predicts what a run would do, on a bare node too, and changes nothing.
  diff_mode:
    support: full
    description: Shows files before and after. Content that holds secrets is left out.
notes:
  - Nothing but Python 3.9 and systemd is needed on the node.
"""

EXAMPLES = r"""
- name: Keep five files of 10 MiB per container
  lightk8s.edge.edge_logging:
    max_log_files: 5
    max_log_size_mb: 10
    journal_max_mb: 64
"""

RETURN = r"""
logging:
  description: The bounds of logs that are in force.
  returned: success
  type: dict
  sample: {"max_files": 5, "max_size_mb": 10}
handed_on:
  description: What the distribution's module needs to know.
  returned: with O(hand_on)
  type: dict
  contains:
    noun:
      description: What is left to it.
      type: str
      sample: logging
    options:
      description: The bounds.
      type: dict
pending:
  description: That there is something to do.
  returned: in check mode, where there is
  type: bool
actions:
  description: What was done, or would be done, one sentence each.
  returned: always
  type: list
  elements: str
  sample: ["rewrite the K3s configuration", "restart k3s.service"]
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

from ansible_collections.lightk8s.edge.plugins.module_utils._doors.edge_logging import ARGS
from ansible_collections.lightk8s.edge.plugins.module_utils._doors.edge_logging import main as run


def main() -> None:
    """Run the door with this module's parameters."""
    module = AnsibleModule(**ARGS)
    result = run(module.params, module.check_mode, bool(module._diff))
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
