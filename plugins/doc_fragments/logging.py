# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options that bound logs."""

    DOCUMENTATION = r"""
options:
  max_log_files:
    description:
      - Number of log files that are kept per container.
    type: int
  max_log_size_mb:
    description:
      - Size in MiB at which a container's log file is rotated.
    type: int
  journal_max_mb:
    description:
      - Disk in MiB that the system's journal may use.
    type: int
"""
