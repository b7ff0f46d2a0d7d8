# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Power cuts: a node's files on one loop-mounted ext4, so that unwritten data can be lost."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import struct
import time
from pathlib import Path

from .node import Node
from .paths import fleet_root
from .shell import BedError, run

# Everything that an installation writes; what is left out is the image's, or lives in memory.
FOLDERS = ("etc", "usr/local", "opt", "root", "var")

_BLOCK = 1 << 20
_GONE_WITHIN = 60  # seconds
# EXT4_IOC_SHUTDOWN, _IOR('X', 125, __u32), with EXT4_GOING_FLAGS_NOLOGFLUSH: from this moment the
# file system writes nothing, not even its journal.
_SHUTDOWN = 0x8004587D
_NO_LOG_FLUSH = 2


def backing_file(node: Node) -> Path:
    return fleet_root(node.fleet) / "disks" / f"{node.name}.img"


def _mount_point(node: Node) -> Path:
    return fleet_root(node.fleet) / "disks" / node.name


def volumes(node: Node) -> list[str]:
    """Options of podman that put the node's folders on its disk; the disk is made when missing."""
    if not backing_file(node).exists():
        _make(node)
    _mount(node)
    words = []
    for folder in FOLDERS:
        words += ["--volume", f"{_mount_point(node)}/{_flat(folder)}:/{folder}:suid,dev,exec"]
    return words


def _flat(folder: str) -> str:
    return folder.replace("/", "-")


def _make(node: Node) -> None:
    """A new file system with a copy of the image's folders."""
    final = backing_file(node)
    part = final.with_suffix(".part")
    mount = _mount_point(node)
    mount.mkdir(parents=True, exist_ok=True)
    size = node.spec.options.disk
    run(["truncate", "--size", size.upper(), str(part)])
    run(["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1", str(part)])
    run(["mount", "-o", "loop", str(part), str(mount)])
    try:
        tree = run(["podman", "image", "mount", node.image]).stdout.strip()
        for folder in FOLDERS:
            run(["cp", "-a", f"{tree}/{folder}", f"{mount}/{_flat(folder)}"])
    finally:
        run(["umount", str(mount)])
        run(["podman", "image", "unmount", node.image], check=False)
    part.rename(final)


def _mount(node: Node) -> None:
    mount = _mount_point(node)
    if not os.path.ismount(mount):
        run(["mount", "-o", "loop", str(backing_file(node)), str(mount)])


def mounted_device(mount: Path) -> str:
    """The loop device's kernel name, such as `loop3`."""
    return Path(run(["findmnt", "-n", "-o", "SOURCE", str(mount)]).stdout.strip()).name


def snapshot(node: Node, target: Path | None = None, *, timeout: float = 120) -> Path:
    """Copy the disk as a power cut at this moment would leave it, while the node runs on.

    What the node's kernel has not yet written to the disk is not in the copy. A copy takes a
    while: it counts only if no write reached the disk meanwhile, else parts of it would be of
    different moments, which no power cut leaves. So there is a first copy, then the node's
    processes stand still while what has changed since is copied until nothing changes any more.
    Raises BedError when the disk does not come to rest within `timeout` seconds.
    """
    copy = target or backing_file(node).with_suffix(".cut")
    copy.unlink(missing_ok=True)
    counters = Path("/sys/block") / mounted_device(_mount_point(node))
    _copy_changes(backing_file(node), copy)
    end = time.monotonic() + timeout
    _pause(node, end)
    try:
        while time.monotonic() < end:
            before = _writes(counters)
            _copy_changes(backing_file(node), copy)
            if before is not None and before == _writes(counters):
                return copy
        raise BedError(f"{node.name}: its disk did not rest within {timeout} s")
    finally:
        run(["podman", "unpause", node.container])


def _pause(node: Node, end: float) -> None:
    """What forks or waits for its disk cannot always be frozen at once; then it goes on, and is asked again."""
    while True:
        try:
            run(["podman", "pause", node.container])
        except BedError:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)
        else:
            return


