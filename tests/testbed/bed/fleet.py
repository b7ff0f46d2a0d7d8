# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fleets: sets of nodes that come up, live side by side and go away together."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import image, inventory, machine, power
from .inventory import Address
from .node import SSH_ALIAS, Node, network_name
from .paths import LABEL, NODE_FILES, REPO, control_root, fleet_root, fleets_root, locked
from .shell import BedError, run
from .topology import NodeSpec, Options, parse

WORKERS = 6


@dataclass(frozen=True)
class Fleet:
    name: str
    subnet: str
    nodes: Mapping[str, Node]

    @property
    def root(self) -> Path:
        return fleet_root(self.name)

    @property
    def inventory(self) -> Path:
        return self.root / "hosts"

    @property
    def ansible_cfg(self) -> Path:
        return self.root / "ansible.cfg"

    def __getitem__(self, name: str) -> Node:
        if name not in self.nodes:
            raise BedError(f"fleet {self.name} has no node {name}: {', '.join(self.nodes)}")
        return self.nodes[name]

    def site(self, site: str) -> list[Node]:
        return [n for n in self.nodes.values() if n.spec.site == site]

    def write_inventory(
        self,
        file: str = "hosts",
        *,
        user: str = "root",
        names: int = 0,
        via: Mapping[str, Address] | None = None,
    ) -> Path:
        """Write an inventory into the fleet's folder; see `inventory.build`."""
        built = inventory.build(
            self.name, list(self.nodes.values()), user=user, names=names, via=via
        )
        return inventory.write(self.root / file, built)

    def down(self) -> None:
        down(self.name)


def up(
    name: str, topology: str = "", options: Options | None = None, *, owned: bool = False
) -> Fleet:
    """Bring a fleet up, or repair it; without a topology, the one it had.

    An existing fleet may get further nodes, but its nodes keep what they are. With `owned`, the
    fleet belongs to this process: `reap` removes it once the process is gone.
    """
    machine.require_root()
    state = _state(name)
    with locked(f"fleet-{name}"):
        known = load(name) if state.exists() else None
        if known is None and not topology:
            raise BedError(f"fleet {name} does not exist: name its topology")
        specs = parse(topology, options or Options()) if topology else _specs(known)
        if known is not None:
            _refuse_change(known, specs)
        machine.raise_limits()
        if short := machine.short_of_disk():
            print(short, file=sys.stderr)
        new = [spec for spec in specs if known is None or spec.name not in known.nodes]
        images = {spec.options: image.ensure(spec.options) for spec in new}
        fleet = _plan(name, specs, images, known)
        _write_state(fleet, owned)
        _write_files(fleet)
        _each(fleet.nodes.values(), _ensure)
        return fleet


def _specs(fleet: Fleet | None) -> list[NodeSpec]:
    return [n.spec for n in fleet.nodes.values()] if fleet else []


def _refuse_change(known: Fleet, specs: Sequence[NodeSpec]) -> None:
    wanted = {spec.name: spec for spec in specs}
    changed = [n for n, node in known.nodes.items() if wanted.get(n) != node.spec]
    if changed:
        raise BedError(
            f"fleet {known.name} is up with another topology ({', '.join(changed)}): "
            f"run `testbed down --fleet {known.name}` first"
        )


def _plan(
    name: str, specs: Sequence[NodeSpec], images: Mapping[Options, str], known: Fleet | None
) -> Fleet:
    """Addresses for all nodes; those that the fleet has already given out stay."""
    subnet = machine.claim_network(network_name(name), name, known.subnet if known else "")
    nodes: dict[str, Node] = dict(known.nodes) if known and known.subnet == subnet else {}
    third = int(subnet.rsplit(".", 1)[1])
    taken = {node.ip for node in nodes.values()}
    free = (n for n in range(11, 255) if f"{subnet}.{n}" not in taken)
    for spec in specs:
        if spec.name not in nodes:
            number = next(free)
            mac = f"02:99:{third:02x}:00:00:{number:02x}"
            tag = images[spec.options]
            nodes[spec.name] = Node(spec, name, f"{subnet}.{number}", mac, tag)
    return Fleet(name, subnet, nodes)


def _ensure(node: Node) -> None:
    """Make the node, or switch it on, whatever an interrupted `up` has left."""
    seen = run(
        ["podman", "inspect", "--format", "{{.State.Status}}", node.container], check=False
    ).stdout.strip()
    if seen == "paused":
        run(["podman", "unpause", node.container])
    elif seen in ("created", "configured", "initialized"):
        run(["podman", "rm", "--force", node.container])
        seen = ""
    if not seen:
        node.create(_volumes(node))
    elif seen not in ("running", "paused"):
        if node.spec.options.disk:
            power.volumes(node)
        run(["podman", "start", node.container])
    node.wait_up()


def _volumes(node: Node) -> list[str]:
    if node.spec.options.disk:
        return power.volumes(node)
    if run(["podman", "volume", "exists", node.container], check=False).returncode != 0:
        run(["podman", "volume", "create", "--label", f"{LABEL}={node.fleet}", node.container])
    # containers keep their layers here: an overlay cannot lie on the node's own overlay
    return ["--volume", f"{node.container}:/var/lib:suid,dev,exec"]


def _each(nodes: Iterable[Node], work: Callable[[Node], None]) -> None:
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, nodes))


