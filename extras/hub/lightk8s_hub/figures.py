# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of all sites, for people and for Prometheus; read from the database, so any instance tells it."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Engine, select

from .tables import documents, gaps, sites, streams

LOSSES = ("state", "event", "audit")


def overview(engine: Engine) -> list[dict[str, t.Any]]:
    """Every site: when it was last seen, how far its queue was taken, what it could not keep."""
    with engine.begin() as connection:
        known = connection.execute(select(sites).order_by(sites.c.site)).all()
        taken = {
            (row.site, row.epoch): row.acknowledged for row in connection.execute(select(streams))
        }
        lost: dict[str, dict[str, int]] = {}
        for row in connection.execute(select(gaps)):
            counts = lost.setdefault(row.site, dict.fromkeys(LOSSES, 0))
            for name, count in _counts(row.data).items():
                counts[name] += count
        query = select(documents.c.site, documents.c.generation)
        generations = {row.site: row.generation for row in connection.execute(query)}
    return [
        {
            "site": row.site,
            "epoch": row.epoch,
            "acknowledged": taken.get((row.site, row.epoch), 0),
            "last_seen": row.last_seen,
            "agent": row.agent,
            "dropped": lost.get(row.site, dict.fromkeys(LOSSES, 0)),
            "generation": generations.get(row.site, 0),
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


class Sites(Collector):
    """Prometheus metrics of all sites."""

    def __init__(self, engine: Engine, now: t.Callable[[], float]) -> None:
        self._engine = engine
        self._now = now

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        """One scrape."""
        age = GaugeMetricFamily(
            "lightk8s_site_last_seen_seconds", "Seconds since a site was seen", labels=["site"]
        )
        taken = GaugeMetricFamily(
            "lightk8s_site_acknowledged", "Number taken of a site's queue", labels=["site"]
        )
        generation = GaugeMetricFamily(
            "lightk8s_site_generation", "Generation published for a site", labels=["site"]
        )
        dropped = CounterMetricFamily(
            "lightk8s_site_dropped", "What a site could not keep", labels=["site", "class"]
        )
        for row in overview(self._engine):
            age.add_metric([row["site"]], max(0.0, self._now() - row["last_seen"]))
            taken.add_metric([row["site"]], row["acknowledged"])
            generation.add_metric([row["site"]], row["generation"])
            for name, count in row["dropped"].items():
                dropped.add_metric([row["site"], name], count)
        yield from (age, taken, generation, dropped)
