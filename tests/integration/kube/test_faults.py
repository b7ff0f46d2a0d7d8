# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An API server that is overloaded, killed, frozen, compacted, or has expired certificates."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.lightk8s.edge.plugins.module_utils._host.http import (
    CertificateExpired,
    HttpError,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.client import Client
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.errors import ApiError
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.retry import ONCE, Retry

from ...unit.kube.authority import DAY, now
from .clock import SteppedClock
from .cluster import EXPIRED_NAME, Cluster, wait

pytestmark = pytest.mark.integration

STORM = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: storm}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: storm}]
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: {name: storm}
spec:
  type: Limited
  limited:
    nominalConcurrencyShares: 0
    borrowingLimitPercent: 0
    limitResponse: {type: Reject}
---
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: storm}
spec:
  matchingPrecedence: 2
  priorityLevelConfiguration: {name: storm}
  rules:
  - resourceRules:
    - {apiGroups: ["*"], resources: ["*"], verbs: ["*"], namespaces: ["*"], clusterScope: true}
    subjects: [{kind: User, user: {name: storm}}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: storm}
webhooks:
- name: storm.example.org
  clientConfig: {url: "https://127.0.0.1:PORT/"}
  rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}]
  objectSelector: {matchLabels: {slow: "yes"}}
  failurePolicy: Ignore
  timeoutSeconds: 30
  sideEffects: None
  admissionReviewVersions: [v1]
"""
VERBS = ("create", "read", "list", "patch", "delete")


def do(client: Client, verb: str) -> object:
    """One call of each verb; those that change need the object `kept` in default."""
    if verb == "create":
        return client.create("ConfigMap", "default", {"metadata": {"name": "made"}})
    if verb == "read":
        return client.read("ConfigMap", "default", "kept")
    if verb == "list":
        return client.list("ConfigMap", "default")
    if verb == "patch":
        return client.patch("ConfigMap", "default", "kept", {"data": {"patched": "yes"}})
    return client.delete("ConfigMap", "default", "kept")


@pytest.fixture
def kept(cluster: Cluster) -> Iterator[None]:
    cluster.kubectl("create", "configmap", "kept", "-n", "default")
    yield
    cluster.kubectl("delete", "configmap", "kept", "made", "-n", "default", "--ignore-not-found")


class Storm:
    """A user whose requests are answered with 429 until `calm`.

    The user has one seat, and it is taken by a creation whose webhook never answers.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.kubeconfig = cluster.kubeconfig(cluster.authority.issue("storm"))
        self._webhook = socket.create_server(("127.0.0.1", 0))
        port = self._webhook.getsockname()[1]
        self._manifest = STORM.replace("PORT", str(port))
        self._holder = threading.Thread(target=self._hold)

    def begin(self) -> None:
        self._cluster.kubectl("apply", "-f", "-", stdin=self._manifest)
        self._holder.start()
        with Client.from_kubeconfig(self.kubeconfig, retry=ONCE) as client:
            wait("the storm", lambda: self._is_refused(client), self._cluster.api.log)

    def _is_refused(self, client: Client) -> bool:
        try:
            client.list("ConfigMap", "default")
        except ApiError as exc:
            return exc.status == 429
        return False

    def _hold(self) -> None:
        body = {"metadata": {"generateName": "slow-", "labels": {"slow": "yes"}}}
        with Client.from_kubeconfig(self.kubeconfig, read_timeout=60) as client:
            while self._webhook.fileno() >= 0:
                with contextlib.suppress(ApiError):
                    client.create("ConfigMap", "default", body)

    def calm(self) -> None:
        self._webhook.close()

    def end(self) -> None:
        self.calm()
        self._holder.join()
        self._cluster.kubectl("delete", "-f", "-", stdin=self._manifest)
        self._cluster.kubectl("delete", "configmap", "-n", "default", "-l", "slow")


@pytest.fixture
def storm(cluster: Cluster) -> Iterator[Storm]:
    storm = Storm(cluster)
    try:
        storm.begin()
        yield storm
    finally:
        storm.end()


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("verb", VERBS)
def test_an_overload_is_waited_for(storm: Storm, verb: str) -> None:
    def calm() -> None:
        if len(clock.pauses) == 2:
            storm.calm()

    clock = SteppedClock(calm)
    retry = Retry(attempts=50, budget=999)
    with Client.from_kubeconfig(storm.kubeconfig, clock=clock, retry=retry) as client:
        do(client, verb)
    assert len(clock.pauses) >= 2
    assert all(pause >= 1.0 for pause in clock.pauses)  # the server's Retry-After


def test_an_overload_without_end_is_told(storm: Storm) -> None:
    clock = SteppedClock()
    client = Client.from_kubeconfig(storm.kubeconfig, clock=clock, retry=Retry(attempts=4))
    with client, pytest.raises(ApiError) as caught:
        client.list("Node")
    assert caught.value.status == 429
    assert (caught.value.after or 0) >= 1.0
    assert len(clock.pauses) == 3


