# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cloud with KubeEdge's cloudcore, and one edge, set up by hand."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from bed import runtime
from bed.fleet import Fleet
from bed.node import Node
from bed.packing import ARCH

VERSION = "v1.23.1"
K3S = "v1.34.2+k3s1"
EDGE = "edge-agent1"
CONFIG = "/etc/kubeedge/config/edgecore.yaml"
KUBECONFIG = "/etc/kubeedge/config/kubeconfig"
BOOTSTRAP = "/etc/kubeedge/bootstrap-edgecore.conf"
DATABASE = "/var/lib/kubeedge/edgecore.db"
SQL = """\
import sqlite3, sys
db = sqlite3.connect("file:{path}?mode=ro", uri=True)
print("\\n".join("|".join(map(str, row)) for row in db.execute(sys.argv[1])))
"""
UNIT = """\
[Unit]
Description={name}.service
[Service]
Type={type}
ExecStart=/usr/local/bin/{command}
Restart=always
RestartSec=10
KillMode=process
Delegate=yes
[Install]
WantedBy=multi-user.target
"""
NO_WORKLOADS = (
    "server --disable-agent --disable=traefik,servicelb,metrics-server,local-storage,coredns"
)


def pod(name: str, *, token: bool = True) -> dict[str, Any]:
    container = {"name": "c", "image": "docker.io/lightk8s/probe:1", "imagePullPolicy": "Never"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "nodeName": EDGE,
            "automountServiceAccountToken": token,
            "tolerations": [{"operator": "Exists"}],
            "containers": [container],
        },
    }


