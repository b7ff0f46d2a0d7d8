# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options of the distribution itself."""

    DOCUMENTATION = r"""
options:
  state:
    description:
      - V(present) installs, configures and runs the distribution.
      - V(stopped) installs and configures it, and keeps its service stopped. A version that is installed stays.
      - V(absent) takes it off the node and keeps the data folder.
      - V(purged) leaves no process, mount, interface, rule or file of it behind.
    type: str
    choices: [present, stopped, absent, purged]
    default: present
  version:
    description:
      - Version or channel, for example V(v1.34.2+k3s1) or V(stable).
      - Unset means that an installed distribution keeps its version and a bare node gets the channel V(stable).
    type: str
  release_mirrors:
    description:
      - Places to take releases from, in order. Each is a URL or a folder on the controller that holds
        C(<version>/<asset>).
      - Unset means the distribution's official one.
    type: list
    elements: str
  release_sha256:
    description:
      - Digest that the distribution's program must have, in addition to the release's own checksum file.
    type: str
  cache_dir:
    description:
      - Folder on the controller that keeps releases. Unset means C(lightk8s) in the user's cache folder.
    type: path
  release:
    description:
      - The release and its assets. The action plugin fills this in from O(version).
    type: dict
  airgap_images:
    description:
      - Whether the release's archive of images is brought to the node, so that it needs no registry.
    type: bool
    default: false
  guest:
    description:
      - Whether other hosts of the same run bring up the cluster that this host works for, so that a run that only looks
        does not miss it. Comes from M(lightk8s.edge.edge_topology).
    type: bool
    default: false
  initial:
    description:
      - Whether this server begins the cluster of its site. Ignored for agents.
    type: bool
    default: true
  join_from:
    description:
      - The other servers of the site, as inventory name and address (V(https://192.0.2.11:6443)).
      - A joining node gets its token from the first of them that runs, over the connection of that inventory host.
    type: dict
    default: {}
  api_endpoint:
    description:
      - Fixed address of the site's API (V(https://192.0.2.10:6443)), for example of a load balancer.
    type: str
  join_url:
    description:
      - Address to join. The action plugin fills this in.
    type: str
  join_token:
    description:
      - Token to join with. The action plugin fills this in.
    type: str
  alone:
    description:
      - Whether no other server of the site runs. The action plugin fills this in.
    type: bool
    default: false
  token:
    description:
      - Token of the cluster. Unset means that the first server makes one and the others read it there.
      - It cannot be changed here once the cluster exists.
    type: str
  agent_token:
    description:
      - Token for agents alone. Unset means that they use the cluster's token.
    type: str
  node_ip:
    description:
      - Addresses of the node, one per address family.
    type: list
    elements: str
    default: []
  labels:
    description:
      - Labels of the Node. Labels that were set here and are no longer named are removed, others are left alone.
      - Values are texts. One that YAML reads as true or false is V(true) or V(false), one that is not there is empty.
    type: dict
  taints:
    description:
      - Taints of the Node as V(key=value:Effect). Treated like O(labels).
    type: list
    elements: str
  storage_type:
    description:
      - Where the cluster keeps its state. Unset means V(sqlite) for one server and V(etcd) for several.
    type: str
    choices: [sqlite, etcd, external, none]
  datastore_endpoint:
    description:
      - Address of the external datastore, with credentials.
    type: str
  snapshot_enabled:
    description:
      - Whether the distribution takes scheduled snapshots of its embedded etcd.
    type: bool
  network_mode:
    description:
      - The cluster's network. Unset means the distribution's own. With one that it does not bring it brings none,
        and that network's manifests are yours to apply. Which it brings is in C(docs/guides/distributions.md).
      - With V(none) a node counts as healthy although it reports that it has no network.
    type: str
    choices: ["flannel", "calico", "cilium", "none"]
  cluster_cidr:
    description:
      - Address ranges of pods, one per address family. Fixed by the first start.
    type: list
    elements: str
    default: []
  service_cidr:
    description:
      - Address ranges of services, one per address family. Fixed by the first start.
    type: list
    elements: str
    default: []
  dns_enabled:
    description:
      - Whether the packaged cluster DNS runs.
    type: bool
  disable:
    description:
      - Packaged components that must not run.
    type: list
    elements: str
    default: []
  tls_sans:
    description:
      - More names and addresses for the API's certificate.
    type: list
    elements: str
    default: []
  secrets_encryption:
    description:
      - Whether Secrets are encrypted in the datastore. Fixed by the first start.
    type: bool
  registries:
    description:
      - Mirrors and credentials of image registries, with the keys C(mirrors) and C(configs) of K3s'
        C(registries.yaml).
      - Where they are files of containerd (k0s, MicroK8s), one that is taken out here goes; files of others stay.
    type: dict
  proxy:
    description:
      - C(http_proxy), C(https_proxy) and C(no_proxy) of the service. The cluster's own ranges and names are added
        to the last, and on K3s and k0s the site's O(api_endpoint) or servers, so far as the node itself goes there.
      - A server that is added to a site with a proxy is then a restart for the others, and for agents of k0s too
        where the site has no O(api_endpoint).
    type: dict
  kubeconfig_mode:
    description:
      - Mode of the administrator's kubeconfig on the node, in octal.
    type: str
  selinux:
    description:
      - Whether containers run under SELinux.
    type: bool
  log_level:
    description:
      - How much the distribution's service says.
    type: str
    choices: [info, debug]
  extra_config:
    description:
      - Further flags of the distribution, named as in its configuration file. They are checked against its
        documented flags.
    type: dict
  adopt:
    description:
      - Whether an installation that was made by other means may be taken over.
    type: bool
    default: false
  verify:
    description:
      - With V(full) every digest on the node is computed anew. With V(fast) one that was computed before counts while
        device, inode, size and both times of the file are the same.
    type: str
    choices: [fast, full]
    default: fast
  planning:
    description:
      - Filled in by the action plugin in the first pass of C(converge.yml), which only looks.
      - With V(report) a server also tells what it knows of the other Nodes of its site. With V(trust) an agent leaves
        its own Node to that report instead of asking the API over the network.
    type: str
    choices: [own, report, trust]
  hold:
    description:
      - Whether a change of what ran before keeps its way back until O(settle) says how it ends. The action plugin
        fills this in where a server has the last word on the health of an agent.
    type: bool
    default: false
  inputs_checked:
    description:
      - Whether the controller has asked already what of the inputs the distribution cannot carry out. The action plugin
        fills this in, so that nodes do not ask again.
    type: bool
    default: false
  generation:
    description:
      - Tells this run from earlier and later ones where the site's agent takes published documents too; a node refuses
        what is older than what it holds. The action plugin fills the controller's time in.
    type: int
  revoked_keys:
    description:
      - Given where the node has an agent, or is about to get one, even if the list is empty. What these keys alone have
        signed does not count as held. The action plugin of M(lightk8s.edge.edge_site) fills this in from
        C(edge_sync_revoked_keys).
    type: list
    elements: str
  settle:
    description:
      - Ends a change that was held, with nothing to accept it, or with the reason why it is taken back. The action
        plugin fills this in.
    type: str
  nouns:
    description:
      - What is converged. Leave V(resources) and V(logging) out where other tasks take care of them.
    type: list
    elements: str
    choices: [distribution, resources, logging]
    default: [distribution, resources, logging]
  handed_on:
    description:
      - What earlier tasks of the play have left to this one, as M(lightk8s.edge.edge_resources) and
        M(lightk8s.edge.edge_logging) return it. It is converged too, and its bounds win over those given here.
    type: list
    elements: dict
"""
