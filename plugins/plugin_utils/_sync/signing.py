# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Desired states signed on the controller, with Ed25519 keys in PEM files."""

from __future__ import annotations

import os
import typing as t
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document import (
    MOST_BYTES,
    Document,
    Envelope,
    Refused,
    key_id,
    read_document,
    to_sign,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.document_secrets import (
    inline_secrets,
)

MAKE = "make a key: openssl genpkey -algorithm ed25519 -out {}"

if t.TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class Signer:
    """A key that sites trust; `public` goes to them."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = key.public_key().public_bytes_raw()
        self.id = key_id(self.public)

    @classmethod
    def read(cls, path: str, password: str = "") -> Signer:
        """From a PEM file (PKCS #8). Raises EdgeError: io, or spec for another kind of key."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            pem = Path(path).expanduser().read_bytes()
        except OSError as exc:
            raise EdgeError(
                f"cannot read {path}: {exc.strerror}", kind="io", hint=MAKE.format(path)
            ) from exc
        try:
            key = load_pem_private_key(pem, password.encode() or None)
        except (TypeError, ValueError) as exc:
            text = f"{path} is no usable private key: {exc}"
            hint = f"see edge_publish_key_password, or {MAKE.format('another file')}"
            raise EdgeError(text, kind="spec", hint=hint) from exc
        if not isinstance(key, Ed25519PrivateKey):
            raise EdgeError(
                f"{path} is no Ed25519 key", kind="spec", hint=MAKE.format("another file")
            )
        return cls(key)

    @classmethod
    def create(cls, path: str, password: str = "") -> Signer:
        """Make a key in a new file (0600). Raises EdgeError(refused) where there is one already."""
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        key = Ed25519PrivateKey.generate()
        locked: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if password:
            locked = serialization.BestAvailableEncryption(password.encode())
        form = serialization.PrivateFormat.PKCS8
        pem = key.private_bytes(serialization.Encoding.PEM, form, locked)
        place = Path(path).expanduser()
        try:
            handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as stream:
                stream.write(pem)
                stream.flush()
                os.fsync(stream.fileno())
        except FileExistsError as exc:
            raise EdgeError(f"{path} is there already", kind="refused") from exc
        except OSError as exc:
            raise EdgeError(f"cannot write {path}: {exc.strerror}", kind="io") from exc
        return cls(key)

    def sign(self, payload: bytes) -> bytes:
        """The signature of a document's canonical bytes."""
        return self._key.sign(to_sign(payload))


def signed(document: Document, signers: t.Sequence[Signer]) -> Envelope:
    """The document as it is published, signed by every one of `signers`.

    Two signatures let sites go over from one key to the next. Raises Refused for what every site
    would refuse: a secret inside, no canonical form, too many bytes.
    """
    if not signers:
        raise EdgeError("a desired state needs at least one key that signs it", kind="spec")
    found = inline_secrets(document.desired)
    if found:
        raise Refused(
            "holds_secret",
            f"{', '.join(found)} hold secrets",
            site=document.site,
            hint="name each as {secret_ref: NAME}, and deliver it by push or at enrolment",
        )
    payload = document.payload()
    read_document(payload)
    signatures = tuple((signer.id, signer.sign(payload)) for signer in signers)
    envelope = Envelope(payload, signatures)
    size = len(envelope.raw())
    if size > MOST_BYTES:
        raise Refused("too_large", f"{size} bytes are more than {MOST_BYTES}", site=document.site)
    return envelope
