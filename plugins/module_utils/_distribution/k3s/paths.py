# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where K3s keeps things (docs.k3s.io: installation/configuration, cli/server, reference/env-variables)."""

from __future__ import annotations

from ..adapter import Layout, Runtime
from ..spec import SERVER, Spec

DATA_DIR = "/var/lib/rancher/k3s"
CONFIG_DIR = "/etc/rancher/k3s"
CONFIG = f"{CONFIG_DIR}/config.yaml"
DROPINS = f"{CONFIG_DIR}/config.yaml.d"
REGISTRIES = f"{CONFIG_DIR}/registries.yaml"
KUBECONFIG = f"{CONFIG_DIR}/k3s.yaml"
TOKEN_FILE = f"{CONFIG_DIR}/token"
AGENT_TOKEN_FILE = f"{CONFIG_DIR}/agent-token"
UNITS = "/etc/systemd/system"
SERVER_UNIT, AGENT_UNIT = "k3s.service", "k3s-agent.service"
ALL_UNITS = (SERVER_UNIT, AGENT_UNIT)
TOOLS = ("kubectl", "crictl", "ctr")


def unit_of(role: str) -> str:
    """The systemd unit of a role."""
    return SERVER_UNIT if role == SERVER else AGENT_UNIT


def data_dir(spec: Spec) -> str:
    """The data directory that the spec asks for."""
    return (spec.data_dir or DATA_DIR).rstrip("/")


def layout(spec: Spec, bin_dir: str) -> Layout:
    """Paths and units for the spec's role."""
    data = data_dir(spec)
    unit = unit_of(spec.role)
    return Layout(
        unit=unit,
        other_units=tuple(name for name in (SERVER_UNIT, AGENT_UNIT) if name != unit),
        binary=f"{bin_dir}/k3s",
        data_dir=data,
        config=CONFIG,
        kubelet_dir="/var/lib/kubelet",
        kubelet_dropins=f"{data}/agent/etc/kubelet.conf.d",
        images=f"{data}/agent/images",
        cgroups=("kubepods", "kubepods.slice"),
        runtime=Runtime((f"{bin_dir}/k3s", "ctr"), f"{data}/agent/containerd", "5%"),
    )
