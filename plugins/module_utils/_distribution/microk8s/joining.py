# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Joining a cluster of MicroK8s, and the tokens for it.

`microk8s join` takes its token as an argument and in no other way; a launch configuration would only have
MicroK8s run the same command. So a token is made for one join, ends soon, and is taken back after it.
"""

from __future__ import annotations

import json
import typing as t
from urllib.parse import urlsplit

from ..._core.errors import EdgeError
from ..._core.plan import Phase, Step
from ..._host.commands import Done
from ..._host.host import Host
from ..spec import AGENT, Spec
from . import argfile, paths

TTL = 1800  # seconds
WAIT = 60.0
JOIN_SECONDS = 600.0
HINTS = {
    "does not resolve": "let the servers resolve this node's name, in /etc/hosts for example",
    "Invalid token": "run again: a new token is made",
    "RAM": "join it as an agent: a server needs more memory",
}


def connection(spec: Spec) -> str:
    """What `microk8s join` is given; empty without a token. Pure."""
    if spec.join is None:
        return ""
    host = urlsplit(spec.join.url).hostname or ""
    where = f"[{host}]" if ":" in host else host
    return f"{where}:{paths.AGENT_PORT}/{spec.join.token}"


def step(spec: Spec, lines: t.Mapping[str, argfile.Lines]) -> Step:
    """Join, and then say again what is ours in the files that a join replaces. Pure."""
    params = {
        "connection": connection(spec),
        "worker": spec.role == AGENT,
        "lines": {name: dict(wanted) for name, wanted in lines.items()},
    }
    summary = f"join the cluster of site {spec.site}" if spec.site else "join the cluster"
    return Step(
        Phase.SERVICE,
        "microk8s_join",
        paths.NAME,
        summary,
        params,
        starts=(paths.KUBELITE,),
        irreversible=True,  # the node's own cluster ends with it
    )


def join(host: Host, step: Step) -> None:
    """EdgeError(kind=join) with what MicroK8s has said, but for the token."""
    where = step.params["connection"]
    lock = paths.WORKER_LOCK if step.params["worker"] else paths.SHARED_LOCK
    if host.inspect(lock) is None:
        done = _run(host, where, ["--worker"] if step.params["worker"] else [])
        if done.rc:
            said = redacted(f"{done.out}\n{done.err}".strip(), where)
            hint = next((text for word, text in HINTS.items() if word in said), "")
            raise EdgeError(
                "MicroK8s could not join, and is still a cluster of its own:"
                f" {said[-1000:] or f'exit status {done.rc}'}",
                kind="join",
                hint=hint
                or "see whether this node reaches port 25000 of the server, then run again",
            )
    if settle(host, step.params["lines"]):
        for unit in (paths.CONTAINERD, paths.KUBELITE):
            host.systemctl("restart", "--no-block", unit)


def _run(host: Host, where: str, more: t.Sequence[str]) -> Done:
    try:
        words = [paths.COMMAND, "join", where, *more]
        return host.run(words, timeout=JOIN_SECONDS, check=False)
    except EdgeError:
        raise EdgeError(
            f"MicroK8s did not end joining within {JOIN_SECONDS:g} s",
            kind="join",
            hint="run again, and where that does not help, purge the node first",
        ) from None  # its message names the command with the token


def redacted(said: str, where: str) -> str:
    """Without any part of the token. Pure."""
    for part in where.split("/")[1:]:
        said = said.replace(part, "********") if part else said
    return said


def settle(host: Host, lines: t.Mapping[str, argfile.Lines]) -> bool:
    """Make the lines that are ours as they must be; whether any was not."""
    changed = False
    for name, wanted in lines.items():
        path = f"{paths.ARGS}/{name}"
        info, text = host.inspect(path), host.read_text(path)
        new = argfile.merged(text, wanted)
        if new != text:
            host.write(path, new.encode(), info.mode if info is not None else 0o660)
            changed = True
    return changed


def create(host: Host) -> str:
    """A new token for one join, with the fingerprint to know the server by. EdgeError(kind=join)."""
    words = [paths.COMMAND, "add-node", "--token-ttl", str(TTL), "--format", "json"]
    done = host.run(words, timeout=WAIT, check=False)
    try:
        token = str(json.loads(done.out)["token"])
    except (ValueError, KeyError, TypeError):
        token = ""
    if done.rc or not token:
        raise EdgeError(
            f"MicroK8s gave no token: {(done.err or 'no answer that can be read').strip()[-500:]}",
            kind="join",
            hint="see `microk8s status` on the server, then run again",
        )
    return token


def take_back(host: Host, token: str) -> None:
    """Make a token worthless: its line goes from the list."""
    text = host.read_text(paths.JOIN_TOKENS)
    left = without(text, token)
    info = host.inspect(paths.JOIN_TOKENS)
    if left != text and info is not None:
        host.write(paths.JOIN_TOKENS, left.encode(), info.mode)


def without(text: str, token: str) -> str:
    """The list of tokens (`<token>` or `<token>|<end>`) without this one. Pure."""
    word = token.partition("/")[0]
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if line.strip().partition("|")[0] != word)
