# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Images as a noun beside others."""

    DOCUMENTATION = r"""
options:
  images:
    description:
      - The images, as O(lightk8s.edge.edge_images#module:images). They are looked at in the run that looks at all else;
        what is missing is brought as M(lightk8s.edge.edge_images) does, once the distribution runs.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name with tag, digest or both.
        type: str
        required: true
      state:
        description:
          - Whether the image is to be on the node.
        type: str
        choices: [present, absent]
        default: present
      source:
        description:
          - Path on the controller of an OCI layout or an archive. Unset means the image's registry.
        type: str
      platform:
        description:
          - Platform as C(os/architecture[/variant]). Unset means that of the node.
        type: str
  images_exact:
    description:
      - As O(lightk8s.edge.edge_images#module:exact).
    type: bool
    default: false
  images_prune:
    description:
      - As O(lightk8s.edge.edge_images#module:prune).
    type: bool
    default: false
  images_registry_authfile:
    description:
      - As O(lightk8s.edge.edge_images#module:registry_authfile).
    type: path
  images_registry_cert_dir:
    description:
      - As O(lightk8s.edge.edge_images#module:registry_cert_dir).
    type: path
  images_registry_validate_certs:
    description:
      - As O(lightk8s.edge.edge_images#module:registry_validate_certs).
    type: bool
    default: true
  images_trust:
    description:
      - As O(lightk8s.edge.edge_images#module:trust). Where it is not V(off), sources are opened in each run.
    type: str
    choices: [require, warn, 'off']
    default: 'off'
  images_trust_keys:
    description:
      - As O(lightk8s.edge.edge_images#module:trust_keys).
    type: list
    elements: path
    default: []
  images_scan_command:
    description:
      - As O(lightk8s.edge.edge_images#module:scan_command).
    type: list
    elements: str
    default: []
  images_site_registry:
    description:
      - As O(lightk8s.edge.edge_images#module:site_registry). Where it is set, sources are opened in each run
        for the server that begins the site.
    type: str
  wanted:
    description:
      - The images with their digests. Filled in by the action plugin.
    type: list
    elements: dict
"""
