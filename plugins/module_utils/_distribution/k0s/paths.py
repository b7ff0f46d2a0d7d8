# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where k0s keeps things (docs.k0sproject.io: install, airgap-install, runtime; `k0s status -o json`)."""

from __future__ import annotations

from ..adapter import Layout, Runtime
from ..service import UNITS
from ..spec import SERVER, Spec

DATA_DIR = "/var/lib/k0s"
CONFIG_DIR = "/etc/k0s"
CONFIG = f"{CONFIG_DIR}/k0s.yaml"
TOKEN_FILE = f"{CONFIG_DIR}/token"
KUBELET_DROPINS = f"{CONFIG_DIR}/kubelet.conf.d"
CONTAINERD_DROPINS = f"{CONFIG_DIR}/containerd.d"
REGISTRY_HOSTS = f"{CONTAINERD_DROPINS}/certs.d"
RUN_DIR = "/run/k0s"
SERVER_UNIT, AGENT_UNIT = "k0scontroller.service", "k0sworker.service"
ALL_UNITS = (SERVER_UNIT, AGENT_UNIT)
PROGRAM = "k0s"
# Accounts that the parts of a controller run as (`spec.installConfig.users`).
USERS = ("etcd", "konnectivity-server", "kube-apiserver", "kube-scheduler")


def unit_of(role: str) -> str:
    """The systemd unit of a role."""
    return SERVER_UNIT if role == SERVER else AGENT_UNIT


def unit_file(role: str) -> str:
    """Where that unit lies."""
    return f"{UNITS}/{unit_of(role)}"


def data_dir(spec: Spec) -> str:
    """The data directory that the spec asks for."""
    return (spec.data_dir or DATA_DIR).rstrip("/")


def kubeconfig(role: str, data: str) -> str:
    """The most powerful kubeconfig that a node of this role has."""
    return f"{data}/pki/admin.conf" if role == SERVER else f"{data}/kubelet.conf"


def layout(spec: Spec, bin_dir: str) -> Layout:
    """Paths and units for the spec's role."""
    data = data_dir(spec)
    unit = unit_of(spec.role)
    return Layout(
        unit=unit,
        other_units=tuple(name for name in ALL_UNITS if name != unit),
        binary=f"{bin_dir}/{PROGRAM}",
        data_dir=data,
        config=CONFIG,
        kubelet_dir=f"{data}/kubelet",
        kubelet_dropins=KUBELET_DROPINS,
        images=f"{data}/images",
        cgroups=("kubepods", "kubepods.slice"),
        runtime=Runtime((f"{bin_dir}/{PROGRAM}", "ctr"), f"{data}/containerd"),
    )
