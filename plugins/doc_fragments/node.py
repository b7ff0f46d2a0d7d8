# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options that say which node of which site a module works on."""

    DOCUMENTATION = r"""
options:
  site:
    description:
      - Name of the site that the node belongs to. It appears in results and messages.
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
      - Folder for the distribution's data. It cannot be changed once the distribution is installed.
      - Unset means the distribution's default.
    type: path
  bin_dir:
    description:
      - Folder for the distribution's programs.
      - Unset means C(/usr/local/bin), or C(/opt/bin) where that cannot be written.
    type: path
  node_name:
    description:
      - Name of the Node object. Unset means the host name in lower case.
    type: str
  profile:
    description:
      - Set of bounds that holds where an option itself is unset. V(small) means 512 MiB and half of the processors for
        pods, 10 pods, 64 MiB for the system, and 5 log files of 10 MiB per container.
    type: str
    choices: [small]
  wait_timeout:
    description:
      - How many seconds to wait until the node is healthy after a start.
    type: int
    default: 300
"""
