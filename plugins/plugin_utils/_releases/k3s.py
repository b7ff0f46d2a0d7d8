# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How K3s names its releases (its release page, its install script's asset names)."""

from __future__ import annotations

import re

from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.names import ReleaseNames


def _images(arch: str) -> tuple[str, ...]:
    # Smallest first: the archive travels over the site's link, and K3s unpacks all three.
    return tuple(f"k3s-airgap-images-{arch}.{end}" for end in ("tar.zst", "tar.gz", "tar"))


K3S = ReleaseNames(
    distribution="k3s",
    tag=re.compile(r"v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?\+k3s[0-9]+"),
    tag_example="v1.34.2+k3s1",
    official="https://github.com/k3s-io/k3s/releases/download",
    channels="https://update.k3s.io/v1-release/channels",
    assets={
        "binary:amd64": ("k3s",),
        "binary:arm64": ("k3s-arm64",),
        "binary:arm": ("k3s-armhf",),
        "images:amd64": _images("amd64"),
        "images:arm64": _images("arm64"),
        "images:arm": _images("arm"),
    },
    checksums={
        "amd64": "sha256sum-amd64.txt",
        "arm64": "sha256sum-arm64.txt",
        "arm": "sha256sum-arm.txt",
    },
)
