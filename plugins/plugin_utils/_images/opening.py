# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One entry of a list of images: found where it lies or fetched, then judged and scanned."""

from __future__ import annotations

import functools
import os
import typing as t
from collections.abc import Callable, Mapping
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import Image, Platform
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.registry import (
    Access,
    pulled,
    signed_since,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.scan import scanned
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.source import Source
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.trust import Trust

Options = Mapping[str, t.Any]


class Opened(t.NamedTuple):
    """An image, where it lies, and what asks its registry for later signatures."""

    image: Image
    path: Path
    again: Callable[[], bool]


def scratch_of(cache: Path) -> Path:
    """Where compressed archives are unpacked."""
    return cache / "unpacked"


def opened(
    entry: Options,
    platform: Platform,
    options: Options,
    cache: Path,
    *,
    source: Callable[[Path], Source],
    say: Callable[[str], None],
) -> Opened:
    """The image of an entry; `source` opens a path that is given, and may keep what it opened. EdgeError."""
    name = str(entry["name"])
    if entry.get("source"):
        path = Path(os.path.expanduser(entry["source"]))
        return Opened(source(path).image(name, platform), path, lambda: False)
    access = _access(options)
    path = pulled(name, platform, cache / "images" / "pulled", access, say)
    # Opened anew: it may have got a further name.
    image = Source(path, scratch_of(cache)).image(name, platform)
    return Opened(image, path, functools.partial(signed_since, name, platform, path, access))


def judged(found: Opened, options: Options, cache: Path) -> tuple[str, ...]:
    """Warnings about its signatures, once it has passed the scan. EdgeError where it must not be staged."""
    keys = [Path(key).expanduser() for key in options.get("trust_keys") or ()]
    trust = Trust(str(options.get("trust") or "off"), keys)
    warnings = trust.judge(found.image, found.path, scratch_of(cache), found.again)
    if options.get("scan_command"):
        scanned(found.image, options["scan_command"], cache / "images" / "scans")
    return warnings


def _access(options: Options) -> Access:
    files = (options.get(f"registry_{key}") for key in ("authfile", "cert_dir"))
    authfile, cert_dir = (str(Path(file).expanduser()) if file else "" for file in files)
    return Access(authfile, options.get("registry_validate_certs") is not False, cert_dir)
