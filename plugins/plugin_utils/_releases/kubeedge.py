# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How KubeEdge publishes releases (its hack/make-rules/release.sh, and keadm's idea of the latest version)."""

from __future__ import annotations

import re

from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.checksums import (
    parse_bare_sha512,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.names import (
    ARCHES,
    ReleaseNames,
)

_PROGRAMS = ("cloudcore", "edgecore")

KUBEEDGE = ReleaseNames(
    distribution="kubeedge",
    tag=re.compile(r"v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?"),
    tag_example="v1.23.1",
    official="https://github.com/kubeedge/kubeedge/releases/download",
    # One channel, named by a file that holds its version and nothing else.
    channels="https://kubeedge.io/latestversion",
    channels_file="latestversion",
    assets={f"{name}:{arch}": (name,) for name in _PROGRAMS for arch in ARCHES},
    checksums={arch: f"checksum_kubeedge-{{tag}}-linux-{arch}.tar.gz.txt" for arch in ARCHES},
    parse=parse_bare_sha512,
    kinds=_PROGRAMS,
    programs=_PROGRAMS,
    archive="kubeedge-{tag}-linux-{arch}.tar.gz",
    members={
        "cloudcore": "kubeedge-{tag}-linux-{arch}/cloud/cloudcore/cloudcore",
        "edgecore": "kubeedge-{tag}-linux-{arch}/edge/edgecore",
    },
)
