# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The agent on a node: its commands, and what the other doors do for it. Started by its launcher, not by Ansible."""

from __future__ import annotations

import sys
import time
import typing as t

from .._core.errors import EdgeError
from .._host.host import Host
from .._sync import artifacts, down, places, reach
from .._sync.agent import Agent, Survey, Work

if t.TYPE_CHECKING:
    from .._sync.document import Document
    from .._sync.settings import Settings

KINDS = ("Deployment", "StatefulSet", "DaemonSet")
ROUNDS = 4  # of a door that finds that it lacks something
Supply = t.Callable[[t.Mapping[str, t.Any]], None]
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
        lambda document, generation: carry(host, settings, document, generation),
    )
    return Agent(host, settings, work, clock=clock)


def survey(host: Host, settings: Settings) -> Survey:
    """What edge_info reports, and on the server that speaks for the site what the cluster runs."""
    from .._distribution.access import connect
    from .._distribution.registry import adapter_of
    from .._info.observe import observe
    from .._info.spec import Question
    from . import options

    name = str(settings.node["distribution"])
    spec = options.distribution_spec(name, {**settings.node, "site": settings.site})
    report = observe(host, Question(spec))
    api = (report.get("api") or {}).get("state")
    if api != "ok":
        return Survey(report, (), frozenset(("node", "workload", "images")))
    if not settings.initial:
        return Survey({key: value for key, value in report.items() if key not in ("node", "nodes")})
    adapter = adapter_of(name)
    path = adapter.records(spec, adapter.config(host), host.hostname()).kubeconfig
    try:
        with connect(host, path) as client:
            items = [{**row, "kind": kind} for kind in KINDS for row in client.list(kind)]
    except EdgeError:
        return Survey(report, (), frozenset(("workload",)))
    return Survey(report, items)


def carry(host: Host, settings: Settings, document: Document, generation: int) -> list[str]:
    """Converge this node by its part of a document; what was done. EdgeError."""
    read = down.reader(host, places.SECRETS)
    done: list[str] = []
    part = (document.desired.get("nodes") or {}).get(settings.host)
    if part:
        given = {**part.get("options", {}), "generation": generation}
        done += _run("edge_site", down.with_secrets(given, read), _supply(host, settings, given))
    objects = document.desired.get("objects") or {}
    if objects.get("on") == settings.host:
        for key, door in OBJECT_DOORS:
            if objects.get(key):
                done += _run(door, down.with_secrets(objects[key], read))
    return done


def _supply(host: Host, settings: Settings, given: t.Mapping[str, t.Any]) -> Supply:
    """Brings what the node lacks from the mirrors that the document names."""
    release, mirrors = given.get("release") or {}, given.get("release_mirrors") or ()

    def supply(need: t.Mapping[str, t.Any]) -> None:
        urls = artifacts.places_of(need, str(release.get("version") or ""), mirrors)
        rate = settings.policy().rate
        artifacts.bring(host, need, urls, lambda url: reach.connection(host, settings, url), rate)

    return supply


def _run(door: str, given: t.Mapping[str, t.Any], supply: Supply | None = None) -> list[str]:
    """A door as the controller would run it. EdgeError where it fails."""
    from importlib import import_module

    opened: t.Any = import_module(f".{door}", __package__)
    params = filled(opened.ARGS["argument_spec"], given)
    result = opened.main(params, False, False)
    for dummy in range(ROUNDS):
        if supply is None or not result.get("needs"):
            break
        for need in result["needs"]:
            supply(need)
        result = opened.main(params, False, False)
    if not result.get("failed"):
        return list(result.get("actions") or ())
    failure = result.get("failure") or {}
    raise EdgeError(
        str(failure.get("message") or result.get("msg")),
        kind=str(failure.get("kind") or "internal"),
        hint=str(failure.get("hint") or ""),
        step=str(failure.get("step") or ""),
    )


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
