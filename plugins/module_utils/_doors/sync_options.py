# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of the agent: of edge_sync, and of the noun "sync" of edge_site."""

from __future__ import annotations

from . import options

STATES = ("present", "absent")
SYNC = "sync"
AGENT: options.Options = {
    "state": {"type": "str", "default": "present", "choices": list(STATES)},
    "mode": {"type": "str", "choices": ["online", "offline", "hybrid"]},
    "sync_interval_minutes": {"type": "int"},
    "cache_enabled": {"type": "bool"},
    "queue_operations": {"type": "bool"},
    "bandwidth_limit_mbps": {"type": "float"},
    "sync_url": {"type": "str"},
    "sync_document_url": {"type": "str"},
    "sync_token": {"type": "str", "no_log": True},
    "sync_ca": {"type": "str"},
    "sync_certificate": {"type": "str"},
    "sync_key": {"type": "str", "no_log": True},
    "sync_windows": {"type": "list", "elements": "str"},
    "sync_queue_mb": {"type": "int"},
    "sync_trusted_keys": {"type": "list", "elements": "str", "no_log": False},
    "sync_revoked_keys": {"type": "list", "elements": "str", "no_log": False},
    "sync_secrets": {"type": "dict", "no_log": True},
    "drain_seconds": {"type": "int", "default": 60},
    "force": {"type": "bool", "default": False},
    "host": {"type": "str"},
    "agent": {"type": "dict"},
}
# Of the node, and the same in both modules.
NODE = ("site", "role", "data_dir", "bin_dir", "node_name")
OF_DISTRIBUTION = ("initial", "guest", "proxy")
