# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One node: a container that behaves like a small Debian machine."""

from __future__ import annotations

import io
import shlex
import socket
import subprocess
import tarfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .paths import LABEL, control_root, fleet_root
from .shell import BedError, Result, run
from .topology import NodeSpec

SSH_ALIAS = "testbed-node"


@dataclass(frozen=True)
class Node:
    """A node that `fleet.up` has made; every method talks to the running container."""

    spec: NodeSpec
    fleet: str
    ip: str
    mac: str
    image: str

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def container(self) -> str:
        return f"lightk8s-{self.fleet}-{self.name}"

    # -- commands on the node

    def run(
        self,
        argv: str | Sequence[str],
        *,
        check: bool = True,
        timeout: float = 120,
        stdin: str | bytes | None = None,
    ) -> Result:
        """Run as root on the node, past sshd; a string goes through `sh -c`.

        Raises BedError as `shell.run` does.
        """
        words = ["sh", "-c", argv] if isinstance(argv, str) else list(argv)
        exec_ = ["podman", "exec", "-i", self.container]
        return run([*exec_, *words], check=check, timeout=timeout, stdin=stdin)

    def ssh(
        self,
        argv: str | Sequence[str],
        *,
        user: str = "root",
        check: bool = True,
        timeout: float = 120,
        stdin: str | bytes | None = None,
    ) -> Result:
        """Run through the node's sshd, over a connection that stays open for a minute."""
        command = argv if isinstance(argv, str) else shlex.join(argv)
        return run([*self.ssh_argv(user), command], check=check, timeout=timeout, stdin=stdin)

    def ssh_argv(self, user: str = "root") -> list[str]:
        """The ssh command line up to the host, for callers that run it themselves."""
        shared = ("-oControlMaster=auto", "-oControlPersist=60", "-oLogLevel=ERROR", "-o")
        path = f"ControlPath={control_root(self.fleet)}/%C"
        return ["ssh", "-F", "none", *ssh_options(self.fleet), *shared, path, f"{user}@{self.ip}"]

    @contextmanager
    def reaches(self, port: int, to: tuple[str, int]) -> Iterator[None]:
        """While this lasts, `port` of the node's loopback leads to an address of this machine, by a way of its own."""
        words = self.ssh_argv()
        way = f"127.0.0.1:{port}:{to[0]}:{to[1]}"
        tunnel = subprocess.Popen(
            [words[0], "-N", "-o", "ControlPath=none", "-R", way, *words[1:]],
            stdin=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            tunnel.terminate()
            tunnel.wait()

    def kubectl(self, *args: str, check: bool = True, timeout: float = 120) -> Result:
        """Call kubectl with the node's own administrator's configuration; only on servers."""
        # where /usr is read-only, programs are under /opt/bin
        find = "for x in k3s k0s microk8s; do command -v $x && break; done"
        script = f'PATH=$PATH:/opt/bin:/snap/bin; exec $({find}) kubectl "$@"'
        return self.run(["sh", "-c", script, "kubectl", *args], check=check, timeout=timeout)

    # -- files

    def read(self, path: str) -> str:
        return self.run(["cat", path]).stdout

    def exists(self, path: str) -> bool:
        return self.run(["test", "-e", path], check=False).returncode == 0

    def write(self, path: str, content: str | bytes, mode: int = 0o644) -> None:
        """Write a file of root's; missing folders are made."""
        data = content.encode() if isinstance(content, str) else content
        entry = tarfile.TarInfo(path.lstrip("/"))
        entry.size, entry.mode, entry.mtime = len(data), mode, int(time.time())
        self._unpack(entry, data)

    def put(self, source: Path, path: str) -> None:
        """Copy a file, or a folder with all that is in it, to `path` on the node."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            tar.add(source, arcname=path.lstrip("/"))
        self.run(["tar", "-C", "/", "-xf", "-", "--no-same-owner"], stdin=buffer.getvalue())

    def _unpack(self, entry: tarfile.TarInfo, data: bytes) -> None:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            tar.addfile(entry, io.BytesIO(data))
        self.run(["tar", "-C", "/", "-xf", "-", "--no-same-owner"], stdin=buffer.getvalue())

    # -- processes and figures

    def pid(self, unit: str) -> int:
        """Main process of a systemd unit as the node numbers it; 0 when there is none."""
        shown = self.run(["systemctl", "show", "--property=MainPID", "--value", unit]).stdout
        return int(shown)

    def machine_pid(self) -> int:
        """The node's first process as the machine numbers it; 0 when the node is off."""
        shown = run(
            ["podman", "inspect", "--format", "{{.State.Pid}}", self.container], check=False
        )
        return int(shown.stdout) if shown.returncode == 0 else 0

    def net_bytes(self) -> int:
        """Bytes received plus sent at the node's interface since it was switched on."""
        table = Path(f"/proc/{self._on()}/net/dev").read_text(encoding="ascii")
        for line in table.splitlines():
            name, sign, figures = line.partition(":")
            if sign and name.strip() == "eth0":
                words = figures.split()
                return int(words[0]) + int(words[8])
        raise BedError(f"{self.name}: no interface eth0")

    def memory_peak(self, pid: int | None = None) -> int:
        """Peak memory in bytes: of the whole node, or resident of one live process of the node."""
        if pid is not None:
            status = self.read(f"/proc/{pid}/status")
            return next(int(s.split()[1]) for s in status.splitlines() if "VmHWM" in s) * 1024
        return int((self._memory_group() / self._memory_files()[0]).read_text())

    def reset_memory_peak(self) -> None:
        """Begin a new measurement of the whole node."""
        (self._memory_group() / self._memory_files()[0]).write_text("0\n")

    def _on(self) -> int:
        pid = self.machine_pid()
        if pid == 0:
            raise BedError(f"{self.name} is off")
        return pid

    def _memory_files(self) -> tuple[str, ...]:
        v2 = (Path("/sys/fs/cgroup") / "cgroup.controllers").exists()
        return ("memory.peak",) if v2 else ("memory.max_usage_in_bytes",)

    def _memory_group(self) -> Path:
        """The node's cgroup as the machine sees it, without the part below the container."""
        for line in Path(f"/proc/{self._on()}/cgroup").read_text(encoding="ascii").splitlines():
            number, controllers, path = line.split(":", 2)
            if "memory" in controllers.split(",") or (number == "0" and not controllers):
                top, mark, rest = path.partition("/libpod-")
                base = "memory" if controllers else ""
                return (
                    Path("/sys/fs/cgroup") / base / f"{top}{mark}{rest.split('/')[0]}".lstrip("/")
                )
        raise BedError(f"{self.name}: no memory cgroup")

    # -- power

    def kill(self) -> None:
        """Power off, as when the plug is pulled: every process ends at once.

        Disks keep what the kernel holds; for a loss of unwritten data see `power`.
        """
        run(["podman", "kill", "--signal", "KILL", self.container])
        run(["podman", "wait", self.container], timeout=60)

    def start(self) -> None:
        """Power on and wait until the system is up."""
        run(["podman", "start", self.container])
        self.wait_up()

    def restart(self) -> None:
        """Orderly shutdown, then start."""
        run(["podman", "stop", "--time", "30", self.container], timeout=90)
        self.start()

    def running(self) -> bool:
        return self.machine_pid() != 0

    def wait_up(self, timeout: float = 60) -> None:
        """Until sshd answers and systemd has finished starting; raises BedError after `timeout`."""
        end = time.monotonic() + timeout
        while not _banner(self.ip):
            if time.monotonic() > end:
                log = run(["podman", "logs", "--tail", "20", self.container], check=False)
                raise BedError(f"{self.name} does not come up: {log.stdout}{log.stderr}")
            time.sleep(0.1)
        self.run(["systemctl", "is-system-running", "--wait"], check=False, timeout=timeout)

    def create(self, extra: Sequence[str] = ()) -> None:
        """Make and start the container; `extra` holds podman options such as volumes."""
        run([*self._podman_run(), *extra, self.image, "/testbed/init.sh"])

    def _podman_run(self) -> list[str]:
        options = self.spec.options
        env = {"TESTBED_AIRGAP": options.airgap, "TESTBED_READONLY_USR": options.readonly_usr}
        words = [
            *("podman", "--runtime", "runc", "run", "--detach", "--privileged"),
            *("--systemd=always", "--cgroupns=private", "--stop-signal", "SIGRTMIN+3"),
            *("--ulimit", "nofile=20000:20000", "--ulimit", "nproc=32768:32768"),
            # a reboot from inside ends the container; `podman kill` and `stop` do not restart it
            *("--pids-limit=-1", "--log-driver", "k8s-file", "--restart", "on-failure:9"),
            *("--name", self.container, "--hostname", self.name),
            # a fixed MAC, else the others' ARP entries are stale for 30 s after a restart
            *("--network", network_name(self.fleet), "--ip", self.ip, "--mac-address", self.mac),
            *("--label", f"{LABEL}={self.fleet}", "--label", f"{LABEL}.node={self.name}"),
            *("--volume", f"{fleet_root(self.fleet)}/boot:/testbed:ro"),
        ]
        for key, wanted in env.items():
            words += ["--env", f"{key}=1"] if wanted else []
        if options.memory:
            words += ["--memory", options.memory, "--memory-swap", options.memory]
        return words


def network_name(fleet: str) -> str:
    return f"lightk8s-{fleet}"


def ssh_options(fleet: str) -> list[str]:
    """Options of any ssh client for this fleet's nodes: its key, and its host key only."""
    root = fleet_root(fleet)
    pairs = {
        "IdentityFile": root / "ssh_key",
        "IdentitiesOnly": "yes",
        "UserKnownHostsFile": root / "known_hosts",
        "GlobalKnownHostsFile": "/dev/null",
        "HostKeyAlias": SSH_ALIAS,
        "StrictHostKeyChecking": "yes",
        "PreferredAuthentications": "publickey",
        # a shared connection to a node that has lost its power would hang for a quarter of an hour
        "ServerAliveInterval": "5",
        "ServerAliveCountMax": "4",
    }
    return [word for key, value in pairs.items() for word in ("-o", f"{key}={value}")]


def _banner(ip: str) -> bool:
    try:
        with socket.create_connection((ip, 22), timeout=1) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False
