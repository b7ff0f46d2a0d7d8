# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Kubernetes API, as far as a node needs it. Objects are plain dicts, as the server sent."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Callable

from .._core.errors import EdgeError
from .._core.records import replace
from .._host.http import Connection
from .discovery import Discovery
from .errors import ApiError
from .kubeconfig import Access, read_kubeconfig
from .resources import FIELD_MANAGER, Kind, object_path, with_query
from .retry import DEFAULT, ONCE, Clock, Retry
from .transport import Transport, decoded

if TYPE_CHECKING:
    from typing import Self  # Python >= 3.11, which nodes need not have

Objects = list[dict[str, Any]]
_PATCH_TYPES = {
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
}


class Client:
    """Verbs of one API server over one kept connection.

    Raises ApiError for an answer that is no success, HttpError where none came.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.discovery = Discovery(self._discover)

    @property
    def clock(self) -> Clock:
        """The clock that pauses are taken by."""
        return self._transport.clock

    @classmethod
    def from_kubeconfig(
        cls, text: str, *, context: str = "", folder: str = "", server: str = "", **options: Any
    ) -> Self:
        """As `connect`, with what a kubeconfig says; `server` replaces its address."""
        access = read_kubeconfig(text, context=context, folder=folder)
        return cls.connect(replace(access, server=server or access.server), **options)

    @classmethod
    def connect(
        cls,
        access: Access,
        *,
        retry: Retry = DEFAULT,
        clock: Clock = time,
        draw: Callable[[], float] | None = None,
        connect_timeout: float = 5.0,
        read_timeout: float = 30.0,
    ) -> Self:
        """A client of `access`; nothing is sent yet. Timeouts are seconds."""
        connection = Connection(
            access.server,
            tls=access.tls,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            proxy=access.proxy,
        )
        more = {} if draw is None else {"draw": draw}
        return cls(
            Transport(
                connection, tls=access.tls, token=access.token, retry=retry, clock=clock, **more
            )
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """End the kept connection."""
        self._transport.connection.close()

    def get(self, path: str) -> dict[str, Any]:
        """Any JSON object of the API."""
        return decoded(self._transport.call("GET", path), path)

    def _discover(self, path: str, accept: str) -> dict[str, Any]:
        return decoded(self._transport.call("GET", path, accept=accept), path)

    def text(self, path: str) -> str:
        """Any text of the API, such as a log."""
        body = self._transport.call("GET", path, accept="*/*").body
        return body.decode("utf-8", "replace")

    def lines(self, path: str, *, timeout: float) -> Iterator[bytes]:
        """See Transport.lines."""
        return self._transport.lines(path, timeout=timeout)

    def read(self, kind: Kind, namespace: str, name: str) -> dict[str, Any] | None:
        """One object, None where it does not exist. `namespace` is empty for cluster-wide kinds."""
        try:
            return self.get(object_path(kind, namespace, name))
        except ApiError as exc:
            if exc.status == 404:
                return None
            raise

    def list(
        self,
        kind: Kind,
        namespace: str = "",
        *,
        label_selector: str = "",
        field_selector: str = "",
        page: int = 250,
    ) -> Objects:
        """All objects of a kind, fetched in pages of `page`.

        A list that the server forgot half way (410, its pages outlived the history) begins anew.
        """
        path = object_path(kind, namespace)
        query = {"labelSelector": label_selector, "fieldSelector": field_selector, "limit": page}
        for left in (2, 1, 0):
            try:
                return [item for part in self._pages(path, query) for item in part]
            except ApiError as exc:
                if exc.status != 410 or not left:
                    raise
        return []

    def _pages(self, path: str, query: dict[str, Any]) -> Iterator[Objects]:
        token = ""
        while True:
            page = self.get(with_query(path, {**query, "continue": token}))
            yield page.get("items") or []
            token = str((page.get("metadata") or {}).get("continue") or "")
            if not token:
                return

    def create(self, kind: Kind, namespace: str, body: dict[str, Any]) -> dict[str, Any]:
        """Create an object; ApiError with reason AlreadyExists where it is there."""
        path = with_query(object_path(kind, namespace), {"fieldManager": FIELD_MANAGER})
        return decoded(self._transport.call("POST", path, body=body), path)

    def patch(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        body: object,
        *,
        patch_type: str = "merge",
        subresource: str = "",
    ) -> dict[str, Any]:
        """Change an object; `patch_type` is merge, strategic or json.

        A lost race is run again, unless `body` names the resourceVersion that it was made for. A
        json patch is sent once: its steps need not bear being done twice.
        """
        if patch_type not in _PATCH_TYPES:
            raise EdgeError(f"no such patch type: {patch_type}", kind="internal")
        path = object_path(kind, namespace, name, subresource)
        repeatable = patch_type != "json"
        response = self._transport.call(
            "PATCH",
            with_query(path, {"fieldManager": FIELD_MANAGER}),
            body=body,
            content_type=_PATCH_TYPES[patch_type],
            repeatable=repeatable,
            conflicts=repeatable and not _names_version(body),
        )
        return decoded(response, path)

    def apply(
        self,
        body: Mapping[str, Any],
        *,
        kind: Kind | None = None,
        force: bool = False,
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """Make an object what `body` says of it, and leave what others say of it (server-side apply).

        ApiError with `conflicts` where it speaks of fields that others have set to another value, unless
        `force` takes these over. With `dry_run` the server answers as if, and keeps nothing. Fields that
        the kind does not have are refused.
        """
        meta = body["metadata"]
        path = object_path(kind or body["kind"], meta.get("namespace", ""), meta["name"])
        query = {
            "fieldManager": FIELD_MANAGER,
            "fieldValidation": "Strict",
            "force": "true" if force else "",
            "dryRun": "All" if dry_run else "",
        }
        response = self._transport.call(
            "PATCH",
            with_query(path, query),
            body=body,
            content_type="application/apply-patch+yaml",
            conflicts=True,
        )
        return decoded(response, path)

    def delete(
        self,
        kind: Kind,
        namespace: str,
        name: str,
        *,
        propagation: str = "Background",
        grace: int | None = None,
        uid: str = "",
    ) -> bool:
        """Delete an object, only the one with `uid` if given; False where it was not there.

        `propagation` is Background, Foreground or Orphan; `grace` is seconds. Finalizers and
        running pods outlive the call.
        """
        body: dict[str, Any] = {"propagationPolicy": propagation}
        if grace is not None:
            body["gracePeriodSeconds"] = grace
        if uid:
            body["preconditions"] = {"uid": uid}
        try:
            self._transport.call(
                "DELETE", object_path(kind, namespace, name), body=body, conflicts=not uid
            )
        except ApiError as exc:
            if exc.status == 404:
                return False
            raise
        return True

    def evict(self, namespace: str, pod: str, *, grace: int | None = None, uid: str = "") -> bool:
        """Ask for a pod's eviction; False where it was not there.

        ApiError with `blocked_by_budget` where a PodDisruptionBudget forbids it for now.
        """
        options: dict[str, Any] = {} if grace is None else {"gracePeriodSeconds": grace}
        if uid:
            options["preconditions"] = {"uid": uid}
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": pod, "namespace": namespace},
            "deleteOptions": options,
        }
        path = object_path("Pod", namespace, pod, "eviction")
        try:
            self._transport.call("POST", path, body=body, repeatable=True)
        except ApiError as exc:
            if exc.status == 404:
                return False
            raise
        return True

    def version(self) -> dict[str, Any]:
        """The server's version: gitVersion, major, minor and others."""
        return self.get("/version")

    def readyz(self, *, verbose: bool = False, timeout: float = 5.0) -> dict[str, Any]:
        """{ready, failed: [checks], text}, asked once, for `timeout` seconds.

        HttpError where nothing answers, ApiError where the answer is not about health (401).
        """
        path = "/readyz?verbose" if verbose else "/readyz"
        try:
            text = self._transport.call("GET", path, retry=ONCE, timeout=timeout).body.decode()
        except ApiError as exc:
            if exc.status < 500:
                raise
            return {"ready": False, "failed": _failed(exc.message), "text": exc.message}
        return {"ready": True, "failed": [], "text": text}


def _failed(text: str) -> list[str]:
    """The names in lines such as `[-]etcd failed: reason withheld`."""
    lines = (line.partition("[-]")[2] for line in text.splitlines())
    return [line.split(" ", 1)[0] for line in lines if line]


def _names_version(body: object) -> bool:
    metadata = body.get("metadata") if isinstance(body, dict) else None
    return isinstance(metadata, dict) and "resourceVersion" in metadata
