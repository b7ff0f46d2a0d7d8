# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: edge_images
short_description: Bring container images to a node over a thin link
version_added: 0.1.0
description:
  - Brings images from sources on the controller into the containerd of a node, namespace C(k8s.io). No registry is
    needed there.
  - Per layer the cheapest way is taken - nothing, a delta against files of any layer that the node has extracted,
    the layer compressed anew, or the published blob. Each layer is accepted by its exact digest alone.
  - Transfers are resumed after a cut. What is refused by the node is sent in the next safe way, and the result says so.
  - Images are marked so that the kubelet does not collect them.
author:
  - lightk8s.edge contributors (@lightk8s)
options:
  distribution:
    description:
      - The Kubernetes distribution of the node. Its containerd must run; a cluster is not needed.
    type: str
    choices: [k0s, k3s, kubeedge, microk8s]
    default: k3s
  site:
    description:
      - Name of the site. It appears in results and messages.
    type: str
    default: ""
  role:
    description:
      - What the node is in its cluster.
    type: str
    choices: [server, agent]
    default: server
  data_dir:
    description:
      - Folder for the distribution's data, where its configuration does not name one.
    type: path
  bin_dir:
    description:
      - Folder for the distribution's programs.
      - Unset means C(/usr/local/bin), or C(/opt/bin) where that cannot be written.
    type: path
  images:
    description:
      - The images. Those of the node that are not listed are left alone, but see O(prune).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - Name with tag, digest or both. What a digest names must be what the source has.
          - The image can then be asked for by its tag and by its digest, whichever of them is written here.
        type: str
        required: true
      state:
        description:
          - Whether the image is to be on the node. One that a container uses stays, with a warning.
        type: str
        choices: [present, absent]
        default: present
      source:
        description:
          - Path on the controller of an OCI layout, or of an archive of OCI or docker form, which may be compressed.
            Archives of images that distributions publish for air-gapped sites are such archives.
          - Unset means that the controller fetches the image from its registry by skopeo, once for all nodes.
        type: str
      platform:
        description:
          - Platform as C(os/architecture[/variant]). Unset means that of the node.
        type: str
  registry_authfile:
    description:
      - File on the controller with credentials of registries, as C(skopeo login --authfile) writes it.
    type: path
  registry_cert_dir:
    description:
      - Folder on the controller with authorities (C(*.crt)) of registries, and a client's certificate and key.
    type: path
  registry_validate_certs:
    description:
      - Whether certificates of registries are validated.
    type: bool
    default: true
  trust:
    description:
      - What happens to an image that none of O(trust_keys) has signed. V(require) refuses it, V(warn) says so.
      - Looked for are signatures of cosign in the source, and of cosign, minisign or OpenSSH in a file beside it.
    type: str
    choices: [require, warn, 'off']
    default: 'off'
  trust_keys:
    description:
      - Files on the controller with public keys.
    type: list
    elements: path
    default: []
  scan_command:
    description:
      - Command on the controller that gets the path of an OCI layout of the image as its last argument, and must exit
        with 0. What it prints is kept below O(cache_dir).
    type: list
    elements: str
    default: []
  site_registry:
    description:
      - URL of a registry of the site that gets the images, too, from the node of the server that begins the site, under
        the paths that their own registries have for them. It must take them without credentials; over https the system
        of that node must trust its certificate.
      - It gets what a tag names, or a digest that is whole on that node. What is published, or what the node has, is
        not given again. Two images that would have the same path and tag there are refused.
      - Where it does not answer, the run fails after the node has its own images.
    type: str
  exact:
    description:
      - Whether only the published layers count, byte for byte. Without it a layer may lie uncompressed in the node's
        content store, under a manifest with the same config. Containers then are the same, and a name with the
        published digest works, but the image cannot be pushed from the node under that digest.
      - With it a layer comes as a delta only where this build of containerd is known to make the published blob of it.
        An image that the node has otherwise is brought again. A source without the published manifest is refused.
    type: bool
    default: false
  prune:
    description:
      - Whether images go that this module has brought earlier, that are not listed, and that no container uses.
    type: bool
    default: false
  bandwidth_limit_mbps:
    description:
      - Bound of what transfers to all nodes of the site together may use of its link, in Mbit/s. Fractions are allowed.
    type: float
  cache_dir:
    description:
      - Folder on the controller for layers and deltas. Unset means C(~/.cache/lightk8s).
      - Layers that were staged before are bases of deltas only as long as they are kept there.
    type: path
  wanted:
    description:
      - The images with their digests. Filled in by the action plugin.
    type: list
    elements: dict
  work:
    description:
      - How the images that are missing come. Filled in by the action plugin.
    type: list
    elements: dict
