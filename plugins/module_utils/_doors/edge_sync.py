# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The agent by which a site works alone: set up, moved to another version, removed."""

from __future__ import annotations

import contextlib
import typing as t

from .._core import door
from .._core.errors import EdgeError
from .._host.host import Host
from . import options
from .sync_options import AGENT, NODE, OF_DISTRIBUTION

if t.TYPE_CHECKING:
    from .._core.engine import Bound
    from .._sync.spec import Spec

REMOVED = ("absent", "purged")

ARGS: dict[str, t.Any] = {
    "argument_spec": {
        **options.NAME,
        **{key: options.NODE[key] for key in NODE},
        **{key: options.DISTRIBUTION[key] for key in OF_DISTRIBUTION},
        **AGENT,
    },
    "supports_check_mode": True,
}


def main(params: dict[str, t.Any], check: bool, diff: bool) -> dict[str, t.Any]:
    """Converge the agent; see the module's documentation for the result."""
    site, host = str(params.get("site") or ""), Host()
    words: list[str] = []
    try:
        bound = bound_to(params)
        words = bound.spec.words()
        with code_at_hand(host, bound.spec.sha256, check) as kept:
            result = door.answer(
                [bound], check=check, diff=diff, site=site, secrets=words, host=host
            )
    except EdgeError as exc:
        return {"changed": False, **door.failed(exc, site, words)}
    return without_code(result, bound.spec.sha256) if kept else result


def bound_to(params: t.Mapping[str, t.Any]) -> Bound:
    """The noun with what is wanted of it. EdgeError(kind=spec)."""
    from .._core.engine import Bound
    from .._sync import noun
    from .._sync.spec import validated

    wanted = validated(spec(params))
    return Bound(noun.noun(wanted), wanted, aside=True)


def beside(params: t.Mapping[str, t.Any], section: t.Mapping[str, t.Any]) -> Bound:
    """The same for a node that edge_site converges; without its distribution it needs no agent."""
    node = {key: params.get(key) for key in ("distribution", *NODE, *OF_DISTRIBUTION)}
    gone = params.get("state") in REMOVED
    return bound_to({**node, **section, **({"state": "absent"} if gone else {})})


@contextlib.contextmanager
def code_at_hand(host: Host, sha256: str, check: bool) -> t.Iterator[bool]:
    """The code that runs here where the agent's is taken from; whether the node has it already."""
    from .._core.verbs import artifact_path
    from .._sync import places

    fresh = bool(sha256) and host.sha256(places.CODE) != sha256
    kept = code_on(host, sha256) if fresh else ""
    if kept and not check:
        host.copy(kept, artifact_path(sha256), 0o600)
    try:
        yield bool(kept)
    finally:
        if kept and not check:
            host.remove(artifact_path(sha256))


def without_code(result: dict[str, t.Any], sha256: str) -> dict[str, t.Any]:
    """The result without a need that the node can meet by itself."""
    needs = [row for row in result.pop("needs", ()) if row["sha256"] != sha256]
    return {**result, "needs": needs} if needs else result


def code_on(host: Host, sha256: str) -> str:
    """Where the code that runs here lies whole; empty where it does not, as in an ordinary module."""
    from .._core.places import HOME

    path = f"{HOME}/code/{sha256}.zip"
    return path if sha256 and host.sha256(path, full=True) == sha256 else ""


def spec(params: t.Mapping[str, t.Any]) -> Spec:
    """What is wanted."""
    from .._sync import places
    from .._sync.spec import Spec

    state = str(params.get("state") or "present")
    if state == "absent":
        seconds, force = int(params.get("drain_seconds") or 0), bool(params.get("force"))
        return Spec(state, drain_seconds=seconds, force=force)
    agent = params.get("agent") or {}
    secrets = params.get("sync_secrets")
    return Spec(
        state,
        _settings(params),
        str(agent.get("sha256") or ""),
        int(agent.get("size") or 0),
        {
            places.TOKEN: params.get("sync_token"),
            places.CA: params.get("sync_ca"),
            places.CERTIFICATE: params.get("sync_certificate"),
            places.KEY: params.get("sync_key"),
        },
        None if secrets is None else {str(key): str(text) for key, text in secrets.items()},
    )


def _settings(params: t.Mapping[str, t.Any]) -> t.Any:
    from .._sync.settings import Settings

    get = params.get
    url, document = str(get("sync_url") or ""), str(get("sync_document_url") or "")
    keys = tuple(get("sync_trusted_keys") or ())
    pulls = get("queue_operations")
    proxy = {str(key): str(text) for key, text in (get("proxy") or {}).items()}
    return Settings(
        site=str(get("site") or ""),
        host=str(get("host") or ""),
        node={key: get(key) for key in ("distribution", *NODE) if get(key)},
        initial=get("initial") is not False and get("role") != "agent" and not get("guest"),
        mode=str(get("mode") or ("online" if url or document else "offline")),
        interval_minutes=_given(get("sync_interval_minutes"), 5),
        keeps_events=get("cache_enabled") is not False,
        pulls=bool(keys) if pulls is None else bool(pulls),
        url=url,
        document_url=document,
        proxy=proxy,
        windows=tuple(get("sync_windows") or ()),
        megabits=float(_given(get("bandwidth_limit_mbps"), 0.0)),
        queue_mb=_given(get("sync_queue_mb"), 64),
        keys=keys,
        revoked=tuple(get("sync_revoked_keys") or ()),
    )


def _given(value: t.Any, default: t.Any) -> t.Any:
    return default if value is None else value
