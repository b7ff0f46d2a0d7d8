# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's half of every module that installs a distribution: releases, and the way into a site."""

from __future__ import annotations

import functools
import os
import time
import typing as t
from pathlib import Path

from ansible.utils.display import Display

from ansible_collections.lightk8s.edge.plugins.module_utils._core.door import failed
from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution import guards, registry
from ansible_collections.lightk8s.edge.plugins.module_utils._doors import options
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.base import EdgeAction, Result
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.node import is_planning
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.catalogue import RELEASES
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.release import Asset
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.store import Store
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site import cloud, standing, views

DISPLAY = Display()
DEFAULT_CHANNEL = "stable"
# Failures after which a service has its join token, and may use it once what it waits for is there.
JOINS_YET = ("certificate", "health")


@functools.lru_cache(maxsize=8)
def _store(cache: str, mirrors: tuple[str, ...], distribution: str) -> Store:
    return Store(
        Path(cache),
        mirrors,
        RELEASES[distribution],
        progress=DISPLAY.display,
        warn=DISPLAY.warning,
    )


def cache_folder(given: str | None) -> str:
    """The controller's cache of releases."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.expanduser(given) if given else os.path.join(base, "lightk8s")


def _left_alone(task_vars: dict[str, t.Any], reason: str) -> Result:
    """Skipped, and said aloud: ansible-core shows why a host was skipped only when it is verbose."""
    DISPLAY.warning(f"{task_vars.get('inventory_hostname')}: {reason}")
    return {"changed": False, "skipped": True, "skip_reason": reason, "msg": reason}


class SiteAction(EdgeAction):
    """Base of the action plugins that bring a distribution to a node."""

    PUBLIC: t.ClassVar[tuple[str, ...]] = (
        "release",
        "join_url",
        "alone",
        "planning",
        "hold",
        "settle",
        "inputs_checked",
        "generation",
        "revoked_keys",
    )
    DISTRIBUTION: t.ClassVar[str] = ""
    _assets: dict[str, Asset]
    _programs: set[str]  # digests that release_sha256 is about
    _params: dict[str, t.Any]
    _mute = False  # whether the node has no way to the API
    _lent: dict[str, dict[str, t.Any]]  # by server: what gives back the join token that it has made

    def __init_subclass__(cls, **kwargs: t.Any) -> None:
        """The tables of inputs are loaded once, in the parent of all workers."""
        super().__init_subclass__(**kwargs)
        for name in (cls.DISTRIBUTION,) if cls.DISTRIBUTION else registry.NAMES:
            options.refused(name, {})

    def _converse(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> Result:
        self._assets = {}
        self._programs = set()
        self._params = params
        self._lent = {}
        site = str(params.get("site") or "")
        failed_one = "" if self._task.check_mode else standing.failed_peer(params, task_vars)
        if failed_one:
            return _left_alone(task_vars, f"site {site}: left alone because {failed_one} failed")
        try:
            asked = options.taken_over(params)
            guards.refuse(options.refused(self._distribution(params), asked), "spec")
            away = standing.needed_peers(params, task_vars)
            if away:
                foretold = self._foretold(params, task_vars)
                if standing.restarts_distribution(foretold):
                    return _left_alone(task_vars, standing.left_alone(site, away))
            result = self._with_cloud_or_back(params, task_vars)
            for ask in result.pop("asks", []):
                self._ask_a_server(ask, params, task_vars)
            # The first pass of converge.yml only compares. An expression in the playbook would cost each node more.
            planned = {"changed": False} if is_planning(self._task, task_vars) else {}
            return result | views.trusting(result, params) | planned
        except EdgeError as exc:
            return {"changed": False, **failed(exc, site)}

    def _with_cloud(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> Result:
        """A run, and what the cluster sees of it where the node itself cannot ask."""
        name = self._distribution(params)
        self._mute = cloud.is_mute(name, params)
        if not self._mute or is_planning(self._task, task_vars):
            return super()._converse(params, task_vars)
        servers = cloud.Cloud(self, name, params, task_vars)
        node = cloud.purged_node(self, name, params, task_vars)
        result = super()._converse(params, task_vars)
        if node and not result.get("failed"):
            return servers.forget(node, result)

        def settle(reason: str) -> Result:
            given = self.more_params(None, params, task_vars) | {"settle": reason}
            return self._once(params, given, task_vars)

        return servers.confirm(result, self._task.check_mode, settle)

    def _with_cloud_or_back(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> Result:
        """The run, after which the join token serves nobody, unless the node may join yet."""
        try:
            result = self._with_cloud(params, task_vars)
        except EdgeError:
            self._give_back({}, task_vars)
            raise
        if (result.get("failure") or {}).get("kind") not in JOINS_YET:
            self._give_back(result, task_vars)
        return result

    def _foretold(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> Result:
        """What a run would do here; converge.yml has asked already."""
        planned = task_vars.get(standing.PLANNED)
        if planned:
            return t.cast("Result", planned)
        really = self._task.check_mode
        self._task.check_mode = True
        try:
            return super()._converse(params, task_vars)
        finally:
            self._task.check_mode = really

    def more_params(
        self, result: Result | None, params: dict[str, t.Any], task_vars: dict[str, t.Any]
    ) -> dict[str, t.Any]:
        if params.get("state") in ("absent", "purged"):
            return {}
        if result is None:
            more = self._release(params, params.get("version"), None) | {"inputs_checked": True}
            more["generation"] = params.get("generation") or int(time.time())
            if is_planning(self._task, task_vars):
                more["planning"] = views.part(params, task_vars)
            if self._mute and params.get("join_from"):
                more["hold"] = True
            return more
        failure = result.get("failure") or {}
        if failure.get("kind") == "join" and not params.get("join_token"):
            way = self._way_in(params, task_vars)
            if result.get("new_node"):
                cloud.Cloud(self, self._distribution(params), params, task_vars).make_room(
                    str(result["new_node"])
                )
            return way
        if failure.get("kind") == "release":
            return self._wanted_release(result, params)
        return {}

    def _wanted_release(self, result: Result, params: dict[str, t.Any]) -> dict[str, t.Any]:
        """The release that the node needs; without a version, the one it had. EdgeError."""
        given = params.get("release") or {}
        known = params.get("version") or result.get("version") or given.get("version")
        try:
            found = self._release(
                params, str(known or DEFAULT_CHANNEL), str(result.get("arch") or "")
            )
        except EdgeError as exc:
            exc.message = f"{result['failure']['message']}; {exc.message}"
            raise
        return found if found["release"] != given else {}

    def _distribution(self, params: dict[str, t.Any]) -> str:
        return self.DISTRIBUTION or str(params.get("distribution"))

    def _release(
        self, params: dict[str, t.Any], version: str | None, arch: str | None
    ) -> dict[str, t.Any]:
        """The release with its assets; without a version the node keeps what it has."""
        if not version:
            return {}
        store = self._releases(params)
        tag = store.resolve(version)
        try:
            release = store.describe(tag, arch=arch)
        except EdgeError:
            if arch:
                raise
            # A node that runs this version already needs no asset of it.
            return {"release": {"version": tag, "assets": {}}}
        kinds = RELEASES[self._distribution(params)].kinds
        kinds += ("images",) if params.get("airgap_images") else ()
        assets = {
            key: found for key, found in release.assets.items() if key.partition(":")[0] in kinds
        }
        self._assets.update({asset.sha256: asset for asset in assets.values()})
        programs = RELEASES[self._distribution(params)].programs
        self._programs.update(
            x.sha256 for key, x in assets.items() if key.partition(":")[0] in programs
        )
        rows = {
            key: {"name": asset.name, "sha256": asset.sha256, "size": asset.size}
            for key, asset in assets.items()
        }
        return {"release": {"version": tag, "assets": rows}}

    def _releases(self, params: dict[str, t.Any]) -> Store:
        mirrors = tuple(str(mirror) for mirror in params.get("release_mirrors") or ())
        return _store(cache_folder(params.get("cache_dir")), mirrors, self._distribution(params))

    def supply(self, need: dict[str, t.Any], task_vars: dict[str, t.Any]) -> Path:
        asset = self._assets.get(str(need["sha256"]))
        if asset is None:
            raise EdgeError(f"no mirror is known to hold {need.get('name')}", kind="artifact")
        pin = self._params.get("release_sha256") if asset.sha256 in self._programs else None
        return self._releases(self._params).fetch(asset, pinned_sha256=pin)

    def _ask_a_server(
        self, ask: dict[str, t.Any], params: dict[str, t.Any], task_vars: dict[str, t.Any]
    ) -> None:
        """Have a server change the agent's Node where the agent itself may not. EdgeError(kind=api)."""
        wish = {key: ask.get(key) for key in ("node", "labels", "taints", "owned")}
        wish |= {"distribution": self._distribution(params), "data_dir": params.get("data_dir")}
        said: list[str] = []
        for peer in params.get("join_from") or {}:
            answer = self.run_on_peer(peer, "site_node", wish, task_vars, public=("node",))
            if not answer.get("failed"):
                return
            said.append(f"{peer}: {answer.get('msg')}")
        raise EdgeError(
            f"no server could set the labels and taints of {ask['node']}: {'; '.join(said) or 'none known'}",
            kind="api",
            hint="bring a server of the site up, or make it part of the inventory, then run again",
        )

    def _way_in(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Ask the site's other servers for a way to join; `alone` where all say that nothing runs."""
        answers: dict[str, str] = {}
        for peer, url in (params.get("join_from") or {}).items():
            given = {
                "distribution": self._distribution(params),
                "joiner": params.get("role") or "server",
                "data_dir": params.get("data_dir"),
                "site": params.get("site") or "",
            }
            answer = self.run_on_peer(
                peer, "site_join", given, task_vars, ("initialized", "give_back")
            )
            if answer.get("initialized"):
                if answer.get("give_back"):
                    self._lent[peer] = given | {"used": str(answer["token"])}
                return {
                    "join_url": str(params.get("api_endpoint") or url),
                    "join_token": str(answer["token"]),
                }
            if answer.get("failed"):
                answers[peer] = str(answer.get("msg") or "away")
        first = params.get("role") != "agent" and params.get("initial")
        if first and not answers:
            return {"alone": True}
        raise self._no_way_in(params, answers)

    def _give_back(self, result: Result, task_vars: dict[str, t.Any]) -> None:
        """The token of a node that has joined, or has come to nothing, must serve nobody else."""
        for peer, given in self._lent.items():
            answer = self.run_on_peer(peer, "site_join", given, task_vars, ("initialized",))
            if answer.get("failed"):
                text = f"the join token is good for some minutes more: {peer}: {answer.get('msg')}"
                result["warnings"] = [*result.get("warnings", []), text]

    def _no_way_in(self, params: dict[str, t.Any], answers: dict[str, str]) -> EdgeError:
        peers = ", ".join(params.get("join_from") or {}) or "none"
        reasons = "".join(f"; {peer}: {reason}" for peer, reason in answers.items())
        if answers and params.get("initial") and params.get("role") != "agent":
            return EdgeError(
                f"cannot tell whether this site runs already, servers asked: {peers}{reasons}",
                kind="join",
                hint="make the other servers reachable, or leave them out of the site",
            )
        return EdgeError(
            f"no server of the site runs that this node could join, asked: {peers}{reasons}",
            kind="join",
            hint="bring up the site's first server, or give edge_api_endpoint and edge_token",
        )