class Pair:
    """The two nodes and what tests ask of them."""

    def __init__(self, fleet: Fleet) -> None:
        self.cloud, self.edge = fleet["cloud-server1"], fleet[EDGE]

    def until(self, what: str, look: Callable[[], Any], seconds: float = 240) -> None:
        end = time.monotonic() + seconds
        while not look():
            if time.monotonic() > end:
                raise AssertionError(f"waited {seconds:.0f} s for: {what}")
            time.sleep(0.5)

    # -- the cloud

    def kubectl(self, *args: str, check: bool = True) -> str:
        return self.cloud.kubectl(*args, check=check).stdout

    def start_cloud(self, k3s: Path, releases: Path) -> None:
        cloud = self.cloud
        cloud.put(k3s / K3S / "k3s", "/usr/local/bin/k3s")
        cloud.run("chmod 755 /usr/local/bin/k3s; mkdir -p /root/.kube /etc/kubeedge/config")
        service(cloud, "k3s", f"k3s {NO_WORKLOADS}", "notify")
        cloud.run("systemctl start k3s; ln -s /etc/rancher/k3s/k3s.yaml /root/.kube/config")
        definitions = sorted((releases / VERSION / "build").rglob("*.yaml"))
        cloud.write("/root/build.yaml", "---\n".join(path.read_text() for path in definitions))
        self.kubectl("apply", "--server-side", "-f", "/root/build.yaml")
        self.give_rights()
        listen = {"address": "0.0.0.0", "enable": True}
        hub = {
            "advertiseAddress": [cloud.ip],
            "enable": True,
            "https": {**listen, "port": 10002},
            "websocket": {**listen, "port": 10000},
        }
        config = {
            "kubeAPIConfig": {"kubeConfig": KUBECONFIG},
            "modules": {"cloudHub": hub},
        }
        cloud.write("/etc/kubeedge/config/cloudcore.yaml", yaml.safe_dump(config))
        self.install(cloud, releases, "kubeedge", "cloud/cloudcore/cloudcore")
        self.install(cloud, releases, "keadm", "keadm/keadm")
        service(cloud, "cloudcore", "cloudcore", "simple")
        cloud.run("systemctl start cloudcore")
        self.until("a token", self.token)

    def give_rights(self) -> None:
        """What cloudcore may is what its account may."""
        token = self.kubectl("-n", "kubeedge", "create", "token", "cloudcore", "--duration=24h")
        access = yaml.safe_load(self.cloud.read("/root/.kube/config"))
        access["users"][0]["user"] = {"token": token.strip()}
        self.cloud.write(KUBECONFIG, yaml.safe_dump(access), 0o600)

    def install(
        self, node: Node, releases: Path, asset: str, path: str, version: str = VERSION
    ) -> None:
        top = f"{asset}-{version}-linux-{ARCH}"
        node.put(releases / version / f"{top}.tar.gz", "/root/asset.tar.gz")
        node.run("tar -xzf /root/asset.tar.gz -C /root && rm /root/asset.tar.gz")
        name = path.rpartition("/")[2]
        node.run(
            f"install /root/{top}/{path} /usr/local/bin/.new && mv /usr/local/bin/.new /usr/local/bin/{name}"
        )
        node.run(f"rm -r /root/{top}")

    def token(self) -> str:
        return self.cloud.run("keadm gettoken", check=False).stdout.strip().rpartition("\n")[2]

    def apply(self, *objects: dict[str, Any]) -> None:
        self.cloud.write("/root/objects.yaml", yaml.safe_dump_all(objects))
        self.kubectl("apply", "-f", "/root/objects.yaml")

    def node(self) -> dict[str, Any]:
        text = self.kubectl("get", "node", EDGE, "--ignore-not-found", "-o", "json")
        found: dict[str, Any] = json.loads(text) if text else {}
        return found

    def ready(self) -> str:
        conditions = self.node().get("status", {}).get("conditions", [])
        return next((c["status"] for c in conditions if c["type"] == "Ready"), "")

    def phases(self) -> dict[str, str]:
        items = json.loads(self.kubectl("get", "pods", "-o", "json"))["items"]
        return {item["metadata"]["name"]: item["status"]["phase"] for item in items}

    # -- the edge

    def config(self, **changes: Any) -> dict[str, Any]:
        """A file as an operator writes it: `edged` and others replace parts of modules."""
        runtime_socket = "unix:///run/containerd/containerd.sock"
        kubelet = {
            "cgroupDriver": "cgroupfs",
            "containerRuntimeEndpoint": runtime_socket,
            "imageServiceEndpoint": runtime_socket,
            # the machine below may have less free than the defaults ask for
            "evictionHard": {"imagefs.available": "1%", "nodefs.available": "1%"},
        }
        modules = {
            "edgeHub": {
                "httpServer": f"https://{self.cloud.ip}:10002",
                "websocket": {"enable": True, "server": f"{self.cloud.ip}:10000"},
            },
            "edged": {
                "hostnameOverride": EDGE,
                "nodeLabels": {"site": "shop"},
                "tailoredKubeletConfig": kubelet,
            },
            "eventBus": {"enable": False},
        }
        kind = {"apiVersion": "edgecore.config.kubeedge.io/v1alpha2", "kind": "EdgeCore"}
        return {**kind, "edgecoreVersion": VERSION, "modules": modules, **changes}

    def give_edge(self, releases: Path) -> None:
        runtime.start(self.edge, releases.parent / "images")
        self.install(self.edge, releases, "kubeedge", "edge/edgecore")
        self.install(self.edge, releases, "keadm", "keadm/keadm")

    def write_config(self, config: dict[str, Any], path: str = CONFIG) -> None:
        self.edge.write(path, yaml.safe_dump(config), 0o600)

    def join(self) -> None:
        """Directly, without keadm."""
        self.write_config(self.config())
        self.edge.write(BOOTSTRAP, self.token(), 0o600)
        service(self.edge, "edgecore", "edgecore", "simple")
        self.edge.run("systemctl start edgecore")
        self.until("the node Ready", lambda: self.ready() == "True")
        self.edge.run(f"rm {BOOTSTRAP}")

    def sql(self, query: str) -> list[str]:
        script = SQL.format(path=DATABASE)
        return self.edge.run(["python3", "-c", script, query]).stdout.splitlines()

    def rows(self) -> set[str]:
        return set(self.sql("SELECT key FROM meta"))

    def tables(self) -> dict[str, str]:
        names = self.sql(
            "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'"
        )
        columns = "SELECT group_concat(name, ' ') FROM pragma_table_info('{}')"
        return {name: self.sql(columns.format(name))[0] for name in names}

    def running(self) -> dict[str, str]:
        """Containers of pods that run, as containerd says: pod and container."""
        script = (
            "for id in $(ctr -n k8s.io t ls | awk '$3 == \"RUNNING\" {print $1}'); do "
            "ctr -n k8s.io c info $id | python3 -c 'import json,sys; "
            'l = json.load(sys.stdin)["Labels"]; '
            'print(l["io.kubernetes.pod.name"], l.get("io.kubernetes.container.name", "-"), sys.argv[1])\' $id; done'
        )
        lines = self.edge.run(script).stdout.split("\n")
        triples = [line.split() for line in lines if line]
        return {name: container for name, kind, container in triples if kind == "c"}

    def kill(self, containers: dict[str, str]) -> None:
        for container in containers.values():
            self.edge.run(f"ctr -n k8s.io tasks kill -s 9 {container}", check=False)

    def replaced(self, before: dict[str, str], pods: set[str]) -> bool:
        now = self.running()
        return all(name in now and now[name] != before.get(name) for name in pods)

    def curl(self, path: str) -> str:
        return self.edge.run(f"curl -s http://127.0.0.1:10350/{path}", check=False).stdout

    def shows(self, version: str) -> bool:
        return bool(self.node()["status"]["nodeInfo"]["kubeletVersion"] == version)

    def give_image(self, releases: Path, name: str) -> None:
        self.edge.put(releases.parent / "images" / name, f"/root/{name}")
        self.edge.run(f"ctr -n k8s.io images import /root/{name} && rm /root/{name}")

    @contextlib.contextmanager
    def cut_off(self) -> Iterator[None]:
        """Nothing passes between the edge and the cloud."""
        rules = f"OUTPUT -d {self.cloud.ip} -j DROP", f"INPUT -s {self.cloud.ip} -j DROP"
        for rule in rules:
            self.edge.run(f"iptables -I {rule}")
        yield
        for rule in rules:
            self.edge.run(f"iptables -D {rule}")

    def journal(self, unit: str = "edgecore") -> str:
        return self.edge.run(f"journalctl -u {unit} -o cat --no-pager").stdout


def service(node: Node, name: str, command: str, kind: str) -> None:
    node.write(
        f"/etc/systemd/system/{name}.service", UNIT.format(name=name, command=command, type=kind)
    )
    node.run(f"systemctl daemon-reload; systemctl enable {name}")
