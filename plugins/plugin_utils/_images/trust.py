# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether an image is signed by somebody we trust, judged on the controller before it is staged.

What is looked for, whichever key is given:

- a signature of the image by cosign with a key, in the source itself: the manifest named
  `sha256-<digest>.sig`, as registries hold it and `cosign save` writes it, whose payload names the digest
  of the image (containers/image, "simple signing"). Bundles of keyless signing are not read.
- a signature of the source's file beside it: `<archive>.minisig`, `<archive>.sig`, and for a layout in a
  folder `index.json.minisig` or `index.json.sig` inside, since all else hangs on that file by digests.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Sequence
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images import documents
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.files import (
    Files,
    document,
    files_of,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.layout import REF_NAME
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import Image
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.signatures import (
    PemKey,
    read_key,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.verified import checked

POLICIES = ("require", "warn", "off")
PAYLOAD = "application/vnd.dev.cosign.simplesigning.v1+json"
SIGNATURE = "dev.cosignproject.cosign/signature"
COSIGN_KIND, COSIGN_SIGNATURES = "kind", "dev.cosignproject.cosign/sigs"
_CLAIM = "cosign container image signature"
_ENDINGS = (".minisig", ".sig")


def signature_tag(digest: str) -> str:
    """The tag under which cosign keeps the signatures of an image."""
    return f"{digest.replace(':', '-')}.sig"


class Trust:
    """Keys, and what happens to an image that none of them has signed."""

    def __init__(self, policy: str, keys: Sequence[Path]) -> None:
        """EdgeError (spec, io, preflight) for a policy that is none and for keys that are none."""
        if policy not in POLICIES:
            raise EdgeError(f"{policy!r} is none of {', '.join(POLICIES)}", kind="spec")
        if policy != "off" and not keys:
            raise EdgeError(f"to {policy} signatures of images needs a public key", kind="spec")
        self._policy = policy
        self._keys = [read_key(path) for path in keys] if policy != "off" else []

    def judge(
        self, image: Image, source: Path, scratch: Path, again: Callable[[], bool] = lambda: False
    ) -> tuple[str, ...]:
        """Warnings to be shown. EdgeError(refused) where the image must not be staged.

        `scratch` is where the source was unpacked (`source.Source`); `again` is asked, where no signature is
        good, whether there are others by now.
        """
        if self._policy == "off":
            return ()
        found = self._found(image, source, scratch)
        if not any(found) and again():
            found = self._found(image, source, scratch)
        if any(found):
            return ()
        why = "none of its signatures is by a trusted key" if found else "it is not signed"
        message = f"{image.reference} ({image.digest}) is not trusted: {why}"
        if self._policy == "warn":
            return (message,)
        keys = ", ".join(key.name for key in self._keys)
        raise EdgeError(message, kind="refused", hint=f"trusted are {keys}; looked in {source}")

    def _found(self, image: Image, source: Path, scratch: Path) -> list[bool]:
        """For each signature, whether it is by one of the keys."""
        return [*self._cosign(image, files_of(source, scratch)), *self._beside(source)]

    def _cosign(self, image: Image, files: Files) -> t.Iterator[bool]:
        """For each signature of the image in its source, whether it is by one of the keys."""
        if files.size("index.json") is None:
            return
        keys = [key for key in self._keys if isinstance(key, PemKey)]
        digests = {image.digest, image.manifest.digest}
        index = documents.mapping(document(files, "index.json"), files.where)
        for item in documents.entries(index, "manifests", files.where):
            entry = documents.descriptor(item, files.where)
            if not _holds_signatures(entry, digests):
                continue
            for payload, signature in _signatures(files, entry):
                if _names(payload, digests, files.where):
                    yield any(key.signs_bytes(payload, signature) for key in keys)

    def _beside(self, source: Path) -> t.Iterator[bool]:
        """For each signature of the source's file, whether it is by one of the keys."""
        content = source / "index.json" if source.is_dir() else source
        for ending in _ENDINGS:
            path = content.with_name(content.name + ending)
            if path.is_file():
                signature = path.read_bytes()
                yield any(key.signs(content, signature) for key in self._keys)


def _holds_signatures(entry: documents.Descriptor, digests: t.Collection[str]) -> bool:
    """By its name; `cosign save` gives none, and what it signs is then in the payload alone."""
    name = entry.annotations.get(REF_NAME, "")
    if name:
        return any(name.endswith(signature_tag(digest)) for digest in digests)
    return entry.annotations.get(COSIGN_KIND) == COSIGN_SIGNATURES


def _signatures(files: Files, entry: documents.Descriptor) -> t.Iterator[tuple[bytes, bytes]]:
    """Payloads and their signatures in base64."""
    body = checked(document(files, entry.blob), entry.digest, f"{entry.digest} in {files.where}")
    manifest = documents.mapping(body, entry.digest)
    for item in documents.entries(manifest, "layers", entry.digest):
        layer = documents.descriptor(item, entry.digest)
        signature = layer.annotations.get(SIGNATURE, "")
        if layer.media_type == PAYLOAD and signature:
            what = f"{layer.digest} in {files.where}"
            yield checked(document(files, layer.blob), layer.digest, what), signature.encode()


def _names(payload: bytes, digests: t.Collection[str], where: str) -> bool:
    """Whether the payload is about that image."""
    critical = documents.mapping(payload, where).get("critical")
    critical = critical if isinstance(critical, dict) else {}
    image = critical.get("image")
    digest = image.get("docker-manifest-digest") if isinstance(image, dict) else None
    return critical.get("type") == _CLAIM and digest in digests
