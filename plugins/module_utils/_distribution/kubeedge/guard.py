# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What forbids a change of a KubeEdge node. Pure."""

from __future__ import annotations

import typing as t

from ..._core.errors import EdgeError
from .. import addresses, kubenames
from ..adapter import Facts
from ..guards import check_age, check_role, check_version, refuse
from ..problems import Problem, changed
from ..spec import AGENT, PRESENT, Spec
from . import config, keys, tokens
from .wishes import fixed, settled_addresses

TITLE = "KubeEdge"
OLDEST = (1, 20)  # the first whose edgecore.yaml names its version, and that takes a bootstrap file
REMEDY = "set it back; another value needs a node that is purged first"


def check(spec: Spec, facts: Facts) -> None:
    """Raise EdgeError(kind=spec | refused) for the first thing that forbids the plan."""
    if not spec.wanted:
        return
    _check_foreign(facts)
    check_role(spec, facts, TITLE)
    check_version(spec, facts, TITLE)
    check_age(spec, OLDEST, TITLE)
    refuse(inputs(spec), "spec")
    if facts.initialized and facts.receipt:
        refuse(changed(facts.receipt.get("fixed") or {}, fixed(spec, facts), REMEDY), "refused")
    refuse(list(_other_node(spec, facts)), "refused")


def _other_node(spec: Spec, facts: Facts) -> t.Iterator[Problem]:
    """A certificate of another name is none to edgecore, and its database has that Node's pods."""
    known = facts.machine.get("certified")
    if spec.role == AGENT and known and known != fixed(spec, facts)["node_name"]:
        remedy = (
            f"set edge_node_name to {known}, or, on a copy of that node's disk,"
            " remove /etc/kubeedge and the data directory first"
        )
        yield Problem("node_name", f"the certificate on this machine is that of {known}", remedy)


def inputs(spec: Spec) -> list[Problem]:
    """What is wrong with the wish itself, beside what the table of inputs refuses."""
    found = [*keys.check(spec.role, config.extra(spec)), *addresses.problems(spec), *_names(spec)]
    if spec.role == AGENT and len(spec.node_ips) > 1:
        found.append(Problem("node_ip", "an edge node has one address", "keep the first one"))
    if spec.token and not tokens.looks_right(spec.token):
        remedy = "unset edge_token: a node that joins is given one, or take that of keadm gettoken"
        found.append(Problem("token", "is no token of cloudcore", remedy))
    return found


def _names(spec: Spec) -> t.Iterator[Problem]:
    yield from kubenames.problems(spec.labels, spec.taints)
    if spec.node_name and not (kubenames.is_dns_name(spec.node_name) and len(spec.node_name) < 64):
        yield Problem("node_name", f"{spec.node_name!r} is no name of up to 63 small characters")


def _check_foreign(facts: Facts) -> None:
    if facts.foreign is not None:
        raise EdgeError(
            f"a KubeEdge that was set up by other means is on this node ({facts.foreign})",
            kind="refused",
            hint="take it off with keadm reset, or leave the node out",
        )


def obstacles(spec: Spec, facts: Facts) -> list[Problem]:
    """What of the machine keeps the role from working."""
    if spec.role == AGENT:
        return list(_edge_obstacles(facts.machine))
    return list(_cloud_obstacles(spec, facts))


def _edge_obstacles(seen: t.Mapping[str, t.Any]) -> t.Iterator[Problem]:
    """What edgecore would not start beside, or would start with and run no pod."""
    if seen.get("others"):
        message = "is on this node, with a kubelet of its own"
        yield Problem(str(seen["others"][0]), message, "take it off the node")
    elif seen.get("kubelets"):
        yield Problem(f"process {seen['kubelets'][0]}", "is a kubelet", "stop it for good")
    if not seen.get("containerd", True):
        message = "/run/containerd/containerd.sock is not there"
        yield Problem("containerd", message, "install and start containerd 1.6 or newer")
    elif not seen.get("cri", True):
        remedy = "take cri out of disabled_plugins in /etc/containerd/config.toml"
        yield Problem("containerd", "runs without its CRI plugin", remedy)


def _cloud_obstacles(spec: Spec, facts: Facts) -> t.Iterator[Problem]:
    if not spec.single:
        message = "a site has one cloudcore: several would have to share an address"
        yield Problem("role", message, "make the others agents, or sites of their own")
    if spec.state == PRESENT and not spec.guest and not facts.machine.get("source", "-"):
        remedy = (
            "bring a cluster up here first, or name the file: edge_extra_config,"
            " kubeAPIConfig.kubeConfig"
        )
        yield Problem("cluster", "there is no kubeconfig of one for cloudcore here", remedy)
    if not settled_addresses(spec, facts):
        remedy = "set edge_node_ip or edge_tls_sans"
        yield Problem("node_ip", "no address is known where edge nodes reach cloudcore", remedy)


def warnings(spec: Spec, facts: Facts) -> tuple[str, ...]:
    """What is worth knowing of a node that may be as wished."""
    found = []
    if spec.role == AGENT and not facts.machine.get("network", True):
        found.append("/etc/cni/net.d has no network: the node will not become Ready without one")
    return tuple(found)
