# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A connection without pipelining, as those of podman and paramiko are."""

from __future__ import annotations

from ansible.plugins.connection.local import Connection as LocalConnection

DOCUMENTATION = """
name: nopipe
short_description: Local without pipelining
description: [Local without pipelining.]
author: [lightk8s.edge contributors]
extends_documentation_fragment: [ansible.builtin.connection_pipelining]
options: {}
"""


class Connection(LocalConnection):
    transport = "test.kept.nopipe"
    has_pipelining = False
