# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys are changed and revoked from end to end: published to the hub, fetched and judged by the agent's own rounds."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.extras.hub.lightk8s_hub import serve, tables
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync import targets
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.publish import publish
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.signing import Signer

from ..hub.conftest import served
from ..sync.bench import Bench

NOW = int(time.time())


class Site:
    """A publisher, the hub, and the agent of a node that is told whom to trust."""

    def __init__(self, folder: Path, bench: Bench) -> None:
        self.old = bench.signer
        self.new = Signer.create(str(folder / "new.pem"))
        self.trust = [self.old]
        self.revoked: list[Signer] = []
        self._bench = bench
        self._target = targets.target(bench.hub.url, token=bench.hub.token("publisher"))
        self._time = NOW - 1000

    def publish(self, number: int, *signers: Signer) -> int:
        self._time += 10
        done = publish(
            "shop", {"n": number}, self._target, signers, days=90, now=self._time, check=False
        )
        return done.document.generation

    def round(self) -> int:
        """The generation that the node has carried out after a round."""
        keys = tuple(base64.b64encode(one.public).decode() for one in self.trust)
        revoked = tuple(one.id for one in self.revoked)
        self._bench.round(keys=keys, revoked=revoked)
        return self._bench.carried[-1] if self._bench.carried else 0

    def refusals(self) -> list[str]:
        rows = self._bench.hub.rows(tables.events)
        refused = [row["data"] for row in rows if row["type"].endswith("desired.refused")]
        return [row.partition('"reason": "')[2].partition('"')[0] for row in refused]

    def close(self) -> None:
        self._target.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with served(serve.Settings(f"sqlite:///{tmp_path / 'hub.db'}", port=0)) as hub:
        made = Site(tmp_path, Bench(tmp_path, hub))
        yield made
        made.close()


def test_a_site_goes_over_from_one_key_to_the_next_without_a_gap(site: Site) -> None:
    first = site.publish(1, site.old)
    assert site.round() == first
    both = site.publish(2, site.old, site.new)
    assert site.round() == both  # it knows the old one alone
    site.trust = [site.old, site.new]
    last = site.publish(3, site.new)
    assert site.round() == last
    site.trust = [site.new]
    assert site.round() == last
    assert site.refusals() == []


def test_a_site_that_was_not_given_the_new_key_stays_as_it_is_and_says_so(site: Site) -> None:
    first = site.publish(1, site.old)
    assert site.round() == first
    site.publish(2, site.new)
    assert (site.round(), site.round()) == (first, first)
    assert site.refusals() == ["untrusted_key"]  # told once
    site.trust = [site.old, site.new]
    assert site.round() > first


def test_what_a_revoked_key_signs_is_not_taken_any_more(site: Site) -> None:
    """Whoever has the lost key can sign, and may even publish."""
    site.trust = [site.old, site.new]
    first = site.publish(1, site.old, site.new)
    assert site.round() == first
    site.revoked = [site.old]
    site.publish(666, site.old)
    assert site.round() == first
    assert site.refusals() == ["revoked_key"]
    good = site.publish(2, site.new)
    assert site.round() == good


def test_a_revoked_key_takes_nothing_from_one_that_is_trusted(site: Site) -> None:
    site.trust, site.revoked = [site.old, site.new], [site.old]
    both = site.publish(1, site.old, site.new)
    assert site.round() == both
