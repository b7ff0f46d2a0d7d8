# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files on a node: looked at without following links, written so that a power cut leaves old or new."""

from __future__ import annotations

import errno
import os
import stat
import typing as t

from .._core.errors import EdgeError
from .._core.records import dataclass

KEPT_ATTRIBUTES = ("system.posix_acl_access", "security.selinux")


@dataclass(frozen=True)
class FileInfo:
    """What lstat says; `identity` changes whenever content or metadata may have."""

    kind: str  # file, link, folder, other
    mode: int  # permission bits only
    uid: int
    gid: int
    size: int
    identity: tuple[int, int, int, int, int]  # device, inode, size, mtime_ns, ctime_ns
    target: str = ""  # of a link


def inspect(path: str) -> FileInfo | None:
    """FileInfo of `path` itself, None where nothing is there."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISREG(found.st_mode):
        kind = "file"
    elif stat.S_ISLNK(found.st_mode):
        kind = "link"
    else:
        kind = "folder" if stat.S_ISDIR(found.st_mode) else "other"
    return FileInfo(
        kind=kind,
        mode=stat.S_IMODE(found.st_mode),
        uid=found.st_uid,
        gid=found.st_gid,
        size=found.st_size,
        identity=(
            found.st_dev,
            found.st_ino,
            found.st_size,
            found.st_mtime_ns,
            found.st_ctime_ns,
        ),
        target=os.readlink(path) if kind == "link" else "",
    )


def read(path: str) -> bytes | None:
    """Content of a file, None where there is none."""
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def sync_folder(path: str) -> None:
    """Make renames in `path` durable. File systems that cannot sync a folder are left alone."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return
    try:
        os.fsync(handle)
    except OSError as exc:
        if exc.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EROFS):
            raise
    finally:
        os.close(handle)


def make_folder(path: str, mode: int) -> None:
    """Create `path` and its parents durably; `mode` is for `path` alone, parents get 0755."""
    if os.path.isdir(path):
        return
    parent = os.path.dirname(path)
    if parent and not os.path.isdir(parent):
        make_folder(parent, 0o755)
    try:
        os.mkdir(path)
    except FileExistsError:
        if not os.path.isdir(path):
            raise
        return
    os.chmod(path, mode)
    sync_folder(parent)


def _temporary(path: str) -> str:
    # The name starts with a dot and ends in no suffix that an auto-deploy, image or drop-in watcher knows.
    return os.path.join(os.path.dirname(path), f".lightk8s-{os.urandom(6).hex()}~")


def _carry_attributes(old: str, new: str) -> None:
    for name in KEPT_ATTRIBUTES:
        try:
            os.setxattr(new, name, os.getxattr(old, name))
        except OSError:
            continue  # no such attribute on the old file, or a file system without any


def write(path: str, fill: t.Callable[[t.BinaryIO], None], mode: int) -> None:
    """Replace `path` atomically with what `fill` writes: temporary file, fsync, rename, fsync of the folder.

    Owner, ACL and SELinux label of a file that is there already are kept; the mode is set.
    Raises EdgeError(kind=io) naming the path.
    """
    temporary = _temporary(path)
    try:
        make_folder(os.path.dirname(path), 0o755)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as stream:
            fill(stream)
            old = inspect(path)
            if old is not None and old.kind == "file":
                if (old.uid, old.gid) != (os.geteuid(), os.getegid()):
                    os.fchown(stream.fileno(), old.uid, old.gid)
                _carry_attributes(path, temporary)
            os.fchmod(stream.fileno(), mode)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
        sync_folder(os.path.dirname(path))
    except EdgeError:
        remove(temporary)
        raise
    except OSError as exc:
        remove(temporary)
        raise EdgeError(
            f"cannot write {path}: {exc.strerror or exc}",
            kind="io",
            hint="free space on that file system or make it writable, then run again",
        ) from exc


def write_bytes(path: str, data: bytes, mode: int) -> None:
    """`write` with the whole content at hand."""

    def fill(stream: t.BinaryIO) -> None:
        stream.write(data)

    write(path, fill, mode)


def copy(source: str, path: str, mode: int) -> None:
    """`write` with the content of another file."""

    def fill(stream: t.BinaryIO) -> None:
        with open(source, "rb") as origin:
            import shutil  # loads every kind of compression, and few runs copy

            shutil.copyfileobj(origin, stream, 1 << 20)

    write(path, fill, mode)


def put_back(saved: str, path: str, mode: int) -> None:
    """Make `path` the saved file again; needs no space on a full disk where both share a file system."""
    if os.path.lexists(path) and os.path.samestat(os.lstat(saved), os.lstat(path)):
        os.chmod(path, mode)  # only the mode was changed; renaming a file onto itself does nothing
        return
    temporary = _temporary(path)
    try:
        os.link(saved, temporary)
    except OSError:
        copy(saved, path, mode)
        return
    os.chmod(temporary, mode)
    os.replace(temporary, path)
    sync_folder(os.path.dirname(path))


def link(path: str, target: str) -> None:
    """Make `path` a symbolic link to `target`, replacing what is there (never a folder)."""
    temporary = _temporary(path)
    make_folder(os.path.dirname(path), 0o755)
    os.symlink(target, temporary)
    os.replace(temporary, path)
    sync_folder(os.path.dirname(path))


def remove(path: str) -> None:
    """Remove a file or link; nothing there is fine."""
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        return
    sync_folder(os.path.dirname(path))


def remove_tree(path: str) -> None:
    """Remove a folder with all below it, without following links or crossing mount points."""
    if not os.path.isdir(path) or os.path.islink(path):
        remove(path)
        return
    mounted = mounts_below(path)
    for folder, folders, names in os.walk(path, topdown=False):
        if any(f"{os.path.realpath(folder)}/".startswith(f"{point}/") for point in mounted):
            continue
        for name in names:
            os.unlink(os.path.join(folder, name))
        for name in folders:
            entry = os.path.join(folder, name)
            if os.path.islink(entry):
                os.unlink(entry)
            elif os.path.realpath(entry) not in mounted:
                _remove_empty(entry)
    if not os.path.ismount(path):
        _remove_empty(path)
    sync_folder(os.path.dirname(path))


def remove_empty(path: str) -> None:
    """Remove a folder that holds nothing; any other stays."""
    _remove_empty(path)
    sync_folder(os.path.dirname(path))


def mounts_below(path: str) -> frozenset[str]:
    """Mount points inside a folder; a bind mount has the device number of what it shows."""
    from .._core.proc import mounts  # for removals alone

    with open("/proc/self/mounts", encoding="utf-8", errors="surrogateescape") as stream:
        points = [mount.folder for mount in mounts(stream.read())]
    inside = os.path.realpath(path) + "/"
    return frozenset(point for point in points if point.startswith(inside))


def _remove_empty(path: str) -> None:
    try:
        os.rmdir(path)
    except OSError as exc:
        if exc.errno not in (errno.ENOTEMPTY, errno.EBUSY, errno.ENOENT):
            raise


def writable(folder: str) -> bool:
    """Whether files can be created in `folder` or, where it is absent, in its nearest parent."""
    while not os.path.isdir(folder) and folder != "/":
        folder = os.path.dirname(folder)
    if not os.access(folder, os.W_OK):
        return False
    return not os.statvfs(folder).f_flag & os.ST_RDONLY
