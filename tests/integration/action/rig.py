# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A node for tests on this machine: sshd on a loopback port in a mount namespace of its own.

As root it has its own /var/lib and its own users (with sudo in several ways), none of which exist
outside; ansible-playbook is run inside too, so that the local connection sees the same node. As
another user it is an ordinary sshd for the user that runs the tests.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = os.geteuid() == 0
HERE = Path(__file__).resolve().parent
EDGE = HERE.parents[2]
PYTHON = "/usr/bin/python3"
BIN = Path(os.environ.get("LIGHTK8S_ANSIBLE_BIN") or Path(sys.executable).parent)
USERS = {  # name: sudoers line
    "kept-free": "kept-free ALL=(ALL) NOPASSWD: ALL",
    "kept-asked": "kept-asked ALL=(ALL) ALL",
    "kept-tty": "Defaults:kept-tty requiretty\nkept-tty ALL=(ALL) NOPASSWD: ALL",
    "kept-none": "",
    "kept-noisy": "kept-noisy ALL=(ALL) NOPASSWD: ALL",
}
PASSWORD = "pass-word-of-a-test"
SSHD = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/key.pub
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
MaxStartups 200
MaxSessions 200
LogLevel ERROR
Subsystem sftp internal-sftp
"""
CONFIG = """
[defaults]
inventory = {folder}/hosts.json
collections_path = {folder}/collections
host_key_checking = false
retry_files_enabled = false
nocows = true
forks = 20
localhost_warning = false
interpreter_python = auto_silent
local_tmp = {folder}/local
[connection]
pipelining = true
[ssh_connection]
ssh_args = -o ControlMaster=auto -o ControlPersist=60 -F none
control_path_dir = {control}
"""


class Node:
    """`state` is the folder that the node's root knows as /var/lib/lightk8s."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.config = folder / "ansible.cfg"
        self.state = folder / "var" / "lightk8s" if ROOT else Path.home() / ".cache" / "lightk8s"
        self.daemon: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        for name in ("host_key", "key"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{self.folder}/{name}"]
            subprocess.run(command, check=True)
        control = self.folder / "cp"
        control.mkdir()
        (self.folder / "sshd.conf").write_text(SSHD.format(port=self.port, folder=self.folder))
        self.config.write_text(CONFIG.format(folder=self.folder, control=control))
        self.inventory(self.hosts())
        copy_collections(self.folder / "collections")
        sshd = [shutil.which("sshd") or "/usr/sbin/sshd", "-D", "-f", f"{self.folder}/sshd.conf"]
        script = self.private_view() if ROOT else ""
        shell = ["sh", "-ec", script + 'exec "$@"', "sh", *sshd]
        self.daemon = subprocess.Popen(["unshare", "--mount", *shell] if ROOT else shell)
        self.wait()

    def wait(self) -> None:
        for _attempt in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError("sshd does not listen")

    def private_view(self) -> str:
        """Files that replace those of the machine for sshd and what it starts."""
        view = self.folder / "etc"
        view.mkdir()
        (self.folder / "var").mkdir()
        lines = {name: [Path("/etc", name).read_text()] for name in ("passwd", "shadow", "group")}
        secret = ["openssl", "passwd", "-6", PASSWORD]
        word = subprocess.run(secret, capture_output=True, text=True, check=True).stdout.strip()
        kept = [line for line in lines["shadow"][0].splitlines() if not line.startswith("root:")]
        lines["shadow"] = ["\n".join([*kept, f"root:{word}:19000:0:99999:7:::\n"])]
        for number, name in enumerate(USERS, 54001):
            home = self.folder / "home" / name
            home.mkdir(parents=True)
            os.chown(home, number, number)
            lines["passwd"].append(f"{name}:x:{number}:{number}::{home}:/bin/bash\n")
            lines["shadow"].append(f"{name}:{word}:19000:0:99999:7:::\n")
            lines["group"].append(f"{name}:x:{number}:\n")
        for name, parts in lines.items():
            (view / name).write_text("".join(parts))
        (view / "shadow").chmod(0o600)
        (view / "sudoers.d").mkdir(0o750)
        (view / "sudoers.d" / "kept").write_text("\n".join(USERS.values()) + "\n")
        (self.folder / "home" / "kept-noisy" / ".bashrc").write_text("echo good morning\n")
        names = (*lines, "sudoers.d")
        binds = [f"mount --bind {view / name} /etc/{name}" for name in names]
        binds += [f"mount --bind {self.folder / 'var'} /var/lib", "mkdir -p /run/sshd"]
        # Disks of other tests' nodes would live as long as this view, and a power cut of theirs waits for their end.
        disks = "awk '$1 ~ \"^/dev/loop\" {print $2}' /proc/self/mounts | xargs -r umount --lazy"
        return "\n".join(["mount --make-rprivate /", disks, *binds, ""])

    def hosts(self) -> dict[str, dict[str, object]]:
        ssh: dict[str, object] = {
            "ansible_host": "127.0.0.1",
            "ansible_port": self.port,
            "ansible_ssh_private_key_file": str(self.folder / "key"),
            "ansible_python_interpreter": PYTHON,
        }
        local: dict[str, object] = {
            "ansible_connection": "local",
            "ansible_python_interpreter": PYTHON,
        }
        hosts: dict[str, dict[str, object]] = {"here": local, "self": ssh}
        hosts["nopipe"] = local | {"ansible_connection": "test.kept.nopipe"}
        if not ROOT:
            return hosts
        become = {"ansible_become": True, "ansible_become_password": PASSWORD}
        hosts |= {
            "free": ssh | {"ansible_user": "kept-free", "ansible_become": True},
            "asked": ssh | {"ansible_user": "kept-asked"} | become,
            "tty": ssh | {"ansible_user": "kept-tty", "ansible_become": True},
            "none": ssh | {"ansible_user": "kept-none"},
            "noisy": ssh | {"ansible_user": "kept-noisy", "ansible_become": True},
            "su": ssh | {"ansible_user": "kept-none", "ansible_become_method": "su"} | become,
            "other": ssh | {"ansible_user": "root", "ansible_become_user": "kept-none"} | become,
        }
        return hosts

    def inventory(self, hosts: dict[str, dict[str, object]]) -> None:
        (self.folder / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts}}))

    def run(self, *command: object, **environment: str) -> subprocess.CompletedProcess[str]:
        """A command in the node's view of the file system, with ansible set up for it."""
        inside: list[str] = []
        if ROOT and self.daemon:
            inside = ["nsenter", f"--mount=/proc/{self.daemon.pid}/ns/mnt", f"--wd={self.folder}"]
        settings = {"ANSIBLE_CONFIG": str(self.config), "HOME": str(Path.home()), **environment}
        clean = {key: value for key, value in os.environ.items() if "ANSIBLE" not in key}
        return subprocess.run(
            [*inside, *map(str, command)],
            cwd=self.folder,
            env=clean | settings,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            check=False,
        )

    def play(self, name: str, *arguments: object, **environment: str) -> str:
        """The output of a play that must succeed."""
        done = self.start_play(name, *arguments, **environment)
        if done.returncode:
            raise AssertionError(
                f"rc {done.returncode}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
            )
        return done.stdout + done.stderr

    def start_play(
        self, name: str, *arguments: object, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        play = HERE / "plays" / f"{name}.yml"
        return self.run(BIN / "ansible-playbook", play, *arguments, **environment)

    def stop(self) -> None:
        if self.daemon:
            self.daemon.terminate()
            self.daemon.wait(30)


def copy_collections(folder: Path) -> None:
    """Copies: a file that is edited during the tests would change the digest under them."""
    for space, name, source in (("lightk8s", "edge", EDGE), ("test", "kept", HERE / "collection")):
        for part in ("plugins", "meta"):
            target = folder / "ansible_collections" / space / name / part
            shutil.copytree(source / part, target, ignore=shutil.ignore_patterns("__pycache__"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
