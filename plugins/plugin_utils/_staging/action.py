# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's half of edge_images: opens images, plans by what the node has, supplies the pieces."""

from __future__ import annotations

import functools
import time
import typing as t
from collections.abc import Mapping, Sequence
from pathlib import Path

from ansible.utils.display import Display

from ansible_collections.lightk8s.edge.plugins.module_utils._core.door import failed
from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._doors.options import SOURCES
from ansible_collections.lightk8s.edge.plugins.module_utils._images.spec import ABSENT
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.base import Result
from ansible_collections.lightk8s.edge.plugins.plugin_utils._delta.cache import Deltas
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images import plan as plans
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.cost import Costs
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.kept import Kept
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import (
    Image,
    platform_of,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.opening import (
    judged,
    opened,
    scratch_of,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.remakes import (
    Remakes,
    Remaking,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.source import Source
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.tidy import tidy
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.cache import default_cache_dir
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.places import (
    begins_its_site,
    place_of,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.reading import InputsAction
from ansible_collections.lightk8s.edge.plugins.plugin_utils._staging import shipment
from ansible_collections.lightk8s.edge.plugins.plugin_utils._staging.wanted import (
    USUAL,
    Rows,
    marked,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._transfer.neighbours import (
    WORTH,
    has_neighbours,
)

DISPLAY = Display()
Params = dict[str, t.Any]
# Options that are carried out here, and cost the node nothing.
_HERE = ("images", "exact", "cache_dir", *SOURCES)
# Bytes that images may leave in the cache, beyond what was used during the last day.
_CACHE_LIMIT = 20_000_000_000


@functools.lru_cache(maxsize=64)
def _source(path: str, scratch: Path) -> Source:
    """Opened once for all hosts of a worker."""
    return Source(Path(path), scratch)


class ImagesAction(InputsAction):
    """The conversation with one node about its images."""

    DOOR = "edge_images"
    PUBLIC = ("wanted", "work")
    PASSING = ("work",)
    _entries: Sequence[Mapping[str, t.Any]] = ()
    _opened: dict[str, Image]
    _failed: dict[str, set[str]]
    _shipment: shipment.Shipment | None = None
    _asked: Params
    _cache: Path
    _machine: str = USUAL
    _warnings: list[str]
    _shared = False  # whether the site's other nodes take from each other
    _last: Mapping[str, t.Any]

    def _converse(self, params: Params, task_vars: Params) -> Result:
        self._asked, self._entries = dict(params), params.get("images") or ()
        self._failed, self._shipment, self._warnings, self._last = {}, None, [], {}
        self._cache = _cache_folder(params.get("cache_dir"))
        self._shared = has_neighbours(task_vars, self._templar)
        known = Rows(self._cache).machine_of(str(task_vars.get("inventory_hostname")))
        self._machine = str(task_vars.get("ansible_architecture") or known or USUAL)
        given = {key: value for key, value in params.items() if key not in _HERE}
        try:
            shipment.refuse_credentials(str(params.get("site_registry") or ""))
            given["wanted"] = self._first_wanted(bool(task_vars.get("ansible_architecture")))
            result = super()._converse(given, task_vars)
            self._note(result)
            if self._task.check_mode and "have" in result:
                result = self._foretold(result)
            result = self._given_on(result, task_vars)
        except EdgeError as exc:
            return {"changed": False, **failed(exc, str(params.get("site") or ""))}
        return self._told(result)

    def more_params(self, result: Result | None, params: Params, task_vars: Params) -> Params:
        if result is None:
            return {}
        if "unbuilt" in result and self._shipment:
            return self._other_way(str(result["unbuilt"]), result)
        if "have" not in result:
            return {}
        self._last = result["have"]
        machine = str(result.get("machine") or USUAL)
        Rows(self._cache).keep_machine(str(task_vars.get("inventory_hostname")), machine)
        if machine != self._machine:
            self._machine = machine
            wanted = self._wanted()
            if wanted != params["wanted"]:
                return {"wanted": wanted}
        return {"work": self._plan(result)}

    def _other_way(self, diff_id: str, result: Result) -> Params:
        """What is to be sent in place of what the node could not use; nothing where that was all."""
        self._note(result)
        spoilt = self._shipment.spoilt_with(diff_id) if self._shipment else {}
        known = {key: kinds - self._failed.get(key, set()) for key, kinds in spoilt.items()}
        if not known.get(diff_id):
            return {}
        for key, kinds in known.items():
            self._failed.setdefault(key, set()).update(kinds)
        DISPLAY.warning(f"{len(known)} layers are sent in another way: {result.get('msg')}")
        return {"work": self._plan({"have": self._last})}

    def _first_wanted(self, certain: bool) -> list[dict[str, t.Any]]:
        """The images for the machine that the node is taken for; it is asked where there are none for that."""
        try:
            return self._wanted()
        except EdgeError as exc:
            if exc.kind != "artifact" or certain or all(e.get("platform") for e in self._entries):
                raise
            said = self._uname().split()
            if not said or said[-1] == self._machine:
                raise
            self._machine = said[-1]
            return self._wanted()

    def _uname(self) -> str:
        ask: t.Any = self._low_level_execute_command
        return str(ask("uname -m", sudoable=False)["stdout"])

    def _wanted(self) -> list[dict[str, t.Any]]:
        """The images as the node is asked for them; sources are opened here. EdgeError."""
        rows = []
        self._opened, self._warnings = {}, []
        for entry in self._entries:
            name = shipment.full_name(str(entry["name"]))
            if name in self._opened:
                raise EdgeError(f"{name} is named twice", kind="spec", hint="name it once")
            if entry.get("state") == ABSENT:
                rows.append(shipment.absent_row(name))
            else:
                self._opened[name] = self._open(entry)
                rows.append(shipment.wanted_row(self._opened[name], name))
            Rows(self._cache).keep(entry, self._machine, rows[-1])
        if self._asked.get("site_registry"):
            shipment.refuse_for_registry(str(self._asked["site_registry"]), self._opened)
        return marked(rows, exact=bool(self._asked.get("exact")))

    def _open(self, entry: Mapping[str, t.Any]) -> Image:
        text = entry.get("platform") or shipment.platform_of_machine(self._machine)
        scratch = scratch_of(self._cache)
        found = opened(
            entry,
            platform_of(str(text)),
            self._asked,
            self._cache,
            source=lambda path: _source(str(path), scratch),
            say=DISPLAY.vv,
        )
        if self._asked.get("exact"):
            shipment.refuse_unpublished(found.image, str(entry["name"]))
        self._warnings += judged(found, self._asked, self._cache)
        return found.image

    def _plan(self, result: Result) -> list[dict[str, t.Any]]:
        """What comes for each image that is missing. EdgeError, too, where there is no room."""
        have = shipment.have_of(result["have"])
        missing = set(result["have"]["missing"])
        images = [image for name, image in self._opened.items() if name in missing]
        folder = self._cache / "images"
        exact = bool(self._asked.get("exact"))
        remaking = Remaking(self._remakes().known(self._runtime()), exact=exact)
        deltas = Deltas(folder / "deltas", DISPLAY.vv)
        costs = Costs(have, Kept(folder / "kept"), deltas, remakes=remaking.proven)
        costs.prepare(images)
        policy = plans.Policy(exact=exact)
        found = plans.plan(images, have, shipment.Without(costs, self._failed), policy)
        room = plans.room(found, costs.tar_sizes(images), have)
        plans.guard(room, have, str(self._asked.get("site") or "") or "the node")
        self._shipment = shipment.Shipment(found, folder / "staged", costs, remaking)
        self._shipment.prepare(DISPLAY.vv)
        tidy(self._cache, _CACHE_LIMIT, time.time())
        return self._shipment.rows

    def _remakes(self) -> Remakes:
        return Remakes(self._cache / "images" / "remakes.json")

    def _runtime(self) -> str:
        """The build of containerd that the node has named."""
        return str(self._last.get("runtime") or "")

    def _note(self, result: Result) -> None:
        """Keep for other nodes what this one has tried. EdgeError(io)."""
        self._remakes().note(self._runtime(), result.pop("remade", None) or {})

    def supply(self, need: dict[str, t.Any], task_vars: Params) -> Path:
        path = self._shipment.files.get(str(need["sha256"])) if self._shipment else None
        if path is None:
            raise EdgeError(f"nothing here gives {need.get('name')}", kind="artifact")
        return path

    def _foretold(self, result: Result) -> Result:
        """What a run would send."""
        self._plan(result)
        return result

    def _given_on(self, result: Result, task_vars: Params) -> Result:
        """The images in the registry of the site, too, given by the server that begins it."""
        url = self._asked.get("site_registry")
        gives = url and self._opened and begins_its_site(place_of(task_vars))
        if not gives or result.get("failed") or result.get("needs"):
            return result
        keys = ("distribution", "site", "role", "data_dir", "bin_dir")
        given = {key: self._asked.get(key) for key in keys}
        published = shipment.for_registry(self._opened)
        more = self._helper(
            task_vars, "node_give", {**given, "published": published, "registry": url}
        )
        found = dict(result)
        found.update({key: more[key] for key in ("failed", "msg", "failure") if key in more})
        found["changed"] = bool(result.get("changed") or more.get("changed"))
        for key in ("actions", "warnings"):
            if result.get(key) or more.get(key):
                found[key] = [*(result.get(key) or ()), *(more.get(key) or ())]
        return found

    def _told(self, result: Result) -> Result:
        """With the table of what was sent, or would be; without what the node said for us alone."""
        for key in ("have", "machine", "unbuilt"):
            result.pop(key, None)
        if self._warnings:
            result["warnings"] = [*self._warnings, *result.get("warnings", [])]
        if self._shipment is None:
            return result
        modes = {row.get("name"): row.get("mode") for row in result.get("images") or ()}
        table = [
            {**row, "mode": modes.get(row["name"]) or row["mode"]} for row in self._shipment.table
        ]
        staging = shipment.summary(table, self._asked.get("bandwidth_limit_mbps"))
        if self._shared:
            artifacts = self._shipment.artifacts
            staging["lent"] = {key: size for key, size in artifacts.items() if size >= WORTH}
        if self._failed:
            staging["sent_otherwise"] = sorted(self._failed)
        more = {"bytes_to_send": staging["sent"]} if self._task.check_mode else {}
        return result | {"staging": staging} | more


def _cache_folder(given: str | None) -> Path:
    return Path(given).expanduser() if given else default_cache_dir()
