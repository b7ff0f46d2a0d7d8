# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How k0s publishes releases, from its GitHub releases and its documentation ("Install", "Airgap install")."""

from __future__ import annotations

import re

from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.names import (
    ARCHES,
    ReleaseNames,
)


def _images(arch: str) -> tuple[str, ...]:
    # Since 1.36 the name has the system and an ending.
    return (
        f"k0s-airgap-bundle-{{tag}}-linux-{arch}.tar",
        f"k0s-airgap-bundle-{{tag}}-{arch}",
    )


K0S = ReleaseNames(
    distribution="k0s",
    tag=re.compile(r"v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?\+k0s\.[0-9]+"),
    tag_example="v1.34.2+k0s.0",
    official="https://github.com/k0sproject/k0s/releases/download",
    # One channel, named by a file that holds its version and nothing else.
    channels="https://docs.k0sproject.io/stable.txt",
    channels_file="stable.txt",
    assets={
        **{f"binary:{arch}": (f"k0s-{{tag}}-{arch}",) for arch in ARCHES},
        **{f"images:{arch}": _images(arch) for arch in ARCHES},
    },
    checksums=dict.fromkeys(ARCHES, "sha256sums.txt"),
)
