# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volumes of the simple form: an entry is a mount and, where it names a source, the volume. Pure."""

from __future__ import annotations

import typing as t

from .._core.forms import Values, checked, label, one_of, texts, wrong
from . import options

SOURCES = ("config_map", "secret", "host_path", "persistent_volume_claim", "empty_dir")
# Options that only some sources heed.
OF_SOURCE = {
    "default_mode": ("config_map", "secret"),
    "items": ("config_map", "secret"),
    "optional": ("config_map", "secret"),
    "host_path_type": ("host_path",),
    "medium": ("empty_dir",),
    "size_limit": ("empty_dir",),
}


def _rows(given: t.Sequence[t.Any], where: str) -> t.Iterator[tuple[str, dict[str, t.Any]]]:
    for number, item in enumerate(given):
        here = f"{where}[{number}]"
        yield here, checked(item, options.VOLUME, here)


def mounts(given: t.Sequence[t.Any], where: str) -> list[dict[str, t.Any]]:
    """`volumeMounts` of the container."""
    found = []
    for here, row in _rows(given, where):
        if not row["mount_path"].startswith("/"):
            raise wrong(here, f"mount_path {row['mount_path']!r} is no absolute path")
        mount: dict[str, t.Any] = {"name": row["name"], "mountPath": row["mount_path"]}
        if row.get("sub_path"):
            mount["subPath"] = row["sub_path"]
        if "read_only" in row:
            mount["readOnly"] = row["read_only"]
        found.append(mount)
    return found


def volumes(given: t.Sequence[t.Any], where: str) -> list[dict[str, t.Any]]:
    """`volumes` of the pod: an entry without a source mounts one that is there once more."""
    found: dict[str, dict[str, t.Any]] = {}
    for here, row in _rows(given, where):
        name = label(row["name"], here)
        again = name in found and not any(source in row for source in SOURCES)
        if again:
            continue
        if name in found:
            raise wrong(here, f"two volumes are named {name}", "give one of them another name")
        found[name] = {"name": name, **_source(row, here)}
    return list(found.values())


def _source(row: Values, where: str) -> dict[str, t.Any]:
    kind = one_of(row, SOURCES, where)
    for option, kinds in OF_SOURCE.items():
        if option in row and kind not in kinds:
            raise wrong(
                where, f"{option} means nothing for {kind}", f"it is for {', '.join(kinds)}"
            )
    if kind == "persistent_volume_claim":
        return {"persistentVolumeClaim": {"claimName": row[kind]}}
    if kind == "host_path":
        return {"hostPath": {"path": row[kind], "type": row.get("host_path_type", "")}}
    if kind == "empty_dir":
        return {"emptyDir": _given(row, {"medium": "medium", "size_limit": "sizeLimit"})}
    named = {"secretName": row[kind]} if kind == "secret" else {"name": row[kind]}
    more = _given(row, {"default_mode": "defaultMode", "optional": "optional"})
    if "items" in row:
        keys = texts(row["items"], f"{where}: items")
        more["items"] = [{"key": key, "path": path} for key, path in keys.items()]
    return {"secret" if kind == "secret" else "configMap": {**named, **more}}


def _given(row: Values, names: t.Mapping[str, str]) -> dict[str, t.Any]:
    return {ours: row[option] for option, ours in names.items() if option in row}
