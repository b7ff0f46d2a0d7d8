# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every distribution must tell us. The nouns know this protocol and no distribution by name."""

from __future__ import annotations

import typing as t

from .._core.plan import Plan, Step
from .._core.records import dataclass, field
from .._core.resources import Seen, SeenUnit, Unit, Wish
from .._core.verbs import Verb
from .._host.host import Host
from .kubelet import dropin
from .spec import Spec

if t.TYPE_CHECKING:
    from .problems import Problem
    from .requirements import Requirements
    from .server_objects import ServerObject


@dataclass(frozen=True)
class Runtime:
    """The containerd that runs the node's pods."""

    ctr: tuple[str, ...] = ("ctr",)  # ctr as it finds the socket
    root: str = "/var/lib/containerd"
    eviction: str = "15%"  # where the kubelet begins to evict if its files do not say


@dataclass(frozen=True)
class Layout:
    """Where the distribution keeps things on this node, for the role in the spec."""

    unit: str
    other_units: tuple[str, ...]
    binary: str
    data_dir: str
    config: str
    kubelet_dir: str
    kubelet_dropins: str
    images: str
    cgroups: tuple[str, ...] = ()  # parent cgroups of pods, by name below the hierarchy's root
    # The file in `kubelet_dropins` that makes these settings of the kubelet.
    kubelet_file: t.Callable[[t.Mapping[str, t.Any]], bytes] = dropin
    runtime: Runtime | None = Runtime()  # None where nodes of this role run no pods


@dataclass(frozen=True)
class NodeView:
    """The Node object as the API shows it."""

    name: str
    ready: bool
    reason: str = ""
    version: str = ""
    roles: tuple[str, ...] = ()
    labels: t.Mapping[str, str] = field(default_factory=dict)
    taints: tuple[str, ...] = ()
    annotations: t.Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """What the adapter learned about the node before any wish can be made. JSON-like values only.

    `token`: "" no cluster here, "same", "different" or "unknown" compared with the spec's token.
    `api`: "" not asked, "ok", "expired" (certificates), else why it did not answer.
    `token_file`: ours is there and holds the cluster's token, as far as can be known. `token_note`: see
    `k3s.evidence`. `digest`: of the program, where the spec names no release.
    `left`: the Node that an agent has left to a server (TRUST in `spec`). `others`: what a server says of
    its site's other Nodes (REPORT), as `objects.brief` has it. `serves`: a part of a cluster without a
    Node of its own answers. `machine`: what else of the machine plans depend on, in the adapter's terms.
    """

    arch: str
    bin_dir: str
    hostname: str = ""
    version: str = ""
    config: t.Mapping[str, t.Any] = field(default_factory=dict)
    datastore: str = ""
    initialized: bool = False
    joined: bool = False
    token: str = field(default="", repr=False)
    api: str = ""
    node: NodeView | None = None
    left: str = ""
    others: t.Mapping[str, t.Mapping[str, t.Any]] = field(default_factory=dict)
    token_file: bool = False
    known_token: str = field(default="", repr=False)
    token_note: str = field(default="", repr=False)
    digest: str = ""
    foreign: t.Any = None  # an installation by other means, in the adapter's own terms
    problems: tuple[str, ...] = ()
    receipt: t.Mapping[str, t.Any] = field(default_factory=dict)
    certificate_days: int | None = None
    authority_days: int | None = None
    leftovers: tuple[str, ...] = ()
    serves: bool = False
    machine: t.Mapping[str, t.Any] = field(default_factory=dict)
    accounts: t.Mapping[str, bool] = field(default_factory=dict)  # True: made for the distribution


Identity = tuple[str, str, str]


@dataclass(frozen=True)
class Records:
    """Where a node keeps what reports and removals read. Paths need not exist.

    `certificates` are folders of PEM files. `datastores` has for each kind of datastore the path
    that shows it and then those that hold it. `etcd` are the identities for the client port and for peer
    ports of an embedded etcd: files of an authority, a certificate and its key each. `server_label` is
    borne by the Nodes of servers, where these have no role that says so. `forget` is the command by which
    a server takes "{node}" out of a datastore that is no etcd. `objects` are kinds of its own that the
    distribution keeps of each server.
    """

    node: str
    kubeconfig: str
    data_dir: str
    certificates: tuple[str, ...] = ()
    datastores: t.Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    etcd: tuple[Identity, Identity] | None = None
    server_label: str = ""
    forget: tuple[str, ...] = ()
    objects: tuple[ServerObject, ...] = ()


