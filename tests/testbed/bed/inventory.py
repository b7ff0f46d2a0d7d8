# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet as an Ansible inventory: groups per site, `servers` and `agents`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from .node import Node, ssh_options
from .paths import control_root, fleet_root

Address = tuple[str, int]


def host_vars(node: Node, user: str = "root", via: Address | None = None) -> dict[str, Any]:
    """`via` is where ssh connects instead of the node itself, such as a `links.Link`."""
    host, port = via or (node.ip, 22)
    return {
        "ansible_host": host,
        **({"ansible_port": port} if port != 22 else {}),
        "ansible_user": user,
        **({"ansible_become": True} if user != "root" else {}),
        "edge_site": node.spec.site,
        "edge_role": node.spec.role,
    }


def common_vars(fleet: str) -> dict[str, Any]:
    return {
        "ansible_ssh_private_key_file": str(fleet_root(fleet) / "ssh_key"),
        "ansible_ssh_common_args": shlex.join(ssh_options(fleet)),
        "ansible_control_path_dir": str(control_root(fleet)),
        "ansible_python_interpreter": "/usr/bin/python3",
    }


def build(
    fleet: str,
    nodes: Sequence[Node],
    *,
    user: str = "root",
    names: int = 0,
    via: Mapping[str, Address] | None = None,
) -> dict[str, Any]:
    """The inventory; with `names` above the number of nodes, the further ones are aliases."""
    hosts: dict[str, dict[str, Any]] = {}
    groups: dict[str, dict[str, Any]] = {}
    for name, node in aliases(nodes, names or len(nodes)).items():
        hosts[name] = host_vars(node, user, (via or {}).get(node.name))
        if name != node.name:
            hosts[name]["edge_alias_of"] = node.name
        for group in (node.spec.site.replace("-", "_"), f"{node.spec.role}s"):
            groups.setdefault(group, {"hosts": {}})["hosts"][name] = {}
    return {"all": {"vars": common_vars(fleet), "hosts": hosts, "children": groups}}


def pairs(
    fleet: str, nodes: Sequence[Node], cluster: Mapping[str, Any], edges: Mapping[str, Any]
) -> dict[str, Any]:
    """The inventory of sites whose servers run a cluster, and whose agents are edge nodes of another kind.

    Servers get the variables `cluster`, agents `edges`. So does `<site>-cloud1`, the cloud side of the edge
    nodes on the machine of the site's first server.
    """
    built = build(fleet, nodes)
    hosts, groups = built["all"]["hosts"], built["all"]["children"]
    for node in nodes:
        hosts[node.name].update(cluster if node.spec.role == "server" else edges)
    firsts = {node.spec.site: node for node in reversed(nodes) if node.spec.role == "server"}
    for site, node in firsts.items():
        name = f"{site}-cloud1"
        hosts[name] = {**host_vars(node), "edge_alias_of": node.name, **edges}
        for group in (site.replace("-", "_"), "servers"):
            groups[group]["hosts"][name] = {}
    return built


def aliases(nodes: Sequence[Node], count: int) -> dict[str, Node]:
    """`count` inventory names over the nodes, in turn; each node's own name comes first."""
    out: dict[str, Node] = {}
    for index in range(count):
        turn, place = divmod(index, len(nodes))
        node = nodes[place]
        out[node.name if turn == 0 else f"{node.name}-alias{turn}"] = node
    return out


def write(path: Path, inventory: Mapping[str, Any]) -> Path:
    path.write_text(
        yaml.safe_dump(dict(inventory), sort_keys=False, default_flow_style=False),
        encoding="utf-8",
    )
    return path


def write_ansible_cfg(path: Path, inventory: Path, collections: Path) -> Path:
    path.write_text(
        "[defaults]\n"
        f"inventory = {inventory}\n"
        f"collections_path = {collections}\n"
        "host_key_checking = True\n"
        "retry_files_enabled = False\n"
        "interpreter_python = /usr/bin/python3\n"
        "[ssh_connection]\n"
        "pipelining = True\n"
        "retries = 0\n",
        encoding="utf-8",
    )
    return path
