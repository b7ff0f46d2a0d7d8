# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judging sizes: memory, disk, inodes, and where folders lie. Pure."""

from __future__ import annotations

import typing as t

from .spec import Finding, Folder, Seen, Wish

Found = t.Iterator[tuple[bool, Finding]]
EVICTION_MB = 64  # what the kubelet keeps free; see _resources.plan
HIDDEN_MB = 128
EVICTION_PERCENT = 5  # of a file system: below it the kubelet evicts pods


def tolerated(nominal_mb: int) -> int:
    """What a machine with `nominal_mb` may report: firmware and kernel keep some of it."""
    return nominal_mb - min(nominal_mb // 8, HIDDEN_MB)


def nominal(reported_mb: int) -> int:
    """What a machine that reports `reported_mb` may have."""
    return reported_mb + min(reported_mb // 7, HIDDEN_MB)


def memory(wish: Wish, seen: Seen) -> Found:
    """The machine against the distribution's own needs and the bounds that the user set."""
    needs, bounds = seen.needs, wish.resources
    if seen.memory_mb < tolerated(needs.memory_mb):
        text = f"{seen.memory_mb} MiB of memory; {needs.title} alone takes {needs.memory_mb}"
        yield True, Finding("memory", text, f"{needs.memory_recommended_mb} MiB are recommended")
        return
    if seen.memory_mb < tolerated(needs.memory_recommended_mb):
        text = f"{seen.memory_mb} MiB of memory for {needs.title}"
        yield False, Finding("memory", text, f"{needs.memory_recommended_mb} are recommended")
    if bounds.max_memory_mb is None:
        return
    kept = bounds.reserved_memory_mb or 0
    total = bounds.max_memory_mb + kept + needs.memory_mb
    text = (
        f"pods may use {bounds.max_memory_mb} MiB, {kept} are kept for the system and"
        f" {needs.title} takes about {needs.memory_mb}: {total} MiB in all,"
        f" and the machine has {seen.memory_mb}"
    )
    room = max(
        0, min(nominal(seen.memory_mb) - needs.memory_mb, seen.memory_mb - EVICTION_MB) - kept
    )
    hint = f"set edge_max_memory_mb to {room} or less"
    if bounds.max_memory_mb > room:
        yield True, Finding("memory", text, hint)
    elif seen.memory_mb < total:
        yield False, Finding("memory", text)


def disk(wish: Wish, seen: Seen) -> Found:
    """Space for the data folder. An installed node has its space, but may be close to full."""
    folder, needs = seen.data, seen.needs
    if folder is None:
        return
    where = f"on the file system of {folder.path}"
    if not seen.installed and folder.free_mb < needs.disk_mb:
        text = (
            f"{folder.free_mb} MiB are free {where}; {needs.title} needs {needs.disk_mb} to start"
        )
        yield True, Finding("disk", text, f"{needs.disk_recommended_mb} MiB are recommended")
    elif not seen.installed and folder.free_mb < needs.disk_recommended_mb:
        text = f"{folder.free_mb} MiB are free {where}; {needs.disk_recommended_mb} are recommended"
        yield False, Finding("disk", text)
    if folder.size_mb and folder.free_mb * 100 < folder.size_mb * 2 * EVICTION_PERCENT:
        text = f"only {folder.free_mb * 100 // folder.size_mb} % are free {where}"
        yield False, Finding("disk", text, f"below {EVICTION_PERCENT} % pods are evicted")
    wanted = wish.resources.ephemeral_storage_mb
    room = folder.size_mb * (100 - EVICTION_PERCENT) // 100
    if wanted is not None and wanted > room:
        text = f"pods may use {wanted} MiB of disk {where}, which has {folder.size_mb}"
        yield True, Finding("disk", text, f"set edge_ephemeral_storage_mb to {room} or less")


def inodes(wish: Wish, seen: Seen) -> Found:
    """Image layers are many small files."""
    folder = seen.data
    if folder is None or not folder.inodes or seen.installed:
        return
    if folder.free_inodes < seen.needs.inodes:
        text = f"{folder.free_inodes} inodes are free on the file system of {folder.path}"
        few = folder.free_inodes < seen.needs.inodes // 4
        yield few, Finding("inodes", text, f"{seen.needs.inodes} are needed for images")


def mounts(wish: Wish, seen: Seen) -> Found:
    """Folders that must be writable and hold programs."""
    for folder, name in ((seen.data, "edge_data_dir"), (seen.programs, "edge_bin_dir")):
        if folder is None or folder.mount is None:
            continue
        for option, word in (("ro", "read-only"), ("noexec", "mounted with noexec")):
            if option in folder.mount.options and not _held(folder, seen):
                text = f"{folder.path} lies on {folder.mount.folder}, which is {word}"
                yield (
                    True,
                    Finding("mount", text, f"set {name} to another folder, or mount it anew"),
                )


def _held(folder: Folder, seen: Seen) -> bool:
    """A program folder that is sealed after an installation is no fault."""
    return folder is seen.programs and seen.running


JUDGES = (memory, disk, inodes, mounts)
