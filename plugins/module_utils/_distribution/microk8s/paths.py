# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where MicroK8s keeps things (microk8s.io/docs; snap/snapcraft.yaml, snap/hooks/install of canonical/microk8s)."""

from __future__ import annotations

from ..adapter import Layout, Runtime
from ..service import UNITS
from ..spec import SERVER, Spec

NAME = "microk8s"
BASES = ("snapd", "core22")  # in the order in which snapd wants them
COMMAND = "/snap/bin/microk8s"
SNAPS = "/var/lib/snapd/snaps"  # where snapd keeps the file of each revision
MOUNTS = "/snap"  # below which each revision is mounted, and `current` names the one in use
HOME = f"/var/snap/{NAME}"
DATA = f"{HOME}/current"  # a link to the data of the revision in use
COMMON = f"{HOME}/common"
ARGS = f"{DATA}/args"
DEFAULT_ARGS = f"{MOUNTS}/{NAME}/current/default-args"
REGISTRY_HOSTS = f"{ARGS}/certs.d"
DEFAULT_HOSTS = f"{DEFAULT_ARGS}/certs.d"
CERTIFICATES = f"{DATA}/certs"
CREDENTIALS = f"{DATA}/credentials"
JOIN_TOKENS = f"{CREDENTIALS}/cluster-tokens.txt"
BACKEND = f"{DATA}/var/kubernetes/backend"
# Present on a node that has joined as a worker; on one that has more than itself in its cluster.
WORKER_LOCK = f"{DATA}/var/lock/clustered.lock"
SHARED_LOCK = f"{DATA}/var/lock/no-cert-reissue"
SIDELOAD = f"{COMMON}/etc/sideload/lightk8s.tar"  # becomes lightk8s.tar.loaded
LAUNCH = "/etc/microk8s.yaml"
OURS = "# Written by lightk8s.edge"  # begins files of ours
MARK = f"{OURS} for the installation of MicroK8s."
CONFIG_DIR = "/etc/microk8s"
KUBELET_DROPINS = f"{CONFIG_DIR}/kubelet.conf.d"
API_PORT, AGENT_PORT = 16443, 25000


def unit_of(daemon: str) -> str:
    """The systemd unit of a daemon of the snap."""
    return f"snap.{NAME}.daemon-{daemon}.service"


KUBELITE, CONTAINERD = unit_of("kubelite"), unit_of("containerd")
DATASTORE, CLUSTER_AGENT = unit_of("k8s-dqlite"), unit_of("cluster-agent")
KICKER, PROXY = unit_of("apiserver-kicker"), unit_of("apiserver-proxy")
# In the order in which they are stopped.
ALL_UNITS = (KICKER, KUBELITE, CLUSTER_AGENT, PROXY, DATASTORE, CONTAINERD)

DELEGATE = f"{UNITS}/{KUBELITE}.d/50-lightk8s-delegate.conf"


def units_of(role: str) -> tuple[str, ...]:
    """Those that a node of this role runs all the time; the others end by themselves there."""
    if role == SERVER:
        return (KICKER, KUBELITE, CLUSTER_AGENT, DATASTORE, CONTAINERD)
    return (KUBELITE, PROXY, CONTAINERD)


def kubeconfig(role: str) -> str:
    """The most powerful kubeconfig that a node of this role has."""
    return f"{CREDENTIALS}/{'client' if role == SERVER else 'kubelet'}.config"


def blob(revision: str, name: str = NAME) -> str:
    """The file that a revision was installed from."""
    return f"{SNAPS}/{name}_{revision}.snap"


def layout(spec: Spec) -> Layout:
    """Paths and units; the same for both roles."""
    return Layout(
        unit=KUBELITE,
        other_units=tuple(name for name in ALL_UNITS if name != KUBELITE),
        binary=COMMAND,
        data_dir=COMMON,
        config=f"{ARGS}/kubelet",
        kubelet_dir=f"{COMMON}/var/lib/kubelet",
        kubelet_dropins=KUBELET_DROPINS,
        images=f"{COMMON}/etc/sideload",
        cgroups=("kubepods", "kubepods.slice"),
        runtime=Runtime((COMMAND, "ctr"), f"{COMMON}/var/lib/containerd", "1Gi"),
    )
