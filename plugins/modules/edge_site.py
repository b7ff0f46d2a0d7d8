#!/usr/bin/python
# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: edge_site
short_description: Converge everything on a node in one run
version_added: 0.1.0
description:
  - Brings the distribution, the bounds of pods, the bounds of logs and the images of one node to what the options
    describe, and with the noun V(sync) its agent too.
  - All of it is looked at in one go and costs one restart at most. A node that is right already costs one short
    exchange.
  - On the server that begins a site it brings quotas and workloads too, where O(nouns) names them. C(converge.yml)
    does so once all nodes of the site are right.
author:
  - lightk8s.edge contributors (@lightk8s)
extends_documentation_fragment:
  - lightk8s.edge.node
  - lightk8s.edge.distribution
  - lightk8s.edge.resources
  - lightk8s.edge.logging
  - lightk8s.edge.images
options:
  distribution:
    description:
      - The Kubernetes distribution.
    type: str
    choices: [k0s, k3s, kubeedge, microk8s]
    default: k3s
  nouns:
    description:
      - What of it is brought about. V(quotas) and V(workloads) are the site's, and for the server that begins it alone;
        they come last.
      - V(sync) is the node's agent. It means nothing where neither O(sync) nor an input asks for one; these are
        V(edge_sync_url), V(edge_sync_document_url), V(edge_sync_interval_minutes), V(edge_sync_trusted_keys),
        V(edge_queue_operations), V(edge_cache_enabled), and V(edge_mode) where it is V(hybrid).
    type: list
    elements: str
    choices: [distribution, resources, logging, sync, images, quotas, workloads]
    default: [distribution, resources, logging, images]
  sync:
    description:
      - The agent by which the site works alone. What is unset comes from the same inputs as in
        M(lightk8s.edge.edge_sync).
    type: dict
    suboptions:
      state:
        description:
          - V(present) sets the agent up. V(absent) sends what waits, keeps what cannot be sent in a file below
            C(/var/lib/lightk8s-left), says how much that is, and removes the agent.
        type: str
        choices: [present, absent]
        default: present
      mode:
        description:
          - V(online) reports at once, by a service. V(hybrid) keeps all and sends when there is a link and a window is
            open. V(offline) keeps all, sends nothing, and asks nothing but the mirrors that a document names.
          - Unset means V(online) where O(sync.sync_url) or O(sync.sync_document_url) is given, else V(offline).
        type: str
        choices: [online, offline, hybrid]
      sync_interval_minutes:
        description:
          - Minutes between two rounds of the agent, 5 where unset.
        type: int
      cache_enabled:
        description:
          - Whether events are kept while there is no link, beside states and audit.
        type: bool
      queue_operations:
        description:
          - Whether the agent asks for the document that is published for its site.
          - Unset means that it does where O(sync.sync_trusted_keys) are given.
        type: bool
      bandwidth_limit_mbps:
        description:
          - Megabits per second that the agent may use of the link, either way. Unset means no bound.
        type: float
      sync_url:
        description:
          - Base URL of the receiver.
        type: str
      sync_document_url:
        description:
          - URL of the site's document, where it lies elsewhere; C({site}) stands for the site's name.
        type: str
      sync_token:
        description:
          - Token that the site shows to the receiver. Over https only.
        type: str
      sync_ca:
        description:
          - PEM certificates of the authorities that the receiver is verified by. Unset means the system's.
        type: str
      sync_certificate:
        description:
          - PEM certificate that the site shows, instead of a token.
        type: str
      sync_key:
        description:
          - PEM key of that certificate.
        type: str
      sync_windows:
        description:
          - Times in which the agent may use the link, in the site's local time, such as V(mon-fri 22:00-06:00).
        type: list
        elements: str
      sync_queue_mb:
        description:
          - MiB that the queue may hold, 64 where unset.
        type: int
      sync_trusted_keys:
        description:
          - Ed25519 public keys, in base64, that sign documents for the site.
        type: list
        elements: str
      sync_revoked_keys:
        description:
          - Ids of keys that are trusted no more, whatever else says.
        type: list
        elements: str
      sync_secrets:
        description:
          - Secrets that documents name, by name. Each lies in a file of mode 0600. Those that are named no more are
            removed; unset leaves what was delivered.
        type: dict
      drain_seconds:
        description:
          - Seconds that a removal tries to send what waits.
        type: int
        default: 60
      force:
        description:
          - Whether the agent is removed even where what waits can be neither sent nor kept.
        type: bool
        default: false
      host:
        description:
          - The node's name in the inventory, by which documents call it. The action plugin fills this in.
        type: str
      agent:
        description:
          - Which code the agent is to be. The action plugin fills this in.
        type: dict
  quotas:
    description:
      - Namespaces and their bounds, as O(lightk8s.edge.edge_quota#module:quotas). Unless set, V(edge_quotas).
    type: list
    elements: dict
  workloads:
    description:
      - What the site runs, as O(lightk8s.edge.edge_pod#module:workloads). Unless set, V(edge_workloads). What left the
        list is removed.
    type: list
    elements: dict
  workload_secrets:
    description:
      - Secrets that workloads use. Unless set, V(edge_workload_secrets).
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name of the Secret.
        type: str
        required: true
      namespace:
        description:
          - Namespace of the Secret. Unset means V(default).
        type: str
      type:
        description:
          - Kubernetes' type of the Secret.
        type: str
        default: Opaque
      data:
        description:
          - Values by their keys, as plain text.
        type: dict
        required: true
  restart_on_secret_change:
    description:
      - Whether pods are replaced when a Secret that they use has changed. Unless set, V(edge_restart_on_secret_change).
    type: bool
    default: false
  can_pull:
    description:
      - Whether nodes can pull images. The action plugin fills it in from V(edge_mode) and V(edge_registries).
    type: bool
    default: true
  force_objects:
    description:
      - Whether fields of quotas and workloads that other managers have set are taken over. Unless set,
        V(workloads_force).
    type: bool
    default: false
  recreate_objects:
    description:
      - Whether an object is replaced where a field that cannot be changed differs. Unless set, V(workloads_recreate).
    type: bool
    default: false
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
    description: Predicts what a run would do, on a bare node too, and changes nothing.
  diff_mode:
    support: full
    description: Shows files before and after. Content that holds secrets is left out.
notes:
  - Nothing but Python 3.9 and systemd is needed on the node; with the noun V(sync), Python's sqlite3 too.
"""

EXAMPLES = r"""
- name: Converge a node
  lightk8s.edge.edge_site:
    site: shop1
    version: v1.34.2+k3s1
    max_pods: 10
    max_log_files: 5
    max_log_size_mb: 10

- name: Converge a node together with the agent by which it works alone
  lightk8s.edge.edge_site:
    site: shop1
    nouns: [distribution, resources, logging, sync]
    sync:
      mode: hybrid
      sync_url: https://hub.example.org
      sync_token: "{{ vault_shop_token }}"

- name: Converge a site of one node with what it runs
  lightk8s.edge.edge_site:
    nouns: [distribution, resources, logging, quotas, workloads]
    quotas:
      - namespace: shop
        hard: {pods: 8, limits.memory: 384Mi}
    workloads:
      - name: till
        namespace: shop
        image: registry.example.org/till:3.1
        resources:
          limits: {cpu: 200m, memory: 64Mi}
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
      sample: k3s
    role:
      description: Role of the node.
      type: str
      sample: server
    version:
      description: Installed version, empty where none is.
      type: str
      sample: v1.34.2+k3s1
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
    others:
      description: With O(planning=report), readiness of the site's other Nodes and digests of what is ours on them.
      type: dict
    left:
      description: With O(planning=trust), the name of the Node that the agent has not asked about.
      type: str
wished:
  description: With O(planning=trust), the Node that servers are to vouch for, and how they must see it.
  returned: when an agent leaves its Node to the servers of its site
  type: dict
  sample: {"node": "edge7", "ready": true, "labels": "f3c1d09ab2e4", "taints": null}
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
images:
  description: The images as they are, as in the result of M(lightk8s.edge.edge_images).
  returned: where images are named and the distribution runs
  type: list
  elements: dict
images_pending:
  description: Whether something is to be done about images. What else is pending does not tell.
  returned: in the first pass of converge.yml, where images are named
  type: bool
objects_pending:
  description: That quotas or workloads are named, which this run was not to bring.
  returned: for the server that begins a site with such, where neither V(quotas) nor V(workloads) is among O(nouns)
  type: bool
sync:
  description: With the noun V(sync), the node's agent, as in the result of M(lightk8s.edge.edge_sync).
  returned: where an agent is asked for
  type: dict
  sample: {"state": "present", "mode": "hybrid", "interval_minutes": 5, "pulls": true, "running": true}
quotas:
  description: With the noun V(quotas), what bounds namespaces, as in the result of M(lightk8s.edge.edge_quota).
  returned: success
  type: dict
workloads:
  description: With the noun V(workloads), the objects of the list, as in the result of M(lightk8s.edge.edge_pod).
  returned: success
  type: dict
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

from ansible_collections.lightk8s.edge.plugins.module_utils._doors.edge_site import ARGS
from ansible_collections.lightk8s.edge.plugins.module_utils._doors.edge_site import main as run


def main() -> None:
    """Run the door with this module's parameters."""
    module = AnsibleModule(**ARGS)
    result = run(module.params, module.check_mode, bool(module._diff))
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
