# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""K3s behind the protocol of _distribution.adapter."""

from __future__ import annotations

import typing as t

from ..._core.places import RECEIPT
from ..._core.plan import Plan, Step
from ..._core.resources import SeenUnit, Unit, Wish
from ..._core.verbs import Verb
from ..._host.host import Host
from .. import gate, objects, validity
from ..adapter import Facts, Layout, Observation, Records
from ..service import helper_units
from ..spec import SERVER, Spec
from ..storage import begins_alone
from . import found, guard, look, paths, records, wishes
from .evidence import agent_may_start
from .validity import ROTATE

if t.TYPE_CHECKING:
    from ..problems import Problem
    from ..requirements import Requirements


class K3s:
    """The adapter; it holds no state."""

    name = "k3s"
    gives_tokens_back = False
    agents_ask = True

    def verbs(self) -> t.Mapping[str, Verb]:
        """See Adapter.verbs."""
        from . import purge

        return {"gate": gate.perform, "node": objects.perform, "k3s_clear": purge.clear}

    def layout(self, spec: Spec, bin_dir: str) -> Layout:
        """See Adapter.layout."""
        return paths.layout(spec, bin_dir)

    def bin_dir(self, host: Host, spec: Spec) -> str:
        """See Adapter.bin_dir."""
        return look.find_bin_dir(host, spec)

    def look(self, host: Host, spec: Spec, units: t.Mapping[str, SeenUnit]) -> Facts:
        """See Adapter.look."""
        return look.look(host, spec, units)

    def units(self, spec: Spec) -> tuple[str, ...]:
        """See Adapter.units."""
        return (paths.SERVER_UNIT, paths.AGENT_UNIT, *helper_units(wanted=spec.wanted))

    def requirements(self, spec: Spec) -> Requirements:
        """See Adapter.requirements."""
        from . import needs  # for preflight alone

        return needs.requirements(spec)

    def check(self, spec: Spec, facts: Facts) -> None:
        """See Adapter.check."""
        guard.check(spec, facts)

    def obstacles(self, spec: Spec, facts: Facts) -> t.Sequence[Problem]:
        """See Adapter.obstacles."""
        return ()

    def agreement(self, servers: t.Mapping[str, Spec]) -> t.Sequence[Problem]:
        """See Adapter.agreement."""
        from .agreement import check_site_agreement  # asked on the controller alone

        bare = Facts(arch="", bin_dir="")
        configs = [
            (name, wishes.configuration(spec, bare).values) for name, spec in servers.items()
        ]
        return check_site_agreement(configs)

    def must_join(self, host: Host, spec: Spec) -> bool:
        """See Adapter.must_join."""
        if not spec.wanted or (spec.role == SERVER and begins_alone(spec)):
            return False
        if host.inspect(look.credential(spec.role, paths.data_dir(spec))) is None:
            return True
        # An agent whose token file is lost or changed cannot start again, and keeps no other copy.
        settled = spec.token or spec.role == SERVER or agent_may_start(host)
        return not settled and bool(host.inspect(RECEIPT))

    def new_node(self, host: Host, spec: Spec) -> str:
        """See Adapter.new_node."""
        return ""

    def join_token(self, host: Host, spec: Spec, joiner: str) -> str:
        """See Adapter.join_token."""
        return look.join_token(host, paths.data_dir(spec), joiner)

    def take_back(self, host: Host, spec: Spec, token: str) -> None:
        """See Adapter.take_back. The tokens of K3s are the cluster's own and stay."""

    def more(self, spec: Spec, facts: Facts, files: Plan) -> tuple[Step, ...]:
        """See Adapter.more."""
        return ()

    def wishes(self, spec: Spec, facts: Facts) -> tuple[Wish, ...]:
        """See Adapter.wishes."""
        return wishes.wishes(spec, facts)

    def wanted_units(self, spec: Spec, facts: Facts) -> tuple[Unit, ...]:
        """See Adapter.wanted_units."""
        return wishes.wanted_units(spec)

    def repair(self, spec: Spec, facts: Facts, units: t.Mapping[str, SeenUnit]) -> Plan:
        """See Adapter.repair."""
        return validity.repair(spec, facts, units, paths.unit_of(spec.role), ROTATE)

    def gate(self, spec: Spec, config: t.Mapping[str, t.Any], hostname: str) -> Step:
        """See Adapter.gate."""
        return gate.step(
            paths.unit_of(spec.role),
            kubeconfig=look.kubeconfig(spec, config, paths.data_dir(spec)),
            node=look.node_name(spec, config, hostname),
            version=spec.release.version if spec.release is not None else "",
            timeout=spec.wait_timeout,
            server=spec.role == SERVER,
            network=spec.settings.get("network_mode") not in ("none", "calico", "cilium"),
        )

    def installed(self, host: Host, spec: Spec) -> str:
        """See Adapter.installed."""
        bin_dir = look.find_bin_dir(host, spec)
        return look.installed_version(host, bin_dir, host.read_json(RECEIPT))

    def config(self, host: Host) -> t.Mapping[str, t.Any]:
        """See Adapter.config."""
        return found.configuration(host)

    def objects(self, spec: Spec, facts: Facts) -> tuple[Step, ...]:
        """See Adapter.objects."""
        kubeconfig = look.kubeconfig(spec, facts.config, paths.data_dir(spec))
        name = look.node_name(spec, facts.config, facts.hostname)
        return objects.steps(spec, facts.node, kubeconfig, name)

    def records(self, spec: Spec, config: t.Mapping[str, t.Any], hostname: str) -> Records:
        """See Adapter.records."""
        return records.records(spec, config, hostname)

    def node_secret(self, node: str) -> str:
        """See Adapter.node_secret."""
        return records.node_secret(node)

    def etcd_member(self, node: t.Mapping[str, t.Any]) -> str:
        """See Adapter.etcd_member."""
        return records.etcd_member(node)

    def removal(self, spec: Spec, seen: Observation) -> tuple[Step, ...]:
        """See Adapter.removal."""
        from . import purge  # for removals alone

        return purge.steps(spec, seen)
