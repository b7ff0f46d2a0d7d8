# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an agent is told once, as it lies on the node. Secrets lie in files of their own."""

from __future__ import annotations

import json
import typing as t

from .._core.errors import EdgeError
from .._core.records import dataclass, field
from .document_verify import Trust
from .up import HYBRID, MODES, OFFLINE, ONLINE, Policy
from .windows import window

SMALLEST_QUEUE_MB = 1
MEGABIT = 125_000.0  # bytes
LONGEST_NAME = 200


@dataclass(frozen=True)
class Settings:
    """`node` holds the options by which the distribution's own records are found."""

    site: str
    host: str  # the inventory's name of this node
    node: t.Mapping[str, t.Any]
    initial: bool = True
    mode: str = OFFLINE
    interval_minutes: int = 5
    keeps_events: bool = True
    pulls: bool = False
    url: str = ""
    document_url: str = ""
    proxy: t.Mapping[str, str] | None = field(default=None, repr=False)
    windows: tuple[str, ...] = ()
    megabits: float = 0.0
    queue_mb: int = 64
    keys: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()

    def policy(self) -> Policy:
        """How the site may send."""
        windows = tuple(window(text) for text in self.windows)
        return Policy(self.mode, windows, self.megabits * MEGABIT)

    def trust(self) -> Trust:
        """Whose documents are taken."""
        return Trust.of(self.keys, self.revoked)

    def stream(self) -> str:
        """The node's name in its events' source; the site's first server speaks for the site."""
        return "" if self.initial else self.host

    def raw(self) -> bytes:
        """As it lies on the node."""
        return json.dumps(vars(self), sort_keys=True, indent=1).encode() + b"\n"


def checked(settings: Settings) -> Settings:
    """The settings themselves; EdgeError(kind=spec) naming what makes no sense."""
    for name in ("site", "host"):
        value = getattr(settings, name)
        if not 0 < len(value) <= LONGEST_NAME:
            raise _wrong(f"{name} is empty or too long", f"give edge_{name}")
    if settings.mode not in MODES:
        raise _wrong(f"mode is {settings.mode}", f"one of {', '.join(MODES)}")
    if settings.mode in (ONLINE, HYBRID) and not (settings.url or settings.document_url):
        hint = "give edge_sync_url, or set edge_mode to offline"
        raise _wrong(f"the mode is {settings.mode}, and there is nobody to send to", hint)
    if not 1 <= settings.interval_minutes <= 7 * 24 * 60:
        raise _wrong(f"sync_interval_minutes is {settings.interval_minutes}", "1 to 10080")
    if settings.queue_mb < SMALLEST_QUEUE_MB:
        raise _wrong(f"sync_queue_mb is {settings.queue_mb}", f"at least {SMALLEST_QUEUE_MB}")
    if not 0 <= settings.megabits < 1e6:
        raise _wrong(f"bandwidth_limit_mbps is {settings.megabits:g}", "a number above 0")
    for url in filter(None, (settings.url, settings.document_url)):
        if not url.startswith(("https://", "http://")):
            raise _wrong(f"{url} is no http or https URL", "https://hub.example.org")
    if settings.pulls and not settings.keys:
        hint = "give edge_sync_trusted_keys, the public keys that sign the site's documents"
        raise _wrong("changes are to wait for the site, and no key is trusted", hint)
    settings.policy()
    settings.trust()
    return settings


def _wrong(text: str, hint: str) -> EdgeError:
    return EdgeError(text, kind="spec", hint=hint)
