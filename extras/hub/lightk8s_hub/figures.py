# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of all sites, for people and for Prometheus; read from the database, so any instance tells it."""

from __future__ import annotations

import json
import re
import typing as t
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine, select

from .tables import documents, gaps, sites, states, streams

LOSSES = ("state", "event", "audit")
AGENT_TYPE = "lightk8s.edge.agent"  # what an agent tells of itself
MOST_NUMBERS = 40
MOST_DEPTH = 3
MOST_COUNT = 2**53  # what a float, and so a metric, still tells from its neighbours
# Of the numbers of an agent, those that are metrics: what sites make up does not become one.
AGENT = {
    "generation": ("generation", "Generation that a node's agent holds"),
    "applied": ("applied_generation", "Generation that a node's agent has carried out"),
    "damaged": ("damaged_queues", "Damaged queue files that a node has set aside"),
}


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
        status = {(row.site, row.node): row.data for row in connection.execute(agents)}
    rows = [
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
            "status": _numbers(status.get((row.site, row.node), "{}")),
        }
        for row in known
    ]
    silent = published.keys() - {row.site for row in known}
    return rows + [_silent(site, *published[site]) for site in sorted(silent)]


def _silent(site: str, generation: int, asked: float) -> dict[str, t.Any]:
    """A site for which something is published, and which has never told anything."""
    never = {"node": "", "epoch": "", "acknowledged": 0, "last_seen": 0.0, "agent": ""}
    lost = {"dropped": dict.fromkeys(LOSSES, 0), "status": {}}
    return {"site": site, **never, **lost, "generation": generation, "asked": asked}


def _counts(data: str) -> dict[str, int]:
    """A gap record's totals; what a site wrote otherwise counts nothing."""
    content = _content(data)
    dropped = content.get("dropped") if isinstance(content, dict) else None
    if not isinstance(dropped, dict):
        return {}
    counts = {name: dropped.get(name) for name in LOSSES}
    return {
        name: count
        for name, count in counts.items()
        if isinstance(count, int) and count is not True and 0 <= count <= MOST_COUNT
    }


def _content(data: str) -> t.Any:
    """What a site has told, however it is nested; None where that is more than can be read."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _numbers(data: str) -> dict[str, float]:
    """The numbers and truths in what an agent tells of itself, by their names: `queue_bytes`."""
    found: dict[str, float] = {}
    waiting = [("", _content(data), 0)]
    while waiting:
        name, value, depth = waiting.pop()
        if isinstance(value, dict) and depth < MOST_DEPTH:
            rows = sorted(value.items(), reverse=True)
            waiting += [(f"{name}_{key}".lstrip("_"), item, depth + 1) for key, item in rows]
        elif _is_number(value) and re.fullmatch(r"[a-z][a-z0-9_]{0,59}", name):
            found[name] = float(value)
    return dict(sorted(found.items())[:MOST_NUMBERS])


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and -MOST_COUNT <= value <= MOST_COUNT


class Sites(Collector):
    """Prometheus metrics of all sites."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Metric]:
        """One scrape. Times are moments, so that a rule can say `time() - ...` as of any moment."""
        place = ["site", "node"]
        seen = _gauge(
            "site_last_seen_timestamp_seconds", "When a node of a site was seen last", place
        )
        taken = _gauge("site_acknowledged", "Number up to which a node's queue was taken", place)
        generation = _gauge("site_generation", "Generation published for a site", ["site"])
        asked = _gauge(
            "site_asked_timestamp_seconds", "When a site asked for its document last", ["site"]
        )
        dropped = CounterMetricFamily(
            "lightk8s_site_dropped", "Events that a site could not keep", labels=[*place, "class"]
        )
        program = InfoMetricFamily(
            "lightk8s_site_agent", "What a node's agent calls itself", labels=place
        )
        agent = {key: _gauge(f"agent_{name}", text, place) for key, (name, text) in AGENT.items()}
        told = set()
        for row in overview(self._engine):
            here = [row["site"], row["node"]]
            # 0 where it was never seen: an alert on the age of this fires for such a site too.
            seen.add_metric(here, row["last_seen"])
            taken.add_metric(here, row["acknowledged"])
            for name, count in row["dropped"].items():
                dropped.add_metric([*here, name], count)
            for key in AGENT.keys() & row["status"].keys():
                agent[key].add_metric(here, row["status"][key])
            if row["agent"]:
                program.add_metric(here, {"agent": row["agent"]})
            if row["site"] not in told:
                told.add(row["site"])
                generation.add_metric(here[:1], row["generation"])
                if row["asked"]:
                    asked.add_metric(here[:1], row["asked"])
        yield from (seen, taken, generation, asked, dropped, program, *agent.values())


def _gauge(name: str, text: str, labels: list[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"lightk8s_{name}", text, labels=labels)
