# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which artifacts came for images, so that none stays where a run was cut off.

The note is a mapping from the sha256 of an artifact to the moment it was asked for, in seconds since 1970;
0 from when an import may have used it.
"""

from __future__ import annotations

import typing as t

from .._core.places import HOME
from .._core.verbs import ARTIFACTS
from .._host.host import Host

_NOTE = f"{HOME}/state/images.json"
# Pieces that were asked for may be on their way as long as this; a run that was cut goes on with them.
_DAY = 24 * 3600.0


def left(host: Host) -> frozenset[str]:
    """Those that nobody waits for, unless this run does."""
    end = host.now() - _DAY
    return frozenset(sha256 for sha256, since in _noted(host).items() if since < end)


def noted(host: Host) -> frozenset[str]:
    """All that came or is to come."""
    return frozenset(_noted(host))


def asked(host: Host, pieces: t.Iterable[str]) -> None:
    """These are about to be sent."""
    _write(host, {**dict.fromkeys(pieces, host.now()), **_noted(host)})


def used(host: Host, pieces: t.Iterable[str]) -> None:
    """These are about to be imported; only who holds the node's lock may say so."""
    _write(host, {**_noted(host), **dict.fromkeys(pieces, 0.0)})


def remove(host: Host, pieces: t.Iterable[str]) -> None:
    """Take them away, also where they have not come whole."""
    gone = set(pieces)
    for sha256 in sorted(gone):
        host.remove(f"{ARTIFACTS}/{sha256}")
        host.remove(f"{ARTIFACTS}/.partial-{sha256}")
    _write(host, {key: since for key, since in _noted(host).items() if key not in gone})


def _noted(host: Host) -> dict[str, float]:
    found = host.read_json(_NOTE)
    return {
        key: since
        for key, since in found.items()
        if len(key) == 64 and key.isalnum() and isinstance(since, (int, float))
    }


def _write(host: Host, note: t.Mapping[str, float]) -> None:
    if note:
        host.write_json(_NOTE, dict(note))
    else:
        host.remove(_NOTE)
