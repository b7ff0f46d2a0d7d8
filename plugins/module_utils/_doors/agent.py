# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The agent on a node: its commands, and what the other doors do for it. Started by its launcher, not by Ansible."""

from __future__ import annotations

import contextlib
import sys
import time
import typing as t

from .._core.errors import EdgeError
from .._host.host import Host
from .._sync import artifacts, down, places, reach
from .._sync.agent import Agent, Survey, Work
from .._sync.up import OFFLINE

if t.TYPE_CHECKING:
    from .._distribution.spec import Spec as Distribution
    from .._sync.document import Document
    from .._sync.settings import Settings

KINDS = ("Deployment", "StatefulSet", "DaemonSet")
LONGEST_FETCH = 1800.0  # seconds of one round: what the site has to tell waits
ROUNDS = 4  # of a door that finds that it lacks something
RUNTIME = ("distribution", "site", "role", "data_dir", "bin_dir")  # where images lie on the node
OBJECT_DOORS = (("quotas", "edge_quota"), ("workloads", "edge_pod"))


def main(words: t.Sequence[str]) -> int:
    """Run one command; the exit code."""
    from .._sync import commands

    try:
        return commands.run(list(words), lambda: agent(Host()))
    except EdgeError as exc:
        hint = f" ({exc.hint})" if exc.hint else ""
        sys.stderr.write(f"{places.COMMAND}: {exc.message}{hint}\n")
        return 1
    except BrokenPipeError:
        return 1
    except KeyboardInterrupt:
        return 130


def agent(host: Host, clock: t.Any = time) -> Agent:
    """The agent that is set up on this node."""
    settings = reach.settings_on(host)
    work = Work(
        lambda: survey(host, settings),
        lambda document, generation: Carrier(host, settings, made).carry(document, generation),
    )
    made = Agent(host, settings, work, clock=clock)
    return made


def survey(host: Host, settings: Settings) -> Survey:
    """What edge_info reports, and on the server that speaks for the site what the cluster runs."""
    from .._distribution.access import connect
    from .._info.observe import observe
    from .._info.spec import Question

    report = observe(host, Question(_spec(settings)))
    api = (report.get("api") or {}).get("state")
    if api != "ok":
        return Survey(report, (), frozenset(("node", "workload", "images")))
    if not settings.initial:
        return Survey({key: value for key, value in report.items() if key not in ("node", "nodes")})
    try:
        with connect(host, kubeconfig(host, settings)) as client:
            items = [{**row, "kind": kind} for kind in KINDS for row in client.list(kind)]
    except EdgeError:
        return Survey(report, (), frozenset(("workload",)))
    return Survey(report, items)


def _spec(settings: Settings) -> Distribution:
    from . import options

    given = {**settings.node, "site": settings.site}
    return options.distribution_spec(str(settings.node["distribution"]), given)


def kubeconfig(host: Host, settings: Settings) -> str:
    """Where the distribution keeps this node's way to the API."""
    from .._distribution.registry import adapter_of

    spec = _spec(settings)
    adapter = adapter_of(spec.distribution)
    return adapter.records(spec, adapter.config(host), host.hostname()).kubeconfig


