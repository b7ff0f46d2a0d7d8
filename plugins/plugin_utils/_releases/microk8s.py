# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""MicroK8s as `snap download` leaves it: snaps and their assertions, named by revision.

There is no public folder of these files: one is filled by hand, a folder for each revision. A revision is
built for one architecture, and nothing in its name says for which.
"""

from __future__ import annotations

import re

from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.names import (
    ARCHES,
    ReleaseNames,
)

# What a node needs beside MicroK8s itself where it has no snap yet.
BASES = ("core22", "snapd")


def _files(arch: str) -> dict[str, tuple[str, ...]]:
    found = {f"{name}:{arch}": (f"{name}_*.snap",) for name in BASES}
    found |= {f"{name}-assert:{arch}": (f"{name}_*.assert",) for name in BASES}
    return {
        f"binary:{arch}": ("microk8s_{build}.snap",),
        f"binary-assert:{arch}": ("microk8s_{build}.assert",),
        f"images:{arch}": (f"microk8s-images-{arch}.tar",),
        **found,
    }


MICROK8S = ReleaseNames(
    distribution="microk8s",
    tag=re.compile(r"v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?\+microk8s\.[0-9]+"),
    tag_example="v1.34.2+microk8s.8511",
    official="",
    channels="",
    assets={key: names for arch in ARCHES for key, names in _files(arch).items()},
    checksums=dict.fromkeys(ARCHES, "SHA256SUMS"),
    kinds=(
        *("binary", "binary-assert"),
        *BASES,
        *(f"{name}-assert" for name in BASES),
    ),
    filling="fill a folder named after the version by `snap download` and sha256sum",
)