def test_no_pause_outlasts_the_budget(storm: Storm) -> None:
    clock = SteppedClock()
    retry = Retry(attempts=99, budget=5)
    client = Client.from_kubeconfig(storm.kubeconfig, clock=clock, retry=retry)
    with client, pytest.raises(ApiError):
        client.list("Node")
    assert 0 < sum(clock.pauses) <= 5


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("verb", VERBS)
def test_a_killed_server_is_waited_for(cluster: Cluster, verb: str) -> None:
    def restart() -> None:
        if len(clock.pauses) == 2:
            cluster.start_api()

    clock = SteppedClock(restart)
    with Client.from_kubeconfig(cluster.admin, clock=clock) as client:
        client.version()
        cluster.api.kill()
        do(client, verb)
    assert len(clock.pauses) >= 2


def test_a_server_that_stays_away_is_unreachable_in_the_end(cluster: Cluster) -> None:
    clock = SteppedClock()
    cluster.api.kill()
    try:
        with Client.from_kubeconfig(cluster.admin, clock=clock) as client:
            with pytest.raises(HttpError) as caught:
                client.list("Node")
            assert caught.value.reason == "refused"
            assert clock.pauses
            tried = len(clock.pauses)
            with pytest.raises(HttpError):
                client.readyz()
            assert len(clock.pauses) == tried
    finally:
        cluster.start_api()


@pytest.mark.usefixtures("kept")
def test_a_frozen_server_is_a_timeout_and_then_served_again(cluster: Cluster) -> None:
    clock = SteppedClock(cluster.api.resume)
    with Client.from_kubeconfig(
        cluster.admin, clock=clock, read_timeout=0.5, connect_timeout=0.5
    ) as client:
        client.version()
        cluster.api.pause()
        try:
            with pytest.raises(HttpError) as caught:
                client.create("ConfigMap", "default", {"metadata": {"name": "made"}})
            # It may have been made: doing it again is the caller's decision.
            assert (caught.value.reason, clock.pauses) == ("timeout", [])
            assert client.read("ConfigMap", "default", "kept") is not None
        finally:
            cluster.api.resume()


class Interrupted(Client):
    """Lets `between` happen after the first page of a list."""

    between: Callable[[], object] | None = None

    def get(self, path: str) -> dict[str, Any]:
        page = super().get(path)
        action, self.between = self.between, None
        if action:
            action()
        return page


def names(client: Client, **options: Any) -> list[str]:
    return [item["metadata"]["name"] for item in client.list("ConfigMap", "default", **options)]


def fill(client: Client, count: int) -> list[str]:
    for number in range(count):
        client.create("ConfigMap", "default", {"metadata": {"name": f"page-{number}"}})
    return sorted(f"page-{number}" for number in range(count))


def test_a_list_goes_on_after_the_server_was_killed_between_pages(cluster: Cluster) -> None:
    clock = SteppedClock(lambda: None if cluster.is_ready() else cluster.start_api())
    with Interrupted.from_kubeconfig(cluster.admin, clock=clock) as client:
        expected = sorted({*fill(client, 30), *names(client)})
        client.between = cluster.api.kill
        assert names(client, page=7) == expected
    assert clock.pauses


def test_a_list_whose_pages_were_compacted_begins_anew(kube_binary: Path, tmp_path: Path) -> None:
    cluster = Cluster(kube_binary, tmp_path, etcd=True)

    def compact() -> None:
        client.create("ConfigMap", "default", {"metadata": {"name": "later"}})
        etcdctl = [str(kube_binary), "etcdctl", f"--endpoints={cluster.store_url}"]
        status = subprocess.check_output([*etcdctl, "endpoint", "status", "-w", "json"])
        revision = yaml.safe_load(status)[0]["Status"]["header"]["revision"]
        subprocess.run([*etcdctl, "compact", str(revision)], check=True, capture_output=True)

    try:
        cluster.start()
        with Interrupted.from_kubeconfig(cluster.admin) as client:
            expected = sorted({*fill(client, 30), *names(client), "later"})
            client.between = compact
            assert names(client, page=7) == expected
    finally:
        cluster.stop()


def test_an_expired_server_certificate_is_named(cluster: Cluster) -> None:
    admin = cluster.authority.issue("admin", "system:masters")
    kubeconfig = cluster.kubeconfig(admin, server_name=EXPIRED_NAME)
    clock = SteppedClock()
    client = Client.from_kubeconfig(kubeconfig, clock=clock)
    with client, pytest.raises(CertificateExpired) as caught:
        client.version()
    assert (caught.value.side, caught.value.kind) == ("server", "certificate")
    assert cluster.server in caught.value.message
    assert clock.pauses == []


def test_an_expired_client_certificate_is_named(cluster: Cluster) -> None:
    past = cluster.authority.issue(
        "admin", "system:masters", before=now() - 9 * DAY, after=now() - DAY
    )
    with Client.from_kubeconfig(cluster.kubeconfig(past)) as client:
        for call in (client.version, client.readyz, lambda: client.list("Node")):
            with pytest.raises(CertificateExpired) as caught:
                call()
            assert (caught.value.side, caught.value.kind) == ("client", "certificate")
