# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a site should be, from the same inputs as site.yml."""

from __future__ import annotations

import typing as t
from collections import ChainMap

from ansible.errors import AnsibleError

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.guards import refuse
from ansible_collections.lightk8s.edge.plugins.module_utils._doors import (
    edge_pod,
    edge_quota,
    edge_site,
    options,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document_secrets import written
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action import arguments
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.inputs import collect
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.places import (
    REGISTERED,
    Place,
    begins_its_site,
    refuse_wrong_site,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync import references
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.targets import is_url

Values = t.Mapping[str, t.Any]
Release = t.Callable[[str, Values], dict[str, t.Any]]
Images = t.Callable[[Values, str], "dict[str, t.Any] | None"]

CONTROLLERS = ("cache_dir", "verify")  # options that mean something on the controller alone
SECRETS = "edge_sync_secrets"
# Lists of the cluster's objects, under the names that the roles workloads and quotas give them.
QUOTAS = {"quotas": "edge_quotas"}
WORKLOADS = {
    "workloads": "edge_workloads",
    "secrets": "edge_workload_secrets",
    "restart_on_secret_change": "edge_restart_on_secret_change",
}


def hosts_of(site: str, places: t.Mapping[str, Place]) -> list[str]:
    """The site's hosts; another name of one has nothing of its own to be told."""
    return [name for name, row in places.items() if row["site"] == site and not row["alias_of"]]


def first_of(site: str, places: t.Mapping[str, Place]) -> str:
    """The host whose variables stand for the site: the server that begins it."""
    hosts = hosts_of(site, places)
    begins = [name for name in hosts if begins_its_site(places[name])]
    return (begins or hosts)[0]


def desired(
    site: str,
    places: t.Mapping[str, Place],
    hostvars: t.Mapping[str, Values],
    release: Release,
    images: Images,
) -> dict[str, t.Any]:
    """The content of the site's document. Raises EdgeError: spec, release, or Refused for a secret."""
    nodes = {}
    for name in hosts_of(site, places):
        refuse_wrong_site(places[name], builds=True)
        nodes[name] = _node(name, places[name], hostvars[name], release)
        section = images(hostvars[name], site)
        if section is not None:
            nodes[name]["images"] = section
    found: dict[str, t.Any] = {"nodes": nodes}
    first = first_of(site, places)
    if not places[first]["guest"]:
        objects = _objects(site, hostvars[first])
        if objects:
            found["objects"] = {"on": first, **objects}
    return found


def _node(name: str, place: Place, values: Values, release: Release) -> dict[str, t.Any]:
    spec = edge_site.ARGS["argument_spec"]
    known = {REGISTERED: {"places": {name: place}}, "inventory_hostname": name}
    site = str(place["site"])
    try:
        inputs = collect(spec, ChainMap(known, t.cast("dict[str, t.Any]", values)), lambda v: v)
    except AnsibleError as exc:
        raise EdgeError(f"{name}: {exc}", kind="spec", site=site) from exc
    given = {key: value for key, value in inputs.items() if key not in CONTROLLERS}
    given = {key: value for key, value in given.items() if not key.startswith("images")}
    mirrors = [str(url) for url in given.pop("release_mirrors", ())]
    params = _checked(name, edge_site.ARGS, given, site)
    distribution = str(params.get("distribution") or spec["distribution"]["default"])
    refuse(options.refused(distribution, params), "spec")
    if params.get("version"):
        params["release"] = release(distribution, {**params, "release_mirrors": mirrors})
    away = [url for url in mirrors if is_url(url)]
    if away:
        params["release_mirrors"] = away
    hidden = [(key,) for key in references.hidden_options(spec) if key in params]
    return {"rank": place["rank"], "options": _named(params, values, hidden, site, name)}


def _objects(site: str, values: Values) -> dict[str, t.Any]:
    found: dict[str, t.Any] = {}
    quotas = {key: values[name] for key, name in QUOTAS.items() if values.get(name) is not None}
    if quotas:
        found["quotas"] = _checked("edge_quotas", edge_quota.ARGS, quotas, site)
        found["quotas"]["owner"] = "quotas"
    wanted = {key: values[name] for key, name in WORKLOADS.items() if values.get(name) is not None}
    if "workloads" in wanted or "secrets" in wanted:
        wanted = {"workloads": [], "secrets": [], **wanted}
        wanted["can_pull"] = values.get("edge_mode") != "offline" or bool(
            values.get("edge_registries")
        )
        found["workloads"] = _checked("edge_workloads", edge_pod.ARGS, wanted, site)
        found["workloads"]["owner"] = "workloads"
    return t.cast("dict[str, t.Any]", _named(found, values, (), site, "objects"))


def _checked(what: str, door: Values, given: Values, site: str) -> dict[str, t.Any]:
    """The given options with the types that the door takes. EdgeError(kind=spec)."""
    plain, named = references.stood_in(arguments.plain(given))
    checked = arguments.validate(dict(door), plain, what)
    if checked.error:
        raise EdgeError(f"{what}: {checked.error}", kind="spec", site=site)
    return {key: checked.params[key] for key in plain} | named


def _named(
    value: t.Any, values: Values, hidden: t.Iterable[tuple[str, ...]], site: str, what: str
) -> t.Any:
    for place, item in references.leaves(value):
        if isinstance(item, float):
            text = f"{what}: {written(place)} is {item}, and not all readers agree on fractions"
            raise EdgeError(text, kind="spec", hint="write it as a text", site=site)
    secrets = {str(k): str(v) for k, v in arguments.plain(values.get(SECRETS) or {}).items()}
    try:
        return references.named(value, secrets, hidden, site)
    except EdgeError as exc:
        exc.message = exc.message.replace("desired state: ", f"desired state: {what}: ", 1)
        raise
