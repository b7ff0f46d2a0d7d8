# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Manifests that Kubernetes' own sources bring, judged by kubectl: what it takes we take, and settle.

They are read from the Go module from which the test bed builds Kubernetes.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path

import pytest
from bed import build

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._objects.manifests import read_documents

from .cluster import Cluster
from .workloads import Object, Site

pytestmark = [pytest.mark.integration, pytest.mark.slow]
# With the least number of manifests in each: the test must not pass for want of them.
FOLDERS = {"test/e2e/testing-manifests": 90, "test/fixtures/doc-yaml": 30, "cluster/addons": 80}
MANAGER = "--field-manager=lightk8s-edge"
# Refusals of a file as a whole that order mends: we create namespaces and kinds first.
ORDER = ("NotFound", "not found", "no matches for kind", "ensure CRDs are installed first")
# What the server says of one object; kubectl's own objections begin otherwise.
SAID = re.compile(r"^Error from server \(\w+\): (.*)$", re.MULTILINE)


def module_folder() -> Path:
    """Where Go keeps the module `k8s.io/kubernetes` that the bed builds."""
    done = subprocess.run(
        ["go", "list", "-m", "-f", "{{.Dir}}", "k8s.io/kubernetes"],
        cwd=build.GO_SOURCES / "kube",
        text=True,
        check=True,
        capture_output=True,
    )
    return Path(done.stdout.strip())


def manifests(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.suffix in (".yaml", ".yml", ".json")]


class Opinion:
    """What kubectl says of a file."""

    def __init__(self, cluster: Cluster, path: Path, namespace: str) -> None:
        # Not by -n: that would refuse files that name namespaces of their own.
        config = json.loads(cluster.admin)
        config["contexts"][0]["context"]["namespace"] = namespace
        place = cluster.folder / "corpus.kubeconfig"
        place.write_text(json.dumps(config))
        self._command = [str(cluster.binary), "kubectl", f"--kubeconfig={place}"]
        self._path = str(path)

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [*self._command, *words, "-f", self._path]
        return subprocess.run(command, text=True, check=False, capture_output=True)

    def refusal(self) -> str:
        """Why it would not apply the file; empty where it would."""
        done = self._run("apply", "--server-side", "--dry-run=server", MANAGER)
        return done.stderr if done.returncode else ""

    def differs(self) -> bool | None:
        """Whether `kubectl diff` shows anything; None where it fails."""
        found = self._run("diff", "--server-side", MANAGER).returncode
        return {0: False, 1: True}.get(found)

    def settles(self) -> bool:
        """Whether it comes to show nothing: a controller may write between its two looks."""
        end = time.monotonic() + 30
        while self.differs() is not False:
            if time.monotonic() > end:
                return False
        return True


def refused(refusal: str, ours: str) -> str:
    """Whether ours gives the API's reasons: all of them, but for those that order mends."""
    reasons = [text for text in SAID.findall(refusal) if not any(word in text for word in ORDER)]
    unsaid = [text for text in reasons if text not in ours]
    return f"refused without {unsaid}: {ours}" if unsaid else "refused"


def judge(site: Site, path: Path, namespace: str) -> str:
    """accepted, refused, or what is wrong with our run beside kubectl's."""
    opinion = Opinion(site.cluster, path, namespace)
    refusal = opinion.refusal()
    try:
        items: list[Object] = read_documents(path.read_text(encoding="utf-8"), path.name)
    except (EdgeError, UnicodeDecodeError) as exc:
        return "refused" if refusal else f"cannot be read, though kubectl can: {exc}"
    told = site.run(*items, check=True, namespace=namespace)
    if refusal and not any(word in refusal for word in ORDER):
        if told.get("failed"):
            return refused(refusal, told["msg"])
        return f"accepted, though kubectl says: {refusal}"
    if told.get("failed"):
        return refused(refusal, told["msg"]) if refusal else f"refused: {told['msg']}"
    if not refusal and opinion.differs() is not told["changed"]:
        return f"kubectl diff says otherwise before: {told['actions']}"
    done = site.run(*items, namespace=namespace)
    if done.get("failed"):
        return f"failed: {done['msg']}"
    again = site.run(*items, namespace=namespace)
    if again.get("failed") or again["changed"]:
        return f"not settled: {again.get('actions')} {again.get('msg', '')} {again.get('diff')}"
    if not opinion.settles():
        return "kubectl diff says otherwise afterwards"
    site.run(*items, namespace=namespace, state="absent")
    return "accepted"


@pytest.mark.parametrize("folder", FOLDERS)
def test_manifests_of_others_are_taken_and_settle_as_with_kubectl(
    cluster: Cluster, folder: str
) -> None:
    site = Site(cluster)
    root = module_folder()
    found: dict[str, str] = {}
    for number, path in enumerate(manifests(root / folder)):
        namespace = f"corpus-{folder.rpartition('/')[2]}-{number}"
        cluster.kubectl("create", "namespace", namespace)
        found[str(path.relative_to(root))] = judge(site, path, namespace)
        cluster.kubectl("delete", "namespace", namespace, "--wait=false")
    verdicts = list(found.values())
    wrong = {name: what for name, what in found.items() if what not in ("accepted", "refused")}
    refusals = verdicts.count("refused")
    print(f"{len(found)} files, {verdicts.count('accepted')} accepted, {refusals} refused")
    assert not wrong, "\n".join(f"{name}: {what}" for name, what in wrong.items())
    assert len(found) >= FOLDERS[folder]
    assert verdicts.count("accepted") >= FOLDERS[folder] // 2
