# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures and scans: what is not signed, not signed by our keys or not passed is not staged."""

from __future__ import annotations

import base64
import json
import subprocess
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import Image, platform_of
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.scan import scanned
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.signatures import read_key
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.source import Source
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.trust import Trust

from . import making

AMD64 = platform_of("linux/amd64")
NAME = "registry.example/team/app:1.0"
MADE = making.image({"app/main": b"content" * 200})
DIGEST = MADE.entry["digest"]
CONTENT = b"the archive of images\n"
# Made by minisign 0.11: `minisign -G -W`, `minisign -S -t 'edge test'`, the second with -l.
MINISIGN_KEY = """untrusted comment: minisign public key A04BF99FB0F431D3
RWTTMfSwn/lLoCCUulicG6uscjGgP8kFghhXB2Jt/RThe5mkjpjorKYI
"""
MINISIGN = """untrusted comment: signature from minisign secret key
RUTTMfSwn/lLoI4mf8W6/16lLKcyffU0grcP4tPKjuXl3E7QNzUzKUaGLmp6NmkLldm1HGinC64RT66bX29WTryBjTYshkRJ7go=
trusted comment: edge test
sC6r4eEZCX736N35Sd5Z3+wNVmbcFr1bKQgcnz18FLVvTrg2KqGZcDVN6MUqbfrvmOcq5K8JKa+m1zAKX+QXDw==
"""
MINISIGN_OLD = """untrusted comment: signature from minisign secret key
RWTTMfSwn/lLoOBjvuWhJQ0CP8RV8k3YqB681ukGKDuGIJXnH3gph3r6l7P1xHM7a+DsBzjrqS7+VpwdDII6kNZyS11r9jXLbA8=
trusted comment: edge test
fHcu6SZ/zufQRl8tBcvUum2GHRNhJYcPiYYyqPjyGjVYdbz3sggdHbpucrRCMfDOwD9O1HINWvRvJBx+34xnDg==
"""
Sign = t.Callable[[bytes], bytes]


def pem_pair(folder: Path, kind: str, name: str = "cosign.pub") -> tuple[Path, Sign]:
    """A public key in a file, and what signs with its private half, in base64."""
    if kind == "ecdsa":
        elliptic = ec.generate_private_key(ec.SECP256R1())
        public: t.Any = elliptic.public_key()

        def sign(data: bytes) -> bytes:
            return elliptic.sign(data, ec.ECDSA(SHA256()))

    elif kind == "rsa":
        private = rsa.generate_private_key(65537, 2048)
        public = private.public_key()

        def sign(data: bytes) -> bytes:
            return private.sign(data, padding.PKCS1v15(), SHA256())

    else:
        edwards = ed25519.Ed25519PrivateKey.generate()
        public = edwards.public_key()

        def sign(data: bytes) -> bytes:
            return edwards.sign(data)

    form = serialization.PublicFormat.SubjectPublicKeyInfo
    path = folder / name
    path.write_bytes(public.public_bytes(serialization.Encoding.PEM, form))
    return path, lambda data: base64.b64encode(sign(data))


def ssh_pair(folder: Path) -> tuple[Path, Sign]:
    key = folder / "ssh"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)

    def sign(data: bytes) -> bytes:
        words = ["ssh-keygen", "-q", "-Y", "sign", "-n", "file", "-f", str(key)]
        return subprocess.run(words, input=data, capture_output=True, check=True).stdout

    return key.with_suffix(".pub"), sign


def minisign_pair(folder: Path) -> tuple[Path, Sign]:
    (folder / "minisign.pub").write_text(MINISIGN_KEY)
    return folder / "minisign.pub", lambda data: MINISIGN.encode()


PAIRS: dict[str, t.Callable[[Path], tuple[Path, Sign]]] = {
    "cosign": lambda folder: pem_pair(folder, "ecdsa"),
    "rsa": lambda folder: pem_pair(folder, "rsa"),
    "ed25519": lambda folder: pem_pair(folder, "ed25519"),
    "openssh": ssh_pair,
    "minisign": minisign_pair,
}


@pytest.mark.parametrize("kind", PAIRS)
def test_signatures_of_files_hold_for_that_file_and_key(kind: str, tmp_path: Path) -> None:
    path, sign = PAIRS[kind](tmp_path)
    key, content = read_key(path), tmp_path / "archive"
    content.write_bytes(CONTENT)
    signature = sign(CONTENT)
    assert key.signs(content, signature)
    other, dummy = pem_pair(tmp_path, "ecdsa", "other.pub")
    assert not read_key(other).signs(content, signature)
    middle = len(signature) // 3
    other_letter = b"B" if signature[middle : middle + 1] == b"A" else b"A"
    spoilt = signature[:middle] + other_letter + signature[middle + 1 :]
    for wrong in (b"", b"\0\xff", signature[:-9], spoilt):
        assert not key.signs(content, wrong)
    content.write_bytes(CONTENT + b" ")
    assert not key.signs(content, signature)


