# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All nouns of one node in one run."""

from __future__ import annotations

import typing as t

from .._pods.options import SECRET
from . import options
from .sync_options import AGENT, SYNC

# What the nouns `quotas` and `workloads` are made from; empty where nothing is said of them.
OBJECTS: options.Options = {
    "quotas": {"type": "list", "elements": "dict"},
    "workloads": {"type": "list", "elements": "dict"},
    "workload_secrets": {
        "type": "list",
        "elements": "dict",
        "options": SECRET,
        "no_log": False,  # but for their `data`
    },
    "restart_on_secret_change": {"type": "bool", "default": False},
    "can_pull": {"type": "bool", "default": True},
    "force_objects": {"type": "bool", "default": False},
    "recreate_objects": {"type": "bool", "default": False},
    "ask_nodes": {"type": "bool", "default": False},
    "node_images": {"type": "dict"},
}

# The options of edge_images; what they mean, and `wanted`, is the controller's.
IMAGES: options.Options = {
    "images": {"type": "list", "elements": "dict", "options": options.IMAGE},
    "images_exact": {"type": "bool", "default": False},
    "images_prune": {"type": "bool", "default": False},
    **{f"images_{name}": option for name, option in options.SOURCES.items()},
    "wanted": {"type": "list", "elements": "dict"},
}

ARGS: dict[str, t.Any] = {
    "argument_spec": {
        **options.NAME,
        **options.NODE,
        **options.DISTRIBUTION,
        **options.PROFILE,
        **options.RESOURCES,
        **options.LOGGING,
        **IMAGES,
        **OBJECTS,
        SYNC: {"type": "dict", "options": AGENT},
        "nouns": {
            **options.DISTRIBUTION["nouns"],
            "default": [*options.NOUNS, options.IMAGES_NOUN],
            "choices": [*options.NOUNS, SYNC, options.IMAGES_NOUN, *options.SITE_NOUNS],
        },
    },
    "supports_check_mode": True,
}


def main(params: dict[str, t.Any], check: bool, diff: bool) -> dict[str, t.Any]:
    """Converge the node, then its site's objects; see the module's documentation for the result."""
    asked = params.get("nouns") or options.NOUNS
    result: dict[str, t.Any] = {"changed": False, "actions": []}
    if not set(asked) <= set(options.SITE_NOUNS):
        from .nouns import run  # the controller loads this file for ARGS alone

        if SYNC in asked and params.get(SYNC):
            result = _with_agent(params, check, diff)
        else:
            result = run(params["distribution"], params, check, diff)
    failed = result.get("failed") or result.get("needs")
    if options.IMAGES_NOUN in asked and params.get("wanted") is not None and not failed:
        from .site_images import add as add_images

        result = add_images(result, params, check)
    if set(asked).isdisjoint(options.SITE_NOUNS) or result.get("failed") or result.get("needs"):
        return result
    from .site_objects import add

    return add(result, asked, params, check, diff)


def _with_agent(params: dict[str, t.Any], check: bool, diff: bool) -> dict[str, t.Any]:
    """The node and its agent by one plan."""
    from .._core import door
    from .._core.errors import EdgeError
    from .._host.host import Host
    from . import edge_sync
    from .nouns import run

    host = Host()
    try:
        bound = edge_sync.beside(params, params[SYNC])
        with edge_sync.code_at_hand(host, bound.spec.sha256, check) as kept:
            result = run(params["distribution"], params, check, diff, host, beside=(bound,))
    except EdgeError as exc:
        return {"changed": False, **door.failed(exc, str(params.get("site") or ""))}
    return edge_sync.without_code(result, bound.spec.sha256) if kept else result
