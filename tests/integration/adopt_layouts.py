# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""K3s set up on nodes as other tools leave it: units, environment, configuration, binaries."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bed import mirror as releases
from bed.node import Node

TOKEN = "a-token-of-others"
UNIT = """[Unit]
Description=Lightweight Kubernetes
Wants=network-online.target
After=network-online.target

[Service]
Type={kind}
{environment}KillMode=process
Delegate=yes
LimitNOFILE=1048576
TasksMax=infinity
TimeoutStartSec=0
Restart=always
RestartSec=5s
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStart={command}

[Install]
WantedBy=multi-user.target
"""


def _binary(node: Node, folder: Path, path: str = "/usr/local/bin/k3s") -> None:
    node.put(folder / releases.BINARY, path)
    node.run(["chmod", "755", path])


def _images(node: Node, folder: Path) -> None:
    name = f"{releases.IMAGES}.zst"
    node.put(folder / name, f"/var/lib/rancher/k3s/agent/images/{name}")


def _enable(node: Node, unit: str) -> None:
    node.run(["systemctl", "daemon-reload"])
    node.run(["systemctl", "enable", unit])
    node.run(["systemctl", "start", "--no-block", unit])


def _unit(node: Node, unit: str, command: str, environment: str, kind: str = "notify") -> None:
    text = UNIT.format(kind=kind, environment=environment, command=command)
    node.write(f"/etc/systemd/system/{unit}", text)


def by_install_script(
    node: Node, folder: Path, *flags: str, env: Mapping[str, str], agent: bool = False
) -> None:
    """Flags on lines of their own in ExecStart, K3S_ variables in a file beside the unit."""
    name = "k3s-agent" if agent else "k3s"
    _binary(node, folder)
    _images(node, folder)
    for tool in ("kubectl", "crictl", "ctr"):
        node.run(["ln", "-sf", "k3s", f"/usr/local/bin/{tool}"])
    words = ["agent" if agent else "server", *(f"'{flag}'" for flag in flags)]
    command = "/usr/local/bin/k3s" + "".join(f" \\\n    {word}" for word in words) + " \\\n"
    files = ("-/etc/default/%N", "-/etc/sysconfig/%N", f"-/etc/systemd/system/{name}.service.env")
    environment = "".join(f"EnvironmentFile={file}\n" for file in files)
    lines = "".join(f"{key}='{value}'\n" for key, value in env.items())
    node.write(f"/etc/systemd/system/{name}.service.env", lines, 0o600)
    _unit(node, f"{name}.service", command, environment, "exec" if agent else "notify")
    _enable(node, f"{name}.service")


def by_k3s_ansible(node: Node, folder: Path) -> None:
    """A configuration file and some flags, the token in the unit's environment file."""
    _binary(node, folder)
    _images(node, folder)
    node.write(
        "/etc/rancher/k3s/config.yaml",
        "write-kubeconfig-mode: '0644'\nnode-label:\n  - tier=back\n",
    )
    node.write("/etc/systemd/system/k3s.service.env", f"K3S_TOKEN={TOKEN}\n", 0o600)
    environment = "EnvironmentFile=-/etc/systemd/system/%N.service.env\n"
    command = "/usr/local/bin/k3s server --data-dir /var/lib/rancher/k3s --disable traefik"
    _unit(node, "k3s.service", command, environment)
    _enable(node, "k3s.service")


def by_xanmanning(node: Node, folder: Path) -> None:
    """A versioned binary behind a link, everything in a configuration file with its own style."""
    binary = f"/usr/local/bin/k3s-{folder.name}"
    _binary(node, folder, binary)
    _images(node, folder)
    node.run(["ln", "-sf", binary, "/usr/local/bin/k3s"])
    node.write("/etc/rancher/k3s/cluster-token", f"{TOKEN}\n", 0o600)
    node.write(
        "/etc/rancher/k3s/config.yaml",
        "---\n\ncluster-cidr: 10.52.0.0/16\nservice-cidr: 10.53.0.0/16\n"
        'disable:\n- traefik\n- servicelb\ntoken-file: "/etc/rancher/k3s/cluster-token"\n'
        'tls-san: "xm.shop.example"\nwrite-kubeconfig-mode: "0640"\n',
        0o600,
    )
    command = "/usr/local/bin/k3s server --config /etc/rancher/k3s/config.yaml"
    _unit(node, "k3s.service", command, "")
    _enable(node, "k3s.service")
