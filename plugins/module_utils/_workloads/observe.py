# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Looks at objects and asks the server what it would make of the wishes. Changes nothing.

What there is comes in lists by kind. Then one request per object, for the server's dry run, but for those
of which their own managed fields say that nothing would change, where nobody else has a say in it.
"""

from __future__ import annotations

import typing as t

from .._core.records import replace
from .._kube.client import Client
from .._kube.discovery import NoSuchKind
from .._kube.errors import ApiError
from .._kube.resources import FIELD_MANAGER, Resource
from .judges import judged
from .owner import NAMESPACE, PART_OF, kinds_of, marked, note_name, owner_id, remembered
from .refusals import unchangeable
from .restart import rolls, secrets_used, with_digest
from .rollout import WAITING, judge
from .seen import Member, Object, Observation, Row
from .spec import ABSENT, Manifest, Spec, group_of, label
from .unchanged import unchanged
from .view import is_secret

_FEW = 2  # objects of a kind and namespace that are read one by one
_MANY = 8  # dry runs that are worth finding out whether they are needed
_RACES = 4
Key = tuple[str, str, str, str]  # apiVersion, kind, namespace, name


def observe(client: Client, spec: Spec) -> Observation:
    """Look. EdgeError where the API does not answer, NoSuchKind for a kind that nothing will bring."""
    rows = [_placed(client, spec, item) for item in spec.objects]
    note, members = _members(client, spec)
    known = {_exact(member.live): member.live for member in members}
    live = {**_live(client, [row for row in rows if _exact(row.wish) not in known]), **known}
    rows = [replace(row, live=live.get(_exact(row.wish))) for row in rows]
    if spec.state == ABSENT:
        return Observation(tuple(rows), members, note)
    if spec.restart_on_secret_change:
        rows = _with_digests(client, rows)
    rows = _as_they_are(client, rows)
    tried = [_tried(client, spec, row) if row.answer is None else row for row in rows]
    return Observation(tuple(_idle(client, row) for row in tried), members, note)


def _exact(item: Manifest) -> Key:
    """An object as one version of its kind shows it."""
    meta = item["metadata"]
    place = str(meta.get("namespace") or "")
    return str(item["apiVersion"]), str(item["kind"]), place, str(meta["name"])


def _placed(client: Client, spec: Spec, item: Manifest) -> Row:
    """The wish with its namespace and mark, and where objects of its kind live."""
    try:
        kind = client.discovery.find(str(item["apiVersion"]), str(item["kind"]))
        namespaced = kind.namespaced
    except NoSuchKind:
        kind = None
        scope = _scope_to_come(spec, item)
        if not scope and spec.state != ABSENT:
            raise
        namespaced = scope == "Namespaced"
    meta = {key: value for key, value in item["metadata"].items() if key != "namespace"}
    if namespaced:
        meta["namespace"] = item["metadata"].get("namespace") or spec.namespace
    return Row(marked({**item, "metadata": meta}, spec.owner), kind)


def _scope_to_come(spec: Spec, item: Manifest) -> str:
    """The scope of a kind that one of the wishes defines; empty where none does."""
    for other in spec.objects:
        wish = other.get("spec") or {}
        names = wish.get("names") or {} if other["kind"] == "CustomResourceDefinition" else {}
        if names.get("kind") == item["kind"] and wish.get("group") == group_of(item):
            return str(wish.get("scope"))
    return ""


def _members(client: Client, spec: Spec) -> tuple[Object | None, tuple[Member, ...]]:
    """The owner's note, and all that bears its mark."""
    if not spec.owner:
        return None, ()
    note = client.read("ConfigMap", NAMESPACE, note_name(spec.owner))
    found = []
    selector = f"{PART_OF}={owner_id(spec.owner)}"
    versions = {(group_of(item), item["kind"]): str(item["apiVersion"]) for item in spec.objects}
    for group, name in sorted(remembered(note) | kinds_of(spec.objects)):
        kind = _kind(client, group, name, versions.get((group, name), ""))
        if kind is not None:
            found += [Member(kind, item) for item in _list(client, kind, "", selector)]
    return note, tuple(found)


def _kind(client: Client, group: str, name: str, version: str) -> Resource | None:
    """The kind in the version that the wishes speak of, where one does; None where it is not known."""
    if not version:
        return client.discovery.preferred(group, name)
    try:
        return client.discovery.find(version, name)
    except NoSuchKind:
        return None


def _list(client: Client, kind: Resource, namespace: str, selector: str = "") -> list[Object]:
    """Items of lists do not say what they are."""
    said = {"apiVersion": kind.api_version, "kind": kind.kind}
    items = client.list(kind, namespace, label_selector=selector)
    return [{**said, **item} for item in items]


