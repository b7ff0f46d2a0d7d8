# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook over an inventory: sites side by side, what is in a document, what a run says."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.lightk8s.edge.plugins.module_utils._images.spec import spec_of
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document import (
    read_document,
    read_envelope,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._sync.signing import Signer

from ..images import making

BASE = random.Random(1).randbytes(50_000)
WORKLOAD = {
    "name": "till",
    "image": "registry.example/till:1",
    "env": {"DB_PASSWORD": {"secret": "till", "key": "k"}},
    "resources": {"limits": {"cpu": "200m"}},
}
HOSTS: dict[str, t.Any] = {
    "a1": {
        "edge_site": "a",
        "edge_max_pods": "10",
        "edge_workloads": [WORKLOAD],
        "edge_workload_secrets": [{"name": "till", "data": {"k": "{{ word }}"}}],
        "edge_quotas": [{"namespace": "shop", "hard": {"pods": "4"}}],
    },
    "a2": {"edge_site": "a", "edge_role": "agent", "edge_labels": {"zone": "{{ edge_site }}"}},
    "b1": {"edge_site": "b", "edge_extra_config": {"password": "inline-word"}},
    "c1": {"edge_site": "c", "edge_max_pods": "many"},
    "d1": {"edge_site": "d", "edge_workloads": [{"name": "a", "replicas": 0.5}]},
    "e1": {"edge_site": "e", "edge_workloads": "{{ nowhere }}"},
}


class Play(t.NamedTuple):
    code: int
    result: dict[str, t.Any]
    output: str


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("publish")
    Signer.create(str(folder / "key.pem"))
    shared = {
        "word": "hunter2hunter2",
        "edge_token": "{{ word }}",
        "edge_sync_secrets": {"shop-token": "{{ word }}"},
        "edge_publish_to": str(folder / "www"),
        "edge_publish_keys": [str(folder / "key.pem")],
    }
    content = {"all": {"vars": shared, "hosts": HOSTS}}
    (folder / "hosts.yml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder


def play(folder: Path, *words: str) -> Play:
    command = ["ansible-playbook", "-i", str(folder / "hosts.yml"), "lightk8s.edge.publish"]
    environment = {**os.environ, "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default"}
    done = subprocess.run(
        [*command, "-vvv", *words], capture_output=True, text=True, check=False, env=environment
    )
    text = done.stdout.partition("TASK [Publish what the sites should be]")[2]
    _before, _sign, rest = text.partition("=> ")
    found, _end = json.JSONDecoder().raw_decode(rest)
    return Play(done.returncode, found, done.stdout + done.stderr)


def published(folder: Path, site: str) -> dict[str, t.Any]:
    raw = (folder / "www" / "v1" / "desired" / site).read_bytes()
    return read_document(read_envelope(raw).payload).desired


def test_a_site_that_is_refused_holds_up_no_other(folder: Path) -> None:
    first = play(folder)
    assert first.code == 2
    assert set(first.result["refused"]) == {"b", "c", "d", "e"}
    assert "'nowhere' is undefined" in first.result["refused"]["e"]
    assert "b1: extra_config.password" in first.result["refused"]["b"]
    assert "max_pods" in first.result["refused"]["c"]
    assert "workloads.workloads[0].replicas is 0.5" in first.result["refused"]["d"]
    assert "inline-word" not in first.output
    assert "hunter2" not in first.output
    assert first.result["published"]["a"]["changed"]
    assert sorted(path.name for path in (folder / "www" / "v1" / "desired").iterdir()) == ["a"]
    desired = published(folder, "a")
    server, agent = (desired["nodes"][name]["options"] for name in ("a1", "a2"))
    assert (server["max_pods"], server["token"]) == (10, {"secret_ref": "shop-token"})
    assert (agent["role"], agent["labels"], agent["join_from"].keys()) == (
        "agent",
        {"zone": "a"},
        {"a1"},
    )
    assert desired["objects"]["on"] == "a1"
    assert desired["objects"]["quotas"]["quotas"][0]["namespace"] == "shop"
    [secret] = desired["objects"]["workloads"]["secrets"]
    assert secret["data"] == {"k": {"secret_ref": "shop-token"}}
    assert desired["objects"]["workloads"]["workloads"] == [WORKLOAD]


def test_a_second_run_has_nothing_to_publish_and_check_mode_foretells(folder: Path) -> None:
    play(folder, "--limit", "a1,a2")
    again = play(folder, "--limit", "a1,a2")
    assert (again.code, again.result["changed"], again.result["actions"]) == (0, False, [])
    before = published(folder, "a")
    told = play(folder, "--limit", "a1,a2", "--check", "--diff", "-e", "edge_max_pods=7")
    assert told.result["actions"] == ["a: publish what has changed"]
    assert published(folder, "a") == before
    assert '-        "max_pods": 10' in told.output
    assert '+        "max_pods": 7' in told.output


def test_what_documents_name_lies_beside_them_unless_a_mirror_has_it(folder: Path) -> None:
    """The release is in a folder of the controller, which no site reaches."""
    tag, content = "v1.34.2+k3s1", b"the program"
    digest = hashlib.sha256(content).hexdigest()
    release = folder / "mirror" / tag
    release.mkdir(parents=True)
    (release / "k3s").write_bytes(content)
    (release / "sha256sum-amd64.txt").write_text(f"{digest}  k3s\n")
    words = [
        "--limit",
        "a1,a2",
        "-e",
        f"edge_version={tag}",
        "-e",
        f"edge_cache_dir={folder}/cache",
    ]
    words += ["-e", json.dumps({"edge_release_mirrors": [str(folder / "mirror")]})]
    told = play(folder, *words, "--check")
    actions = [f"a: put k3s ({digest[:12]}) beside the documents", "a: publish what has changed"]
    assert told.result["actions"] == actions, told.output
    place = folder / "www" / "v1" / "artifacts"
    assert not place.exists()
    assert play(folder, *words).result["actions"] == actions
    assert [(path.name, path.read_bytes()) for path in place.iterdir()] == [(digest, content)]
    assets = published(folder, "a")["nodes"]["a1"]["options"]["release"]["assets"]
    assert assets["binary:amd64"]["sha256"] == digest
    assert play(folder, *words).result["actions"] == []
    (place / digest).unlink()
    assert play(folder, *words, "-e", "edge_publish_artifacts=false").result["actions"] == []
    assert list(place.iterdir()) == []


def test_images_are_published_by_their_digests_with_all_that_brings_them(folder: Path) -> None:
    made = {
        name: making.image({"base": BASE}, {"own": name.encode()})
        for name in ("registry.example/till:1", "registry.example/oven:1")
    }
    making.write_archive(folder / "images.tar", making.layout(made))
    rows = [{"name": name, "source": str(folder / "images.tar")} for name in made]
    given = {"edge_images": [*rows, {"name": "registry.example/old:1", "state": "absent"}]}
    words = ["--limit", "a1,a2", "-e", f"edge_cache_dir={folder}/cache", "-e", json.dumps(given)]
    told = play(folder, *words, "--check")
    assert told.result["actions"][-1].startswith("a: publish "), told.output
    first = play(folder, *words)
    assert (first.code, first.result["actions"]) == (0, told.result["actions"]), first.output
    assert play(folder, *words).result["actions"] == []
    section = published(folder, "a")["nodes"]["a2"]["images"]
    spec = spec_of(section["wanted"], section["work"], section["prune"])
    assert [item.state for item in spec.images] == ["present", "present", "absent"]
    place = folder / "www" / "v1" / "artifacts"
    for item, source in zip(spec.images, made.values(), strict=False):
        assert item.config == making.digest(source.config)
        delivery = spec.delivery(item.name)
        assert delivery is not None
        assert [
            piece.kind for piece in delivery.pieces if piece.kind not in ("whole", "blob")
        ] == []
        assert [piece.diff_id for piece in delivery.pieces] == [one.diff_id for one in item.layers]
        for row in delivery.artifacts():
            content = (place / row["sha256"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == row["sha256"]
            assert len(content) == row["size"]


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"edge_images": [{"name": "a:1", "source": "/nowhere"}]}, "nowhere"),
        ({"edge_images": [{"nam": "a:1"}]}, "edge_images: "),
        ({"edge_images": [{"name": "a:1"}], "edge_publish_arch": ["amd64", "arm64"]}, "platform"),
    ],
)
def test_images_that_make_no_sense_are_refused(
    folder: Path, more: dict[str, t.Any], word: str
) -> None:
    words = ["--limit", "a1,a2", "-e", f"edge_cache_dir={folder}/cache", "-e", json.dumps(more)]
    told = play(folder, *words)
    assert told.code == 2
    assert word in told.result["refused"]["a"]
