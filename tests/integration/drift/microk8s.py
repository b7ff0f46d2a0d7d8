# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a MicroK8s node is changed by hand; see `table`."""

from __future__ import annotations

from .table import (
    CAP_SCRIPT,
    FLIP,
    JOURNALD,
    QUOTA,
    RECEIPT,
    RECOVER,
    UNITS,
    Drift,
    file,
    mode,
)

ARGS = "/var/snap/microk8s/current/args"
KUBELET, API, PROXY = f"{ARGS}/kubelet", f"{ARGS}/kube-apiserver", f"{ARGS}/containerd-env"
HOSTS = f"{ARGS}/certs.d/docker.io/hosts.toml"
SERVICE = "snap.microk8s.daemon-kubelite.service"
CONTAINERD = "snap.microk8s.daemon-containerd.service"
DELEGATE = f"{UNITS}/{SERVICE}.d/50-lightk8s-delegate.conf"
DROPIN = f"{UNITS}/{SERVICE}.d/60-lightk8s-resources.conf"
SETTINGS = "/etc/microk8s/kubelet.conf.d"
FOLDER = f"{SETTINGS}/00-lightk8s.conf"
RESOURCES = f"{SETTINGS}/60-lightk8s-resources.conf"
LOGGING = f"{SETTINGS}/60-lightk8s-logging.conf"
SNAPS = "/var/lib/snapd/snaps"
FIRST = f"{SNAPS}/microk8s_x1.snap"
OTHER = "/root/other.snap"  # put there by the test: another revision of the same version
RIGHT_SNAP = f"cmp -s {SNAPS}/microk8s_$(readlink /snap/microk8s/current).snap /root/right{FIRST}"
CLI = "/snap/bin/microk8s"
NODE = f"{CLI} kubectl get node $(hostname) -o"
SHELF = f"[ \"$({NODE} 'jsonpath={{.metadata.labels.example\\.org/shelf}}')\" = north ]"
HELD = "snap get system refresh.hold"
# The test bed's snapd knows no hold of a single snap.
UNHOLD = "snap unset system refresh.hold"

SERVER_DRIFTS = (
    file("an edited argument of the kubelet", KUBELET, "sed -i 's/kubelet.conf.d/x.d/' FILE", 1),
    file("an argument taken out", KUBELET, "sed -i '/^--config-dir/d' FILE", 1),
    file(
        "RBAC switched off",
        API,
        "sed -i 's/^--authorization-mode.*/--authorization-mode=AlwaysAllow/' FILE",
        1,
    ),
    file("an edited proxy", PROXY, "sed -i 's/example.org:3128/example.org:3129/' FILE", 1),
    file("an edited mirror", HOSTS, "sed -i 's/mirror.example/x.example/' FILE"),
    mode("a mirror for all to read", HOSTS, "0644", "660"),
    file("a delegation taken away", DELEGATE, "rm FILE; systemctl daemon-reload", 1),
    file(
        "an edited limit of the service", DROPIN, "sed -i 's/^MemoryMax=.*/MemoryMax=9G/' FILE", 1
    ),
    file("the folder of the kubelet's settings emptied", FOLDER, "rm FILE", 1),
    file("an edited bound of pods", RESOURCES, 'sed -i \'s/"maxPods": 30/"maxPods": 31/\' FILE', 1),
    file("edited bounds of logs", LOGGING, "sed -i 's/5Mi/500Mi/' FILE", 1),
    file("an edited bound of the journal", JOURNALD, "sed -i 's/40M/400M/' FILE"),
    Drift("a hold of refreshes taken away", UNHOLD, HELD),
    Drift(
        "a hold of refreshes that ends soon",
        "snap set system refresh.hold=$(date -u -d '+3 days' +%Y-%m-%dT%H:%M:%SZ)",
        f"[ $(date -d $({HELD}) +%s) -gt $(date -d '+30 days' +%s) ]",
    ),
    Drift("a removed label", f"{CLI} kubectl label node $(hostname) example.org/shelf-", SHELF),
    Drift(
        "a changed label",
        f"{CLI} kubectl label --overwrite node $(hostname) example.org/shelf=south",
        SHELF,
    ),
    Drift(
        "a removed taint",
        f"{CLI} kubectl taint node $(hostname) example.org/slow-",
        f"[ \"$({NODE} 'jsonpath={{.spec.taints[*].key}}')\" = example.org/slow ]",
    ),
    Drift("a stopped service", f"systemctl stop {SERVICE}", f"systemctl is-active {SERVICE}", 1),
    Drift(
        "all services stopped and disabled",
        "snap stop --disable microk8s",
        f"systemctl is-active {SERVICE} {CONTAINERD} && systemctl is-enabled {SERVICE} {CONTAINERD}",
        1,
    ),
    Drift("a disabled service", f"systemctl disable {SERVICE}", f"systemctl is-enabled {SERVICE}"),
    file("a removed recovery unit", f"{UNITS}/{RECOVER}", "rm FILE; systemctl daemon-reload"),
    Drift(
        "a lifted cap on pods",
        f"echo -1 > {QUOTA} || echo max > {QUOTA}",
        f"! grep -Eq 'max|-1' {QUOTA}",
    ),
    Drift(
        "a snap of another revision",
        f"snap install --classic --dangerous {OTHER}",
        RIGHT_SNAP,
        1,
    ),
    Drift(
        "a flipped byte in the snap",
        FLIP.replace("FILE", f"{SNAPS}/microk8s_$(readlink /snap/microk8s/current).snap"),
        RIGHT_SNAP,
        1,
    ),
    Drift(
        "an add-on turned off",
        f"{CLI} disable dns",
        f"{CLI} kubectl get deployment -n kube-system coredns",
        1,  # it takes lines away from the kubelet's arguments, too
    ),
    Drift("a removed receipt", f"rm {RECEIPT}", f"[ -e {RECEIPT} ]"),
)
AGENT_DRIFTS = (
    file(
        "a worker's edited argument of the kubelet",
        KUBELET,
        "sed -i 's/kubelet.conf.d/x.d/' FILE",
        1,
    ),
    file("a worker's removed bounds", RESOURCES, "rm FILE", 1),
    file("a worker's edited proxy", PROXY, "sed -i 's/example.org:3128/example.org:3129/' FILE", 1),
    Drift("a worker's hold of refreshes taken away", UNHOLD, HELD),
    Drift("a stopped worker", f"systemctl stop {SERVICE}", f"systemctl is-active {SERVICE}", 1),
    Drift(
        "a worker's snap of another revision",
        f"snap install --classic --dangerous {OTHER}",
        RIGHT_SNAP,
        1,
    ),
)
KEPT = sorted(
    {
        *(KUBELET, API, PROXY, HOSTS, DELEGATE, DROPIN, FOLDER, RESOURCES, LOGGING, FIRST),
        *(JOURNALD, RECEIPT, CAP_SCRIPT, f"{UNITS}/{RECOVER}"),
    }
)
