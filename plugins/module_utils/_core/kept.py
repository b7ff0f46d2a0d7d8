# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Spec sections that stay on the node, so that a large one travels once and later by its sha256.

Files are `<base>/spec/<sha256>`, mode 0600, in a folder of mode 0700 (a section may hold secrets);
their content is the section as JSON. Only sections of an accepted run are kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import typing as t

LIMIT = 64  # sections kept; the ones accepted longest ago go first


def encode(section: t.Any) -> bytes:
    """The bytes whose sha256 names a section, the same on controller and node."""
    text = json.dumps(section, sort_keys=True, separators=(",", ":"), default=str)
    return text.encode("ascii")


def digest(section: t.Any) -> str:
    return hashlib.sha256(encode(section)).hexdigest()


def read(base: str, wanted: dict[str, str]) -> tuple[dict[str, t.Any], list[str]]:
    """Kept sections by parameter name, and names whose section is absent, foreign or damaged."""
    found: dict[str, t.Any] = {}
    for name, sha256 in wanted.items():
        try:
            with open(os.path.join(base, "spec", sha256), "rb") as file:
                owner = os.fstat(file.fileno()).st_uid
                data = file.read()
        except OSError:
            continue
        if owner in (0, os.geteuid()) and hashlib.sha256(data).hexdigest() == sha256:
            found[name] = json.loads(data)
    return found, [name for name in wanted if name not in found]


def keep(base: str, names: list[str], params: dict[str, t.Any]) -> None:
    """Keep the named parameters. A node that cannot keep them is only asked a second time later."""
    folder = os.path.join(base, "spec")
    if not os.path.isdir(base):
        return  # this very run has taken everything of ours off the node
    try:
        os.makedirs(folder, 0o700, exist_ok=True)
        for name in names:
            data = encode(params[name])
            _store(folder, hashlib.sha256(data).hexdigest(), data)
        _prune(folder)
    except OSError:
        return


def _store(folder: str, name: str, data: bytes) -> None:
    temporary = os.path.join(folder, ".new-" + os.urandom(8).hex())
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(handle)
        os.replace(temporary, os.path.join(folder, name))
    except OSError:
        os.unlink(temporary)
        raise
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _prune(folder: str) -> None:
    """Temporary files count as well, so that those of dead runs leave in time."""
    entries = []
    for entry in os.scandir(folder):
        try:
            entries.append((entry.stat(follow_symlinks=False).st_mtime, entry.path))
        except FileNotFoundError:
            continue
    for _dummy, path in sorted(entries, reverse=True)[LIMIT:]:
        try:
            os.unlink(path)
        except FileNotFoundError:
            continue
