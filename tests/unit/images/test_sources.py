# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sources of images: every form gives the same content, and nothing that is not what its digest says."""

from __future__ import annotations

import json
import re
import tarfile
import typing as t
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images import references
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import (
    Platform,
    platform_of,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.source import Source

from . import making

AMD64 = platform_of("linux/amd64")
BASE = {"etc/os-release": b"edge", "usr/bin/tool": b"\x7fELF" + bytes(range(256)) * 40}
MORE = {"app/main.py": b"print(1)\n" * 30}
NAME = "registry.example/team/app:1.0"
OTHER = "docker.io/library/busybox:1.36"
Forms = dict[str, t.Callable[[Path], Path]]


def read(opener: t.Callable[[], t.BinaryIO]) -> bytes:
    with opener() as stream:
        return stream.read()


def both(packed: str = "gzip") -> dict[str, making.Made]:
    app, other = making.image(BASE, MORE, packed=packed), making.image(BASE, packed=packed)
    return {NAME: app, OTHER: other}


FORMS: Forms = {
    "layout": lambda d: making.write_folder(d / "layout", making.layout(both())),
    "layout of zstd layers": lambda d: making.write_folder(d / "z", making.layout(both("zstd"))),
    "plain layers": lambda d: making.write_folder(d / "plain", making.layout(both(""))),
    "oci archive": lambda d: making.write_archive(d / "o.tar", making.layout(both())),
    "names of skopeo": lambda d: making.write_archive(
        d / "s.tar", making.layout(both(), making.REF_NAME)
    ),
    "docker archive": lambda d: making.write_archive(
        d / "d.tar", making.docker_save(both(), old=True)
    ),
    "docker 25": lambda d: making.write_archive(
        d / "25.tar", making.docker_save(both(), old=False)
    ),
    "air gap, zstd": lambda d: making.write_archive(
        d / "a.tar.zst", making.docker_save(both(), old=True), "zstd"
    ),
    "air gap, gzip": lambda d: making.write_archive(
        d / "a.tgz", making.layout(both()) | making.docker_save(both(), old=False), "gzip"
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_content(form: str, tmp_path: Path) -> None:
    source = Source(FORMS[form](tmp_path), tmp_path / "scratch")
    assert source.names() == (OTHER, NAME)
    for name, made in both().items():
        found = source.image(name, AMD64)
        assert found.config.body == made.config
        assert [layer.diff_id for layer in found.layers] == [making.digest(d) for d in made.tars]
        for layer, tar in zip(found.layers, made.tars, strict=True):
            assert read(layer.tar) == tar
            blob = read(layer.blob)
            assert (making.digest(blob), len(blob)) == (layer.digest, layer.size)
        listed = json.loads(found.manifest.body)["layers"]
        assert [item["digest"] for item in listed] == [layer.digest for layer in found.layers]
        assert making.digest(found.manifest.body) == found.manifest.digest


def test_only_a_layout_has_the_published_manifest(tmp_path: Path) -> None:
    for form, published in (("layout", True), ("air gap, gzip", True), ("docker 25", False)):
        source = Source(FORMS[form](tmp_path), tmp_path / "scratch")
        assert source.image(NAME, AMD64).published is published
    pinned = f"{NAME}@{making.image(BASE, MORE).entry['digest']}"
    assert Source(tmp_path / "layout", tmp_path).image(pinned, AMD64).digest == pinned.split("@")[1]
    with pytest.raises(EdgeError, match="holds no"):
        Source(tmp_path / "25.tar", tmp_path).image(pinned, AMD64)


def test_an_index_is_followed_to_the_platform_and_kept(tmp_path: Path) -> None:
    arm = making.image(MORE, architecture="arm64", variant="v8")
    made = making.index(making.image(BASE), arm)
    path = making.write_folder(tmp_path / "l", making.layout({NAME: made}))
    source = Source(path, tmp_path)
    for wanted in (NAME, f"registry.example/team/app@{made.entry['digest']}"):
        found = source.image(wanted, platform_of("linux/arm64"))
        assert found.config.body == arm.config
        assert found.digest == made.entry["digest"]
        assert found.manifest.digest == arm.entry["digest"]
    straight = source.image(f"{NAME}@{arm.entry['digest']}", platform_of("linux/arm64/v8"))
    assert (straight.indexes, straight.digest) == ((), arm.entry["digest"])
    with pytest.raises(EdgeError, match=r"holds no .* for linux/s390x"):
        source.image(NAME, platform_of("linux/s390x"))


def test_an_image_that_was_exported_for_one_platform_only(tmp_path: Path) -> None:
    arm = making.image(MORE, architecture="arm64")
    files = making.layout({NAME: making.index(making.image(BASE), arm)})
    for name in set(arm.blobs) - set(making.image(BASE).blobs):
        del files[name]
    source = Source(making.write_folder(tmp_path / "l", files), tmp_path)
    assert len(source.image(NAME, AMD64).layers) == 1
    with pytest.raises(EdgeError, match="holds no"):
        source.image(NAME, platform_of("linux/arm64"))


def test_one_image_without_a_name_goes_by_any(tmp_path: Path) -> None:
    made = making.image(BASE)
    for path in (
        making.write_folder(tmp_path / "l", making.layout({"": made})),
        making.write_archive(tmp_path / "d.tar", making.docker_save({"": made}, old=True)),
    ):
        assert Source(path, tmp_path).image("whatever:2", AMD64).config.body == made.config


@given(st.data())
def test_no_flipped_byte_goes_unseen(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    files = making.layout({NAME: making.image(MORE)})
    name = data.draw(st.sampled_from(sorted(n for n in files if n.startswith("blobs"))))
    body = bytearray(files[name])
    body[data.draw(st.integers(0, len(body) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    folder = tmp_path_factory.mktemp("flipped")
    source = Source(making.write_folder(folder, files | {name: bytes(body)}), folder)
    with pytest.raises(EdgeError) as caught:
        [read(layer.blob) for layer in source.image(NAME, AMD64).layers]
    assert caught.value.kind == "artifact"


def test_a_layer_is_judged_by_the_tar_inside_too(tmp_path: Path) -> None:
    files = making.docker_save({NAME: making.image(MORE)}, old=True)
    path = next(name for name in files if name.endswith("layer.tar"))
    files[path] = making.tar_of({"app/main.py": b"print(2)\n" * 30})
    (layer,) = (
        Source(making.write_archive(tmp_path / "d.tar", files), tmp_path).image(NAME, AMD64).layers
    )
    with pytest.raises(EdgeError, match="instead of"):
        read(layer.tar)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("index.json", b"{"),
        ("index.json", b"[]"),
        ("index.json", b"[" * 100_000),
        ("index.json", b'{"manifests": [1]}'),
        ("index.json", b'{"manifests": [{"digest": "sha256:../../etc/passwd", "size": 1}]}'),
        ("index.json", b'{"manifests": [{"digest": "sha512:ab", "size": 1}]}'),
        ("oci-layout", b'{"imageLayoutVersion": "2.0.0"}'),
    ],
)
def test_documents_that_make_no_sense_are_refused(
    name: str, content: bytes, tmp_path: Path
) -> None:
    files = making.layout({NAME: making.image(MORE)}) | {name: content}
    with pytest.raises(EdgeError) as caught:
        Source(making.write_folder(tmp_path / "l", files), tmp_path).image(NAME, AMD64)
    assert caught.value.kind == "artifact"


def layout_with(folder: Path, config: bytes, entry: t.Any = None) -> Path:
    """A layout whose image has this config, or in its manifest another entry for it."""
    made = making.image(MORE)
    manifest = json.loads(made.blobs["blobs/" + made.entry["digest"].replace(":", "/")])
    manifest["config"] = making.entry(config, "") if entry is None else entry
    body = json.dumps(manifest).encode()
    blobs = made.blobs | {making.place(body): body, making.place(config): config}
    about = {**made.entry, **making.entry(body, made.entry["mediaType"])}
    again = making.Made(blobs, about, config, made.tars)
    return making.write_folder(folder / "l", making.layout({NAME: again}))


@pytest.mark.parametrize(
    "change",
    [
        lambda config: config.decode().encode("utf-16"),
        lambda config: b"\xef\xbb\xbf" + config,
        lambda config: config[:-1] + b', "x": "\xed\xa0\x80"}',
        lambda config: config[:-1] + b', "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_configs_that_a_node_could_not_read_are_refused(
    change: t.Callable[[bytes], bytes], tmp_path: Path
) -> None:
    config = making.image(MORE).config
    assert Source(layout_with(tmp_path, config), tmp_path).image(NAME, AMD64).config.body == config
    with pytest.raises(EdgeError, match="is no JSON"):
        Source(layout_with(tmp_path, change(config)), tmp_path).image(NAME, AMD64)


@pytest.mark.parametrize("entry", ["text", ["x"], 5, {}])
def test_a_manifest_without_a_config_is_refused(entry: t.Any, tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match="names the digest None"):
        Source(layout_with(tmp_path, b"{}", entry), tmp_path).image(NAME, AMD64)


def test_a_truncated_archive_leaves_nothing_unpacked(tmp_path: Path) -> None:
    for packed in ("gzip", "zstd"):
        path = making.write_archive(tmp_path / "a", making.layout(both()), packed)
        path.write_bytes(path.read_bytes()[:-20])
        with pytest.raises(EdgeError, match="cannot be unpacked"):
            Source(path, tmp_path / "scratch")
        left = [entry.name for entry in (tmp_path / "scratch").iterdir()]
        assert [name for name in left if not name.endswith(".lock")] == []


def test_what_is_no_source_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(EdgeError, match="is no source"):
        Source(tmp_path / "empty", tmp_path)
    with pytest.raises(EdgeError, match="is no archive"):
        Source(making.write_folder(tmp_path / "f", {"a": b"text" * 200}) / "a", tmp_path)
    for name in ("absent", "a" * 300, "a\0b"):
        with pytest.raises(EdgeError) as caught:
            Source(tmp_path / name, tmp_path)
        assert caught.value.kind == "io"
    sized = tarfile.TarInfo("a")
    sized.size = -512
    sparse = tarfile.TarInfo("a")
    sparse.pax_headers = {"GNU.sparse.size": "much"}
    for broken in (sized.tobuf(tarfile.GNU_FORMAT), sparse.tobuf(tarfile.PAX_FORMAT)):
        (tmp_path / "broken").write_bytes(broken + bytes(1024))
        with pytest.raises(EdgeError, match="is no archive"):
            Source(tmp_path / "broken", tmp_path)


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("rancher/pause:3.6", "docker.io/rancher/pause:3.6"),
        ("index.docker.io/a/b", "docker.io/a/b:latest"),
        ("localhost/a:1", "localhost/a:1"),
        ("host:5000/a/b_c:x", "host:5000/a/b_c:x"),
        (f"quay.io/a@sha256:{'a' * 64}", f"quay.io/a@sha256:{'a' * 64}"),
        (f"quay.io/a:1@sha256:{'a' * 64}", f"quay.io/a:1@sha256:{'a' * 64}"),
    ],
)
def test_references_are_written_in_full(text: str, full: str) -> None:
    assert str(references.parse(text)) == full
    assert str(references.parse(full)) == full


@pytest.mark.parametrize("text", ["", "UPPER", "a b", "a:", "a@sha256:12", "../a", "a//b", "-a"])
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(EdgeError, match=re.escape(repr(text))):
        references.parse(text)


def test_platforms_without_a_variant_mean_the_usual_one() -> None:
    assert Platform("linux", "arm64").same(Platform("linux", "arm64", "v8"))
    assert not Platform("linux", "arm", "v6").same(Platform("linux", "arm"))
    for text in ("linux", "linux/", "a/b/c/d"):
        with pytest.raises(EdgeError, match="no platform"):
            platform_of(text)
