# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The input `registries`: mirrors and credentials, shaped as in K3s' documentation (private-registry). Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from .problems import Problem

_HOST = r"(\*|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?|\[[0-9a-f:]+\](:\d+)?)\Z"
_AUTH = ("username", "password", "auth", "token")
_TLS_FILES = ("ca_file", "cert_file", "key_file")
_SECRET = ("password", "auth", "token")


def check(registries: Mapping[str, object]) -> list[Problem]:
    """What no containerd would understand, or what would silently be left out."""
    found = _unknown("", registries, ("mirrors", "configs"))
    for host, mirror in _section(registries, "mirrors", found):
        found += _check_mirror(f"mirrors.{host}", mirror)
    for host, config in _section(registries, "configs", found):
        found += _check_config(f"configs.{host}", config)
    return found


def secrets(registries: Mapping[str, object]) -> list[str]:
    """The credentials in the mapping, for redaction."""
    found: list[str] = []
    for name, value in registries.items():
        if isinstance(value, Mapping):
            found += secrets(value)
        elif name in _SECRET and value:
            found.append(str(value))
    return found


def _unknown(path: str, mapping: Mapping[str, object], known: tuple[str, ...]) -> list[Problem]:
    where = f"{path}." if path else ""
    return [
        Problem(f"registries.{where}{key}", "unknown key", f"known here: {', '.join(known)}")
        for key in mapping
        if key not in known
    ]


def _section(
    registries: Mapping[str, object], name: str, found: list[Problem]
) -> list[tuple[str, object]]:
    """The (host, entry) pairs of a section; what is wrong with the section goes to `found`."""
    section = registries.get(name)
    if section is None:
        return []
    if not isinstance(section, Mapping):
        found.append(Problem(f"registries.{name}", "must be a mapping of registry names"))
        return []
    remedy = 'write host, host:port or "*", without a scheme or path'
    found.extend(
        Problem(f"registries.{name}.{host}", "is not a registry name", remedy)
        for host in section
        if not re.match(_HOST, str(host))
    )
    return list(section.items())


def _check_mirror(path: str, mirror: object) -> list[Problem]:
    if mirror is None:
        return []
    if not isinstance(mirror, Mapping):
        return [Problem(f"registries.{path}", "must be a mapping with endpoint and rewrite")]
    found = _unknown(path, mirror, ("endpoint", "rewrite"))
    endpoints = mirror.get("endpoint") or []
    if not isinstance(endpoints, (list, tuple)):
        return [*found, Problem(f"registries.{path}.endpoint", "must be a list of URLs")]
    found += [
        _endpoint_problem(path, number)
        for number, endpoint in enumerate(endpoints, 1)
        if not _is_url(endpoint)
    ]
    return found + _check_rewrites(path, mirror.get("rewrite"))


def _is_url(endpoint: object) -> bool:
    try:
        parts = urlsplit(str(endpoint))
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _endpoint_problem(path: str, number: int) -> Problem:
    """Without the text itself, which may hold a password."""
    return Problem(
        f"registries.{path}.endpoint",
        f"entry {number} is not a URL",
        "start it with https:// or http://",
    )


def _check_rewrites(path: str, rewrites: object) -> list[Problem]:
    if rewrites is None:
        return []
    if not isinstance(rewrites, Mapping):
        return [Problem(f"registries.{path}.rewrite", "must be a mapping of pattern to text")]
    return [
        Problem(f"registries.{path}.rewrite", f"{pattern!r} must lead to a text")
        for pattern, text in rewrites.items()
        if not isinstance(text, str)
    ]


def _check_config(path: str, config: object) -> list[Problem]:
    if config is None:
        return []
    if not isinstance(config, Mapping):
        return [Problem(f"registries.{path}", "must be a mapping with auth and tls")]
    found = _unknown(path, config, ("auth", "tls"))
    for name, known in (("auth", _AUTH), ("tls", (*_TLS_FILES, "insecure_skip_verify"))):
        part = config.get(name)
        if isinstance(part, Mapping):
            found += _unknown(f"{path}.{name}", part, known)
            found += _check_part(f"registries.{path}.{name}", part)
        elif part is not None:
            found.append(Problem(f"registries.{path}.{name}", "must be a mapping"))
    return found


def _check_part(path: str, part: Mapping[str, object]) -> list[Problem]:
    found = []
    for name in (*_AUTH, *_TLS_FILES):
        if part.get(name) is not None and not isinstance(part[name], str):
            found.append(Problem(f"{path}.{name}", "must be a text", "quote it"))
        elif name in _TLS_FILES and part.get(name) and not str(part[name]).startswith("/"):
            found.append(Problem(f"{path}.{name}", "must be an absolute path on the node"))
    if not isinstance(part.get("insecure_skip_verify", False), bool):
        found.append(Problem(f"{path}.insecure_skip_verify", "must be true or false"))
    if bool(part.get("username")) != bool(part.get("password")):
        found.append(Problem(path, "username and password go together"))
    if bool(part.get("cert_file")) != bool(part.get("key_file")):
        found.append(Problem(path, "cert_file and key_file go together"))
    return found
