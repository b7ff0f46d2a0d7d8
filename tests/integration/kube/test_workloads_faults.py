# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers that go away, writers that never stop, many objects, and rollouts that fail."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._kube.client import Client

from .cluster import Cluster
from .workloads import Object, Site, config_map, deployment, pod_spec

pytestmark = pytest.mark.integration


@pytest.fixture
def site(cluster: Cluster) -> Site:
    return Site(cluster)


@contextmanager
def beside(work: Any) -> Iterator[None]:
    """Do `work(stop)` at the same time."""
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def many(count: int, **data: str) -> list[Object]:
    return [config_map(f"item-{number:03}", **data) for number in range(count)]


def test_the_api_goes_away_in_the_middle(kube_binary: Path, tmp_path: Path) -> None:
    cluster = Cluster(kube_binary, tmp_path)
    cluster.start()
    try:
        site = Site(cluster)
        site.settle(config_map("before"))

        def restart(stop: threading.Event) -> None:
            time.sleep(0.3)
            cluster.api.kill()
            cluster.start_api()

        with beside(restart):
            done = site.run(*many(300))
        assert "failed" not in done, done["msg"]
        assert len(done["actions"]) == 300
        site.unchanged(*many(300))
    finally:
        cluster.stop()


def test_a_storm_of_other_writers_is_outlived(site: Site, cluster: Cluster, namespace: str) -> None:
    items = many(20)
    site.settle(*items, namespace=namespace)

    def write(stop: threading.Event) -> None:
        number = 0
        with Client.from_kubeconfig(cluster.admin) as client:
            while not stop.is_set():
                number += 1
                patch = {"metadata": {"annotations": {"storm": str(number)}}}
                client.patch("ConfigMap", namespace, f"item-{number % 20:03}", patch)

    with beside(write):
        for value in ("2", "3", "4"):
            done = site.run(*many(20, key=value), namespace=namespace)
            assert "failed" not in done, done["msg"]
            assert len(done["actions"]) == 20
            # Their annotation is neither ours nor a difference.
            again = site.run(*many(20, key=value), namespace=namespace)
            assert (again.get("failed"), again["changed"]) == (None, False)


def test_500_objects_come_and_go(site: Site, namespace: str) -> None:
    items = many(500)
    done = site.settle(*items, namespace=namespace, owner="many")
    assert len(done["workloads"]["objects"]) == 500
    gone = site.run(definition=[], namespace=namespace, owner="many", wait=True)
    assert "failed" not in gone, gone["msg"]
    found = site.cluster.kubectl("-n", namespace, "get", "configmap", "-o", "name").split()
    assert [name for name in found if "item-" in name] == []


