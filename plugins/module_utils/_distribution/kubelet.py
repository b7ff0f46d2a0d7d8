# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kubelet configuration drop-ins (kubernetes.io, "Kubelet configuration directory"). Pure."""

from __future__ import annotations

import json
import typing as t

# Flags of the kubelet that would beat what the inputs set in its drop-ins, with these inputs.
BOUNDS = {
    "container-log-max-files": "max_log_files",
    "container-log-max-size": "max_log_size_mb",
    "cpu-manager-policy": "cpu_manager_policy",
    "eviction-hard": "max_memory_mb or reserved_memory_mb",
    "kube-reserved": "max_memory_mb, max_cpu_percent and ephemeral_storage_mb",
    "max-pods": "max_pods",
    "system-reserved": "reserved_memory_mb",
}


def dropin(settings: t.Mapping[str, t.Any]) -> bytes:
    """The file that sets `settings` and nothing else; JSON is YAML too."""
    body = {"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration"}
    return (json.dumps({**body, **settings}, indent=2) + "\n").encode()
