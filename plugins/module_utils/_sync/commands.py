# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The agent's commands: what systemd starts, and what a person on the node asks."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
import typing as t
from functools import partial
from itertools import chain

from .._core.errors import EdgeError
from .._core.records import replace
from . import places, up
from .agent import stamp
from .export import export, keep_damaged, lines, pages

if t.TYPE_CHECKING:
    import argparse

    from .._host.http import Connection
    from .agent import Agent
    from .queue import Queue
    from .up import Decision

MOST = 500
ROUND_WAIT = 3600.0
Make = t.Callable[[], "Agent"]
SYSTEMDS = (["run"], ["serve"])  # what its units start


def run(words: list[str], make: Make) -> int:
    """Carry one command out; the exit code. Raises EdgeError."""
    if words in SYSTEMDS:  # a megabyte less of what stays in memory
        return int(COMMANDS[words[0]](None, make()))
    args = parser().parse_args(words)
    return int(COMMANDS[args.command](args, make()))


def parser() -> argparse.ArgumentParser:
    """The command line."""
    import argparse

    top = argparse.ArgumentParser(prog=places.COMMAND, description="The agent of an edge site.")
    below = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    below.add_parser("status", help="what the agent knows, as JSON")
    events = below.add_parser("events", help="what waits to be told, one CloudEvent a line")
    events.add_argument("-n", type=int, default=MOST, help="at most this many")
    below.add_parser("sync", help="do all now, without waiting for a turn")
    queue = below.add_parser("queue", help="the queue")
    actions = queue.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("ls", help="what waits, a line each")
    export = actions.add_parser("export", help="copy what waits; the queue keeps it")
    export.add_argument("path", help="a file, one CloudEvent a line")
    below.add_parser("explain", help="why nothing is being sent")
    accept = below.add_parser("accept", help="take a document that was brought by hand")
    accept.add_argument("path", help="the published file")
    drain = below.add_parser("drain", help="send what waits, and keep what is left in a folder")
    drain.add_argument("seconds", type=int, help="for sending")
    drain.add_argument("folder", help="gets a file, one CloudEvent a line")
    below.add_parser("run", help="one round, as the timer starts it")
    below.add_parser("serve", help="rounds for ever, as the service of the online mode runs them")
    return top


@contextlib.contextmanager
def alone(agent: Agent, wait: float = ROUND_WAIT) -> t.Iterator[None]:
    """Hold the agent's own lock. EdgeError(kind=busy) where another round works for longer."""
    import fcntl

    with open(agent.host.path(places.ROUND), "a", encoding="utf-8") as stream:
        end = agent.host.monotonic() + wait
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if agent.host.monotonic() >= end:
                    raise EdgeError("another round of the agent works", kind="busy") from None
                agent.host.sleep(0.2)
        yield


