# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images that are made for measurements on a node: one layer, from a fixed seed, published with Go's gzip."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

from ..integration.lib import images

FILE = 4_000_000


def made(folder: Path, name: str, files: Mapping[str, bytes]) -> images.Made:
    """An image of these files, in a folder that bears its name."""
    return images.make(folder / name, [images.tar_of(files)], ["/none"], images.by_go)


def large(folder: Path, size: int) -> tuple[images.Made, images.Made]:
    """A layer of that size in files that compress by about two, and its update.

    In one file of ten some hundred places differ, one of twenty is new.
    """
    chance = random.Random(240)
    old = {f"opt/part{n:03}": _text(chance, FILE) for n in range(size // FILE)}
    new = dict(old)
    for number, path in enumerate(sorted(old)):
        if number % 10 == 0:
            new[path] = _edited(old[path], chance)
        elif number % 20 == 1:
            new[path] = _text(chance, FILE)
    return made(folder, "large-old", old), made(folder, "large-new", new)


def _text(chance: random.Random, size: int) -> bytes:
    return chance.randbytes(size // 2).hex().encode()


def _edited(content: bytes, chance: random.Random) -> bytes:
    body = bytearray(content)
    for _place in range(300):
        at = chance.randrange(len(body) - 40)
        body[at : at + 8] = _text(chance, 8)
    return bytes(body)
