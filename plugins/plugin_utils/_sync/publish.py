# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One site's next document: made, compared with what is published, signed and put there."""

from __future__ import annotations

import typing as t

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document import (
    Document,
    Refused,
    read_document,
    read_envelope,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.signing import Signer, signed
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.targets import Raced, Target

DAY = 86400
TRIES = 3  # against other publishers of the same site


class Outcome(t.NamedTuple):
    """`before` is the desired state that was published until now, None where there was none."""

    changed: bool
    document: Document
    before: dict[str, t.Any] | None
    action: str


def publish(
    site: str,
    desired: dict[str, t.Any],
    target: Target,
    signers: t.Sequence[Signer],
    *,
    days: int,
    now: int,
    check: bool,
) -> Outcome:
    """Publish where something is new. Raises EdgeError; nothing is written before all was checked."""
    for number in range(TRIES):
        raw = target.read(site)
        held = _held(raw, site, target.where(site))
        document, action = next_document(site, desired, held, days=days, now=now)
        envelope = signed(document, signers).raw()
        same = envelope == raw
        if not action and not same:
            action = "sign again with the present keys"
        if same or check:
            return Outcome(not same, document, held and held.desired, action)
        try:
            target.write(site, envelope)
        except Raced:
            if number + 1 == TRIES:
                raise
            continue
        return Outcome(True, document, held and held.desired, action)
    raise AssertionError("the last try returns or raises")


def next_document(
    site: str, desired: dict[str, t.Any], held: Document | None, *, days: int, now: int
) -> tuple[Document, str]:
    """(the document that should be published, what is new of it; '' for the one that is held). Pure.

    Generations are seconds since the epoch where the last one was not later. So what one controller
    pushes and another one publishes is in one order without a common memory.
    """
    if held is not None and held.desired == desired:
        if held.expires - now > days * DAY // 2:
            return held, ""
        action = "renew, because half of its time is over"
    else:
        action = "publish for the first time" if held is None else "publish what has changed"
    generation = max(now, held.generation + 1 if held else 1)
    return Document(site, generation, now, now + days * DAY, desired), action


def _held(raw: bytes | None, site: str, where: str) -> Document | None:
    """What is published. What is no document of the site is not written over."""
    if raw is None:
        return None
    try:
        document = read_document(read_envelope(raw).payload)
    except Refused as exc:
        raise EdgeError(
            f"{where} holds something else: {exc.message}",
            kind="refused",
            hint="look what it is, and remove it",
            site=site,
        ) from exc
    if document.site != site:
        raise EdgeError(
            f"{where} holds the document of {document.site}",
            kind="refused",
            hint="give each site an address of its own",
            site=site,
        )
    return document