def _line(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _say(value: t.Any) -> None:
    _line(json.dumps(value, indent=1, sort_keys=True))


def _round(args: argparse.Namespace | None, agent: Agent) -> int:
    with alone(agent):
        agent.reread()
        decision = agent.round()
    _line(decision.why)
    return 0


def _sync(args: argparse.Namespace, agent: Agent) -> int:
    with alone(agent, 300.0):
        agent.reread()
        state = agent.memory.state()
        agent.memory.up = replace(state, not_before=0.0, failures=0, linked=True).to_json()
        decision = agent.round(patient=False)
        with agent.queue() as queue:
            left = queue.status()["waiting"]
    _say({"why": decision.why, "waiting": left, "document": agent.memory.answer, **_applied(agent)})
    return 0 if not left or not agent.settings.url else 3


def _serve(args: argparse.Namespace | None, agent: Agent) -> int:
    from .service import serve

    return serve(agent, partial(_service_round, agent))


def _service_round(agent: Agent, converge: bool) -> None:
    with alone(agent):
        agent.reread()
        agent.round(patient=False, converge=converge)


def _status(args: argparse.Namespace, agent: Agent) -> int:
    with agent.queue() as queue:
        _say(status(agent, queue))
    return 0


def status(agent: Agent, queue: Queue) -> dict[str, t.Any]:
    """All that a person may want to know."""
    memory, settings = agent.memory, agent.settings
    held = agent.store.held()
    return {
        "site": settings.site,
        "node": settings.host,
        "mode": settings.mode,
        "url": settings.url,
        "last_round": stamp(memory.ended) if memory.ended else "",
        "trouble": memory.trouble,
        "link": memory.link or "no trouble was seen",
        "delivered": stamp(memory.state().delivered_at) if memory.state().delivered_at else "",
        "queue": queue.status(),
        "sending": _decision(agent, queue).why,
        "document": {
            "pulls": settings.pulls,
            "held": held.generation if held else 0,
            "asked": stamp(memory.asked) if memory.asked else "",
            "answer": memory.answer,
            "failure": agent.store.failure(),
            **_applied(agent),
        },
    }


def _applied(agent: Agent) -> dict[str, t.Any]:
    return {"applied": agent.memory.applied, "hindrance": agent.memory.hindrance}


def _decision(agent: Agent, queue: Queue) -> Decision:
    waiting = len(queue.pending(1))
    state, now = agent.memory.state(), agent.host.now()
    return up.decide(agent.settings.policy(), state, now, waiting, time.localtime)


def _explain(args: argparse.Namespace, agent: Agent) -> int:
    with agent.queue() as queue:
        decision, held = _decision(agent, queue), queue.status()
    settings, memory = agent.settings, agent.memory
    if not settings.url:
        _line("Nothing is sent: no receiver is known (edge_sync_url).")
    elif decision.send:
        _line("The next round sends.")
    else:
        when = f", until {stamp(decision.at)}" if decision.at else ""
        _line(f"Nothing is being sent: {decision.why}{when}.")
    if decision.send and memory.state().failures:  # a short pause may be over when somebody asks
        _line(f"The last attempt failed: {memory.state().reason}.")
    if memory.link:
        _line(f"The last attempt found no link: {memory.link}.")
    if memory.trouble:
        _line(f"The last round had trouble: {memory.trouble}.")
    _line(f"{sum(held['waiting'].values())} events wait, {held['bytes']} of {held['limit']} bytes.")
    return 0


def _events(args: argparse.Namespace, agent: Agent) -> int:
    with agent.queue() as queue:
        for line in lines(agent, queue, args.n):
            _line(line.decode("utf-8", "replace"))
    return 0


def _queue(args: argparse.Namespace, agent: Agent) -> int:
    with agent.queue() as queue:
        if args.action == "ls":
            for row in chain.from_iterable(pages(queue)):
                _line(f"{row.seq:>8}  {row.kind:<6} {len(row.body):>7}  {row.key}")
            return 0
        count = export(agent, queue, args.path)
    _line(f"{count} events are in {args.path}, and stay in the queue")
    return 0


def _drain(args: argparse.Namespace, agent: Agent) -> int:
    with alone(agent, 300.0):
        agent.reread()
        with agent.queue() as queue:
            agent.memory.up = replace(agent.memory.state(), not_before=0.0, linked=True).to_json()
            why = _send_for(agent, queue, args.seconds)
            held = queue.status()
            left, path = sum(held["waiting"].values()), ""
            if left:
                path = os.path.join(args.folder, f"{held['epoch']}{places.EVENTS}")
                left = export(agent, queue, path)
            keep_damaged(queue, args.folder)
    _say({"left": left, "path": path, "why": why})
    return 0


def _send_for(agent: Agent, queue: Queue, seconds: int) -> str:
    """Send for so many seconds; why that has ended. What an interruption leaves is sent or kept once more."""
    import signal

    def stop(_number: int, _frame: object) -> None:
        raise EdgeError("the time for sending is over", kind="io")

    signal.signal(signal.SIGALRM, stop)
    signal.alarm(max(1, seconds))
    links: dict[str, Connection] = {}
    try:
        return agent.send(queue, links, patient=False).why
    except EdgeError as exc:
        return exc.message
    finally:
        signal.alarm(0)
        for link in links.values():
            link.close()


def _accept(args: argparse.Namespace, agent: Agent) -> int:
    try:
        with open(args.path, "rb") as stream:
            raw = stream.read()
    except OSError as exc:
        raise EdgeError(f"cannot read {args.path}: {exc.strerror}", kind="io") from exc
    with alone(agent, 300.0):
        agent.reread()
        with agent.queue() as queue:
            puller = agent.puller(queue)
            taken = puller.accept(raw)
            if taken:
                puller.converge(agent.carry)
    _say({"document": agent.memory.answer, **_applied(agent), "failure": agent.store.failure()})
    failed = agent.store.failure() or agent.memory.hindrance
    if not taken:
        sys.stderr.write(f"{agent.memory.answer}\n")
    return 0 if taken and not failed else 2


COMMANDS: dict[str, t.Callable[[t.Any, Agent], int]] = {
    "run": _round,
    "serve": _serve,
    "sync": _sync,
    "status": _status,
    "events": _events,
    "queue": _queue,
    "explain": _explain,
    "accept": _accept,
    "drain": _drain,
}
