# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a K3s node is changed by hand; see `table`."""

from __future__ import annotations

from .table import (
    CAP,
    CAP_SCRIPT,
    CUT,
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

CONFIG = "/etc/rancher/k3s/config.yaml"
REGISTRIES = "/etc/rancher/k3s/registries.yaml"
TOKEN = "/etc/rancher/k3s/token"
KUBECONFIG = "/etc/rancher/k3s/k3s.yaml"
UNIT = f"{UNITS}/k3s.service"
ENV = f"{UNIT}.env"
DROPIN = f"{UNIT}.d/60-lightk8s-resources.conf"
KUBELET = "/var/lib/rancher/k3s/agent/etc/kubelet.conf.d"
RESOURCES = f"{KUBELET}/60-lightk8s-resources.conf"
LOGGING = f"{KUBELET}/60-lightk8s-logging.conf"
IMAGES = "/var/lib/rancher/k3s/agent/images/k3s-airgap-images.tar.zst"
NOTE = "/var/lib/lightk8s/state/token.note"
BINARY = "/usr/local/bin/k3s"
NODE = "k3s kubectl get node $(hostname) -o"

SERVER_DRIFTS = (
    file("a flipped byte in the binary", BINARY, FLIP, 1),
    mode("a binary that cannot be executed", BINARY, "0644", "755"),
    Drift(
        "a link kubectl removed",
        "rm /usr/local/bin/kubectl",
        '[ "$(readlink /usr/local/bin/kubectl)" = k3s ]',
    ),
    file("a damaged image archive", IMAGES, "printf x >> FILE"),
    file("an edited unit", UNIT, "sed -i 's/^TasksMax=.*/TasksMax=100/' FILE", 1),
    file(
        "an edited limit of the service", DROPIN, "sed -i 's/^MemoryMax=.*/MemoryMax=9G/' FILE", 1
    ),
    file("an edited environment file", ENV, "sed -i 's/3128/3129/' FILE", 1),
    file(
        "a changed key in the configuration", CONFIG, "sed -i 's/shop.example/x.example/' FILE", 1
    ),
    file("a key added to the configuration", CONFIG, "echo 'debug: true' >> FILE", 1),
    mode("a configuration for all to read", CONFIG, "0644", "600"),
    file("edited registries", REGISTRIES, "sed -i 's/mirror.example/x.example/' FILE", 1),
    mode("a token for all to read", TOKEN, "0644", "600"),
    file("a changed token file", TOKEN, "echo nobody-knows-this > FILE", 1),
    mode("a kubeconfig for all to read", KUBECONFIG, "0644", "600"),
    file("an edited bound of pods", RESOURCES, 'sed -i \'s/"maxPods": 30/"maxPods": 31/\' FILE', 1),
    file("edited bounds of logs", LOGGING, "sed -i 's/5Mi/500Mi/' FILE", 1),
    file("an edited bound of the journal", JOURNALD, "sed -i 's/40M/400M/' FILE"),
    Drift(
        "a removed label",
        "k3s kubectl label node $(hostname) example.org/shelf-",
        f"[ \"$({NODE} 'jsonpath={{.metadata.labels.example\\.org/shelf}}')\" = north ]",
    ),
    Drift(
        "a changed label",
        "k3s kubectl label --overwrite node $(hostname) example.org/shelf=south",
        f"[ \"$({NODE} 'jsonpath={{.metadata.labels.example\\.org/shelf}}')\" = north ]",
    ),
    Drift(
        "a removed taint",
        "k3s kubectl taint node $(hostname) example.org/slow-",
        f"[ \"$({NODE} 'jsonpath={{.spec.taints[*].key}}')\" = example.org/slow ]",
    ),
    Drift("a stopped service", "systemctl stop k3s", "systemctl is-active k3s", 1),
    Drift("a disabled service", "systemctl disable k3s", "systemctl is-enabled k3s"),
    Drift(
        "a masked service",
        "systemctl stop k3s; mv /etc/systemd/system/k3s.service /root/; systemctl mask k3s",
        f"{same(UNIT)} && systemctl is-active k3s && systemctl is-enabled k3s",
        1,
    ),
    file("a removed recovery unit", f"{UNITS}/{RECOVER}", "rm FILE; systemctl daemon-reload"),
    Drift(
        "a disabled recovery unit",
        f"systemctl disable {RECOVER}",
        f"systemctl is-enabled {RECOVER}",
    ),
    file("a removed receipt", RECEIPT, "rm FILE"),
    Drift(
        "a lifted cap on pods",
        f"echo -1 > {QUOTA} || echo max > {QUOTA}",
        f"! grep -Eq 'max|-1' {QUOTA}",
    ),
    file("an edited script of the cap", CAP_SCRIPT, "sed -i 's/tries=0/tries=5/' FILE"),
)
# Their likes are above.
FURTHER_DRIFTS = (
    file("a binary that is cut short", BINARY, CUT, 1),
    file("a removed binary", BINARY, "rm FILE", 1),
    Drift(
        "a link crictl that leads elsewhere",
        "ln -sfn /bin/false /usr/local/bin/crictl",
        '[ "$(readlink /usr/local/bin/crictl)" = k3s ]',
    ),
    file("a removed image archive", IMAGES, "rm FILE"),
    file("an edited unit, read by systemd", UNIT, "echo '#' >> FILE; systemctl daemon-reload", 1),
    file("a removed limit of the service", DROPIN, "rm FILE", 1),
    file("a removed environment file", ENV, "rm FILE", 1),
    mode("an environment file for all to read", ENV, "0644", "600"),
    file("a removed key in the configuration", CONFIG, "sed -i '/^tls-san/,+1d' FILE", 1),
    file("a removed configuration", CONFIG, "rm FILE", 1),
    file("a removed token file", TOKEN, "rm FILE", 1),
    file("removed registries", REGISTRIES, "rm FILE", 1),
    mode("registries for all to read", REGISTRIES, "0644", "600"),
    file("removed bounds of the kubelet", RESOURCES, "rm FILE", 1),
    file("removed bounds of logs", LOGGING, "rm FILE", 1),
    file("a removed bound of the journal", JOURNALD, "rm FILE"),
    file("an edited recovery unit", f"{UNITS}/{RECOVER}", "sed -i 's/^Before=.*//' FILE"),
    file("an edited receipt", RECEIPT, "sed -i 's/v1.34.2/v1.34.1/' FILE"),
    Drift("a looser cap on pods", f"echo 190000 > {QUOTA}", f"! grep -q 190000 {QUOTA}"),
    file("a removed unit of the cap", f"{UNITS}/{CAP}", "rm FILE; systemctl daemon-reload"),
    Drift("a disabled unit of the cap", f"systemctl disable {CAP}", f"systemctl is-enabled {CAP}"),
)

# Found and mended without a version and without a token in the inventory: the receipt tells what was
# installed, and a server of the site still has the token.
SECRET = "a-token-of-the-sho[p]"  # finds the token without holding it: the log must not
AGENT_UNIT = f"{UNITS}/k3s-agent.service"
AGENT_DRIFTS = (
    file("an agent's flipped byte in the binary", BINARY, FLIP, 1),
    file("an agent's edited unit", AGENT_UNIT, "sed -i 's/^Restart=.*/Restart=no/' FILE", 1),
    file("an agent's edited configuration", CONFIG, "echo 'debug: true' >> FILE", 1),
    Drift("an agent's removed token file", f"rm {TOKEN}", f"grep -q {SECRET} {TOKEN}", 1),
    Drift(
        "an agent's changed token file",
        f"echo nobody-knows-this > {TOKEN}",
        f"grep -q {SECRET} {TOKEN}",
        1,
    ),
    file("an agent's damaged note of its token", NOTE, "echo x > FILE"),
    file("an agent's removed bounds", RESOURCES, "rm FILE", 1),
    Drift("a stopped agent", "systemctl stop k3s-agent", "systemctl is-active k3s-agent", 1),
)
KEPT = sorted(
    {
        *(BINARY, IMAGES, UNIT, DROPIN, ENV, CONFIG, REGISTRIES, TOKEN, RESOURCES, LOGGING),
        *(JOURNALD, NOTE, RECEIPT, CAP_SCRIPT, AGENT_UNIT, f"{UNITS}/{RECOVER}", f"{UNITS}/{CAP}"),
    }
)