# -- what is kept in the fleet's folder


def _state(name: str) -> Path:
    return fleet_root(name) / "nodes.json"


def _write_state(fleet: Fleet, owned: bool) -> None:
    data = {
        "subnet": fleet.subnet,
        "owner": owner_mark(os.getpid()) if owned else "",
        "nodes": [dataclasses.asdict(n) for n in fleet.nodes.values()],
    }
    part = fleet.root / "nodes.json.part"
    fleet.root.mkdir(parents=True, exist_ok=True)
    part.write_text(json.dumps(data, indent=1), encoding="utf-8")
    part.rename(_state(fleet.name))


def load(name: str) -> Fleet:
    """A fleet that `up` has made; raises BedError when there is none."""
    path = _state(name)
    if not path.exists():
        raise BedError(f"fleet {name} is not up; there are: {', '.join(names()) or 'none'}")
    data = json.loads(path.read_text(encoding="utf-8"))
    nodes = {entry["spec"]["name"]: _node(entry) for entry in data["nodes"]}
    return Fleet(name, data["subnet"], nodes)


def _node(entry: Mapping[str, Any]) -> Node:
    spec = dict(entry["spec"])
    options = dict(spec.pop("options"))
    options["packages"] = tuple(options["packages"])
    rest = {k: v for k, v in entry.items() if k != "spec"}
    return Node(spec=NodeSpec(options=Options(**options), **spec), **rest)


def names() -> list[str]:
    return sorted(p.parent.name for p in fleets_root().glob("*/nodes.json"))


def owner_mark(pid: int) -> str:
    """Names a process beyond the reuse of its number; empty when it does not exist."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return f"{pid}:{stat.rsplit(')', 1)[1].split()[19]}"


def _write_files(fleet: Fleet) -> None:
    """Keys, the files that nodes see under /testbed, inventory and ansible.cfg."""
    root = fleet.root
    boot = root / "boot"
    boot.mkdir(exist_ok=True)
    for key in (root / "ssh_key", boot / "ssh_host_ed25519_key"):
        if not key.exists():
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", LABEL, "-f", str(key)])
    shutil.copyfile(root / "ssh_key.pub", boot / "authorized_keys")
    for script in ("init.sh", "own-cgroups.sh"):
        shutil.copy2(NODE_FILES / script, boot / script)
    host_key = " ".join((boot / "ssh_host_ed25519_key.pub").read_text().split()[:2])
    (root / "known_hosts").write_text(f"{SSH_ALIAS} {host_key}\n", encoding="ascii")
    control_root(fleet.name).mkdir(mode=0o700, exist_ok=True)
    link = root / "collections" / "ansible_collections" / "lightk8s" / "edge"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(REPO)
    fleet.write_inventory()
    inventory.write_ansible_cfg(fleet.ansible_cfg, fleet.inventory, root / "collections")


# -- away with it


def down(name: str) -> None:
    """Remove everything that carries the fleet's label, and its folder; also half-made fleets."""
    machine.require_root()
    root = fleet_root(name)
    with locked(f"fleet-{root.name}"):
        _take_down(name)
    machine.restore_limits()


def _take_down(name: str) -> None:
    label = ["--filter", f"label={LABEL}={name}"]
    containers = run(["podman", "ps", "--all", "--quiet", *label]).stdout.split()
    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(_remove, containers))
    for kind in ("volume", "network"):
        found = run(["podman", kind, "ls", "--quiet", *label]).stdout.split()
        if found:
            run(["podman", kind, "rm", "--force", *found])
    power.release_fleet(fleet_root(name))
    shutil.rmtree(fleet_root(name), ignore_errors=True)
    shutil.rmtree(control_root(name), ignore_errors=True)


def _remove(container: str) -> None:
    # `rm --force` of a paused container fails in podman 4.3
    run(["podman", "unpause", container], check=False)
    for attempt in range(3):
        done = run(["podman", "rm", "--force", "--time", "0", "--volumes", container], check=False)
        if done.returncode == 0:
            return
        time.sleep(1 + attempt)
    raise BedError(f"cannot remove container {container}: {done.stderr.strip()}")


def reap(everything: bool = False) -> list[str]:
    """Remove fleets whose owner is gone and remains without a folder; the names removed."""
    gone = []
    listing = ["podman", "ps", "--all", "--filter", f"label={LABEL}", "--format"]
    labelled = run([*listing, f'{{{{index .Labels "{LABEL}"}}}}']).stdout.split()
    networked = [n.get("labels") or {} for n in machine.networks()]
    labelled += [str(n[LABEL]) for n in networked if isinstance(n, dict) and LABEL in n]
    folders = [p.name for p in fleets_root().glob("*") if p.is_dir()]
    for name in sorted({*labelled, *folders}):
        # a fleet that is locked is just being made or removed by somebody
        with contextlib.suppress(BlockingIOError), locked(f"fleet-{name}", wait=False):
            if everything or _abandoned(name):
                _take_down(name)
                gone.append(name)
    machine.restore_limits()
    return gone


def _abandoned(name: str) -> bool:
    if not _state(name).exists():
        return True
    owner = str(json.loads(_state(name).read_text(encoding="utf-8"))["owner"])
    return bool(owner) and owner_mark(int(owner.partition(":")[0])) != owner