def test_minisign_of_old_and_its_trusted_comment(tmp_path: Path) -> None:
    key, content = read_key(minisign_pair(tmp_path)[0]), tmp_path / "archive"
    content.write_bytes(CONTENT)
    assert key.signs(content, MINISIGN_OLD.encode())
    assert not key.signs(content, MINISIGN.replace("edge test", "edge tast").encode())
    (tmp_path / "line.pub").write_text(MINISIGN_KEY.splitlines()[1])
    assert read_key(tmp_path / "line.pub").signs(content, MINISIGN.encode())


def test_allowed_signers_name_who_may(tmp_path: Path) -> None:
    public, sign = ssh_pair(tmp_path)
    content = tmp_path / "archive"
    content.write_bytes(CONTENT)
    allowed = tmp_path / "allowed"
    for words, expected in (('namespaces="file"', True), ('namespaces="git"', False)):
        allowed.write_text(f"ops@example.org {words} {public.read_text()}")
        assert read_key(allowed).signs(content, sign(CONTENT)) is expected


OLD_CURVE = "MDIwEAYHKoZIzj0CAQYFK4EEAAYDHgAEhRwGGyMKQvBqLKpIELCg1UhuASSxRJ2cxzwJsA=="


def test_a_key_of_a_kind_that_is_not_supported_is_refused(tmp_path: Path) -> None:
    words = ("-----BEGIN PUBLIC KEY-----", OLD_CURVE, "-----END PUBLIC KEY-----")
    (tmp_path / "key").write_text("\n".join([*words, ""]))
    with pytest.raises(EdgeError, match="is no usable public key") as caught:
        read_key(tmp_path / "key")
    assert caught.value.kind == "spec"


@pytest.mark.parametrize("body", ["", "text", "-----BEGIN PRIVATE KEY-----\n", "RWQ=\n"])
def test_what_is_no_public_key_is_refused(body: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(body)
    with pytest.raises(EdgeError, match="no public key") as caught:
        read_key(tmp_path / "key")
    assert caught.value.kind == "spec"


def source(folder: Path, files: t.Mapping[str, bytes] | None = None) -> tuple[Path, Image]:
    path = making.write_folder(folder / "layout", dict(files or making.layout({NAME: MADE})))
    return path, Source(path, folder).image(NAME, AMD64)


def payload(digest: str = DIGEST, kind: str = "cosign container image signature") -> bytes:
    image = {"docker-manifest-digest": digest}
    critical = {"identity": {"docker-reference": ""}, "image": image, "type": kind}
    return json.dumps({"critical": critical, "optional": None}).encode()


def with_cosign(said: bytes, signature: bytes, *, saved: bool = False) -> dict[str, bytes]:
    """A layout with a signature as cosign keeps it."""
    media = "application/vnd.dev.cosign.simplesigning.v1+json"
    notes = {"dev.cosignproject.cosign/signature": signature.decode()}
    layer = {**making.entry(said, media), "annotations": notes}
    manifest = json.dumps({"schemaVersion": 2, "layers": [layer]}).encode()
    entry = making.entry(manifest, f"{making.OCI}.manifest.v1+json")
    named = {making.REF_NAME: f"sha256-{DIGEST[7:]}.sig"}
    entry["annotations"] = {"kind": "dev.cosignproject.cosign/sigs"} if saved else named
    files = making.layout({NAME: MADE})
    index = json.loads(files["index.json"])
    index["manifests"].append(entry)
    added = {making.place(said): said, making.place(manifest): manifest}
    return files | added | {"index.json": json.dumps(index).encode()}


@pytest.mark.parametrize("saved", [False, True])
def test_a_signature_by_cosign_is_found_in_the_layout(saved: bool, tmp_path: Path) -> None:
    public, sign = pem_pair(tmp_path, "ecdsa")
    path, image = source(tmp_path, with_cosign(payload(), sign(payload()), saved=saved))
    assert Trust("require", [public]).judge(image, path, tmp_path) == ()


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (payload(making.digest(b"another")), "not signed"),
        (payload(kind="another claim"), "not signed"),
        (b'{"critical": []}', "not signed"),
    ],
)
def test_a_signature_of_something_else_is_none(said: bytes, why: str, tmp_path: Path) -> None:
    public, sign = pem_pair(tmp_path, "ecdsa")
    path, image = source(tmp_path, with_cosign(said, sign(said)))
    with pytest.raises(EdgeError, match=why) as caught:
        Trust("require", [public]).judge(image, path, tmp_path)
    assert caught.value.kind == "refused"