@dataclass(frozen=True)
class Observation:
    """All that a plan is made from."""

    facts: Facts
    paths: t.Mapping[str, Seen | None]
    units: t.Mapping[str, SeenUnit]


class Adapter(t.Protocol):
    """One distribution."""

    name: str
    gives_tokens_back: bool  # whether a join token is made for one join, and worthless after it
    agents_ask: bool  # whether agents have a way to the API; else a server looks at their Nodes

    def verbs(self) -> t.Mapping[str, Verb]:
        """How steps of its own are carried out; runs that change nothing do not ask."""

    def layout(self, spec: Spec, bin_dir: str) -> Layout:
        """Paths and units; pure."""

    def look(self, host: Host, spec: Spec, units: t.Mapping[str, SeenUnit]) -> Facts:
        """Read what the plan needs to know; changes nothing."""

    def units(self, spec: Spec) -> tuple[str, ...]:
        """Units whose state the plan needs; pure."""

    def requirements(self, spec: Spec) -> Requirements:
        """What the machine must have; pure."""

    def check(self, spec: Spec, facts: Facts) -> None:
        """Refuse by EdgeError what would harm or cannot work; pure."""

    def obstacles(self, spec: Spec, facts: Facts) -> t.Sequence[Problem]:
        """What of this machine the distribution cannot work with, beside its requirements; pure."""

    def agreement(self, servers: t.Mapping[str, Spec]) -> t.Sequence[Problem]:
        """Where the specs of a site's servers, by host, must be equal and are not; pure."""

    def wishes(self, spec: Spec, facts: Facts) -> tuple[Wish, ...]:
        """Files and links as they must be; pure."""

    def wanted_units(self, spec: Spec, facts: Facts) -> tuple[Unit, ...]:
        """Units as they must be; pure."""

    def more(self, spec: Spec, facts: Facts, files: Plan) -> tuple[Step, ...]:
        """Steps that are neither files nor units, given the plan of the files; pure."""

    def bin_dir(self, host: Host, spec: Spec) -> str:
        """The folder that holds, or will hold, the distribution's programs."""

    def installed(self, host: Host, spec: Spec) -> str:
        """The version that is installed; empty where none is."""

    def config(self, host: Host) -> t.Mapping[str, t.Any]:
        """The distribution's effective configuration on this node."""

    def must_join(self, host: Host, spec: Spec) -> bool:
        """Whether the node has no credentials yet and may have to get them from another server."""

    def new_node(self, host: Host, spec: Spec) -> str:
        """The Node that must be gone before this host can join; empty where the name may be there."""

    def join_token(self, host: Host, spec: Spec, joiner: str) -> str:
        """What a node with the role `joiner` needs to join this server; empty where none runs here."""

    def take_back(self, host: Host, spec: Spec, token: str) -> None:
        """Make a token of `join_token` worthless, on the server that gave it."""

    def repair(self, spec: Spec, facts: Facts, units: t.Mapping[str, SeenUnit]) -> Plan:
        """What heals a service that runs and yet cannot be right, such as ended certificates; pure."""

    def gate(self, spec: Spec, config: t.Mapping[str, t.Any], hostname: str) -> Step:
        """The step that waits until the node is healthy; pure."""

    def objects(self, spec: Spec, facts: Facts) -> tuple[Step, ...]:
        """Steps that change the Node object (labels, taints); pure."""

    def records(self, spec: Spec, config: t.Mapping[str, t.Any], hostname: str) -> Records:
        """Where a node of the spec's role keeps its records; pure."""

    def node_secret(self, node: str) -> str:
        """The Secret in kube-system that binds the Node's name to one machine; pure."""

    def etcd_member(self, node: t.Mapping[str, t.Any]) -> str:
        """The name of a Node's etcd member, as the Node object tells it; may be empty; pure."""

    def removal(self, spec: Spec, seen: Observation) -> tuple[Step, ...]:
        """Steps that take the distribution off the node; pure."""
