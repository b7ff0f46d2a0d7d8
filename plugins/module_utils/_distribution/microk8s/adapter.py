# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""MicroK8s behind the protocol of adapters."""

from __future__ import annotations

import typing as t

from ..._core.places import RECEIPT
from ..._core.plan import Plan, Step, merge
from ..._core.resources import SeenUnit, Unit, Wish
from ..._core.verbs import Verb
from ..._host.host import Host
from .. import gate, objects
from ..adapter import Facts, Layout, Observation, Records
from ..service import helper_units
from ..spec import SERVER, Spec
from . import addons, guard, hold, look, naming, paths, renewal, snaps, wishes

if t.TYPE_CHECKING:
    from ..problems import Problem
    from ..requirements import Requirements


class MicroK8s:
    """The adapter; it holds no state."""

    name = "microk8s"
    gives_tokens_back = True
    agents_ask = True

    def verbs(self) -> t.Mapping[str, Verb]:
        """See Adapter.verbs."""
        from . import joining, purge

        return {
            "gate": gate.perform,
            "node": objects.perform,
            "microk8s_join": joining.join,
            "microk8s_clear": purge.clear,
            **snaps.VERBS,
            **hold.VERBS,
            **addons.VERBS,
            **naming.VERBS,
            **renewal.VERBS,
        }

    def layout(self, spec: Spec, bin_dir: str) -> Layout:
        """See Adapter.layout."""
        return paths.layout(spec)

    def bin_dir(self, host: Host, spec: Spec) -> str:
        """See Adapter.bin_dir. snapd decides it."""
        return look.BIN_DIR

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

    def new_node(self, host: Host, spec: Spec) -> str:
        """See Adapter.new_node."""
        return ""

    def agreement(self, servers: t.Mapping[str, Spec]) -> t.Sequence[Problem]:
        """See Adapter.agreement."""
        from . import agreement  # asked on the controller alone

        return agreement.check(servers)

    def must_join(self, host: Host, spec: Spec) -> bool:
        """See Adapter.must_join."""
        if not spec.wanted or (spec.role == SERVER and spec.single):
            return False
        installed = snaps.revision(host, paths.NAME)
        return not (installed and look.joined(host, spec.role, host.read_json(RECEIPT)))

    def join_token(self, host: Host, spec: Spec, joiner: str) -> str:
        """See Adapter.join_token. A server that has yet to join has a cluster of its own."""
        running = host.unit(paths.KUBELITE).running
        if not running or not look.joined(host, SERVER, host.read_json(RECEIPT)):
            return ""
        from . import joining  # few runs join

        return joining.create(host)

    def take_back(self, host: Host, spec: Spec, token: str) -> None:
        """See Adapter.take_back."""
        from . import joining  # few runs join

        joining.take_back(host, token)

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
        """See Adapter.repair."""
        return merge(
            [renewal.repair(spec, facts, units), Plan(warnings=guard.warnings(spec, facts))]
        )

    def gate(self, spec: Spec, config: t.Mapping[str, t.Any], hostname: str) -> Step:
        """See Adapter.gate. The kubelet bears no revision of the snap in its version."""
        version = spec.release.version if spec.release is not None else ""
        return gate.step(
            paths.KUBELITE,
            kubeconfig=paths.kubeconfig(spec.role),
            node=look.node_name(config, hostname),
            version=version.partition("+")[0],
            timeout=spec.wait_timeout,
            server=spec.role == SERVER,
            network=True,
        )

    def installed(self, host: Host, spec: Spec) -> str:
        """See Adapter.installed."""
        revision = snaps.revision(host, paths.NAME)
        digest = host.sha256(paths.blob(revision)) if revision else None
        return look.version_of(host, revision, digest or "", host.read_json(RECEIPT))

    def config(self, host: Host) -> t.Mapping[str, t.Any]:
        """See Adapter.config."""
        return {"files": look.files(host)}

    def objects(self, spec: Spec, facts: Facts) -> tuple[Step, ...]:
        """See Adapter.objects."""
        name = look.node_name(facts.config, facts.hostname)
        return objects.steps(spec, facts.node, paths.kubeconfig(spec.role), name)

    def records(self, spec: Spec, config: t.Mapping[str, t.Any], hostname: str) -> Records:
        """See Adapter.records."""
        server = spec.role == SERVER
        return Records(
            node=look.node_name(config, hostname),
            kubeconfig=paths.kubeconfig(spec.role),
            data_dir=paths.HOME,
            certificates=(paths.CERTIFICATES,),
            server_label="node.kubernetes.io/microk8s-controlplane",
            forget=(paths.COMMAND, "remove-node", "{node}", "--force"),
            datastores={"dqlite": (f"{paths.BACKEND}/cluster.yaml", paths.BACKEND)}
            if server
            else {},
        )

    def node_secret(self, node: str) -> str:
        """See Adapter.node_secret. MicroK8s binds no name to a machine."""
        return ""

    def etcd_member(self, node: t.Mapping[str, t.Any]) -> str:
        """See Adapter.etcd_member. There is no etcd."""
        return ""

    def removal(self, spec: Spec, seen: Observation) -> tuple[Step, ...]:
        """See Adapter.removal."""
        from . import purge  # for removals alone

        return purge.steps(spec, seen)
