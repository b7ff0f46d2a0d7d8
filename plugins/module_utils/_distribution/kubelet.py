# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Kubelet configuration drop-ins (kubernetes.io, "Kubelet configuration directory"). Pure."""

from __future__ import annotations

import json
import typing as t


def dropin(settings: t.Mapping[str, t.Any]) -> bytes:
    """The file that sets `settings` and nothing else; JSON is YAML too."""
    body = {"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration"}
    return (json.dumps({**body, **settings}, indent=2) + "\n").encode()
