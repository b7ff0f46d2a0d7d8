# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All sites of a play, published one after the other; one that is refused holds up no other."""

from __future__ import annotations

import base64
import functools
import json
import time
import typing as t
from pathlib import Path

from ansible.errors import AnsibleError

from ansible_collections.lightk8s.edge.plugins.module_utils._core.door import failed
from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._doors.edge_publish import ARGS
from ansible_collections.lightk8s.edge.plugins.module_utils._host.http import Tls
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action import arguments
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.catalogue import RELEASES
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.names import canonical_arch
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.store import Store
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.places import Place
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.beside import (
    Artifact,
    beside,
    bring,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.desired import (
    desired,
    first_of,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.images import Images
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.publish import Outcome, publish
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.signing import Signer
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.targets import (
    Target,
    is_url,
    target,
)

Values = t.Mapping[str, t.Any]
MOST_DAYS = 3650


class Publisher:
    """One run. `say` gets a line of progress at a time, `cache` is the folder of releases."""

    def __init__(
        self,
        places: t.Mapping[str, Place],
        hostvars: t.Mapping[str, Values],
        given: Values,
        *,
        check: bool,
        cache: t.Callable[[t.Any], str],
        say: t.Callable[[str], None],
        now: t.Callable[[], float] = time.time,
    ) -> None:
        self._places = places
        self._hostvars = hostvars
        self._given = given
        self._check = check
        self._cache = cache
        self._say = say
        self._now = now
        self._store = functools.cache(self._store_of)
        self._signer = functools.cache(Signer.read)
        self._target = functools.cache(_target)
        self._beside = functools.cache(beside)
        self._there: dict[str, set[str]] = {}
        self._used: dict[int, Target] = {}
        self.secrets: set[str] = set()

    def run(self) -> dict[str, t.Any]:
        """The result of all sites."""
        published: dict[str, t.Any] = {}
        refused: dict[str, dict[str, t.Any]] = {}
        keys: dict[str, str] = {}
        diff: list[dict[str, str]] = []
        actions: list[str] = []
        rows = [place for place in self._places.values() if not place["alias_of"]]
        for site in sorted({str(place["site"]) for place in rows}):
            try:
                brought: list[str] = []
                outcome = self._site(site, keys, brought)
            except EdgeError as exc:
                refused[site] = failed(exc, site)
                continue
            except AnsibleError as exc:  # a variable that cannot be worked out
                refused[site] = failed(EdgeError(str(exc), kind="spec"), site)
                continue
            if outcome is None:
                continue
            actions += [f"{site}: {action}" for action in brought]
            document = outcome.document
            published[site] = {
                "generation": document.generation,
                "expires": document.expires,
                "changed": outcome.changed,
            }
            if outcome.changed:
                actions.append(f"{site}: {outcome.action}")
                diff.append(_diff(site, outcome))
        for used in self._used.values():
            used.close()
        result = {
            "changed": bool(actions),
            "published": published,
            "public_keys": keys,
            "actions": actions,
            "diff": diff,
        }
        return result | _failure(refused)

    def _site(self, site: str, keys: dict[str, str], brought: list[str]) -> Outcome | None:
        first = first_of(site, self._places)
        options = self._options(first, site)
        if not options["to"]:
            if options["only_configured"]:
                return None
            hint = "set edge_publish_to to a folder or a URL"
            raise EdgeError("nothing says where to publish", kind="spec", hint=hint, site=site)
        days = int(options["valid_days"])
        if not 0 < days <= MOST_DAYS:
            raise EdgeError(f"valid_days is {days}, not 1 to {MOST_DAYS}", kind="spec", site=site)
        password = options["key_password"] or ""
        signers = [self._signer(path, password) for path in options["keys"] or ()]
        if not signers:
            hint = "set edge_publish_keys to the files of Ed25519 keys"
            raise EdgeError("nothing says with which keys to sign", kind="spec", hint=hint)
        keys.update({one.id: base64.b64encode(one.public).decode() for one in signers})
        server = (
            options[name] or "" for name in ("to", "token", "ca", "client_cert", "client_key")
        )
        where = tuple(server)
        place = self._target(*where)
        self._used[id(place)] = place
        named: list[Artifact] = []

        def release(distribution: str, params: Values) -> dict[str, t.Any]:
            return self._release(distribution, params, first, options["arch"], named)

        cache = Path(self._cache(self._hostvars[first].get("edge_cache_dir")))
        images = Images(cache, options["arch"], self._say)
        wanted = desired(site, self._places, self._hostvars, release, images.section)
        if options["artifacts"]:
            brought += self._bring([*named, *images.artifacts()], where)
        outcome = publish(
            site, wanted, place, signers, days=days, now=int(self._now()), check=self._check
        )
        if outcome.changed and not self._check:
            self._say(f"{site}: generation {outcome.document.generation} to {place.where(site)}")
        return outcome

    def _bring(self, named: t.Iterable[Artifact], where: tuple[str, ...]) -> list[str]:
        place = self._beside(*where)
        if place is None:
            return []
        there = self._there.setdefault(where[0], set())
        return bring(named, place, there, check=self._check, say=self._say)

    def _options(self, name: str, site: str) -> dict[str, t.Any]:
        """The task's options, else the variables edge_publish_x of the host that stands for the site."""
        values = self._hostvars[name]
        given: dict[str, t.Any] = {}
        try:
            for option in ARGS["argument_spec"]:
                value = self._given.get(option)
                if value in (None, ""):
                    value = values.get(f"edge_publish_{option}")
                if value not in (None, ""):
                    given[option] = value
        except AnsibleError as exc:
            raise EdgeError(f"{name}: {exc}", kind="spec", site=site) from exc
        checked = arguments.validate(ARGS, given, "edge_publish")
        self.secrets.update(checked.secrets)
        if checked.error:
            raise EdgeError(checked.error, kind="spec", site=site)
        return checked.params

    def _release(
        self,
        distribution: str,
        params: Values,
        first: str,
        arches: t.Sequence[str],
        named: list[Artifact],
    ) -> dict[str, t.Any]:
        """Version and assets as the node takes them, so that it needs nobody to tell it their digests.

        Those that no mirror has that a site might reach are added to `named`.
        """
        cache = self._cache(self._hostvars[first].get("edge_cache_dir"))
        store = self._store(distribution, cache, tuple(params["release_mirrors"]))
        tag = store.resolve(str(params["version"]))
        kinds = RELEASES[distribution].kinds + (("images",) if params.get("airgap_images") else ())
        rows = {}
        for arch in map(canonical_arch, arches):
            for key, asset in store.describe(tag, arch=arch).assets.items():
                kind, _sign, of = key.partition(":")
                if kind in kinds and of == arch:
                    rows[key] = {"name": asset.name, "sha256": asset.sha256}
                    if not any(map(is_url, params["release_mirrors"])):
                        path = functools.partial(store.fetch, asset)
                        named.append(Artifact(asset.sha256, asset.name, path))
        return {"version": tag, "assets": rows}

    def _store_of(self, distribution: str, cache: str, mirrors: tuple[str, ...]) -> Store:
        return Store(Path(cache), mirrors, RELEASES[distribution], progress=self._say)


def _target(to: str, token: str, ca: str, cert: str, key: str) -> Target:
    return target(to, token=token, tls=Tls.from_files(ca, cert, key))


def _diff(site: str, outcome: Outcome) -> dict[str, str]:
    def shown(value: dict[str, t.Any] | None) -> str:
        return "" if value is None else json.dumps(value, indent=2, sort_keys=True) + "\n"

    header = f"desired state of {site}"
    return {
        "before_header": header,
        "after_header": f"{header}, generation {outcome.document.generation}",
        "before": shown(outcome.before),
        "after": shown(outcome.document.desired),
    }


def _failure(refused: dict[str, dict[str, t.Any]]) -> dict[str, t.Any]:
    """What the task fails with: the first failure, and all of them by site."""
    if not refused:
        return {}
    first = next(iter(refused.values()))
    messages = {site: str(row["msg"]) for site, row in refused.items()}
    text = "; ".join(messages.values())
    return {"failed": True, "refused": messages, "msg": text, "failure": first["failure"]}
