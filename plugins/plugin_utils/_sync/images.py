# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images in what is published: by their digests, in pieces that do for a node that has nothing.

Nobody asks the node, so layers come whole, as they were published or packed better. What is there already is not
fetched.
"""

from __future__ import annotations

import functools
import typing as t
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._doors import edge_images
from ansible_collections.lightk8s.edge.plugins.module_utils._images.spec import (
    ABSENT,
    Have,
    spec_of,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action import arguments
from ansible_collections.lightk8s.edge.plugins.plugin_utils._delta.cache import Deltas
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images import plan as plans
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.cost import Costs
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.kept import Kept
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import Image, platform_of
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.opening import (
    judged,
    opened,
    scratch_of,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.remakes import Remaking
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.source import Source
from ansible_collections.lightk8s.edge.plugins.plugin_utils._staging import shipment
from ansible_collections.lightk8s.edge.plugins.plugin_utils._staging.wanted import marked
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.beside import Artifact

Values = t.Mapping[str, t.Any]
OPTIONS = (
    "exact",
    "prune",
    "trust",
    "trust_keys",
    "scan_command",
    "registry_authfile",
    "registry_cert_dir",
    "registry_validate_certs",
)


class Images:
    """The images of sites, opened once; `cache` is the collection's cache folder."""

    def __init__(self, cache: Path, arches: t.Sequence[str], say: t.Callable[[str], None]) -> None:
        self._cache = cache
        self._arches = arches
        self._say = say
        self._source = functools.cache(lambda path: Source(path, scratch_of(cache)))
        self._files: dict[str, Path] = {}
        self._rows: list[dict[str, t.Any]] = []

    def section(self, values: Values, site: str) -> dict[str, t.Any] | None:
        """What the node's door of images takes, None where nothing is said of images. EdgeError."""
        if values.get("edge_images") is None:
            return None
        given = {key: values.get(f"edge_images_{key}") for key in OPTIONS}
        given = {key: value for key, value in given.items() if value is not None}
        given["images"] = values["edge_images"]
        distribution = values.get("edge_distribution")
        if distribution:
            given["distribution"] = distribution
        checked = arguments.validate(edge_images.ARGS, arguments.plain(given), "edge_images")
        if checked.error:
            raise EdgeError(f"edge_images: {checked.error}", kind="spec", site=site)
        params = checked.params
        exact = bool(params["exact"])
        wanted: list[dict[str, t.Any]] = []
        work: list[dict[str, t.Any]] = []
        for entry in params["images"]:
            name = shipment.full_name(str(entry["name"]))
            if any(row["name"] == name for row in wanted):
                raise EdgeError(f"{name} is named twice", kind="spec", site=site)
            if entry.get("state") == ABSENT:
                wanted.append(shipment.absent_row(name))
                continue
            image = self._opened(entry, params, site)
            if exact:
                shipment.refuse_unpublished(image, name)
            wanted.append(shipment.wanted_row(image, name))
            work += self._work(image, exact=exact)
        return {"wanted": marked(wanted, exact=exact), "work": work, "prune": bool(params["prune"])}

    def _opened(self, entry: Values, params: Values, site: str) -> Image:
        if not entry.get("platform") and len(self._arches) != 1:
            raise EdgeError(
                f"{entry['name']} is for one of {', '.join(self._arches)}, and nobody asks the node for which",
                kind="spec",
                hint="give platform with each image, per host where they differ",
                site=site,
            )
        platform = platform_of(str(entry.get("platform") or f"linux/{self._arches[0]}"))
        found = opened(entry, platform, params, self._cache, source=self._source, say=self._say)
        for warning in judged(found, params, self._cache):
            self._say(f"{site}: {warning}")
        return found.image

    def _work(self, image: Image, *, exact: bool) -> list[dict[str, t.Any]]:
        """Each image by itself: a node that has one of them may lack what it shares with another."""
        folder = self._cache / "images"
        costs = Costs(Have(), Kept(folder / "kept"), Deltas(folder / "deltas", self._say))
        costs.prepare([image])
        found = plans.plan([image], Have(), costs, plans.Policy(exact=exact))
        sent = shipment.Shipment(found, folder / "staged", costs, Remaking({}, exact=exact))
        sent.prepare(self._say)
        self._files.update(sent.files)
        self._rows += sent.rows
        return sent.rows

    def artifacts(self) -> list[Artifact]:
        """All pieces, which have to lie where the sites fetch them."""
        deliveries = spec_of((), self._rows, False).deliveries or ()
        found = {row["sha256"]: row["name"] for item in deliveries for row in item.artifacts()}
        return [
            Artifact(sha256, name, functools.partial(Path, self._files[sha256]))
            for sha256, name in found.items()
        ]
