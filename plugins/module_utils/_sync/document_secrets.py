# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets that stand in a document, which must only name them. Pure.

By name (a value below `token` or `password`), by form (a private key, a URL with a password), and
by kind (a Secret's data).
"""

from __future__ import annotations

import re
import typing as t

from .._core.secrecy import PARTS

NAMES = (
    r"(?i)(^|[_.-])(token|password|passwd|passphrase|secret|credentials?|private[_-]?key"
    r"|client[_-]?key(-data)?|api[_-]?key|access[_-]?key|auth)$"
)
CAMEL = r"(?<=[a-z0-9])(?=[A-Z])"
KEY_BLOCK = r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----"
URL = r"[A-Za-z][A-Za-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@"
REFERENCE = {"secret_ref"}  # {secret_ref: NAME} names a secret that the node has


def inline_secrets(value: t.Any) -> list[str]:
    """Where secrets stand, as paths; the values are not in them."""
    return sorted(_found(value, "", False))


def _found(value: t.Any, path: str, below: bool) -> t.Iterator[str]:
    if isinstance(value, dict):
        if set(value) == REFERENCE:
            return
        if value.get("kind") == "Secret" and any(value.get(name) for name in PARTS):
            yield f"{path}.data".lstrip(".")
            return
        for name, item in value.items():
            inner = f"{path}.{name}".lstrip(".")
            secret = below or bool(re.search(NAMES, re.sub(CAMEL, "_", str(name))))
            yield from _found(item, inner, secret or _is_secret_data(path, str(name)))
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            yield from _found(item, f"{path}[{number}]", below)
    elif (
        isinstance(value, str)
        and value
        and (below or re.search(KEY_BLOCK, value) or re.search(URL, value))
    ):
        yield path


def _is_secret_data(path: str, name: str) -> bool:
    """The data of the simple form's list of secrets: `secrets[0].data`."""
    return name in PARTS and bool(re.search(r"(^|\.)secrets(\[\d+\])?$", path))
