# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real API server, its datastore and controllers, as processes on loopback; no node."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from ...unit.kube.authority import DAY, Authority, Pair, now

START_SECONDS = 120.0
EXPIRED_NAME = "expired.test"
# Those whose work the tests look at; there is no node on which pods could run.
CONTROLLERS = (
    "disruption",
    "namespace",
    "garbage-collector",
    "deployment",
    "replicaset",
    "resourcequota",
    "persistentvolume-protection",
    "persistentvolumeclaim-protection",
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait(what: str, done: Callable[[], bool], log: Path) -> None:
    """Poll until `done`; a start that never ends is a failure of the bed, with its log."""
    end = time.monotonic() + START_SECONDS
    while not done():
        if time.monotonic() > end:
            raise RuntimeError(f"{what} did not start:\n{log.read_text()[-3000:]}")
        time.sleep(0.1)


class Process:
    """One component of the multi-call binary, with its log in a file."""

    def __init__(self, binary: Path, folder: Path, component: str, *flags: str) -> None:
        self._command = [str(binary), component, *flags]
        self.log = folder / f"{component}-{free_port()}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with open(self.log, "ab") as stream:
            self._process = subprocess.Popen(
                self._command, stdout=stream, stderr=stream, stdin=subprocess.DEVNULL
            )

    def kill(self) -> None:
        """As a power cut would: no farewell."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Keeps its sockets, but answers nobody."""
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGCONT)


class Cluster:
    """kine (SQLite) or etcd with kube-apiserver and the controllers that tests need."""

    def __init__(self, binary: Path, folder: Path, *, etcd: bool = False) -> None:
        self.binary = binary
        self.folder = folder
        self.authority = Authority()
        self.port, store, controllers = free_port(), free_port(), free_port()
        self.store_url = f"http://127.0.0.1:{store}"
        self.server = f"https://127.0.0.1:{self.port}"
        self._write("ca", self.authority.pair)
        self._write("serving", self.authority.issue("kube-apiserver", names=("127.0.0.1",)))
        past = self.authority.issue(
            "kube-apiserver", names=(EXPIRED_NAME,), before=now() - 9 * DAY, after=now() - DAY
        )
        self._write("expired", past)
        self._write("sa", self.authority.issue("service-accounts"))
        self.admin = self.kubeconfig(self.authority.issue("admin", "system:masters"))
        (folder / "admin.kubeconfig").write_text(self.admin)
        self.store = self._etcd() if etcd else self._kine()
        self.api = Process(binary, folder, "kube-apiserver", *self._api_flags())
        self.controllers = Process(
            binary,
            folder,
            "kube-controller-manager",
            f"--kubeconfig={folder}/admin.kubeconfig",
            "--controllers=" + ",".join(f"{name}-controller" for name in CONTROLLERS),
            "--bind-address=127.0.0.1",
            f"--secure-port={controllers}",
            "--leader-elect=false",
        )

    def _kine(self) -> Process:
        return Process(
            self.binary,
            self.folder,
            "kine",
            "--listen-address=" + self.store_url.removeprefix("http://"),
            "--metrics-bind-address=0",
            f"--endpoint=sqlite://{self.folder}/state.db?_journal=WAL&_busy_timeout=30000",
        )

    def _etcd(self) -> Process:
        peer = f"http://127.0.0.1:{free_port()}"
        return Process(
            self.binary,
            self.folder,
            "etcd",
            f"--data-dir={self.folder}/etcd",
            f"--listen-client-urls={self.store_url}",
            f"--advertise-client-urls={self.store_url}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
        )

    def _api_flags(self) -> list[str]:
        folder = self.folder
        return [
            f"--etcd-servers={self.store_url}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",
            f"--secure-port={self.port}",
            "--service-cluster-ip-range=10.43.0.0/16",
            "--authorization-mode=RBAC",
            # Pages come from the datastore, so that its compaction is seen.
            "--feature-gates=ListFromCacheSnapshot=false",
            # Pods are made without a controller that would bring service account tokens.
            "--disable-admission-plugins=ServiceAccount",
            "--anonymous-auth=false",
            f"--client-ca-file={folder}/ca.crt",
            f"--tls-cert-file={folder}/serving.crt",
            f"--tls-private-key-file={folder}/serving.key",
            f"--tls-sni-cert-key={folder}/expired.crt,{folder}/expired.key:{EXPIRED_NAME}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={folder}/sa.key",
            f"--service-account-signing-key-file={folder}/sa.key",
        ]

    def _write(self, name: str, pair: Pair) -> None:
        (self.folder / f"{name}.crt").write_bytes(pair.cert)
        (self.folder / f"{name}.key").write_bytes(pair.key)

    def kubeconfig(self, user: Pair, *, server_name: str = "") -> str:
        """A kubeconfig for `user` as JSON; `server_name` is asked for and checked in TLS."""
        cluster: dict[str, str] = {
            "server": self.server,
            "certificate-authority-data": _base64(self.authority.pair.cert),
        }
        if server_name:
            cluster["tls-server-name"] = server_name
        identity = {
            "client-certificate-data": _base64(user.cert),
            "client-key-data": _base64(user.key),
        }
        return json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "default",
                "clusters": [{"name": "default", "cluster": cluster}],
                "users": [{"name": "default", "user": identity}],
                "contexts": [
                    {"name": "default", "context": {"cluster": "default", "user": "default"}}
                ],
            }
        )

    def start(self) -> None:
        self.store.start()
        self.start_api()
        self.controllers.start()

    def start_api(self) -> None:
        self.api.start()
        wait("kube-apiserver", self.is_ready, self.api.log)

    def is_ready(self) -> bool:
        """Asked with the standard library and kubectl's way of trust: not by what is tested."""
        context = ssl.create_default_context(cafile=str(self.folder / "ca.crt"))
        context.load_cert_chain(self._admin_pem())
        try:
            with urllib.request.urlopen(
                self.server + "/readyz", context=context, timeout=5
            ) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _admin_pem(self) -> str:
        path = self.folder / "admin.pem"
        if not path.exists():
            user = json.loads(self.admin)["users"][0]["user"]
            path.write_bytes(b"".join(base64.b64decode(text) for text in user.values()))
        return str(path)

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """Run the real kubectl as admin; the second opinion of the tests."""
        config = f"--kubeconfig={self.folder}/admin.kubeconfig"
        done = subprocess.run(
            [str(self.binary), "kubectl", config, *arguments],
            input=stdin,
            text=True,
            check=False,
            capture_output=True,
        )
        if done.returncode:
            raise RuntimeError(f"kubectl {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def stop(self) -> None:
        for process in (self.controllers, self.api, self.store):
            process.kill()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
