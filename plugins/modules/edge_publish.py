#!/usr/bin/python
# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: edge_publish
short_description: Publish what sites should be as signed documents
version_added: 0.1.0
description:
  - Makes one document per site of the play, from the same inputs as C(edge_site), C(edge_quota) and C(edge_pod), signs
    it with Ed25519, and puts it where the site fetches it. Nothing is written where the published one says the same.
  - Runs on the controller alone, once per play and after M(lightk8s.edge.edge_topology), and opens no connection to a
    node. A site that is refused holds up no other; the task fails at its end.
  - Options that are not given come from the variables C(edge_publish_x) of the host that begins the site.
  - A document holds no secret. Where a value of C(edge_sync_secrets) stands as a secret, its name is published. Any
    other secret is refused with the name of its place.
  - Generations are seconds since the epoch, or one more than the last where that was later.
author:
  - lightk8s.edge contributors (@lightk8s)
options:
  to:
    description:
      - A folder on the controller, or a URL of a hub or of any server that takes PUT.
      - The document is put to C(v1/desired/SITE) below it. A URL that holds C({site}) is the whole address.
    type: str
  keys:
    description:
      - Files of Ed25519 keys (PEM, PKCS 8) that sign. With two, sites can go over from one key to the next.
    type: list
    elements: path
  key_password:
    description:
      - Password of the key files.
    type: str
  token:
    description:
      - Token that is shown to the server, over HTTPS only.
    type: str
  ca:
    description:
      - PEM file of authorities that the server's certificate is verified with. Unset means the system's.
    type: path
  client_cert:
    description:
      - PEM file of a client certificate.
    type: path
  client_key:
    description:
      - PEM file of the client certificate's key.
    type: path
  valid_days:
    description:
      - Days after which sites accept a document no more. It is renewed when half of them are over.
    type: int
    default: 90
  arch:
    description:
      - Architectures of the sites' nodes, for the digests of releases.
    type: list
    elements: str
    default: [amd64]
  artifacts:
    description:
      - Put the files that documents name beside them, under V(v1/artifacts/SHA256), where no C(http) mirror of
        C(edge_release_mirrors) has them. Sites fetch them there by ranges.
      - Documents that each have an address of their own (C({site})) have no such place.
    type: bool
    default: true
  only_configured:
    description:
      - Leave sites out for which nothing says where to publish, instead of failing.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    description: Reads what is published, and says what would be new.
  diff_mode:
    support: full
    description: Shows the desired state before and after. It holds no secrets.
notes:
  - For images the controller needs what M(lightk8s.edge.edge_images) needs.
"""

EXAMPLES = r"""
- name: Publish what the sites of the play should be
  lightk8s.edge.edge_publish:
    to: /srv/www/edge
    keys: [~/.config/lightk8s/2026.pem]
  run_once: true
"""

RETURN = r"""
published:
  description: For each site its C(generation), when it C(expires) in seconds since the epoch, and C(changed).
  returned: always
  type: dict
  sample: {"shop1": {"generation": 1795267200, "expires": 1803043200, "changed": true}}
public_keys:
  description: The public keys that sites have to trust, in base64, by their ids.
  returned: always
  type: dict
refused:
  description: For each site that was refused, why.
  returned: on failure
  type: dict
actions:
  description: What was done, or would be done, one sentence each.
  returned: always
  type: list
  elements: str
  sample: ["shop1: publish what has changed"]
failure:
  description: What failed first, where and what to do.
  returned: on failure
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.lightk8s.edge.plugins.module_utils._doors.edge_publish import ARGS
from ansible_collections.lightk8s.edge.plugins.module_utils._doors.edge_publish import main as run


def main() -> None:
    """Run the door with this module's parameters."""
    module = AnsibleModule(**ARGS)
    module.fail_json(**run(module.params, module.check_mode, bool(module._diff)))


if __name__ == "__main__":
    main()
