#!/usr/bin/python
# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: edge_pod
short_description: Run workloads on a site
version_added: 0.1.0
description:
  - Brings objects of a cluster to what manifests, or a simple form, say of them, by server-side apply. The diff is the
    server's own dry run against what is there.
  - Waits until what has changed is rolled out, and tells what keeps it from that.
  - Works on a server of the site with the distribution's own access, or on the controller with O(kubeconfig).
author:
  - lightk8s.edge contributors (@lightk8s)
extends_documentation_fragment:
  - lightk8s.edge.objects
  - lightk8s.edge.pod
options:
  definition:
    description:
      - Manifests of any kind. A mapping, a list of them, or YAML of one document or several.
      - Namespaces and definitions of kinds are created first, in whatever order they stand.
    type: raw
  src:
    description:
      - Files with manifests on the controller, in YAML or JSON, of one document or several. They are looked for as
        templates are.
    type: list
    elements: path
  template:
    description:
      - Whether files of O(src) are templates. Turn it off for files in which two braces mean something else.
    type: bool
    default: true
  restart_on_secret_change:
    description:
      - Whether pods of Deployments, StatefulSets and DaemonSets are made anew when a Secret that they use has changed.
      - The pods bear an annotation with a digest of what the Secrets hold. It costs a tenth of a second to compute, so
        that guessing a Secret from it is slow, yet a short word can be guessed.
    type: bool
    default: false
  can_pull:
    description:
      - Whether nodes can pull images. Where they cannot, an image that no node has is reported before anything is
        applied, and so is one that would be pulled at each start.
      - What nodes have is what their kubelets tell. These tell of 50 images and five names of each at most, and of new
        ones some minutes later, so the nodes of the site are asked for what their containerd has of the rest. An image
        is not judged while a node that may have it can neither be asked nor has told all.
    type: bool
    default: true
  expected:
    description:
      - Names of namespaces and priority classes that other tasks create before a real run, such as those of
        M(lightk8s.edge.edge_quota). In check mode objects that need them count as new, where they would be refused.
    type: list
    elements: str
    default: []
  sealed:
    description:
      - What Secrets of O(definition) hold. The action plugin fills it in.
    type: str
  ask_nodes:
    description:
      - Whether nodes can be asked for their images. The action plugin fills it in.
    type: bool
    default: false
  node_images:
    description:
      - Images that nodes have, by the name of the Node. The action plugin fills it in.
    type: dict
attributes:
  check_mode:
    support: full
    description: Asks the server what it would do, and changes nothing.
  diff_mode:
    support: full
    description: Shows objects before and after, without status and what the server keeps for itself. Values of Secrets
      are hidden.
notes:
  - Nothing but Python 3.9 is needed on the node. For a O(kubeconfig) that logs in by a program the controller needs the
    Python package C(kubernetes).
  - Namespaces and CustomResourceDefinitions that have left the list of an O(owner) stay, with a warning.
"""

EXAMPLES = r"""
- name: Run what a file describes
  lightk8s.edge.edge_pod:
    src: collector.yaml.j2

- name: Run a manifest and wait until it is rolled out
  lightk8s.edge.edge_pod:
    namespace: shop
    definition:
      apiVersion: apps/v1
      kind: Deployment
      metadata:
        name: till
      spec:
        selector:
          matchLabels: {app: till}
        template:
          metadata:
            labels: {app: till}
          spec:
            containers:
              - name: till
                image: registry.example.org/till:3.1
                resources:
                  limits: {cpu: 200m, memory: 64Mi}

- name: Run a workload by the simple form
  lightk8s.edge.edge_pod:
    name: sensor
    image: registry.example.org/sensor:1.4
    resources:
      limits: {cpu: 100m, memory: 32Mi}

- name: Run these and nothing else of this list, through the API of the cloud side
  lightk8s.edge.edge_pod:
    kubeconfig: ~/.kube/sites/cloud.yaml
    owner: shops
    src:
      - shop.yaml
      - metrics.yaml
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
workloads:
  description: The objects.
  returned: success
  type: dict
  contains:
    objects:
      description: Each object as it was at the last look.
      type: list
      elements: dict
      sample:
        - {api_version: apps/v1, kind: Deployment, namespace: shop, name: till, exists: true, ready: true}
pending:
  description: That there is something to do.
  returned: in check mode, where there is
  type: bool
actions:
  description: What was done, or would be done, one sentence each.
  returned: success
  type: list
  elements: str
  sample: ["change Deployment shop/till"]
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
      description: The step that failed. Empty where nothing has been changed.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.lightk8s.edge.plugins.module_utils._doors.edge_pod import ARGS
from ansible_collections.lightk8s.edge.plugins.module_utils._doors.edge_pod import main as run


def main() -> None:
    """Run the door with this module's parameters."""
    module = AnsibleModule(**ARGS)
    result = run(module.params, module.check_mode, bool(module._diff))
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
