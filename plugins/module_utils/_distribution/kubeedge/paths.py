# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where KubeEdge keeps things (kubeedge.io, "Deploying KubeEdge locally"; v1.23.1 seen running)."""

from __future__ import annotations

from ..adapter import Layout, Runtime
from ..service import UNITS
from ..spec import SERVER, Spec
from .config import fragment

DATA_DIR = "/var/lib/kubeedge"
ROOT = "/etc/kubeedge"
CONFIG_DIR = f"{ROOT}/config"
CLOUD_CONFIG = f"{CONFIG_DIR}/cloudcore.yaml"
EDGE_CONFIG = f"{CONFIG_DIR}/edgecore.yaml"
# edgecore reads one file and no drop-ins: ours are put together to that file at each start.
EDGE_BASE = f"{CONFIG_DIR}/edgecore.base.yaml"
KUBELET_DROPINS = f"{CONFIG_DIR}/kubelet.d"
COMPOSE = f"{CONFIG_DIR}/compose.sh"
CLOUD_ACCESS = f"{CONFIG_DIR}/cloudcore.kubeconfig"
BOOTSTRAP = f"{ROOT}/bootstrap-edgecore.conf"
CERTIFICATE, KEY = f"{ROOT}/certs/server.crt", f"{ROOT}/certs/server.key"
KUBELET_DIR = "/var/lib/kubelet"
CONTAINERD = "/run/containerd/containerd.sock"
CONTAINERD_CONFIG = "/etc/containerd/config.toml"
CLOUD_UNIT, EDGE_UNIT = "cloudcore.service", "edgecore.service"
ALL_UNITS = (CLOUD_UNIT, EDGE_UNIT)
NAMESPACE = "kubeedge"
WEBSOCKET, HTTPS, HEALTH = 10000, 10002, 10350
# Kubeconfigs of administrators, where distributions keep them on a node of their control plane.
KUBECONFIGS = (
    "/etc/rancher/k3s/k3s.yaml",
    "/var/lib/k0s/pki/admin.conf",
    "/var/snap/microk8s/current/credentials/client.config",
    "/etc/kubernetes/admin.conf",
)
HOME_KUBECONFIG = "/root/.kube/config"  # of any cluster, wherever that is
# Services that run a kubelet of their own, which edgecore bears no other beside.
KUBELETS = (
    "k3s.service",
    "k3s-agent.service",
    "k0scontroller.service",
    "k0sworker.service",
    "snap.microk8s.daemon-kubelite.service",
    "kubelet.service",
)


def program_of(role: str) -> str:
    """The name of a role's program, of its unit too."""
    return "cloudcore" if role == SERVER else "edgecore"


def unit_of(role: str) -> str:
    """The systemd unit of a role."""
    return f"{program_of(role)}.service"


def unit_file(role: str) -> str:
    """Where that unit lies."""
    return f"{UNITS}/{unit_of(role)}"


def config_of(role: str) -> str:
    """The file whose text is ours alone."""
    return CLOUD_CONFIG if role == SERVER else EDGE_BASE


def data_dir(spec: Spec) -> str:
    """The data directory that the spec asks for."""
    return (spec.data_dir or DATA_DIR).rstrip("/")


def layout(spec: Spec, bin_dir: str) -> Layout:
    """Paths and units for the spec's role; KubeEdge brings no images of its own."""
    unit = unit_of(spec.role)
    return Layout(
        unit=unit,
        other_units=tuple(name for name in ALL_UNITS if name != unit),
        binary=f"{bin_dir}/{program_of(spec.role)}",
        data_dir=data_dir(spec),
        config=CLOUD_CONFIG if spec.role == SERVER else EDGE_CONFIG,
        kubelet_dir=KUBELET_DIR,
        kubelet_dropins=KUBELET_DROPINS,
        images="",
        cgroups=("kubepods", "kubepods.slice"),
        kubelet_file=fragment,
        runtime=None if spec.role == SERVER else Runtime(),
    )
