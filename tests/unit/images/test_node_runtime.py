# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words of ctr and of the kubelet's files; the archive that containerd is given."""

from __future__ import annotations

import hashlib
import io
import json
import select
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution import registry
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.adapter import Runtime
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.spec import AGENT, Spec
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host
from ansible_collections.lightk8s.edge.plugins.module_utils._images import archive
from ansible_collections.lightk8s.edge.plugins.module_utils._images.observe import (
    reserve,
    thresholds,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._images.parts import Parts
from ansible_collections.lightk8s.edge.plugins.module_utils._images.run import told_of_room
from ansible_collections.lightk8s.edge.plugins.module_utils._images.runtime import (
    Containerd,
    place_of,
    snapshotter_of,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._images.spec import Layer, Wanted

SNAPSHOTS = "/var/lib/x/io.containerd.snapshotter.v1.overlayfs/snapshots"


@pytest.mark.parametrize(
    ("said", "place"),
    [
        (f"mount -t bind {SNAPSHOTS}/2/fs /x -o ro,rbind\n", f"{SNAPSHOTS}/2/fs"),
        (
            f"mount -t overlay overlay /x -o index=off,lowerdir={SNAPSHOTS}/3/fs:{SNAPSHOTS}/2/fs\n",
            f"{SNAPSHOTS}/3/fs",
        ),
    ],
)
def test_the_folder_of_a_layer_is_found(said: str, place: str) -> None:
    assert place_of(said) == place


@pytest.mark.parametrize(
    "said", ["", "mount -t zfs pool/1 /x -o ro", "mount -t overlay o /x -o ro"]
)
def test_a_snapshot_that_must_be_mounted_is_no_base(said: str) -> None:
    with pytest.raises(EdgeError):
        place_of(said)


def test_images_say_what_they_were_unpacked_by() -> None:
    unpacked = {"containerd.io/gc.ref.snapshot.native": "sha256:1"}
    assert snapshotter_of({"a": {}, "b": unpacked}) == "native"
    assert snapshotter_of({}) == "overlayfs"


@pytest.mark.parametrize("name", registry.NAMES)
def test_the_kubelets_margin_is_read_where_bounds_of_pods_are_set(
    name: str, tmp_path: Path
) -> None:
    host = Host(str(tmp_path))
    layout = registry.adapter_of(name).layout(Spec(name, role=AGENT), "/usr/local/bin")
    assert thresholds(host, layout, Runtime()) == ("15%",)
    hard = {"nodefs.available": "7%", "imagefs.available": "8%"}
    files = {
        "00-others.conf": b"evictionHard: {imagefs.available: [1]}\n",
        "10-theirs.conf": b"evictionHard:\n  imagefs.available: 1Gi\n",
        "60-ours.conf": layout.kubelet_file({"maxPods": 9, "evictionHard": hard}),
    }
    seen = []
    for file, data in files.items():
        host.write(f"{layout.kubelet_dropins}/{file}", data)
        seen.append(thresholds(host, layout, Runtime()))
    assert seen == [("15%",), ("1Gi",), ("8%", "7%")]


@pytest.mark.parametrize(
    ("margins", "bytes_"),
    [
        (["5%"], 50),
        (["15%", "10%"], 150),
        (["1Ki"], 1024),
        (["1.5K"], 1500),
        (["7"], 7),
        (["x"], 0),
    ],
)
def test_the_kubelets_margin_is_understood(margins: list[str], bytes_: int) -> None:
    assert reserve(margins, 1000) == bytes_


def sha(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


LAYER = b"tar" * 50_000
CONFIG = archive.Document(
    archive.CONFIG, json.dumps({"rootfs": {"diff_ids": [sha(LAYER)]}}).encode()
)
MANIFEST = archive.alias(CONFIG, [{"mediaType": "gzip", "digest": sha(b"blob"), "size": 4}])
IMAGE = Wanted(
    "a.example/x:1",
    digest=MANIFEST.digest,
    manifest=MANIFEST.digest,
    config=CONFIG.digest,
    layers=(Layer(sha(b"blob"), sha(LAYER)),),
)


def pieces(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), 1000):
        yield data[start : start + 1000]


def test_the_archive_is_a_layout_with_every_name() -> None:
    target, documents = Parts(IMAGE, [MANIFEST, CONFIG]).target([{"digest": sha(LAYER)}])
    stream = io.BytesIO()
    blob = archive.Blob(sha(LAYER), len(LAYER), lambda: pieces(LAYER))
    archive.write(stream, IMAGE.names, target, documents, [blob])
    with tarfile.open(fileobj=io.BytesIO(stream.getvalue())) as opened:
        files = {m.name: (opened.extractfile(m) or io.BytesIO()).read() for m in opened}
    assert list(files)[-1] == "index.json"
    rows = json.loads(files["index.json"])["manifests"]
    assert [row["annotations"]["io.containerd.image.name"] for row in rows] == list(IMAGE.names)
    assert {row["digest"] for row in rows} == {target.digest}
    for name, body in files.items():
        if name.startswith("blobs/"):
            assert sha(body) == name[len("blobs/") :].replace("/", ":")
    manifest = json.loads(files["blobs/" + target.digest.replace(":", "/")])
    assert manifest["config"]["digest"] == IMAGE.config


def test_the_published_manifest_counts_where_its_layers_are_there() -> None:
    parts = Parts(IMAGE, [MANIFEST, CONFIG])
    target, documents = parts.target(parts.layers)
    assert target.digest == IMAGE.digest
    assert {item.digest for item in documents} == {IMAGE.digest, IMAGE.config}


def test_nothing_has_a_name_where_a_layer_fails_in_its_last_piece() -> None:
    def spoilt() -> Iterator[bytes]:
        yield from pieces(LAYER)
        raise EdgeError("not the layer that was promised", kind="artifact")

    stream = io.BytesIO()
    blob = archive.Blob(sha(LAYER), len(LAYER), spoilt)
    with pytest.raises(EdgeError):
        archive.write(stream, IMAGE.names, MANIFEST, [MANIFEST, CONFIG], [blob])
    assert b"index.json" not in stream.getvalue()


def other(body: bytes) -> archive.Document:
    return archive.Document(archive.MANIFEST, body)


@pytest.mark.parametrize(
    ("digest", "documents"),
    [
        (IMAGE.digest, [MANIFEST]),
        (IMAGE.digest, [CONFIG]),
        (other(b'{"manifests": []}').digest, [MANIFEST, CONFIG, other(b'{"manifests": []}')]),
        (other(b"no json").digest, [MANIFEST, CONFIG, other(b"no json")]),
        (sha(b"absent"), [MANIFEST, CONFIG]),
    ],
)
def test_documents_that_do_not_lead_from_the_pin_to_the_layers_are_refused(
    digest: str, documents: list[archive.Document]
) -> None:
    image = Wanted(IMAGE.name, "present", digest, IMAGE.manifest, IMAGE.config, IMAGE.layers)
    with pytest.raises(EdgeError) as caught:
        Parts(image, documents)
    assert caught.value.kind == "artifact"


def test_a_config_with_other_layers_is_refused() -> None:
    image = Wanted(
        IMAGE.name,
        "present",
        IMAGE.digest,
        IMAGE.manifest,
        IMAGE.config,
        (Layer(sha(b"blob"), sha(b"another")),),
    )
    with pytest.raises(EdgeError, match="other layers"):
        Parts(image, [MANIFEST, CONFIG])


def test_a_command_is_fed() -> None:
    Host().feed(
        ["sh", "-c", "test $(wc -c) = 6"], lambda stream: _write(stream, b"abcdef"), timeout=30
    )


@pytest.mark.parametrize(
    ("script", "said"), [("echo full >&2; exit 3", "full"), ("exit 4", "exit status 4")]
)
def test_a_command_that_ends_early_says_why(script: str, said: str) -> None:
    with pytest.raises(EdgeError, match=said):
        Host().feed(["sh", "-c", script], lambda stream: _write(stream, bytes(1 << 20)), timeout=30)


def test_a_command_is_ended_where_there_is_nothing_more_to_feed_it() -> None:
    def fail(stream: object) -> None:
        raise EdgeError("a damaged delta", kind="artifact")

    with pytest.raises(EdgeError, match="a damaged delta"):
        Host().feed(["sleep", "600"], fail, timeout=700)
    with pytest.raises(EdgeError):
        Host().feed(
            ["sh", "-c", "cat; sleep 600"], lambda stream: _write(stream, b"x"), timeout=0.5
        )


def test_what_no_one_reads_any_more_hides_no_reason() -> None:
    def gone(stream: BinaryIO) -> None:
        stream.write(b"in the buffer")
        poll = select.poll()
        poll.register(stream, 0)
        assert poll.poll(30_000)  # the other end is closed

    def fail(stream: BinaryIO) -> None:
        gone(stream)
        raise EdgeError("a damaged delta", kind="artifact")

    for write, said in ((gone, "full"), (fail, "a damaged delta")):
        with pytest.raises(EdgeError, match=said):
            Host().feed(["sh", "-c", "echo full >&2; exit 3"], write, timeout=30)


def _write(stream: BinaryIO, data: bytes) -> None:
    stream.write(data)


def test_a_full_disk_is_named_where_a_command_fails() -> None:
    error = EdgeError("ctr failed", kind="command", hint="", step="import it")
    assert told_of_room(error, 1 << 30, "/var/lib/x") is error
    told = told_of_room(error, 4096, "/var/lib/x")
    assert (told.kind, told.step) == ("io", "import it")
    assert told.message == "ctr failed; 4096 bytes are free in /var/lib/x"
    other = EdgeError("damaged", kind="artifact")
    assert told_of_room(other, 0, "/var/lib/x") is other


def test_a_disk_without_room_for_what_a_command_says_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/proc/none"])
    with pytest.raises(EdgeError, match="No usable temporary directory") as caught:
        Host().feed(["cat"], lambda stream: None, timeout=5)
    assert caught.value.kind == "io"


CTR = """#!{python}
import hashlib, json, os, sys, tarfile
words, names = sys.argv[1:], {root!r} + "/names"
if words[2:4] == ["images", "ls"]:
    print("REF")
    print(open(names).read() if os.path.exists(names) else "", end="")
else:
    with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as opened:
        found = {{member.name: opened.extractfile(member).read() for member in opened}}
    (row,) = json.loads(found["manifest.json"])
    blob = hashlib.sha256(found["layer.tar"]).hexdigest()
    body = json.dumps({{"layers": [{{"digest": "sha256:" + blob, "size": 7}}]}}).encode()
    digest = hashlib.sha256(body).hexdigest()
    with open({root!r} + "/io.containerd.content.v1.content/blobs/sha256/" + digest, "wb") as file:
        file.write(body)
    with open(names, "a") as file:
        file.write(f"{{row['RepoTags'][0]}} x sha256:{{digest}} 1.0 KiB linux/amd64 -\\n")
"""


def writer(digest: str, content: bytes) -> Callable[[BinaryIO, str], None]:
    """What writes a layer under a name."""
    blob = archive.Blob(digest, len(content), lambda: iter([content]))
    return lambda stream, name: archive.write_layer(stream, name, {}, blob)


def test_each_layer_that_is_compressed_is_held_by_a_name_of_its_own(tmp_path: Path) -> None:
    """What has no name may be collected at any moment: the next layer must not take the name of the last."""
    (tmp_path / "io.containerd.content.v1.content/blobs/sha256").mkdir(parents=True)
    ctr = tmp_path / "ctr"
    ctr.write_text(CTR.format(python=sys.executable, root=str(tmp_path)))
    ctr.chmod(0o755)
    containerd = Containerd(Host(), Runtime((str(ctr),), str(tmp_path)))
    for content in (b"one", b"two"):
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert containerd.compress(writer(digest, content)) == (digest, 7)
    rows = (tmp_path / "names").read_text().splitlines()
    assert len({row.split()[0] for row in rows}) == 2