def _live(client: Client, rows: t.Sequence[Row]) -> dict[Key, Object]:
    groups: dict[tuple[Resource, str], list[Row]] = {}
    for row in rows:
        if row.kind is not None:
            place = str(row.wish["metadata"].get("namespace") or "")
            groups.setdefault((row.kind, place), []).append(row)
    found: dict[Key, Object] = {}
    for (kind, namespace), members in groups.items():
        names = {str(row.wish["metadata"]["name"]) for row in members}
        if len(members) > _FEW:
            items = _list(client, kind, namespace)
        else:
            read = [client.read(kind, namespace, name) for name in sorted(names)]
            items = [item for item in read if item is not None]
        found.update({_exact(item): item for item in items if item["metadata"]["name"] in names})
    return found


def _with_digests(client: Client, rows: t.Sequence[Row]) -> list[Row]:
    """Users of Secrets with the digest of what these will hold."""
    secrets: dict[tuple[str, str], Manifest] = {}
    for row in rows:
        if is_secret(row.wish):
            meta = row.wish["metadata"]
            secrets[meta["namespace"], meta["name"]] = row.wish
    found = []
    for row in rows:
        namespace = str(row.wish["metadata"].get("namespace") or "")
        for name in secrets_used(row.wish) if rolls(row.wish) else ():
            if (namespace, name) not in secrets:
                live = client.read("Secret", namespace, name)
                if live is not None:
                    secrets[namespace, name] = live
        found.append(replace(row, wish=with_digest(row.wish, namespace, secrets)))
    return found


def _as_they_are(client: Client, rows: t.Sequence[Row]) -> list[Row]:
    """Rows that need no dry run have what is there for an answer."""
    same = [row for row in rows if row.live and unchanged(row.wish, row.live, FIELD_MANAGER)]
    if len(same) < _MANY:
        return list(rows)
    others = judged(client)
    free = {id(row) for row in same if row.kind is not None and not others(row.kind)}
    return [replace(row, answer=row.live) if id(row) in free else row for row in rows]


def _tried(client: Client, spec: Spec, row: Row) -> Row:
    """The row with the server's word on it, about the object as it was seen."""
    if row.kind is None:
        return row
    kind = row.kind
    for dummy in range(_RACES):
        try:
            answer = client.apply(row.wish, kind=kind, force=spec.force, dry_run=True)
        except ApiError as exc:
            if exc.status == 401 or (exc.status >= 500 and not exc.malformed):
                raise
            return replace(row, refusal=_judged_anew(client, spec, row, exc))
        row = replace(row, answer=answer)
        if _version(answer) == _version(row.live):
            break
        # Somebody has changed it since the list; the answer is about what is there now.
        meta = row.wish["metadata"]
        live = client.read(kind, str(meta.get("namespace") or ""), str(meta["name"]))
        row = replace(row, live=live)
        if _version(answer) == _version(live):
            break
    return row


def _judged_anew(client: Client, spec: Spec, row: Row, refusal: ApiError) -> ApiError:
    """The refusal of the same object under a free name, where it is to be replaced: nothing is deleted for
    the sake of something that the server would not take. Else `refusal`.
    """
    if row.kind is None or row.live is None or not spec.recreate or not unchangeable(refusal):
        return refusal
    meta = row.wish["metadata"]
    name = str(meta["name"])[:40].rstrip("-.") + "-lightk8s-new"
    try:
        client.apply({**row.wish, "metadata": {**meta, "name": name}}, kind=row.kind, dry_run=True)
    except ApiError as exc:
        fields = [str(cause.get("field")) for cause in exc.causes]
        # What the object itself holds, and names that are part of a kind's meaning, free up or stay with it.
        if "already allocated" in exc.said or "metadata.name" in fields:
            return refusal
        return exc
    return refusal


def _version(item: Object | None) -> str:
    return str(((item or {}).get("metadata") or {}).get("resourceVersion") or "")


def _idle(client: Client, row: Row) -> Row:
    if row.live is not None and judge(row.live).state == WAITING:
        return replace(row, idle=idle(client, row.live))
    return row


def idle(client: Client, item: Object) -> str:
    """Why an object that waits needs nothing: a claim whose volume is made for the first pod that uses it."""
    name = (item.get("spec") or {}).get("storageClassName")
    if item.get("kind") != "PersistentVolumeClaim" or not name:
        return ""
    kind = client.discovery.preferred("storage.k8s.io", "StorageClass")
    found = client.read(kind, "", str(name)) if kind is not None else None
    if found and found.get("volumeBindingMode") == "WaitForFirstConsumer":
        return f"{label(item)} waits for its first pod"
    return ""
