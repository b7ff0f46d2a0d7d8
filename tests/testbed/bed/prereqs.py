# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the machine must have: found, installed where that is possible, or named."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from .shell import BedError, run

# program -> Debian package
PROGRAMS = {
    "podman": "podman",
    "runc": "runc",
    "netavark": "netavark",
    "iptables": "iptables",
    "ip": "iproute2",
    "mmdebstrap": "mmdebstrap",
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
GO_WANTED = (1, 24)


def missing_packages() -> list[str]:
    return sorted({p for prog, p in PROGRAMS.items() if not shutil.which(prog, path=_SEARCH)})


def go_program() -> str:
    """Path of a Go that can build Kubernetes 1.34; raises BedError with what to install."""
    search = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/go/bin"])
    found = shutil.which("go", path=search)
    wanted = ".".join(map(str, GO_WANTED))
    remedy = f"install Go {wanted} or newer from https://go.dev/dl/ into /usr/local/go"
    if not found:
        raise BedError(f"Go is missing, and Kubernetes is built from its modules: {remedy}")
    text = run([found, "version"]).stdout
    version = re.search(r"go(\d+)\.(\d+)", text)
    if version is None or tuple(map(int, version.groups())) < GO_WANTED:
        raise BedError(f"{text.strip()} ({found}) is too old for Kubernetes: {remedy}")
    return found


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
        go_program()
    return wanted


def _can_install() -> bool:
    return (
        os.geteuid() == 0 and bool(shutil.which("apt-get")) and Path("/etc/debian_version").exists()
    )
