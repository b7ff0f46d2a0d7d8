# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of a namespace and its bounds, and the shapes of what is nested in them. No I/O."""

from __future__ import annotations

import typing as t

Options = dict[str, dict[str, t.Any]]

LEVELS = ("privileged", "baseline", "restricted")
ALLOWANCES = ("dns", "same_namespace", "api_server")


def _texts(**more: t.Any) -> dict[str, t.Any]:
    return {"type": "list", "elements": "str", **more}


# What edge_quota takes, and what an entry of a list of quotas may hold; `namespace` is theirs too.
QUOTA: Options = {
    "labels": {"type": "dict"},
    "annotations": {"type": "dict"},
    "pod_security_enforce": {"type": "str", "choices": list(LEVELS)},
    "pod_security_audit": {"type": "str", "choices": list(LEVELS)},
    "pod_security_warn": {"type": "str", "choices": list(LEVELS)},
    "pod_security_version": {"type": "str"},
    "hard": {"type": "dict"},
    "limits": {"type": "list", "elements": "dict"},
    "priority_classes": {"type": "list", "elements": "dict"},
    "default_deny": _texts(choices=["ingress", "egress"]),
    "allow": _texts(choices=list(ALLOWANCES)),
    "allow_ingress_from": _texts(),
    "allow_egress_to": _texts(),
    "allow_overcommit": {"type": "bool", "default": False},
}
ENTRY: Options = {"namespace": {"type": "str", "required": True}, **QUOTA}
LIMIT: Options = {
    "type": {
        "type": "str",
        "choices": ["Container", "Pod", "PersistentVolumeClaim"],
        "default": "Container",
    },
    "default": {"type": "dict"},
    "default_request": {"type": "dict"},
    "min": {"type": "dict"},
    "max": {"type": "dict"},
    "max_limit_request_ratio": {"type": "dict"},
}
PRIORITY_CLASS: Options = {
    "name": {"type": "str", "required": True},
    "value": {"type": "int", "required": True},
    "description": {"type": "str"},
    "preemption_policy": {"type": "str", "choices": ["PreemptLowerPriority", "Never"]},
    "global_default": {"type": "bool"},
}
