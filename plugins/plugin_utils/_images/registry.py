# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images from a registry, by skopeo, into layouts in the cache.

skopeo copies the manifest of one platform and its blobs as they are; the indexes above it, which pods
pin by digest, are fetched beside, so that a pinned digest leads to the image offline as well.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import typing as t
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images import documents
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.export import (
    blob_path,
    write_documents,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import (
    Document,
    Platform,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.references import (
    Reference,
    parse,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.trust import signature_tag
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.verified import checked, damaged
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.cache import (
    guarded,
    locked,
)

_DEEPEST = 4
_RETRIES = 3
_LONGEST = {"inspect": "5m", "copy": "6h"}  # whoever stops answering must not hold a run
_SHOWN = 400  # characters of what skopeo said last


@dataclass(frozen=True)
class Access:
    """How a registry is spoken to. Credentials are in a file as `skopeo login --authfile` writes it."""

    authfile: str = ""
    tls_verify: bool = True
    cert_dir: str = ""  # *.crt of authorities, *.cert and *.key of a client

    def options(self, prefix: str = "") -> list[str]:
        """Flags of skopeo; those of `copy` begin with `src-`."""
        found = [f"--{prefix}tls-verify={str(self.tls_verify).lower()}"]
        found += [f"--{prefix}cert-dir={self.cert_dir}"] if self.cert_dir else []
        return [*found, *([f"--{prefix}authfile={self.authfile}"] if self.authfile else [])]


def pulled(
    reference: str,
    platform: Platform,
    folder: Path,
    access: Access,
    progress: Callable[[str], None] = lambda text: None,
) -> Path:
    """A layout below `folder` that holds the image; what is there already is not fetched again.

    A tag is looked up each time, a digest only where its layout is missing. EdgeError: preflight where
    skopeo is missing, artifact where the registry does not give what the reference says, io.
    """
    wanted = parse(reference)
    registry = _Registry(wanted, access)
    with guarded(folder):
        pinned = folder / _name(wanted.digest, platform)
        if wanted.digest and pinned.is_dir():
            return _used(pinned)
        chain, manifest = registry.resolve(platform)
        final = folder / _name((chain or [manifest])[0].digest, platform)
        with locked(folder / f".{final.name}.lock", lambda: None):
            if not final.is_dir():
                progress(f"fetching {reference} for {platform}")
                staged = folder / f".{final.name}"
                shutil.rmtree(staged, ignore_errors=True)
                registry.copy(manifest, staged)
                parts = [*chain, manifest]
                signatures = registry.signatures({part.digest for part in parts}, staged)
                write_documents(staged, reference, parts, signatures)
                staged.rename(final)
            # It may have come by another name.
            write_documents(final, reference, [*chain, manifest])
        return _used(final)


def signed_since(reference: str, platform: Platform, layout: Path, access: Access) -> bool:
    """Whether the registry has signatures of the image in `layout`, of `pulled`; they are in it then. EdgeError(io)."""
    registry = _Registry(parse(reference), access)
    with guarded(layout.parent), locked(layout.parent / f".{layout.name}.lock", lambda: None):
        try:
            chain, manifest = registry.resolve(platform)
        except EdgeError:
            return False  # a registry that is away tells nothing new
        parts = [*chain, manifest]
        if _name(parts[0].digest, platform) != layout.name:
            return False
        found = registry.signatures({part.digest for part in parts}, layout)
        if found:
            write_documents(layout, reference, parts, found)
        return bool(found)


def _used(layout: Path) -> Path:
    """Its time says when it was asked for last."""
    with suppress(OSError):  # a cache may be mounted read-only
        os.utime(layout)
    return layout


def _name(digest: str, platform: Platform) -> str:
    return f"{digest.removeprefix('sha256:')}-{str(platform).replace('/', '-')}"


class _Registry:
    """One repository of a registry."""

    def __init__(self, wanted: Reference, access: Access) -> None:
        self._wanted = wanted
        self._access = access

    def resolve(self, platform: Platform) -> tuple[list[Document], Document]:
        """The indexes from the named one on, and the manifest of that platform below them."""
        name = f":{self._wanted.tag}" if self._wanted.tag else ""
        name = f"@{self._wanted.digest}" if self._wanted.digest else name
        chain: list[Document] = []
        found = self._document(name, self._wanted.digest)
        while found.media_type in documents.INDEXES and len(chain) < _DEEPEST:
            chain.append(found)
            digest = self._below(found, platform)
            found = self._document(f"@{digest}", digest)
        if found.media_type not in documents.MANIFESTS:
            raise damaged(str(self._wanted), f"is of an unknown kind: {found.media_type!r}")
        return chain, found

    def _document(self, name: str, digest: str) -> Document:
        address = f"docker://{self._wanted.repository}{name}"
        options = [*self._access.options(), f"--retry-times={_RETRIES}"]
        body = _skopeo("inspect", ["--raw", *options, address], self._wanted)
        if digest:
            checked(body, digest, f"what the registry gives for {self._wanted}")
        content = documents.mapping(body, address)
        name = f"sha256:{hashlib.sha256(body).hexdigest()}"
        return Document(name, _kind(content), body)

    def _below(self, index: Document, platform: Platform) -> str:
        content = documents.mapping(index.body, index.digest)
        for item in documents.entries(content, "manifests", index.digest):
            entry = documents.descriptor(item, index.digest)
            if entry.platform is not None and entry.platform.same(platform):
                return entry.digest
        raise damaged(str(self._wanted), f"is not published for {platform}")

    def signatures(self, digests: t.Collection[str], target: Path) -> dict[str, Document]:
        """Signatures that cosign keeps beside what has these digests, by their tags."""
        found = {}
        for tag in sorted(map(signature_tag, digests)):
            try:
                document = self._document(f":{tag}", "")
            except EdgeError:
                continue  # not signed, or not in that form; whether it must be is judged by others
            self.copy(document, target)
            found[tag] = document
        return found

    def copy(self, manifest: Document, target: Path) -> None:
        """Its blobs as they are, each in its place of a layout."""
        plain = target / "plain"
        shutil.rmtree(plain, ignore_errors=True)
        plain.mkdir(parents=True)
        address = f"docker://{self._wanted.repository}@{manifest.digest}"
        options = ["--quiet", "--preserve-digests", f"--retry-times={_RETRIES}"]
        options += self._access.options("src-")
        _skopeo("copy", [*options, address, f"dir:{plain}"], self._wanted)
        for path in plain.iterdir():
            if documents.is_digest(f"sha256:{path.name}"):
                os.replace(path, blob_path(target, path.name))
        shutil.rmtree(plain)


def _kind(content: dict[str, t.Any]) -> str:
    """The media type that a document states, or that its fields tell (OCI: the field is optional)."""
    stated = content.get("mediaType")
    if isinstance(stated, str) and stated:
        return stated
    if "manifests" in content:
        return documents.INDEXES[0]
    return documents.MANIFESTS[0] if "config" in content else ""


def _skopeo(verb: str, words: Sequence[str], wanted: Reference) -> bytes:
    # Whom to trust is decided by the caller's keys, not by a policy file that the machine may lack.
    limits = ["--command-timeout", _LONGEST[verb]]
    command = ["skopeo", "--insecure-policy", *limits, verb, *words]
    try:
        done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise EdgeError(
            f"{wanted} cannot be fetched from its registry without skopeo",
            kind="preflight",
            hint="install skopeo on the controller, or give the image as a layout or archive",
        ) from None
    except OSError as error:
        raise EdgeError(f"skopeo does not start: {error}", kind="preflight") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()[-_SHOWN:]
        raise EdgeError(
            f"skopeo could not fetch {wanted}: {said}",
            kind="artifact",
            hint="look at the name, the credentials (`skopeo login --authfile`) and the certificates",
        )
    return done.stdout
