# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where our own things lie on a node."""

from __future__ import annotations

HOME = "/var/lib/lightk8s"
RECEIPT = f"{HOME}/state/distribution.json"  # what we have installed on this node
# The same of what works for a cluster, and may run beside the distribution that brought it.
GUEST_RECEIPT = f"{HOME}/state/guest.json"
TOKEN_NOTE = (
    f"{HOME}/state/token.note"  # tells whether a token is the one that this node joined with
)
