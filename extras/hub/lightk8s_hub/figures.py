# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of all sites, for people and for Prometheus; read from the database, so any instance tells it."""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Engine, select

from .tables import documents, gaps, sites, states, streams

LOSSES = ("state", "event", "audit")
AGENT_TYPE = "lightk8s.edge.agent"  # what an agent tells of itself
MOST_NUMBERS = 40
MOST_DEPTH = 3


def overview(engine: Engine) -> list[dict[str, t.Any]]:
    """Every node that tells: last seen, how far its queue was taken, what it could not keep, its status."""
    with engine.begin() as connection:
        known = connection.execute(select(sites).order_by(sites.c.site, sites.c.node)).all()
        taken = {
            (row.site, row.epoch): row.acknowledged for row in connection.execute(select(streams))
        }
        lost: dict[tuple[str, str], dict[str, int]] = {}
        for row in connection.execute(select(gaps)):
            counts = lost.setdefault((row.site, row.node), dict.fromkeys(LOSSES, 0))
            for name, count in _counts(row.data).items():
                counts[name] += count
        query = select(documents.c.site, documents.c.generation, documents.c.asked)
        published = {row.site: (row.generation, row.asked) for row in connection.execute(query)}
        agents = select(states.c.site, states.c.node, states.c.data).where(
            states.c.type == AGENT_TYPE
        )
        status = {(row.site, row.node): _numbers(row.data) for row in connection.execute(agents)}
    return [
        {
            "site": row.site,
            "node": row.node,
            "epoch": row.epoch,
            "acknowledged": taken.get((row.site, row.epoch), 0),
            "last_seen": row.last_seen,
            "agent": row.agent,
            "dropped": lost.get((row.site, row.node), dict.fromkeys(LOSSES, 0)),
            "generation": published.get(row.site, (0, 0.0))[0],
            "asked": published.get(row.site, (0, 0.0))[1],
            "status": status.get((row.site, row.node), {}),
        }
        for row in known
    ]


def _counts(data: str) -> dict[str, int]:
    """A gap record's totals; what a site wrote otherwise counts nothing."""
    content = json.loads(data)
    dropped = content.get("dropped") if isinstance(content, dict) else None
    if not isinstance(dropped, dict):
        return {}
    return {name: dropped[name] for name in LOSSES if isinstance(dropped.get(name), int)}


def _numbers(data: str) -> dict[str, float]:
    """The numbers and truths in what an agent tells of itself, by their names: `queue_bytes`."""
    found: dict[str, float] = {}
    waiting = [("", json.loads(data), 0)]
    while waiting:
        name, value, depth = waiting.pop()
        if isinstance(value, dict) and depth < MOST_DEPTH:
            rows = sorted(value.items(), reverse=True)
            waiting += [(f"{name}_{key}".lstrip("_"), item, depth + 1) for key, item in rows]
        elif isinstance(value, (int, float)) and re.fullmatch(r"[a-z][a-z0-9_]{0,59}", name):
            found[name] = float(value)
    return dict(sorted(found.items())[:MOST_NUMBERS])


class Sites(Collector):
    """Prometheus metrics of all sites."""

    def __init__(self, engine: Engine, now: t.Callable[[], float]) -> None:
        self._engine = engine
        self._now = now

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        """One scrape."""
        place = ["site", "node"]
        age = _gauge("last_seen_seconds", "Seconds since a node of a site was seen", place)
        taken = _gauge("acknowledged", "Number taken of a node's queue", place)
        generation = _gauge("generation", "Generation published for a site", ["site"])
        asked = _gauge("asked_seconds", "Seconds since a site asked for its document", ["site"])
        status = _gauge("agent_status", "What an agent tells of itself", [*place, "name"])
        dropped = CounterMetricFamily(
            "lightk8s_site_dropped", "What a site could not keep", labels=[*place, "class"]
        )
        now, told = self._now(), set()
        for row in overview(self._engine):
            here = [row["site"], row["node"]]
            age.add_metric(here, max(0.0, now - row["last_seen"]))
            taken.add_metric(here, row["acknowledged"])
            for name, count in row["dropped"].items():
                dropped.add_metric([*here, name], count)
            for name, number in row["status"].items():
                status.add_metric([*here, name], number)
            if row["site"] not in told:
                told.add(row["site"])
                generation.add_metric(here[:1], row["generation"])
                if row["asked"]:
                    asked.add_metric(here[:1], max(0.0, now - row["asked"]))
        yield from (age, taken, generation, asked, status, dropped)


def _gauge(name: str, text: str, labels: list[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"lightk8s_site_{name}", text, labels=labels)
