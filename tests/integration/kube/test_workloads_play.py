# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""edge_pod as a task of a play: templates, several documents, Secrets, and a kubeconfig on the controller."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from . import local_play
from .cluster import Cluster

pytestmark = pytest.mark.integration
WORD = "a-word-that-nobody-may-see"
TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: greeting}
data: {text: "{{ greeting }}"}
---
apiVersion: v1
kind: Secret
metadata: {name: access}
stringData: {word: "{{ word }}"}
"""


class Play:
    """Runs one task against the cluster and gives its result with all that was printed."""

    def __init__(self, cluster: Cluster, folder: Path, namespace: str) -> None:
        self.cluster = cluster
        self.folder = folder
        self.namespace = namespace
        (folder / "objects.yaml.j2").write_text(TEMPLATE)
        (folder / "plain.yaml").write_text(
            TEMPLATE.partition("---")[0].replace("greeting}", "plain}")
        )

    def run(self, *words: str, **options: Any) -> tuple[dict[str, Any], str]:
        asked = {
            "kubeconfig": str(self.cluster.folder / "admin.kubeconfig"),
            "namespace": self.namespace,
            "wait_timeout": 60,
            **options,
        }
        variables = {"greeting": "good day", "word": WORD}
        task = {"lightk8s.edge.edge_pod": asked}
        return local_play.run(self.folder, task, variables, *words)


@pytest.fixture
def play(cluster: Cluster, tmp_path: Path, namespace: str) -> Play:
    return Play(cluster, tmp_path, namespace)


def test_a_template_of_several_documents_is_run_from_the_controller(play: Play) -> None:
    told, printed = play.run("--check", src="objects.yaml.j2")
    done, more = play.run(src="objects.yaml.j2")
    again, rest = play.run(src="objects.yaml.j2")
    assert (told["changed"], done["changed"], again["changed"]) == (True, True, False)
    assert told["actions"] == done["actions"]
    assert [row["kind"] for row in done["workloads"]["objects"]] == ["Secret", "ConfigMap"]
    assert "good day" in more
    assert WORD not in printed + more + rest + json.dumps([told, done, again])
    text = play.cluster.kubectl(
        *("-n", play.namespace, "get", "secret", "access", "-o", "jsonpath={.data.word}")
    )
    assert text
    gone, last = play.run(src="objects.yaml.j2", state="absent")
    assert gone["changed"]
    assert WORD not in last


def test_a_file_that_is_no_template_is_taken_as_it_is(play: Play) -> None:
    done, dummy = play.run(src=["plain.yaml"], template=False)
    assert done["changed"]
    text = play.cluster.kubectl(
        *("-n", play.namespace, "get", "configmap", "plain", "-o", "jsonpath={.data.text}")
    )
    assert text == "{{ greeting }}"


def test_failures_name_what_is_wrong_and_tell_no_secret(play: Play) -> None:
    bad = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "Not_A_Name"},
        "stringData": {"word": WORD},
    }
    found, printed = play.run(definition=bad)
    assert found["failure"]["kind"] == "spec"
    assert WORD not in printed
    found, printed = play.run(src="missing.yaml")
    assert "missing.yaml" in found["msg"]
    found, printed = play.run(definition="a: [")
    assert "no YAML" in found["msg"]
    found, printed = play.run()
    assert "nothing is described" in found["msg"]
