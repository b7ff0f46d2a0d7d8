# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signatures of files and of images, by public keys in files.

Three forms, told apart by the key's file:

PEM
    What cosign makes: ECDSA over SHA-256 (`cosign generate-key-pair`), RSA (PKCS #1 v1.5) or Ed25519. The
    signature is base64 in a text: of a file (`cosign sign-blob`) or of the payload of an image.
minisign
    Two lines, the second base64: `Ed`, the key's number (8 bytes), an Ed25519 key. A signature has four
    lines: a comment; base64 of `Ed` (over the file) or `ED` (over its BLAKE2b-512), the key's number and
    the signature; a trusted comment; base64 of the signature over the former and that comment.
OpenSSH
    A public key, or a file of allowed signers, as ssh-keygen(1) has it; the signature is made by
    `ssh-keygen -Y sign -n file`, and checked by ssh-keygen.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import importlib.util
import re
import subprocess
import typing as t
from pathlib import Path
from tempfile import TemporaryDirectory

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError

SSH_SIGNATURE = b"-----BEGIN SSH SIGNATURE-----"
_SSH_KEY = r"(ssh-|ecdsa-sha2-|sk-ssh-|sk-ecdsa-)\S+ [A-Za-z0-9+/=]+"
_NAMESPACE = "file"
_UNTRUSTED, _TRUSTED = b"untrusted comment:", b"trusted comment: "


class Key(t.Protocol):
    """A public key, or several of one file."""

    name: str  # of its file

    def signs(self, content: Path, signature: bytes) -> bool:
        """Whether `signature` is one of this key over the file `content`. EdgeError(preflight, io)."""


def read_key(path: Path) -> Key:
    """The key in a file. EdgeError (spec, io, preflight)."""
    try:
        body = path.read_bytes()
    except OSError as error:
        raise EdgeError(f"cannot read {path}: {error.strerror}", kind="io") from error
    if b"-----BEGIN" in body and b"PRIVATE KEY" not in body:
        return PemKey(path, body)
    found = _minisign_key(body)
    if found is not None:
        return MinisignKey(path, *found)
    text = body.decode("utf-8", "replace")
    if re.search(rf"(?m)(^|\s){_SSH_KEY}", text):
        return SshKey(path, text)
    raise EdgeError(
        f"{path} holds no public key",
        kind="spec",
        hint="give a PEM file (cosign.pub), a minisign key, an OpenSSH key or a file of allowed signers",
    )


class PemKey:
    """A key as cosign has it."""

    def __init__(self, path: Path, body: bytes) -> None:
        _need_library()
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        self.name = str(path)
        try:
            self._key = load_pem_public_key(body)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise EdgeError(f"{path} is no usable public key: {error}", kind="spec") from error

    def signs(self, content: Path, signature: bytes) -> bool:
        return self.signs_bytes(_read(content), signature)

    def signs_bytes(self, content: bytes, signature: bytes) -> bool:
        """Whether `signature`, in base64, is one over these bytes."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
        from cryptography.hazmat.primitives.hashes import SHA256

        raw = _decoded(signature)
        if raw is None:
            return False
        try:
            if isinstance(self._key, ec.EllipticCurvePublicKey):
                self._key.verify(raw, content, ec.ECDSA(SHA256()))
            elif isinstance(self._key, rsa.RSAPublicKey):
                self._key.verify(raw, content, padding.PKCS1v15(), SHA256())
            elif isinstance(self._key, ed25519.Ed25519PublicKey):
                self._key.verify(raw, content)
            else:
                raise EdgeError(f"{self.name} is of a kind that signs no images", kind="spec")
        except InvalidSignature:
            return False
        return True


class MinisignKey:
    """A key of minisign."""

    def __init__(self, path: Path, number: bytes, raw: bytes) -> None:
        _need_library()
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        self.name = str(path)
        self._number = number
        self._key = Ed25519PublicKey.from_public_bytes(raw)

    def signs(self, content: Path, signature: bytes) -> bool:
        lines = signature.splitlines()
        if len(lines) < 4 or not lines[0].startswith(_UNTRUSTED):
            return False
        body, both = _decoded(lines[1]), _decoded(lines[3])
        if body is None or both is None or len(body) != 74 or not lines[2].startswith(_TRUSTED):
            return False
        kind, number, own = body[:2], body[2:10], body[10:]
        if number != self._number or kind not in (b"Ed", b"ED"):
            return False
        signed = _blake(content) if kind == b"ED" else _read(content)
        return self._verify(own, signed) and self._verify(both, own + lines[2][len(_TRUSTED) :])

    def _verify(self, signature: bytes, content: bytes) -> bool:
        from cryptography.exceptions import InvalidSignature

        try:
            self._key.verify(signature, content)
        except InvalidSignature:
            return False
        return True


class SshKey:
    """OpenSSH keys, judged by ssh-keygen."""

    def __init__(self, path: Path, text: str) -> None:
        self.name = str(path)
        if re.match(_SSH_KEY, text):  # a public key alone
            lines = [line for line in text.splitlines() if re.match(_SSH_KEY, line)]
            text = "".join(f'edge namespaces="{_NAMESPACE}" {line}\n' for line in lines)
        self._allowed = text

    def signs(self, content: Path, signature: bytes) -> bool:
        if not signature.lstrip().startswith(SSH_SIGNATURE):
            return False
        with TemporaryDirectory() as folder:
            allowed, own = Path(folder, "allowed"), Path(folder, "signature")
            allowed.write_text(self._allowed)
            own.write_bytes(signature)
            files = ["-f", str(allowed), "-s", str(own)]
            named = _ssh_keygen(["-Y", "find-principals", *files], content)
            words = ["-Y", "verify", *files, "-n", _NAMESPACE, "-I"]
            # Where several names share a key, each may be allowed for something else.
            return any(
                _ssh_keygen([*words, name], content) is not None
                for name in (named or "").splitlines()
            )


def _ssh_keygen(words: t.Sequence[str], content: Path) -> str | None:
    """What it prints, None where it refuses."""
    try:
        with content.open("rb") as stream:
            done = subprocess.run(
                ["ssh-keygen", *words], stdin=stream, capture_output=True, check=False
            )
    except OSError as error:
        raise EdgeError(
            f"OpenSSH signatures cannot be checked: {error}",
            kind="preflight",
            hint="install the OpenSSH client, 8.2 or newer, on the controller",
        ) from error
    return None if done.returncode else done.stdout.decode(errors="replace")


def _minisign_key(body: bytes) -> tuple[bytes, bytes] | None:
    """Number and key. minisign gives a key as a single line, too."""
    lines = [line for line in body.splitlines() if line and not line.startswith(_UNTRUSTED)]
    raw = _decoded(lines[0]) if len(lines) == 1 else None
    if raw is None or len(raw) != 42 or raw[:2] != b"Ed":
        return None
    return raw[2:10], raw[10:]


def _decoded(text: bytes) -> bytes | None:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except binascii.Error:
        return None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EdgeError(f"cannot read {path}: {error.strerror}", kind="io") from error


def _blake(path: Path) -> bytes:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "blake2b").digest()


def _need_library() -> None:
    if importlib.util.find_spec("cryptography") is None:
        raise EdgeError(
            "signatures of images cannot be checked without the Python package cryptography",
            kind="preflight",
            hint="install the Python package cryptography on the controller",
        )