class Carrier:
    """Converges one node by its part of a document, with the doors that a push uses."""

    def __init__(self, host: Host, settings: Settings, agent: Agent) -> None:
        self.host = host
        self.settings = settings
        self.agent = agent
        self.until = host.monotonic() + LONGEST_FETCH

    def carry(self, document: Document, generation: int) -> list[str]:
        """What was done. EdgeError."""
        read = down.reader(self.host, places.SECRETS)
        nodes = document.desired.get("nodes") or {}
        done: list[str] = []
        part = nodes.get(self.settings.host)
        if part:
            given = {**part.get("options", {}), "generation": generation}
            whole = down.with_secrets(given, read)
            with self._turn(whole) if len(nodes) > 1 else contextlib.nullcontext():
                done += self._run("edge_site", whole)
            done += self._images(part)
            done += self._of_agents(part, nodes, read)
        objects = document.desired.get("objects") or {}
        if objects.get("on") == self.settings.host:
            for key, door in OBJECT_DOORS:
                if objects.get(key):
                    done += self._run(door, down.with_secrets(objects[key], read))
        return done

    def _images(self, part: t.Mapping[str, t.Any]) -> list[str]:
        """Pods may need them: before the cluster is told what to run."""
        if not part.get("images"):
            return []
        own = {key: self.settings.node.get(key) for key in RUNTIME}
        return self._run("edge_images", {**own, **part["images"]})

    def _of_agents(
        self,
        part: t.Mapping[str, t.Any],
        nodes: t.Mapping[str, t.Mapping[str, t.Any]],
        read: t.Callable[[str], str | None],
    ) -> list[str]:
        """What the API lets no agent do by itself, by the server that speaks for the site, where that is to run."""
        from .._distribution.spec import PRESENT
        from .._sync import agents

        wishes = agents.wanted(nodes) if self.settings.initial else {}
        if not wishes or part.get("options", {}).get("state", PRESENT) != PRESENT:
            return []
        path = kubeconfig(self.host, self.settings)
        return agents.carry(self.host, path, down.with_secrets(wishes, read))

    @contextlib.contextmanager
    def _turn(self, given: t.Mapping[str, t.Any]) -> t.Iterator[None]:
        """The turn of this node, where there is something to change and it may write to the cluster."""
        from .._distribution.access import connect
        from .._sync.turn import Seen, turn

        opened = _door("edge_site")
        looked = opened.main(filled(opened.ARGS["argument_spec"], given), True, False)
        service = (looked.get("distribution") or {}).get("service")
        if not looked.get("pending") or self.settings.node.get("role") == "agent":
            yield
            return
        if service != "running":  # it has no API to ask, and takes nothing away from the others
            yield
            return
        for need in looked.get("needs") or ():  # a thin link takes longer than a turn lasts
            self._supply(need, given)
        memory = self.agent.memory

        def remember(seen: Seen) -> None:
            memory.turn, memory.turn_since = seen
            memory.keep(self.host)

        seen = Seen(memory.turn, memory.turn_since)
        name, path = self.settings.host, kubeconfig(self.host, self.settings)
        # Patient: nobody goes on until the turn is given back.
        with (
            connect(self.host, path, patient=True) as client,
            turn(client, name, self.host.now(), seen, remember, up=self.host.monotonic()),
        ):
            yield

    def _run(self, door: str, params: t.Mapping[str, t.Any]) -> list[str]:
        """A door as the controller would run it, with what it lacks. EdgeError where it fails."""
        opened = _door(door)
        given = filled(opened.ARGS["argument_spec"], params)
        result = opened.main(given, False, False)
        for dummy in range(ROUNDS):
            if not result.get("needs"):
                break
            for need in result["needs"]:
                self._supply(need, params)
            result = opened.main(given, False, False)
        if not result.get("failed"):
            others = {ask["summary"] for ask in result.get("asks") or ()}  # see _of_agents
            return [text for text in result.get("actions") or () if text not in others]
        failure = result.get("failure") or {}
        raise EdgeError(
            str(failure.get("message") or result.get("msg")),
            kind=str(failure.get("kind") or "internal"),
            hint=str(failure.get("hint") or ""),
            step=str(failure.get("step") or ""),
        )

    def _supply(self, need: t.Mapping[str, t.Any], given: t.Mapping[str, t.Any]) -> None:
        """Bring what the node lacks: from the mirrors that the document names, else by its digest."""
        host, settings = self.host, self.settings
        release, mirrors = given.get("release") or {}, given.get("release_mirrors") or ()
        urls = artifacts.places_of(need, str(release.get("version") or ""), mirrors)
        if settings.mode != OFFLINE:  # then nobody but who is named is asked
            urls += reach.artifact_urls(settings, str(need["sha256"]))
        artifacts.bring(
            host,
            need,
            urls,
            lambda url: reach.connection(host, settings, url),
            artifacts.pacer(host, settings.policy(), self.agent.clock, self.until),
            token=lambda url: reach.token_for(host, settings, url),
        )


def _door(name: str) -> t.Any:
    from importlib import import_module

    return import_module(f".{name}", __package__)


def filled(spec: t.Mapping[str, t.Any], given: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Parameters with the defaults of their argument spec. EdgeError(kind=spec) for an unknown option."""
    unknown = sorted(set(given) - set(spec))
    if unknown:
        text = f"{', '.join(unknown)}: no such option in this version of the agent"
        raise EdgeError(text, kind="spec", hint="run edge_sync to bring the agent up to date")
    return {name: _value(option, given.get(name)) for name, option in spec.items()}


def _value(option: t.Mapping[str, t.Any], value: t.Any) -> t.Any:
    if value is None:
        return option.get("default")
    below = option.get("options")
    if below and isinstance(value, t.Mapping):
        return filled(below, value)
    if below and isinstance(value, list):
        return [filled(below, item) for item in value]
    return value