def _writes(counters: Path) -> tuple[str, ...] | None:
    """Writes and flushes completed so far; None while some are under way."""
    if any(int(word) for word in (counters / "inflight").read_text().split()):
        return None
    stat = (counters / "stat").read_text().split()
    return (stat[4], stat[6], *stat[15:16])


def _copy_changes(source: Path, target: Path) -> None:
    """Make `target` equal to the sparse file `source`; what is equal already is only read.

    The node's file system never gives space back, so what was data does not become a hole.
    """
    with open(source, "rb") as old, open(target, "r+b" if target.exists() else "w+b") as new:
        size = os.fstat(old.fileno()).st_size
        new.truncate(size)
        place = 0
        while (place := _next_data(old.fileno(), place, size)) < size:
            data = os.pread(old.fileno(), min(_BLOCK, size - place), place)
            if data != os.pread(new.fileno(), len(data), place):
                os.pwrite(new.fileno(), data, place)
            place += len(data)


def _next_data(handle: int, place: int, size: int) -> int:
    """The first byte of data at `place` or behind it; `size` when only holes are left."""
    try:
        return os.lseek(handle, place, os.SEEK_DATA)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        return size


def cut(node: Node) -> str:
    """A power cut and the boot after it.

    All processes end at once, and the file system drops what it has not written to the disk. The
    new node has the same name and addresses. Returns what e2fsck said; raises BedError when the
    file system cannot be mended.
    """
    node.kill()
    stop_writing(_mount_point(node))
    return boot_from(node, backing_file(node))


def stop_writing(mount: Path) -> None:
    """From this moment nothing more of that ext4 reaches its disk; what writes to it gets an error."""
    handle = os.open(mount, os.O_RDONLY)
    try:
        fcntl.ioctl(handle, _SHUTDOWN, struct.pack("I", _NO_LOG_FLUSH))
    finally:
        os.close(handle)


def boot_from(node: Node, disk: Path) -> str:
    """Replace the node by one that boots from `disk` (from `snapshot`), which is used up."""
    run(["podman", "rm", "--force", "--time", "0", "--volumes", node.container])
    release(node)
    report = check(disk)
    disk.replace(backing_file(node))
    node.create(volumes(node))
    node.wait_up()
    return report


def check(image: Path) -> str:
    """Replay the journal and mend what is left, as a machine does when it boots."""
    done = run(["e2fsck", "-f", "-p", str(image)], check=False)
    if done.returncode & ~3:
        done = run(["e2fsck", "-f", "-y", str(image)], check=False)
    if done.returncode & ~3:
        raise BedError(f"{image} is beyond repair: {done.stdout}{done.stderr}")
    return (done.stdout + done.stderr).strip()


def release(node: Node) -> None:
    """Unmount the node's disk; the loop device goes with the mount."""
    release_folder(_mount_point(node))


def release_folder(mount: Path) -> None:
    """Unmount a disk and wait until the file system is gone.

    A process that begins at this moment, such as another container's first one, may have a copy of all mounts for a
    while. Mounted again meanwhile, it would be the same file system still, with what was done to it. Raises BedError
    when it stays.
    """
    if not os.path.ismount(mount):
        return
    backing = Path("/sys/block") / mounted_device(mount) / "loop" / "backing_file"
    file = _text(backing)
    run(["umount", str(mount)])
    end = time.monotonic() + _GONE_WITHIN
    while file and _text(backing) == file:
        if time.monotonic() > end:
            raise BedError(f"{mount} was unmounted, and some process holds it still")
        time.sleep(0.05)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        return ""  # a loop device without a file has no such entry


def release_fleet(root: Path) -> None:
    """Unmount all disks below a fleet's folder and delete them."""
    disks = root / "disks"
    if disks.is_dir():
        for folder in (p for p in disks.iterdir() if p.is_dir()):
            release_folder(folder)
        shutil.rmtree(disks)
