# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The agent by which a site works alone: set up, moved to another version, removed."""

from __future__ import annotations

import typing as t

from .._core import door
from .._core.errors import EdgeError
from .._host.host import Host
from . import options

if t.TYPE_CHECKING:
    from .._sync.spec import Spec

STATES = ("present", "absent")
NODE = ("site", "role", "data_dir", "bin_dir", "node_name")
ARGS: dict[str, t.Any] = {
    "argument_spec": {
        **options.NAME,
        **{key: options.NODE[key] for key in NODE},
        "initial": options.DISTRIBUTION["initial"],
        "guest": options.DISTRIBUTION["guest"],
        "proxy": options.DISTRIBUTION["proxy"],
        "state": {"type": "str", "default": "present", "choices": list(STATES)},
        "mode": {"type": "str", "choices": ["online", "offline", "hybrid"]},
        "sync_interval_minutes": {"type": "int"},
        "cache_enabled": {"type": "bool"},
        "queue_operations": {"type": "bool"},
        "bandwidth_limit_mbps": {"type": "float"},
        "sync_url": {"type": "str"},
        "sync_document_url": {"type": "str"},
        "sync_token": {"type": "str", "no_log": True},
        "sync_ca": {"type": "str"},
        "sync_certificate": {"type": "str"},
        "sync_key": {"type": "str", "no_log": True},
        "sync_windows": {"type": "list", "elements": "str"},
        "sync_queue_mb": {"type": "int"},
        "sync_trusted_keys": {"type": "list", "elements": "str", "no_log": False},
        "sync_revoked_keys": {"type": "list", "elements": "str", "no_log": False},
        "sync_secrets": {"type": "dict", "no_log": True},
        "drain_seconds": {"type": "int", "default": 60},
        "force": {"type": "bool", "default": False},
        "host": {"type": "str"},
        "agent": {"type": "dict"},
    },
    "supports_check_mode": True,
}


def main(params: dict[str, t.Any], check: bool, diff: bool) -> dict[str, t.Any]:
    """Converge the agent; see the module's documentation for the result."""
    from .._core.engine import Bound
    from .._core.verbs import artifact_path
    from .._sync import noun, places
    from .._sync.spec import validated

    site, host = str(params.get("site") or ""), Host()
    words: list[str] = []
    try:
        wanted = validated(spec(params))
        words = wanted.words()
        fresh = bool(wanted.sha256) and host.sha256(places.CODE) != wanted.sha256
        kept = code_on(host, wanted.sha256) if fresh else ""
        if kept and not check:
            host.copy(kept, artifact_path(wanted.sha256), 0o600)
    except EdgeError as exc:
        return {"changed": False, **door.failed(exc, site, words)}
    bounds = [Bound(noun.noun(wanted), wanted)]
    result = door.answer(bounds, check=check, diff=diff, site=site, secrets=words, host=host)
    if kept and check:
        result.pop("needs", None)  # it lies on the node already
    if kept and not check:
        host.remove(artifact_path(wanted.sha256))
    return result


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
