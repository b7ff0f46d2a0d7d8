# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the machine must have: found, installed where that is possible, or named."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from . import build
from .shell import BedError, run

# program -> Debian package
PROGRAMS = {
    "podman": "podman",
    "runc": "runc",
    "netavark": "netavark",
    "iptables": "iptables",
    "ip": "iproute2",
    "mmdebstrap": "mmdebstrap",
    "mksquashfs": "squashfs-tools",
    "zstd": "zstd",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "scp": "openssh-client",
    "losetup": "mount",
    "findmnt": "util-linux",
    "mkfs.ext4": "e2fsprogs",
    "e2fsck": "e2fsprogs",
}
_SEARCH = os.pathsep.join(
    [os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/usr/lib/podman", "/usr/libexec/podman"]
)


def missing_packages() -> list[str]:
    return sorted({p for prog, p in PROGRAMS.items() if not shutil.which(prog, path=_SEARCH)})


def ensure(go: bool = True) -> list[str]:
    """Install what is missing, when root on Debian; else raise BedError that names it.

    Returns the packages installed.
    """
    wanted = missing_packages()
    if wanted:
        if not _can_install():
            raise BedError(
                f"missing Debian packages: {' '.join(wanted)}\n"
                f"run as root on Debian or Ubuntu: apt-get install {' '.join(wanted)}"
            )
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        run(["apt-get", "update", "-q"], env=env, timeout=900)
        install = ("apt-get", "install", "-y", "-q", "--no-install-recommends")
        run([*install, *wanted], env=env, timeout=1800)
    if left := missing_packages():
        raise BedError(f"still missing after the installation: {' '.join(left)}")
    if os.geteuid() != 0:
        raise BedError("the test bed needs root: fixed addresses, mounts and kernel limits")
    if go:
        build.go_tool()
    return wanted


def _can_install() -> bool:
    return (
        os.geteuid() == 0 and bool(shutil.which("apt-get")) and Path("/etc/debian_version").exists()
    )
