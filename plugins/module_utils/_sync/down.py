# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a site is told while nobody dials it: fetched, judged, kept, carried out, taken back.

A document that was judged is kept before anything is changed. Carrying out is level-triggered: the
wanted document is compared with the node each time, so a run that was cut off is made up for by the next.
"""

from __future__ import annotations

import typing as t

from .._core.about import AGENT
from .._core.errors import EdgeError
from . import order, reach
from .document import Refused, read_document
from .document_verify import verify

if t.TYPE_CHECKING:
    from .._host.host import Host
    from .._host.http import Connection
    from .document import Document
    from .document_store import Store
    from .document_verify import Accepted
    from .settings import Settings

# Failures that say nothing of the document: the same is tried again.
PASSING = ("busy", "artifact", "release", "api", "io", "join", "certificate", "internal")
REFERENCE = {"secret_ref"}
LONGEST_ANSWER = 900.0  # seconds: the node's other work waits
Carry = t.Callable[["Document", int], list[str]]


class Fetched(t.NamedTuple):
    """`raw` is None where nothing new is there; `said` is for people."""

    raw: bytes | None
    said: str
    etag: str = ""


class Carried(t.NamedTuple):
    """What became of the wanted document."""

    generation: int = 0
    actions: tuple[str, ...] = ()
    failed: str = ""  # why the newest was taken back
    hindrance: str = ""  # why it is not carried out now


def fetch(link: Connection, url: str, etags: t.Iterable[str], token: str) -> Fetched:
    """Ask for the site's document. Raises HttpError where no answer came."""
    known = ", ".join(etag for etag in etags if etag)
    headers = {"User-Agent": AGENT, "Accept": "application/json"}
    if known:
        headers["If-None-Match"] = known
    if token:
        headers["Authorization"] = f"Bearer {token}"
    answer = link.request("GET", reach.split(url)[1], headers=headers, timeout=LONGEST_ANSWER)
    if answer.status == 304:
        return Fetched(None, "nothing new is published")
    if answer.status == 404:
        return Fetched(None, "nothing is published for this site")
    if answer.status != 200:
        return Fetched(None, f"the publisher answered {answer.status}")
    return Fetched(answer.body, "a document was fetched", answer.headers.get("etag", ""))


def judge(raw: bytes, settings: Settings, store: Store, now: float) -> Accepted:
    """Take a document and keep it. Raises Refused; what is held stays."""
    accepted = verify(raw, site=settings.site, trust=settings.trust(), held=store.held(), now=now)
    store.accept(accepted)
    return accepted


def carry_out(store: Store, carry: Carry) -> Carried:
    """Bring the node to the wanted document, and back to the last good one where that fails.

    `carry(document, generation)` converges and returns what was done; EdgeErrors of PASSING kinds leave
    all for the next time.
    """
    envelope, held = store.wanted(), store.held()
    if envelope is None or held is None:
        return Carried(hindrance="no document is held")
    document = read_document(envelope.payload)
    if held.digest == order.PUSHED and held.generation > document.generation:
        return Carried(document.generation, hindrance=f"push {held.generation} is newer")
    before = store.failure()
    try:
        done = _carried(carry, document, held.generation)
    except EdgeError as exc:
        if exc.kind in PASSING or before:
            return Carried(document.generation, hindrance=exc.message)
        if _pushed_meanwhile(store, held.generation):
            return Carried(document.generation, hindrance=exc.message)
        store.mark_failed(exc.message)
        return _back(store, carry, held.generation, exc.message)
    if not before:
        store.mark_good()
    return Carried(document.generation, tuple(done))


def _carried(carry: Carry, document: Document, generation: int) -> list[str]:
    """What was done. An error of ours is a hindrance like others: what is to be told does not wait for its end."""
    try:
        return carry(document, generation)
    except EdgeError:
        raise
    except Exception as exc:
        import traceback

        traceback.print_exc()
        text = (
            f"{type(exc).__name__}, which is an error of the agent: see journalctl -u lightk8s-sync"
        )
        raise EdgeError(text, kind="internal") from exc


def _back(store: Store, carry: Carry, generation: int, why: str) -> Carried:
    envelope = store.wanted()
    if envelope is None:
        return Carried(failed=why, hindrance="there is no earlier document to go back to")
    document = read_document(envelope.payload)
    try:
        done = _carried(carry, document, generation)
    except EdgeError as exc:
        text = f"generation {document.generation} could not be brought back: {exc.message}"
        return Carried(document.generation, failed=why, hindrance=text)
    return Carried(document.generation, tuple(done), failed=why)


def _pushed_meanwhile(store: Store, generation: int) -> bool:
    held = store.held()
    return held is not None and held.generation > generation


def with_secrets(value: t.Any, read: t.Callable[[str], str | None]) -> t.Any:
    """The value with each {secret_ref: NAME} replaced. EdgeError(kind=io) naming what is not here."""
    if isinstance(value, dict):
        if set(value) == REFERENCE:
            found = read(str(value["secret_ref"]))
            if found is None:
                raise EdgeError(
                    f"the secret {value['secret_ref']} has not been delivered to this node",
                    kind="io",
                    hint="give it in edge_sync_secrets and run edge_sync",
                )
            return found
        return {key: with_secrets(item, read) for key, item in value.items()}
    if isinstance(value, list):
        return [with_secrets(item, read) for item in value]
    return value


def reader(host: Host, folder: str) -> t.Callable[[str], str | None]:
    """Reads delivered secrets by name; a name that leads elsewhere is none."""

    def read(name: str) -> str | None:
        if not name or "/" in name or name.startswith("."):
            return None
        data = host.read(f"{folder}/{name}")
        return None if data is None else data.decode("utf-8", "replace")

    return read


def reason(exc: Refused) -> dict[str, t.Any]:
    """A refusal for the audit trail."""
    return {"reason": exc.reason, "message": exc.message}
