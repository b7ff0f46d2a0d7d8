# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""References of images, as the OCI distribution specification and the docker client write them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError

DIGEST = r"sha256:[0-9a-f]{64}"
_REPOSITORY = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]+)?"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_FORM = re.compile(
    rf"(?:(?P<host>{_HOST})/)?(?P<path>{_REPOSITORY}(?:/{_REPOSITORY})*)"
    rf"(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{DIGEST}))?"
)


@dataclass(frozen=True)
class Reference:
    """A name in full. At least one of `tag` and `digest` is set."""

    repository: str  # with its host
    tag: str = ""
    digest: str = ""

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.repository}{tag}" + (f"@{self.digest}" if self.digest else "")

    def names(self) -> tuple[str, ...]:
        """What a container runtime looks this image up by."""
        tagged = (f"{self.repository}:{self.tag}",) if self.tag else ()
        return (*tagged, *((f"{self.repository}@{self.digest}",) if self.digest else ()))


def parse(text: str) -> Reference:
    """The reference with what the docker client adds to a short one. EdgeError(spec)."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise EdgeError(
            f"{text!r} is no reference of an image",
            kind="spec",
            hint="write it as host/path:tag, host/path@sha256:<64 hex digits> or both",
        )
    host, path = found["host"] or "", found["path"]
    if host and not re.search(r"[.:]|^localhost$|[A-Z]", host):
        host, path = "", f"{host}/{path}"
    if host in ("", "docker.io", "index.docker.io"):
        host = "docker.io"
        path = path if "/" in path else f"library/{path}"
    digest = found["digest"] or ""
    return Reference(f"{host}/{path}", found["tag"] or ("" if digest else "latest"), digest)


def parsed_or_none(text: str) -> Reference | None:
    """`parse`, None for what is no reference, such as a bare tag in an annotation."""
    try:
        return parse(text)
    except EdgeError:
        return None
