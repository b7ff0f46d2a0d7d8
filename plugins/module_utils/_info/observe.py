# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole report on one node. Changes nothing; what is stopped or broken is no error."""

from __future__ import annotations

import typing as t

from .._core.errors import EdgeError
from .._core.records import replace
from .._distribution.adapter import Adapter
from .._distribution.registry import adapter_of
from .._distribution.spec import AGENT, SERVER, Spec
from .._host.host import Host
from .._host.systemd import UnitState
from . import cluster, machine
from .spec import Question


def observe(host: Host, question: Question) -> dict[str, t.Any]:
    """The key `info` of the module's result."""
    wish = question.distribution
    adapter = adapter_of(wish.distribution)
    role, state = installed_role(host, adapter, wish)
    spec = replace(wish, role=role)
    found: dict[str, t.Any] = {"site": spec.site, "distribution": spec.distribution, "role": role}
    try:
        config = adapter.config(host)
    except EdgeError as exc:
        config = {}
        found["trouble"] = exc.message
    records = adapter.records(spec, config, host.hostname())
    found["version"] = adapter.installed(host, spec)
    found["node_name"] = records.node
    found["service"] = machine.service(host, state)
    found["usage"] = machine.usage(host, records.data_dir)
    found["certificates"] = machine.certificates(host, records.certificates)
    found["datastore"] = machine.datastore(host, records)
    if not state.running:
        return {**found, "api": {"state": "off"}}
    if not records.kubeconfig:
        reason = "this node has no way to the API; a server of its site tells of its Node"
        return {**found, "api": {"state": "none", "reason": reason}}
    return {
        **found,
        **cluster.look(
            host, records.kubeconfig, records.node, server=role == SERVER, hosts=question.hosts
        ),
    }


def installed_role(host: Host, adapter: Adapter, spec: Spec) -> tuple[str, UnitState]:
    """The role whose service is on the node, else the spec's; and that service."""
    bin_dir = adapter.bin_dir(host, spec)
    units = {
        role: adapter.layout(replace(spec, role=role), bin_dir).unit for role in (SERVER, AGENT)
    }
    states = host.units(list(units.values()))
    order = sorted(units, key=lambda role: role != spec.role)
    present = [role for role in order if states[units[role]].load != "not-found"]
    running = [role for role in present if states[units[role]].running]
    role = (running or present or order)[0]
    return role, states[units[role]]
