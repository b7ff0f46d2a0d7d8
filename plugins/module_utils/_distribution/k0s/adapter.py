# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""k0s behind the protocol of adapters."""

from __future__ import annotations

import typing as t

from ..._core.plan import Plan, Step
from ..._core.resources import SeenUnit, Unit, Wish
from ..._core.verbs import Verb
from ..._host.host import Host
from .. import gate, objects, release, validity
from ..adapter import Facts, Layout, Observation, Records
from ..service import helper_units
from ..spec import AGENT, PRESENT, SERVER, Spec
from ..storage import begins_alone
from . import guard, look, paths, wishes
from .validity import ROTATE, kubelet_ended

if t.TYPE_CHECKING:
    from ..problems import Problem
    from ..requirements import Requirements


class K0s:
    """The adapter; it holds no state."""

    name = "k0s"
    gives_tokens_back = True
    agents_ask = True

    def verbs(self) -> t.Mapping[str, Verb]:
        """See Adapter.verbs."""
        from . import purge, status, validate

        return {"node": objects.perform, **status.VERBS, **validate.VERBS, **purge.VERBS}

    def layout(self, spec: Spec, bin_dir: str) -> Layout:
        """See Adapter.layout."""
        return paths.layout(spec, bin_dir)

    def bin_dir(self, host: Host, spec: Spec) -> str:
        """See Adapter.bin_dir."""
        return release.find_bin_dir(host, spec, paths.PROGRAM)

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
        return ()

    def agreement(self, servers: t.Mapping[str, Spec]) -> t.Sequence[Problem]:
        """See Adapter.agreement."""
        from . import agreement  # asked on the controller alone

        return agreement.check(servers)

    def must_join(self, host: Host, spec: Spec) -> bool:
        """See Adapter.must_join. Servers beside an external datastore join as well."""
        alone = begins_alone(spec) and (spec.single or spec.initial)
        if not spec.wanted or (spec.role == SERVER and alone):
            return False
        data = paths.data_dir(spec)
        if not look.joined(host, spec.role, data):
            return True
        # An agent whose certificate has ended gets a new one by a new token.
        return (spec.role, spec.state) == (AGENT, PRESENT) and kubelet_ended(host, data)

    def new_node(self, host: Host, spec: Spec) -> str:
        """See Adapter.new_node."""
        return ""

    def join_token(self, host: Host, spec: Spec, joiner: str) -> str:
        """See Adapter.join_token."""
        from . import tokens  # few runs join

        if not host.unit(paths.SERVER_UNIT).running:
            return ""
        return tokens.create(host, self._command(host, spec), joiner)

    def take_back(self, host: Host, spec: Spec, token: str) -> None:
        """See Adapter.take_back."""
        from . import tokens  # few runs join

        tokens.invalidate(host, self._command(host, spec), token)

    def _command(self, host: Host, spec: Spec) -> list[str]:
        return [host.path(f"{self.bin_dir(host, spec)}/{paths.PROGRAM}")]

    def wishes(self, spec: Spec, facts: Facts) -> tuple[Wish, ...]:
        """See Adapter.wishes."""
        return wishes.wishes(spec, facts)

    def more(self, spec: Spec, facts: Facts, files: Plan) -> tuple[Step, ...]:
        """See Adapter.more."""
        return wishes.more(spec, facts, files)

    def wanted_units(self, spec: Spec, facts: Facts) -> tuple[Unit, ...]:
        """See Adapter.wanted_units."""
        return wishes.wanted_units(spec)

    def repair(self, spec: Spec, facts: Facts, units: t.Mapping[str, SeenUnit]) -> Plan:
        """See Adapter.repair."""
        return validity.repair(spec, facts, units, paths.unit_of(spec.role), ROTATE)

    def gate(self, spec: Spec, config: t.Mapping[str, t.Any], hostname: str) -> Step:
        """See Adapter.gate. The kubelet bears no build of k0s in its version."""
        version = spec.release.version if spec.release is not None else ""
        return gate.step(
            paths.unit_of(spec.role),
            kubeconfig=paths.kubeconfig(spec.role, look.data_of(spec, config)),
            node=look.node_name(spec, config, hostname),
            version=version.partition("+")[0],
            timeout=spec.wait_timeout,
            server=spec.role == SERVER,
            network=wishes.brings_network(spec.settings),
        )

    def installed(self, host: Host, spec: Spec) -> str:
        """See Adapter.installed."""
        from ..._core.places import RECEIPT

        bin_dir = self.bin_dir(host, spec)
        return look.installed_version(host, bin_dir, host.read_json(RECEIPT))

    def config(self, host: Host) -> t.Mapping[str, t.Any]:
        """See Adapter.config."""
        return look.any_configuration(host)

    def objects(self, spec: Spec, facts: Facts) -> tuple[Step, ...]:
        """See Adapter.objects."""
        kubeconfig = paths.kubeconfig(spec.role, look.data_of(spec, facts.config))
        name = look.node_name(spec, facts.config, facts.hostname)
        return objects.steps(spec, facts.node, kubeconfig, name)

    def records(self, spec: Spec, config: t.Mapping[str, t.Any], hostname: str) -> Records:
        """See Adapter.records."""
        from .members import OBJECTS  # for reports and removals alone

        data = look.data_of(spec, config)
        pki = f"{data}/pki"
        server = spec.role == SERVER
        stores = {
            "etcd": (f"{data}/etcd/member", f"{data}/etcd/member/snap/db"),
            "sqlite": (f"{data}/db/state.db", f"{data}/db/state.db", f"{data}/db/state.db-wal"),
            "external": (f"{pki}/ca.key",),
        }
        return Records(
            node=look.node_name(spec, config, hostname),
            kubeconfig=paths.kubeconfig(spec.role, data),
            data_dir=data,
            certificates=((pki, f"{pki}/etcd") if server else ()) + (f"{data}/kubelet/pki",),
            datastores=stores if server else {},
            etcd=(
                (f"{pki}/etcd/ca.crt", *_pair(f"{pki}/apiserver-etcd-client")),
                (f"{pki}/etcd/ca.crt", *_pair(f"{pki}/etcd/peer")),
            ),
            server_label="node.k0sproject.io/role",  # the usual role comes up to a minute later
            objects=OBJECTS if server else (),
        )

    def node_secret(self, node: str) -> str:
        """See Adapter.node_secret. k0s binds no name to a machine."""
        return ""

    def etcd_member(self, node: t.Mapping[str, t.Any]) -> str:
        """See Adapter.etcd_member. A member bears the name of its machine; the label, too, unless the
        Node was given another one.
        """
        labels = (node.get("metadata") or {}).get("labels") or {}
        return str(labels.get("kubernetes.io/hostname") or "")

    def removal(self, spec: Spec, seen: Observation) -> tuple[Step, ...]:
        """See Adapter.removal."""
        from . import purge  # for removals alone

        return purge.steps(spec, seen)


def _pair(path: str) -> tuple[str, str]:
    """The files of a certificate and its key."""
    return f"{path}.crt", f"{path}.key"
