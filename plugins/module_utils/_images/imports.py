# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Imports that a power cut may have torn.

containerd holds a layer for extracted before its files are on the disk. What loses power in between has an
image that is complete by all accounts and holds empty files. A note on the disk names the image that is being
imported, a second one in memory says that the machine has run ever since.
"""

from __future__ import annotations

import os
import re
import typing as t

from .._core.places import HOME
from .._host.host import Host

_NOTE = f"{HOME}/state/imports.json"
_SINCE_BOOT = "/run/lightk8s/imports.json"


def torn(host: Host) -> frozenset[str]:
    """Images whose layers have to be extracted anew."""
    names = _names(host, _NOTE)
    return names - _names(host, _SINCE_BOOT) if names else names


def unsettled(host: Host) -> frozenset[str]:
    """Images whose files may not be on the disk yet; the machine has run since their import began."""
    names = _names(host, _NOTE)
    return names & _names(host, _SINCE_BOOT) if names else names


def begin(host: Host, name: str) -> None:
    """An import is about to start; only who holds the node's lock may say so."""
    _write(host, _NOTE, _names(host, _NOTE) | {name})
    _write(host, _SINCE_BOOT, _names(host, _SINCE_BOOT) | {name})


def end(host: Host, names: t.Iterable[str]) -> None:
    """All of these is on the disk, or gone."""
    for path in (_NOTE, _SINCE_BOOT):
        before = _names(host, path)
        if before.intersection(names):
            _write(host, path, before.difference(names))


def booted(host: Host) -> float:
    """When the first process began, in seconds since the epoch; 0 where that cannot be told.

    proc(5): `btime` in /proc/stat, and the 22nd field of /proc/1/stat in clock ticks after it.
    """
    began = re.search(r"^btime (\d+)$", host.read_text("/proc/stat"), re.MULTILINE)
    words = host.read_text("/proc/1/stat").rpartition(")")[2].split()
    if began is None or len(words) < 20:
        return 0.0
    return int(began[1]) + int(words[19]) / os.sysconf("SC_CLK_TCK")


def _names(host: Host, path: str) -> frozenset[str]:
    return frozenset(host.read_json(path))


def _write(host: Host, path: str, names: t.Iterable[str]) -> None:
    found = dict.fromkeys(sorted(names), True)
    if found:
        host.write_json(path, found)
    else:
        host.remove(path)
