# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""KubeEdge behind the protocol of adapters: servers run cloudcore, agents are edge nodes."""

from __future__ import annotations

import typing as t

from ..._core.plan import ASK, Phase, Plan, Step
from ..._core.records import replace
from ..._core.resources import SeenUnit, Unit, Wish
from ..._core.verbs import Verb
from ..._host.host import Host
from .. import release
from ..adapter import Facts, Layout, Observation, Records
from ..problems import Problem
from ..service import helper_units
from ..spec import AGENT, PRESENT, SERVER, Spec
from . import guard, look, paths, wishes

if t.TYPE_CHECKING:
    from ..requirements import Requirements


class KubeEdge:
    """The adapter; it holds no state."""

    name = "kubeedge"
    gives_tokens_back = False
    agents_ask = False

    def verbs(self) -> t.Mapping[str, Verb]:
        """See Adapter.verbs."""
        from . import cluster, health, purge

        return {**health.VERBS, **cluster.VERBS, **purge.VERBS}

    def layout(self, spec: Spec, bin_dir: str) -> Layout:
        """See Adapter.layout."""
        return paths.layout(spec, bin_dir)

    def bin_dir(self, host: Host, spec: Spec) -> str:
        """See Adapter.bin_dir."""
        return release.find_bin_dir(host, spec, paths.program_of(spec.role))

    def look(self, host: Host, spec: Spec, units: t.Mapping[str, SeenUnit]) -> Facts:
        """See Adapter.look."""
        return look.look(host, spec, units)

    def units(self, spec: Spec) -> tuple[str, ...]:
        """See Adapter.units."""
        return (*paths.ALL_UNITS, *helper_units(wanted=spec.wanted))

    def requirements(self, spec: Spec) -> Requirements:
        """See Adapter.requirements."""
        from . import needs  # for preflight alone

        return needs.requirements(spec)

    def check(self, spec: Spec, facts: Facts) -> None:
        """See Adapter.check."""
        guard.check(spec, facts)

    def obstacles(self, spec: Spec, facts: Facts) -> t.Sequence[Problem]:
        """See Adapter.obstacles."""
        return guard.obstacles(spec, facts)

    def agreement(self, servers: t.Mapping[str, Spec]) -> t.Sequence[Problem]:
        """See Adapter.agreement. Asked of sites with several servers alone."""
        message = f"a site has one cloudcore, and {', '.join(sorted(servers))} are servers"
        return [Problem("edge_role", message, "make one of them the server")]

    def must_join(self, host: Host, spec: Spec) -> bool:
        """See Adapter.must_join. A certificate that has ended is renewed by a new token."""
        if not spec.wanted or spec.role == SERVER:
            return False
        days = look.certificate_days(host)
        return days is None or days < 0

    def new_node(self, host: Host, spec: Spec) -> str:
        """See Adapter.new_node. edgecore without a database never registers as a Node that is there."""
        if spec.role == SERVER or host.inspect(f"{paths.data_dir(spec)}/edgecore.db"):
            return ""
        return look.node_name(spec, look.configuration(host, AGENT), host.hostname())

    def join_token(self, host: Host, spec: Spec, joiner: str) -> str:
        """See Adapter.join_token."""
        if not host.unit(paths.CLOUD_UNIT).running:
            return ""
        from . import cluster  # for nodes that join alone

        return cluster.join_token(host, look.cluster_kubeconfig(host, spec))

    def take_back(self, host: Host, spec: Spec, token: str) -> None:
        """See Adapter.take_back. cloudcore has one token for all, which ends by itself."""

    def wishes(self, spec: Spec, facts: Facts) -> tuple[Wish, ...]:
        """See Adapter.wishes."""
        return wishes.wishes(spec, facts)

    def more(self, spec: Spec, facts: Facts, files: Plan) -> tuple[Step, ...]:
        """See Adapter.more."""
        return wishes.more(spec, facts, files)

    def wanted_units(self, spec: Spec, facts: Facts) -> tuple[Unit, ...]:
        """See Adapter.wanted_units."""
        return wishes.wanted_units(spec, facts)

    def repair(self, spec: Spec, facts: Facts, units: t.Mapping[str, SeenUnit]) -> Plan:
        """See Adapter.repair. cloudcore reads what is new in its cluster at a start, edgecore its file."""
        warnings = guard.warnings(spec, facts)
        unit = paths.unit_of(spec.role)
        running = unit in units and units[unit].running
        if facts.machine.get("stale"):
            warnings += (f"{paths.EDGE_CONFIG} was changed by others and is put together anew",)
        elif not any(wishes.cluster_steps(spec, facts)):
            return Plan(warnings=warnings)
        if spec.state != PRESENT or not running:
            return Plan(warnings=warnings)
        step = Step(Phase.SERVICE, "restart", unit, f"restart {unit}")
        return Plan((step,), warnings=warnings)

    def gate(self, spec: Spec, config: t.Mapping[str, t.Any], hostname: str) -> Step:
        """See Adapter.gate."""
        from . import health  # where something starts, or is not well

        return health.step(spec, config, hostname)

    def installed(self, host: Host, spec: Spec) -> str:
        """See Adapter.installed."""
        path = f"{self.bin_dir(host, spec)}/{paths.program_of(spec.role)}"
        receipt = host.read_json(look.receipt_path(spec.role))
        return look.installed_version(host, path, look.configuration(host, spec.role), receipt)

    def config(self, host: Host) -> t.Mapping[str, t.Any]:
        """See Adapter.config."""
        return look.any_configuration(host)

    def objects(self, spec: Spec, facts: Facts) -> tuple[Step, ...]:
        """See Adapter.objects. A server of the site does it, for the node has no way to the API.

        What a new Node is registered with is known beforehand; later changes are the server's to tell.
        """
        if spec.role == SERVER or facts.initialized:
            return ()
        from ..objects import steps

        found = steps(spec, None, "", look.node_name(spec, facts.config, facts.hostname))
        return tuple(replace(step, verb=ASK) for step in found)

    def records(self, spec: Spec, config: t.Mapping[str, t.Any], hostname: str) -> Records:
        """See Adapter.records."""
        agent = spec.role == AGENT
        return Records(
            node=look.node_name(spec, config, hostname),
            kubeconfig="" if agent else str(config.get("source") or paths.CLOUD_ACCESS),
            data_dir=paths.data_dir(spec),
            certificates=(f"{paths.ROOT}/certs",) if agent else (),
        )

    def node_secret(self, node: str) -> str:
        """See Adapter.node_secret. KubeEdge binds no name to a machine."""
        return ""

    def etcd_member(self, node: t.Mapping[str, t.Any]) -> str:
        """See Adapter.etcd_member."""
        return ""

    def removal(self, spec: Spec, seen: Observation) -> tuple[Step, ...]:
        """See Adapter.removal."""
        from . import purge  # for removals alone

        return purge.steps(spec, seen)
