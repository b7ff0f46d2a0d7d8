# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How each distribution publishes its releases."""

from __future__ import annotations

from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.k0s import K0S
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.k3s import K3S
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.kubeedge import KUBEEDGE
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.microk8s import MICROK8S
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.names import ReleaseNames

RELEASES: dict[str, ReleaseNames] = {
    names.distribution: names for names in (K0S, KUBEEDGE, K3S, MICROK8S)
}