attributes:
  check_mode:
    support: full
    description: Makes the deltas and tells the bytes that a run would send.
  diff_mode:
    support: full
    description: Shows the config's digest that each name leads to.
notes:
  - Options that are not given are taken from variables with the prefix C(edge_), for example
    O(bandwidth_limit_mbps) from C(edge_bandwidth_limit_mbps). For O(exact), O(prune), O(trust),
    O(trust_keys), O(scan_command) and registries the role reads C(edge_images_exact) and so on.
  - The controller needs the Python packages C(bsdiff4), C(backports.zstd) with a Python older than 3.14, and
    C(cryptography) for signatures of cosign and minisign. It needs skopeo for images without O(images[].source), and
    C(ssh-keygen) for signatures of OpenSSH.
seealso:
  - module: lightk8s.edge.k3s_install
    description: Brings the images of the distribution itself.
"""

EXAMPLES = r"""
- name: Bring the shop's software to the node
  lightk8s.edge.edge_images:
    images:
      - name: registry.example.com/shop/till:2.4.1
        source: /srv/images/till-2.4.1
      - name: registry.example.com/shop/till:2.3.0
        state: absent
    bandwidth_limit_mbps: 0.5
"""

RETURN = r"""
images:
  description: The images as they are after the run, or before it in check mode.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name in full.
      type: str
      sample: registry.example.com/shop/till:2.4.1
    present:
      description: Whether all of it is there.
      type: bool
    mode:
      description:
        - V(exact), the published manifest with its layers; V(alias), a manifest with the same config and layers that
          are not compressed, or compressed otherwise; V(layer-less), the published manifest without layers that
          the runtime has discarded; empty where it is not there, or not as O(exact) wants it.
      type: str
      sample: alias
staging:
  description: What was sent, or would be.
  returned: when images were missing
  type: dict
  contains:
    images:
      description: By image C(name), C(mode), C(full) and C(sent), bytes as published and as sent.
      type: list
      elements: dict
    full:
      description: Bytes of the images as a registry would send them to a node that has nothing.
      type: int
    sent:
      description: Bytes sent, without those of a protocol.
      type: int
    ratio:
      description: How many times less that is.
      type: float
    seconds_at_limit:
      description: How long that takes at O(bandwidth_limit_mbps).
      type: float
      returned: with O(bandwidth_limit_mbps)
    limit:
      description: That bound in bytes per second.
      type: float
      returned: with O(bandwidth_limit_mbps)
    lent:
      description: Bytes by sha256 of what nodes of the site take from each other, so that one of them is sent it.
      type: dict
      returned: when the site has other nodes in the play
    sent_otherwise:
      description: Layers that the node could not make of what was sent first.
      type: list
      elements: str
      returned: when there were any
bytes_to_send:
  description: Bytes that a run would send.
  returned: in check mode, when images are missing
  type: int
transfer:
  description:
    - C(bytes) over the site's uplink and number of C(artifacts) that this run has brought, with C(lan_bytes) that came
      from other nodes of the site.
  returned: when something was sent
  type: dict
pending:
  description: That there is something to do.
  returned: in check mode, where there is
  type: bool
actions:
  description: What was done, or would be done, one sentence each.
  returned: success
  type: list
  elements: str
  sample: ["import registry.example.com/shop/till:2.4.1"]
failure:
  description: What failed, where and what to do.
  returned: on failure
  type: dict
  contains:
    kind:
      description: The kind of failure, from a closed list.
      type: str
      sample: preflight
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

from ansible_collections.lightk8s.edge.plugins.module_utils._doors import edge_images as door


def main() -> None:
    """Run the door with this module's parameters."""
    module = AnsibleModule(**door.ARGS)
    result = door.main(module.params, module.check_mode, bool(module._diff))
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
