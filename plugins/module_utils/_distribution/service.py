# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the systemd units of distributions have in common, and the environment they run in. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from .._core.transaction import RECOVER_UNIT
from .unit_read import UnitError

MARK = "# Managed by lightk8s.edge: changes made here are undone."
UNITS = "/etc/systemd/system"
HELPER_UNITS = (RECOVER_UNIT, "lightk8s-pod-cap.service")  # of ours
_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*\Z"
_CONTROL = r"[\x00-\x1f\x7f]"
_NEVER_PROXIED = ("localhost", "127.0.0.0/8", "::1", ".svc")
_PROXY_KEYS = ("http_proxy", "https_proxy", "no_proxy")


def helper_units(*, wanted: bool) -> tuple[str, ...]:
    """Units of ours that a look at the distribution sees too: all of them where it is to go."""
    return HELPER_UNITS[:1] if wanted else HELPER_UNITS


def one_line(name: str, value: str) -> str:
    """The value itself. Raises UnitError where it would break out of its line."""
    if re.search(_CONTROL, name + value):
        raise UnitError(f"the value of {name} holds a line break or control character")
    return value


def escape(text: str) -> str:
    """Text without specifiers of systemd."""
    return one_line("a path or argument", text).replace("%", "%%")


def word(text: str) -> str:
    """The text as one word of an Exec line."""
    plain = escape(text).replace("$", "$$")
    if not re.search(r"[\s\"'\\;]", plain):
        return plain
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'


def render_env(variables: Mapping[str, str]) -> str:
    """An environment file for systemd, sorted by name; empty text for no variables."""
    lines = []
    for name, value in sorted(variables.items()):
        if not re.match(_VARIABLE, name):
            raise UnitError(f"{name!r} is not the name of an environment variable")
        text = re.sub(r'(["\\`$])', r"\\\1", one_line(name, value))
        lines.append(f'{name}="{text}"\n')
    return "".join(lines)


def proxy_variables(
    proxy: Mapping[str, str], never: Iterable[str], urls: Iterable[str] = ()
) -> dict[str, str]:
    """HTTP_PROXY, HTTPS_PROXY and a NO_PROXY completed by `never` and the hosts of `urls`; empty without a proxy.

    `proxy` has the keys http_proxy, https_proxy, no_proxy in any case.
    """
    given = {key.lower(): value for key, value in proxy.items() if value}
    for key in given:
        if key not in _PROXY_KEYS:
            raise UnitError(f"{key!r} is not a proxy setting; known are {', '.join(_PROXY_KEYS)}")
    found = {key.upper(): given[key] for key in _PROXY_KEYS[:2] if key in given}
    if found:
        asked = [part.strip() for part in given.get("no_proxy", "").split(",")]
        entries = [*asked, *_NEVER_PROXIED, *never, *_hosts(urls)]
        found["NO_PROXY"] = ",".join(dict.fromkeys(entry for entry in entries if entry))
    return found


def _hosts(urls: Iterable[str]) -> list[str]:
    """In a fixed order, whatever the inventory's; what names none is left out."""
    from urllib.parse import urlsplit  # for nodes with a proxy alone

    return sorted({urlsplit(url).hostname or "" for url in urls} - {""})
