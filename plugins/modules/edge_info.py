# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: edge_info
short_description: Report on a node and its cluster
version_added: 0.1.0
description:
  - Tells what is installed on a node, whether it is healthy, what it has and uses, when its
    certificates end, where the cluster keeps its state, which images it holds, and which Nodes the
    cluster knows.
  - Changes nothing. A service that is stopped, absent or broken is reported, it is no failure.
author:
  - lightk8s.edge contributors (@lightk8s)
options:
  site:
    description:
      - Name of the site that the node belongs to.
    type: str
    default: ""
  role:
    description:
      - What the node should be in its cluster. It counts where nothing is installed.
    type: str
    choices: [server, agent]
    default: server
  data_dir:
    description:
      - Folder for the distribution's data, where its configuration does not name one.
    type: path
  bin_dir:
    description:
      - Folder for the distribution's programs. Unset means where they are found.
    type: path
  node_name:
    description:
      - Name of the Node object. Unset means what is configured, else the host name in lower case.
    type: str
  distribution:
    description:
      - The Kubernetes distribution.
    type: str
    choices: [k0s, k3s, kubeedge, microk8s]
    default: k3s
  members:
    description:
      - The inventory hosts of the site, to be compared with the Nodes that the cluster knows.
      - The action plugin fills this in for servers once M(lightk8s.edge.edge_topology) has run in
        the play.
    type: list
    elements: dict
    default: []
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
"""

EXAMPLES = r"""
- name: Report on the node
  lightk8s.edge.edge_info:
  register: report

- name: Fail where a certificate ends within 30 days
  ansible.builtin.assert:
    that: report.info.certificates.days | default(365) > 30
"""

RETURN = r"""
info:
  description: The report. Keys whose source could not be read are absent.
  returned: success
  type: dict
  contains:
    site:
      description: The site, as the inventory names it.
      type: str
      sample: shop1
    distribution:
      description: The distribution that was looked for.
      type: str
      sample: k3s
    role:
      description: Role of the installed service; the inventory's where none is installed.
      type: str
      sample: server
    version:
      description: Installed version, empty where none is.
      type: str
      sample: v1.34.2+k3s1
    node_name:
      description: Name that the node has, or would have, in its cluster.
      type: str
      sample: shop1-server1
    trouble:
      description: Why the configuration on the node could not be read.
      type: str
    service:
      description:
        - C(name) and C(state) (V(running), V(stopped), V(failed) or V(absent)) of the systemd unit;
          C(enabled), C(restarts) (starts that systemd had to repeat), and of a running one C(pid)
          and C(since).
      type: dict
      sample:
        name: "k3s.service"
        state: "running"
        enabled: true
        restarts: 0
        pid: 812
        since: "2026-03-01T08:00:00Z"
    usage:
      description:
        - Memory, processors, load of the last minute, and the file system of the data folder. Sizes
          in MiB.
      type: dict
      sample:
        memory_mb: 3932
        memory_used_mb: 1210
        processors: 2
        load: 0.4
        disk_mb: 20480
        disk_used_mb: 4100
    certificates:
      description:
        - C(files) with C(path), C(days) until the end (negative afterwards) and C(end), the first
          to end first; C(days) and C(nearest) of that one; C(expired) paths; C(unreadable) paths.
          Those of authorities are not among them; C(authority_days) and C(authority) are of the
          one that ends first.
      type: dict
      sample:
        days: 364
        nearest: "/var/lib/rancher/k3s/agent/client-kubelet.crt"
        expired: []
        files: []
        authority_days: 3649
        authority: "/var/lib/rancher/k3s/server/tls/server-ca.crt"
    datastore:
      description:
        - C(kind) (V(sqlite), V(etcd), V(external)) and C(bytes) on this node. Empty on agents and
          before the first start.
      type: dict
      sample: {"kind": "sqlite", "bytes": 4194304}
    api:
      description:
        - C(state) is V(ok), V(off) (the service does not run), V(expired) (certificates have ended),
          V(none) (the node has no way to it) or V(unavailable), the last three with C(reason).
          C(version) of the API server, C(ready) and the C(failed) checks of its readiness.
      type: dict
      sample: {"state": "ok", "version": "v1.34.2+k3s1", "ready": true}
    node:
      description:
        - The Node object, with C(name), C(ready), C(reason), C(version) of the kubelet, C(roles),
          C(schedulable), C(addresses), C(capacity), C(allocatable) and C(conditions).
      type: dict
    pods:
      description:
        - Pods that are C(bound) to the node and have not finished, and those that are C(running).
      type: dict
      sample: {"bound": 6, "running": 6}
    images:
      description: C(count), C(bytes) and C(names) of images, as far as the kubelet reports them.
      type: dict
      sample: {"count": 1, "bytes": 268000, "names": ["docker.io/rancher/mirrored-pause:3.6"]}
    nodes:
      description:
        - On servers all Nodes, each with C(name), C(ready), C(reason), C(version) and C(roles).
      type: list
      elements: dict
    unknown_nodes:
      description: On servers the names of Nodes that belong to no host of the inventory.
      type: list
      elements: str
    missing_nodes:
      description: On servers the inventory hosts that have no Node.
      type: list
      elements: str
failure:
  description: What failed, where and what to do.
  returned: on failure
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

from ansible_collections.lightk8s.edge.plugins.module_utils._doors import edge_info as door


def main() -> None:
    """Run the door with this module's parameters."""
    module = AnsibleModule(**door.ARGS)
    result = door.main(module.params, module.check_mode, bool(module._diff))
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
