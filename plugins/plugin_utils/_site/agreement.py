# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the inputs of a site's servers go together. Pure but for the host variables handed in."""

from __future__ import annotations

import typing as t
from dataclasses import replace

from ansible.errors import AnsibleError

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.registry import (
    DEFAULT,
    adapter_of,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action import arguments
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.inputs import collect
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.member import SERVER
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.topology import Place

Values = t.Mapping[str, t.Any]


def refuse_disagreement(
    places: t.Mapping[str, Place], hostvars: t.Mapping[str, Values]
) -> dict[str, Place]:
    """The places, with a refusal for each site whose servers are told what cannot be true of all.

    Only sites with several servers cost anything.
    """
    parts: dict[tuple[str, str], list[str]] = {}
    for name, place in places.items():
        stands = place.role == SERVER and place.refusal is None and place.join_from
        if stands and not place.alias_of:
            distribution = str(hostvars[name].get("edge_distribution") or DEFAULT)
            parts.setdefault((place.site, distribution), []).append(name)
    wrong: dict[str, EdgeError | None] = {}
    for (site, distribution), names in parts.items():
        wrong[site] = wrong.get(site) or _disagreement(site, distribution, names, hostvars)
    return {
        name: replace(place, refusal=place.refusal or wrong.get(place.site))
        for name, place in places.items()
    }


def _disagreement(
    site: str, distribution: str, names: t.Sequence[str], hostvars: t.Mapping[str, Values]
) -> EdgeError | None:
    # What the adapters need is loaded for sites with several servers alone.
    from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.guards import refuse
    from ansible_collections.lightk8s.edge.plugins.module_utils._doors import edge_site, options

    try:
        specs = {}
        for name in names:
            given = collect(edge_site.ARGS["argument_spec"], hostvars[name], lambda value: value)
            checked = arguments.validate(edge_site.ARGS, given, "edge_site")
            if checked.error:
                return None  # the node's own task says so, in the words of its options
            specs[name] = options.distribution_spec(distribution, dict(checked.params))
        refuse(adapter_of(distribution).agreement(specs), "spec")
    except EdgeError as exc:
        exc.site = site
        return exc
    except AnsibleError as exc:
        return EdgeError(str(exc), kind="spec", hint="mend the variables of the host", site=site)
    return None
