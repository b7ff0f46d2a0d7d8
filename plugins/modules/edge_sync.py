#!/usr/bin/python
# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: edge_sync
short_description: Let a site work alone, tell what it has to tell, and take what is published for it
version_added: 0.1.0
description:
  - Sets up an agent on the node, moves it to this version of the collection, changes its settings, or removes it.
  - The agent is the code that the modules of this collection run on the node. Between its rounds, which a timer starts,
    nothing of it is in memory; in mode V(online) it is a small service.
  - It keeps the state of nodes, workloads, images, resources, certificates and of itself in a queue on disk and sends
    it as CloudEvents to a receiver. What was kept arrives once in effect, whatever happens to node or link.
  - It takes documents that are published and signed for its site, converges the node by the same code as
    M(lightk8s.edge.edge_site), and goes back to the last good one where the node does not become healthy.
  - The command C(lightk8s-edge) on the node tells and does the same by hand, C(status), C(events), C(sync),
    C(queue ls), C(queue export), C(explain) and C(accept).
author:
  - lightk8s.edge contributors (@lightk8s)
options:
  distribution:
    description:
      - The Kubernetes distribution whose node it is.
    type: str
    choices: [k0s, k3s, kubeedge, microk8s]
    default: k3s
  site:
    description:
      - Name of the site.
    type: str
    default: ""
  role:
    description:
      - Role of the node.
    type: str
    choices: [server, agent]
    default: server
  data_dir:
    description:
      - Folder of the distribution's data, where it is not the distribution's default.
    type: path
  bin_dir:
    description:
      - Folder of the distribution's programs, where it is not the default.
    type: path
  node_name:
    description:
      - Name of the Node, where it is not the host name.
    type: str
  initial:
    description:
      - Whether the node is the first server of its site, which speaks for the cluster.
    type: bool
    default: true
  guest:
    description:
      - Whether the node works for a cluster that another distribution brings.
    type: bool
    default: false
  proxy:
    description:
      - Proxy that leads out of the site, as C(http_proxy), C(https_proxy) and C(no_proxy).
    type: dict
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
      - Unset means V(online) where O(sync_url) or O(sync_document_url) is given, else V(offline).
    type: str
    choices: [online, offline, hybrid]
  sync_interval_minutes:
    description:
      - Minutes between two rounds of the agent, 5 where unset. In mode V(online) documents are asked for that often.
    type: int
  cache_enabled:
    description:
      - Whether events are kept while there is no link. Where not, only the newest states and what was done to the node
        are.
    type: bool
  queue_operations:
    description:
      - Whether changes wait for the site, that is, whether the agent asks for the document that is published for it.
      - Unset means that it does where O(sync_trusted_keys) are given.
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
      - Times in which the agent may use the link, in the site's local time, such as V(mon-fri 22:00-06:00). Unset means
        always.
    type: list
    elements: str
  sync_queue_mb:
    description:
      - MiB that the queue may hold, 64 where unset. Where it is full, the oldest states go first, then new events; each
        is counted and told.
    type: int
  sync_trusted_keys:
    description:
      - Ed25519 public keys, in base64, that sign documents for the site. Several may be trusted, so that one can follow
        another.
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
attributes:
  check_mode:
    support: full
    description: Predicts what a run would do, on a bare node too, and changes nothing.
  diff_mode:
    support: full
    description: Shows files before and after. Content that holds secrets is left out.
notes:
  - Python 3.9 or newer with its sqlite3 and systemd are needed on the node.
seealso:
  - module: lightk8s.edge.edge_site
"""

EXAMPLES = r"""
- name: Report whenever there is a link at night, and take what is published
  lightk8s.edge.edge_sync:
    site: shop
    mode: hybrid
    sync_url: https://hub.example.org
    sync_token: "{{ vault_shop_token }}"
    sync_windows: ["daily 22:00-06:00"]
    sync_trusted_keys: ["gUx2Or8T6hXSIbCVbcmQzJ2oXEQ8yrcYzZqWGCmmT1s="]

- name: Remove the agent
  lightk8s.edge.edge_sync:
    site: shop
    state: absent
  register: removed

- name: Say what was not delivered
  ansible.builtin.debug:
    msg: "{{ removed.sync.left }} events are left in {{ removed.sync.exported | default('no file') }}"
"""

RETURN = r"""
sync:
  description: The agent as it is after the run.
  returned: success
  type: dict
  contains:
    state:
      description: Whether it is there.
      type: str
      sample: present
    mode:
      description: Its mode.
      type: str
      sample: hybrid
    interval_minutes:
      description: Minutes between two rounds.
      type: int
    pulls:
      description: Whether it asks for documents.
      type: bool
    running:
      description: Whether its timer or its service runs.
      type: bool
    left:
      description: After a removal, the number of events that were not delivered.
      type: int
    exported:
      description: After a removal, the folder of these events, a file for each queue and a CloudEvent on each line.
      type: str
      sample: /var/lib/lightk8s-left
pending:
  description: That there is something to do.
  returned: in check mode, where there is
  type: bool
actions:
  description: What was done, or would be done, one sentence each.
  returned: always
  type: list
  elements: str
  sample: ["place the agent's code", "start lightk8s-sync.timer"]
failure:
  description: What failed, where and what to do.
  returned: on failure
  type: dict
  contains:
    kind:
      description: The kind of failure, from a closed list.
      type: str
      sample: spec
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

from ansible_collections.lightk8s.edge.plugins.module_utils._doors.edge_sync import ARGS
from ansible_collections.lightk8s.edge.plugins.module_utils._doors.edge_sync import main as run


def main() -> None:
    """Run the door with this module's parameters."""
    module = AnsibleModule(**ARGS)
    result = run(module.params, module.check_mode, bool(module._diff))
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
