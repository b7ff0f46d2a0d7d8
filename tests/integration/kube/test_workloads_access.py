# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""edge_pod on the controller by a kubeconfig that logs in with a program and goes through a proxy.

What resolves those is the Python package kubernetes, which the environment of the bench has.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bed.paths import REPO

from .cluster import Cluster
from .test_proxy import Proxy

# The environment is made from the package registry where it is not there yet.
pytestmark = [pytest.mark.integration, pytest.mark.slow]


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    made = Proxy()
    yield made
    made.close()


@pytest.fixture(scope="module")
def ansible() -> str:
    """ansible-playbook of an environment with the package kubernetes."""
    command = ["python3", str(REPO / "tools" / "virtualenv.py"), "bench"]
    done = subprocess.run(command, text=True, check=True, stdout=subprocess.PIPE)
    return f"{done.stdout.strip()}/bin/ansible-playbook"


def logging_in(cluster: Cluster, folder: Path, **more: Any) -> Path:
    """A kubeconfig without an identity: a program tells it, as those of clouds do."""
    config = json.loads(cluster.admin)
    user = config["users"][0]["user"]
    status = {
        name: base64.b64decode(user[key]).decode()
        for name, key in (
            ("clientCertificateData", "client-certificate-data"),
            ("clientKeyData", "client-key-data"),
        )
    }
    version = "client.authentication.k8s.io/v1"
    told = {"apiVersion": version, "kind": "ExecCredential", "status": status}
    (folder / "credential.json").write_text(json.dumps(told))
    program = {"apiVersion": version, "command": "cat", "interactiveMode": "Never"}
    config["users"][0]["user"] = {"exec": {**program, "args": [str(folder / "credential.json")]}}
    config["clusters"][0]["cluster"] |= more
    path = folder / "kubeconfig"
    path.write_text(json.dumps(config))
    return path


def apply(ansible: str, folder: Path, kubeconfig: Path, namespace: str) -> str:
    definition = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "greeting"},
        "data": {"text": "good day"},
    }
    task = {
        "lightk8s.edge.edge_pod": {
            "kubeconfig": str(kubeconfig),
            "namespace": namespace,
            "definition": definition,
        }
    }
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [task]}
    (folder / "play.json").write_text(json.dumps([play]))
    command = [ansible, "-i", "localhost,", "-c", "local", str(folder / "play.json")]
    environment = {**os.environ, "PATH": f"{Path(ansible).parent}:{os.environ['PATH']}"}
    done = subprocess.run(command, env=environment, text=True, check=False, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_program_logs_in(cluster: Cluster, tmp_path: Path, namespace: str, ansible: str) -> None:
    path = logging_in(cluster, tmp_path)
    assert "changed=1" in apply(ansible, tmp_path, path, namespace)
    assert "changed=0" in apply(ansible, tmp_path, path, namespace)
    words = ("-n", namespace, "get", "configmap", "greeting", "-o", "jsonpath={.data.text}")
    assert cluster.kubectl(*words) == "good day"


def test_the_kubeconfigs_proxy_is_the_way(
    cluster: Cluster, tmp_path: Path, namespace: str, ansible: str, proxy: Proxy
) -> None:
    path = logging_in(
        cluster, tmp_path, **{"proxy-url": f"http://user:pass@127.0.0.1:{proxy.port}"}
    )
    assert "changed=1" in apply(ansible, tmp_path, path, namespace)
    place = cluster.server.removeprefix("https://")
    assert proxy.heads
    assert all(head.startswith(f"CONNECT {place} ") for head in proxy.heads)
