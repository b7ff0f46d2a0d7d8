# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: edge_kubeconfig
short_description: Bring a site's kubeconfig to the controller
version_added: 0.1.0
description:
  - Reads the administrator's access from a server of the site and writes a kubeconfig on the controller, with an
    address that leads to the site from there.
  - The file is an administrator's key to the site. It is written with mode 0600, and nothing of it appears in results,
    logs or diffs.
author:
  - lightk8s.edge contributors (@lightk8s)
options:
  dest:
    description:
      - The file on the controller. Folders that are missing are made with mode 0700.
    type: path
    required: true
  api_endpoint:
    description:
      - Address of the API for those who use the file, such as that of a load balancer.
      - Unset means this server's first C(edge_node_ip), else its C(ansible_host), else its inventory name. The API's
        certificate must name it, see C(edge_tls_sans).
    type: str
  context:
    description:
      - Name of the context, the cluster and the user in the file. Unset means the name of the site.
    type: str
  site:
    description:
      - Name of the site.
    type: str
    default: ""
  role:
    description:
      - What the node is in its cluster. Agents have no administrator's access.
    type: str
    choices: [server, agent]
    default: server
  data_dir:
    description:
      - Folder for the distribution's data, where its configuration does not name one.
    type: path
  distribution:
    description:
      - The Kubernetes distribution.
    type: str
    choices: [k0s, k3s, kubeedge, microk8s]
    default: k3s
attributes:
  check_mode:
    support: full
    description: Reads the access from the node and says whether the file would change.
  diff_mode:
    support: none
    description: The file is a secret.
notes:
  - Options that are not given are taken from variables with the prefix C(edge_), for example O(api_endpoint) from
    C(edge_api_endpoint).
  - Works by its action plugin only.
"""

EXAMPLES = r"""
- name: Work out the sites
  lightk8s.edge.edge_topology:
  run_once: true
  register: edge_topology

- name: Bring the kubeconfig of each site
  lightk8s.edge.edge_kubeconfig:
    dest: "~/.kube/sites/{{ edge_site }}.yaml"
  when: edge_topology.places[inventory_hostname].initial
"""

RETURN = r"""
dest:
  description: The file on the controller.
  returned: success
  type: str
  sample: /home/ops/.kube/sites/shop1.yaml
server:
  description: The API's address in the file.
  returned: success
  type: str
  sample: https://192.0.2.11:6443
context:
  description: The context in the file.
  returned: success
  type: str
  sample: shop1
failure:
  description: Why nothing could be brought.
  returned: failure
  type: dict
  contains:
    kind:
      description: The kind of failure, from a closed list.
      type: str
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

from ansible_collections.lightk8s.edge.plugins.module_utils._doors.edge_kubeconfig import ARGS


def main() -> None:
    """Say that the work is done by the action plugin."""
    module = AnsibleModule(**ARGS)
    module.fail_json(msg="edge_kubeconfig works by its action plugin only")


if __name__ == "__main__":
    main()
