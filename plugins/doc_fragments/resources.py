# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options that bound what pods may use."""

    DOCUMENTATION = r"""
options:
  max_memory_mb:
    description:
      - Memory in MiB that all pods of the node may use together.
    type: int
  max_cpu_percent:
    description:
      - Share of the node's processor time for all pods together, for the scheduler and as a hard cap.
    type: int
  max_pods:
    description:
      - Number of pods that the node may run.
    type: int
  reserved_memory_mb:
    description:
      - Memory in MiB that is kept for the system.
    type: int
  ephemeral_storage_mb:
    description:
      - Local disk in MiB that all pods of the node may use together.
    type: int
  cpu_manager_policy:
    description:
      - The kubelet's CPU manager policy. V(static) needs O(max_cpu_percent) below V(100).
    type: str
    choices: ["none", "static"]
  service_memory_mb:
    description:
      - Memory in MiB that the distribution's own service may use. Pods do not count.
    type: int
"""
