# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Join tokens of k0s: base64 of a gzipped kubeconfig (docs.k0sproject.io, "k0s token create").

Nothing here puts a token into an error message.
"""

from __future__ import annotations

import base64
import re
import typing as t
import zlib

from ..._core.errors import EdgeError
from ..._host.host import Host
from ..spec import SERVER

LIMIT = 1 << 20  # bytes of the kubeconfig in a token
EXPIRY = "30m"  # a token is made when a node is about to join, and taken back when it has
WAIT = 60.0
START = 90.0  # seconds in which a controller that was just started may come to answer
PAUSE = 2.0
_STARTING = r"status\.sock|connection refused|etcdserver: |not yet ready"
_BOOTSTRAP = r"\btoken: \"?([a-z0-9]{6})\.[a-z0-9]{16}\b"
_USERS = {"controller": "controller-bootstrap", "worker": "kubelet-bootstrap"}


def word_of(role: str) -> str:
    """What k0s calls a role of ours."""
    return "controller" if role == SERVER else "worker"


def opened(token: str) -> str:
    """The kubeconfig inside; empty where the text is no join token."""
    try:
        packed = base64.b64decode("".join(token.split()), validate=True)
        return zlib.decompressobj(31).decompress(packed, LIMIT).decode()
    except (ValueError, zlib.error):
        return ""


def problem(token: str, role: str) -> str:
    """Why a token that a user gave cannot be used; empty where it can."""
    inside = opened(token)
    if not inside:
        return "it is no join token of k0s, which makes its tokens itself"
    if _USERS[word_of(role)] not in inside:
        return f"it is not for a {word_of(role)}"
    return ""


def ident(token: str) -> str:
    """The public part of a token, by which k0s lists it; empty where there is none."""
    found = re.search(_BOOTSTRAP, opened(token))
    return found[1] if found else ""


def create(host: Host, command: t.Sequence[str], role: str) -> str:
    """A new token for one join, of a controller that runs or is starting. EdgeError(kind=join)."""
    words = [*command, "token", "create", f"--role={word_of(role)}", f"--expiry={EXPIRY}"]
    until = host.monotonic() + START
    while True:
        done = host.run(words, timeout=WAIT, check=False)
        token = done.out.strip()
        if token and not done.rc:
            return token
        if not re.search(_STARTING, done.said) or host.monotonic() >= until:
            raise EdgeError(
                f"k0s gave no token: {done.said}",
                kind="join",
                hint="see what the controller's log says, then run again",
            )
        host.sleep(PAUSE)


def invalidate(host: Host, command: t.Sequence[str], token: str) -> None:
    """Make a token worthless; one that is unknown is worthless already."""
    name = ident(token)
    if name:
        host.run([*command, "token", "invalidate", name], timeout=WAIT, check=False)
