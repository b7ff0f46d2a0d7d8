# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Inputs that say where something is: folders of the node, addresses, the site's endpoint.

A distribution would find out at its start that one is wrong, or leave it out without a word. Looks load
little: of an edge node each of them comes here.
"""

from __future__ import annotations

import re
import typing as t

from .kubenames import is_dns_name
from .problems import Problem
from .spec import SERVER, Spec

_URL = r"[A-Za-z][\w+.-]*://(?:\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::([0-9]{1,5}))?/?\Z"


def problems(spec: Spec) -> t.Iterator[Problem]:
    """What is no folder, address, name or URL."""
    for key, path in (("data_dir", spec.data_dir), ("bin_dir", spec.bin_dir)):
        if path and not (path.startswith("/") and path.strip("/")):
            yield Problem(key, f"{path!r} is not an absolute path")
    for text in spec.node_ips:
        if not is_ip(text):
            yield Problem("node_ip", f"{text!r} is not an IP address")
    for text in (spec.settings.get("tls_sans") or ()) if spec.role == SERVER else ():
        if not (is_ip(text) or _is_name(text)):
            yield Problem("tls_sans", f"{text!r} is neither an IP address nor a DNS name")
    endpoint = str(spec.settings.get("api_endpoint") or "")
    if endpoint and not _is_url(endpoint):
        yield Problem("api_endpoint", f"{endpoint!r} is not written like https://<host>:<port>")


def is_ip(text: str) -> bool:
    """Whether a text is an address and no name."""
    import socket  # a look at the cluster has it already, and edge nodes need it seldom

    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, text)
        except (OSError, ValueError):
            continue
        return True
    return False


def _is_name(text: str) -> bool:
    return is_dns_name(text.lower().removeprefix("*."))


def _is_url(text: str) -> bool:
    found = re.match(_URL, text)
    return found is not None and 0 < int(found[1] or 443) < 65536
