# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from bed import build, paths

from ansible_collections.lightk8s.edge.plugins.module_utils._kube.client import Client

from .cluster import Cluster


@pytest.fixture(scope="session")
def kube_binary() -> Path:
    """The multi-call binary of the test bed, or the one that TESTBED_KUBE names."""
    given = os.environ.get("TESTBED_KUBE")
    if given:
        return Path(given)
    cache = paths.cache_root()
    build.ensure(cache, print)
    return build.folder(cache, "kube") / "kube"


@pytest.fixture(scope="session")
def cluster(kube_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(kube_binary, tmp_path_factory.mktemp("cluster"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def client(cluster: Cluster) -> Iterator[Client]:
    with Client.from_kubeconfig(cluster.admin) as client:
        yield client


@pytest.fixture
def namespace(cluster: Cluster, request: pytest.FixtureRequest) -> str:
    """A namespace of the test's own."""
    name = re.sub("[^a-z0-9]+", "-", request.node.name.lower())[:60].strip("-")
    cluster.kubectl("create", "namespace", name)
    return name
