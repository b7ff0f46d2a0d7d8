# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which datastore a site means. Pure."""

from __future__ import annotations

from .spec import Spec


def storage(spec: Spec) -> str:
    """The datastore that the spec means; several servers without a word mean embedded etcd."""
    if spec.storage_type:
        return spec.storage_type
    if spec.settings.get("datastore_endpoint"):
        return "external"
    return "sqlite" if spec.single else "etcd"


def begins_alone(spec: Spec) -> bool:
    """Whether a bare server of this kind needs nothing of the site's other servers.

    Servers that share an external datastore do not join each other, yet need the same token.
    """
    kind = storage(spec)
    return kind == "sqlite" or (kind == "external" and bool(spec.single or spec.token))
