# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a k0s node is changed by hand; see `table`."""

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
    same,
)

CONFIG = "/etc/k0s/k0s.yaml"
TOKEN = "/etc/k0s/token"
REGISTRIES = "/etc/k0s/containerd.d/60-lightk8s-registries.toml"
HOSTS = "/etc/k0s/containerd.d/certs.d/docker.io/hosts.toml"
SERVICE, WORKER = "k0scontroller", "k0sworker"
UNIT, WORKER_UNIT = f"{UNITS}/{SERVICE}.service", f"{UNITS}/{WORKER}.service"
ENV = f"{UNIT}.env"
DROPIN = f"{UNIT}.d/60-lightk8s-resources.conf"
KUBELET = "/etc/k0s/kubelet.conf.d"
FOLDER = f"{KUBELET}/00-lightk8s.conf"
RESOURCES = f"{KUBELET}/60-lightk8s-resources.conf"
LOGGING = f"{KUBELET}/60-lightk8s-logging.conf"
IMAGES = "/var/lib/k0s/images/k0s-airgap-bundle.tar"
BINARY = "/usr/local/bin/k0s"
NODE = "k0s kubectl get node $(hostname) -o"
SHELF = f"[ \"$({NODE} 'jsonpath={{.metadata.labels.example\\.org/shelf}}')\" = north ]"

SERVER_DRIFTS = (
    file("a flipped byte in the program", BINARY, FLIP, 1),
    mode("a program that cannot be executed", BINARY, "0644", "755"),
    file("a damaged bundle of images", IMAGES, "printf x >> FILE"),
    file("an edited unit", UNIT, "sed -i 's/^TasksMax=.*/TasksMax=100/' FILE", 1),
    file("a flag added to the unit", UNIT, "sed -i '/^ExecStart=/s/$/ --debug=true/' FILE", 1),
    file(
        "an edited limit of the service", DROPIN, "sed -i 's/^MemoryMax=.*/MemoryMax=9G/' FILE", 1
    ),
    file("an edited environment file", ENV, "sed -i 's/3128/3129/' FILE", 1),
    file("a changed key in k0s.yaml", CONFIG, "sed -i 's/shop.example/x.example/' FILE", 1),
    file(
        "telemetry turned on in k0s.yaml",
        CONFIG,
        "sed -i '/telemetry:/,+1s/false/true/' FILE",
        1,
    ),
    mode("a k0s.yaml for all to read", CONFIG, "0644", "600"),
    file("an edited drop-in of containerd", REGISTRIES, "sed -i 's/certs.d/other.d/' FILE", 1),
    file("an edited mirror", HOSTS, "sed -i 's/mirror.example/x.example/' FILE"),
    mode("registries for all to read", REGISTRIES, "0644", "600"),
    Drift("a join token left there", f"echo x > {TOKEN}", f"[ ! -e {TOKEN} ]"),
    Drift("an account that is gone", "userdel etcd", "id etcd"),
    file("the folder of the kubelet's settings emptied", FOLDER, "rm FILE", 1),
    file("an edited bound of pods", RESOURCES, 'sed -i \'s/"maxPods": 30/"maxPods": 31/\' FILE', 1),
    file("edited bounds of logs", LOGGING, "sed -i 's/5Mi/500Mi/' FILE", 1),
    file("an edited bound of the journal", JOURNALD, "sed -i 's/40M/400M/' FILE"),
    Drift("a removed label", "k0s kubectl label node $(hostname) example.org/shelf-", SHELF),
    Drift(
        "a changed label",
        "k0s kubectl label --overwrite node $(hostname) example.org/shelf=south",
        SHELF,
    ),
    Drift(
        "a removed taint",
        "k0s kubectl taint node $(hostname) example.org/slow-",
        f"[ \"$({NODE} 'jsonpath={{.spec.taints[*].key}}')\" = example.org/slow ]",
    ),
    Drift("a stopped service", f"systemctl stop {SERVICE}", f"systemctl is-active {SERVICE}", 1),
    Drift("a disabled service", f"systemctl disable {SERVICE}", f"systemctl is-enabled {SERVICE}"),
    Drift(
        "a masked service",
        f"systemctl stop {SERVICE}; mv {UNIT} /root/; systemctl mask {SERVICE}",
        f"{same(UNIT)} && systemctl is-active {SERVICE} && systemctl is-enabled {SERVICE}",
        1,
    ),
    file("a removed recovery unit", f"{UNITS}/{RECOVER}", "rm FILE; systemctl daemon-reload"),
    file("a removed receipt", RECEIPT, "rm FILE"),
    Drift(
        "a lifted cap on pods",
        f"echo -1 > {QUOTA} || echo max > {QUOTA}",
        f"! grep -Eq 'max|-1' {QUOTA}",
    ),
)
AGENT_DRIFTS = (
    file("a worker's flipped byte in the program", BINARY, FLIP, 1),
    file("a worker's edited unit", WORKER_UNIT, "sed -i 's/^Restart=.*/Restart=no/' FILE", 1),
    file("a worker's removed bounds", RESOURCES, "rm FILE", 1),
    file("a worker's edited drop-in of containerd", REGISTRIES, "echo '#' >> FILE", 1),
    Drift("a worker's join token left there", f"echo x > {TOKEN}", f"[ ! -e {TOKEN} ]"),
    Drift("a stopped worker", f"systemctl stop {WORKER}", f"systemctl is-active {WORKER}", 1),
)
KEPT = sorted(
    {
        *(BINARY, IMAGES, UNIT, DROPIN, ENV, CONFIG, REGISTRIES, HOSTS, FOLDER, RESOURCES, LOGGING),
        *(JOURNALD, RECEIPT, CAP_SCRIPT, WORKER_UNIT, f"{UNITS}/{RECOVER}"),
    }
)