def test_policies(tmp_path: Path) -> None:
    public, dummy = pem_pair(tmp_path, "ecdsa")
    foreign, sign = pem_pair(tmp_path, "ecdsa", "foreign.pub")
    path, image = source(tmp_path, with_cosign(payload(), sign(payload())))
    with pytest.raises(EdgeError, match="none of its signatures"):
        Trust("require", [public]).judge(image, path, tmp_path)
    (warning,) = Trust("warn", [public]).judge(image, path, tmp_path)
    assert DIGEST in warning
    assert Trust("require", [public, foreign]).judge(image, path, tmp_path) == ()
    assert Trust("off", []).judge(image, path, tmp_path) == ()
    for policy, keys in (("require", []), ("warn", []), ("maybe", [public])):
        with pytest.raises(EdgeError) as caught:
            Trust(policy, keys)
        assert caught.value.kind == "spec"


@pytest.mark.parametrize("ending", [".sig", ".minisig"])
def test_a_signature_beside_the_source(ending: str, tmp_path: Path) -> None:
    public, sign = ssh_pair(tmp_path)
    trust = Trust("require", [public])
    path, image = source(tmp_path)
    index = path / "index.json"
    archive = making.write_archive(tmp_path / "a.tar", making.layout({NAME: MADE}))
    for where, content in ((path, index), (archive, archive)):
        with pytest.raises(EdgeError, match="not signed"):
            trust.judge(image, where, tmp_path)
        content.with_name(content.name + ending).write_bytes(sign(content.read_bytes()))
        assert trust.judge(image, where, tmp_path) == ()
    index.write_bytes(index.read_bytes() + b" ")
    with pytest.raises(EdgeError, match="none of its signatures"):
        trust.judge(image, path, tmp_path)


def script(folder: Path, text: str) -> str:
    path = folder / "scanner"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_the_scanner_gets_the_image_and_its_report_is_kept(tmp_path: Path) -> None:
    dummy, image = source(tmp_path)
    runs = tmp_path / "runs"
    command = [
        script(tmp_path, f'echo run >>{runs}; echo "$1"; cat "$2/index.json" || exit 3'),
        "--quiet",
    ]
    reports = tmp_path / "reports"
    for _again in range(3):
        report = scanned(image, command, reports)
        assert report.read_text().startswith("--quiet\n")
        assert DIGEST in report.read_text()
    assert runs.read_text() == "run\n"
    scanned(image, command, reports, fresh=0)
    assert runs.read_text() == "run\nrun\n"
    assert sorted(p.suffix for p in reports.iterdir() if p.name[0] != ".") == [".json", ".txt"]
    assert [p for p in reports.iterdir() if p.name.startswith(".scan-")] == []


def test_what_the_scanner_refuses_is_refused_and_looked_at_again(tmp_path: Path) -> None:
    dummy, image = source(tmp_path)
    command = [script(tmp_path, "echo CVE-2026-1 found; exit 1")]
    with pytest.raises(EdgeError, match=r"ended with 1: CVE-2026-1 found") as caught:
        scanned(image, command, tmp_path / "reports")
    assert caught.value.kind == "refused"
    (report,) = (tmp_path / "reports").glob("*.txt")
    assert report.read_text() == "CVE-2026-1 found\n"
    script(tmp_path, "exit 0")
    assert scanned(image, command, tmp_path / "reports") == report


def test_a_scanner_that_is_missing_or_hangs(tmp_path: Path) -> None:
    dummy, image = source(tmp_path)
    for wrong in (str(tmp_path / "absent"), str(tmp_path), "", "a\0b"):
        with pytest.raises(EdgeError, match="does not start") as caught:
            scanned(image, [wrong], tmp_path / "reports")
        assert caught.value.kind == "preflight"
    child = tmp_path / "child"
    command = [script(tmp_path, f"sleep 600 & echo $! >{child}; wait")]
    with pytest.raises(EdgeError, match="took more than"):
        scanned(image, command, tmp_path / "reports", limit=0.5)
    state = Path("/proc", child.read_text().strip(), "stat")
    for _look in range(100):
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.1)
    pytest.fail("what the scanner has started goes on")


def test_who_waited_for_a_scan_takes_what_came_of_it(tmp_path: Path) -> None:
    dummy, image = source(tmp_path)
    runs = tmp_path / "runs"
    command = [script(tmp_path, f"echo run >>{runs}; sleep 2; exit 1")]

    def scan(_number: int) -> str:
        with pytest.raises(EdgeError) as caught:
            scanned(image, command, tmp_path / "reports")
        return str(caught.value.message)

    with ThreadPoolExecutor(3) as pool:
        said = list(pool.map(scan, range(3)))
    assert len(set(said)) == 1
    assert runs.read_text() == "run\n"


def test_a_report_of_any_size_and_kind_is_shown_by_its_end(tmp_path: Path) -> None:
    dummy, image = source(tmp_path)
    command = [script(tmp_path, r"printf '\377\033[2J%0900d\n\nbad\tend\n' 7; exit 3")]
    with pytest.raises(EdgeError, match=r"0007 bad end$") as caught:
        scanned(image, command, tmp_path / "reports")
    assert len(caught.value.message) < 800
    assert caught.value.message.isprintable()