def test_a_site_that_is_right_costs_one_request_per_object_and_few_more(
    site: Site, cluster: Cluster, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [*many(40), *(deployment(f"app-{number}") for number in range(10))]
    site.settle(*items, namespace=namespace, owner="counted")
    calls: list[str] = []
    from ansible_collections.lightk8s.edge.plugins.module_utils._kube.transport import Transport

    call = Transport.call

    def counted(transport: Transport, method: str, path: str, **more: Any) -> Any:
        calls.append(f"{method} {path}")
        return call(transport, method, path, **more)

    monkeypatch.setattr(Transport, "call", counted)
    site.unchanged(*items, namespace=namespace, owner="counted")
    assert len(calls) <= len(items) + 10


def status(site: Site, namespace: str, kind: str, name: str, **fields: Any) -> None:
    """What a kubelet would report."""
    site.cluster.kubectl(
        *("-n", namespace, "patch", kind, name, "--subresource=status", "--type=merge"),
        *("-p", json.dumps({"status": fields})),
    )


def container(state: Object, **more: Any) -> Object:
    return {
        "name": "app",
        "image": "registry.example.org/app:1",
        "imageID": "",
        "ready": False,
        "restartCount": 0,
        "state": state,
        **more,
    }


WAITING = "waiting"
REASONS: dict[str, tuple[Object, str]] = {
    "its image cannot be pulled": (
        {WAITING: {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}},
        "ImagePullBackOff: Back-off pulling image",
    ),
    "its image has no name": (
        {WAITING: {"reason": "InvalidImageName", "message": "couldn't parse image name"}},
        "InvalidImageName",
    ),
    "it crashes": (
        {WAITING: {"reason": "CrashLoopBackOff", "message": "back-off 10s"}},
        "ended with 3 (Error)",
    ),
}


@pytest.mark.parametrize("what", sorted(REASONS))
def test_the_reason_of_a_pod_is_told(site: Site, namespace: str, what: str) -> None:
    state, words = REASONS[what]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one"}, "spec": pod_spec()}
    site.settle(pod, namespace=namespace)
    ended = {"terminated": {"exitCode": 3, "reason": "Error"}}
    row = container(state, lastState=ended if what == "it crashes" else {})
    status(site, namespace, "pod", "one", phase="Pending", containerStatuses=[row])
    before = time.monotonic()
    found = site.run(pod, namespace=namespace, wait=True, wait_timeout=4)
    assert found["failure"]["kind"] == "health"
    assert words in found["msg"]
    assert "wait until" in found["failure"]["step"]
    if what == "its image has no name":
        assert "cannot become ready" in found["msg"]
    else:
        assert time.monotonic() - before >= 4


def test_pods_that_cannot_be_scheduled_say_why(site: Site, namespace: str) -> None:
    item = deployment("one")
    site.settle(item, namespace=namespace)
    path = "jsonpath={.status.observedGeneration}"
    site.cluster.kubectl(
        *("-n", namespace, "wait", "--timeout=60s", f"--for={path}=1", "deployment/one")
    )
    name = ""
    while not name:
        text = site.cluster.kubectl("-n", namespace, "get", "pod", "-o", "name")
        name = text.strip().partition("/")[2]
    row = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/1 nodes are available: 1 Insufficient memory.",
    }
    status(site, namespace, "pod", name, phase="Pending", conditions=[row])
    found = site.run(item, namespace=namespace, wait=True, wait_timeout=3)
    assert "cannot be scheduled: 0/1 nodes are available" in found["msg"]
    # Check mode says that there is something to wait for, and that nothing would change.
    told = site.run(item, namespace=namespace, wait=True, check=True)
    assert (told["changed"], told["pending"], told["actions"]) == (False, True, [])


def test_a_quota_that_refuses_pods_of_a_deployment_is_told_without_waiting_for_the_end(
    site: Site, namespace: str
) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "none"},
        "spec": {"hard": {"pods": "0"}},
    }
    site.settle(quota, namespace=namespace)
    path = "jsonpath={.status.hard.pods}"
    site.cluster.kubectl(
        *("-n", namespace, "wait", "--timeout=60s", f"--for={path}=0", "resourcequota/none")
    )
    found = site.run(deployment("one"), namespace=namespace, wait=True, wait_timeout=3600)
    assert found["failure"]["kind"] == "health"
    assert "one cannot become ready" in found["msg"]
    assert "exceeded quota: none" in found["msg"]


def test_the_wait_ends_as_soon_as_it_is_rolled_out(site: Site, namespace: str) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one"}, "spec": pod_spec()}
    ready = {"type": "Ready", "status": "True"}

    def report(stop: threading.Event) -> None:
        while not stop.is_set():
            text = site.cluster.kubectl(
                *("-n", namespace, "get", "pod", "one", "-o", "name", "--ignore-not-found")
            )
            if text:
                status(site, namespace, "pod", "one", phase="Running", conditions=[ready])
                return

    before = time.monotonic()
    with beside(report):
        found = site.run(pod, namespace=namespace, wait=True, wait_timeout=240)
    assert "failed" not in found, found["msg"]
    assert found["workloads"]["objects"][0]["ready"]
    assert time.monotonic() - before < 120
