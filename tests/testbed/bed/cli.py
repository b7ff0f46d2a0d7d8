# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of the test bed."""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import time
from collections.abc import Sequence

from . import fleet, image, machine, mirror, prereqs
from .paths import cache_root
from .shell import BedError
from .topology import FORM, SUITES, Options

DEFAULT = "shop1=server; shop2=server,agent"


def main(argv: Sequence[str]) -> int:
    args = _parser().parse_args(argv)
    try:
        return int(args.work(args) or 0)
    except BedError as error:
        print(f"testbed: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("testbed: interrupted; `up` again repairs, `down` cleans", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="testbed", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")

    def verb(
        name: str, work: object, text: str, with_fleet: bool = True
    ) -> argparse.ArgumentParser:
        sub = verbs.add_parser(name, help=text, description=text)
        sub.set_defaults(work=work)
        if with_fleet:
            sub.add_argument("--fleet", default="demo", help="name of the fleet (default: demo)")
        return sub

    sub = verb("prereqs", _prereqs, "find what is needed; install it when root on Debian", False)
    sub.add_argument("--no-go", action="store_true", help="nodes only, no Kubernetes to build")
    sub = verb("image", _image, "make the node image, or find it", False)
    _node_options(sub)
    sub = verb("releases", _releases, "lay releases out as a mirror, and print its folder", False)
    sub.add_argument("distributions", nargs="*", metavar="DISTRIBUTION", help="default: all")
    sub = verb("up", _up, "bring a fleet up, or repair it")
    sub.add_argument("topology", nargs="?", default="", help=f"{FORM} (default: {DEFAULT})")
    _node_options(sub)
    verb("down", _down, "remove a fleet and all that belongs to it")
    verb("status", _status, "nodes, addresses and state", False)
    sub = verb("ssh", _ssh, "a shell on a node, or one command")
    sub.add_argument("--user", default="root", choices=("root", "edge"))
    sub.add_argument("node")
    sub.add_argument("command", nargs=argparse.REMAINDER)
    sub = verb("logs", _logs, "the journal of a node")
    sub.add_argument("node")
    sub.add_argument("--unit", "-u", default="")
    sub = verb("inventory", _inventory, "print the path of the inventory, written anew")
    sub.add_argument("--user", default="root", choices=("root", "edge"))
    sub.add_argument("--names", type=int, default=0, help="so many host names over the nodes")
    sub = verb("reap", _reap, "remove fleets whose owner is gone, and remains", False)
    sub.add_argument("--all", action="store_true", help="every fleet of this test bed")
    return parser


def _node_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--memory", default="", help="limit for each node, such as 1g")
    parser.add_argument("--airgap", action="store_true", help="nodes have no default route")
    parser.add_argument("--disk", default="", metavar="SIZE", help="loop-mounted disk, such as 4g")
    parser.add_argument("--readonly-usr", action="store_true", help="/usr cannot be written")
    parser.add_argument("--suite", default="bookworm", choices=SUITES, help="Debian release")
    parser.add_argument("--package", action="append", default=[], help="further Debian package")


def _options(args: argparse.Namespace) -> Options:
    return Options(
        memory=args.memory,
        airgap=args.airgap,
        disk=args.disk,
        readonly_usr=args.readonly_usr,
        suite=args.suite,
        packages=tuple(sorted(args.package)),
    )


def _prereqs(args: argparse.Namespace) -> None:
    installed = prereqs.ensure(go=not args.no_go)
    print("installed: " + " ".join(installed) if installed else "everything needed is here")


def _image(args: argparse.Namespace) -> None:
    if short := machine.short_of_disk():
        _to_stderr(short)
    print(image.ensure(_options(args)))


def _releases(args: argparse.Namespace) -> None:
    for name in args.distributions or mirror.KITS:
        if name not in mirror.KITS:
            raise BedError(f"no distribution {name}: {', '.join(mirror.KITS)}")
        folder = mirror.ensure(cache_root(), log=_to_stderr, distribution=name)
        print(f"{name} ({mirror.kind(name)}): {folder}")


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr)


def _up(args: argparse.Namespace) -> None:
    started = time.monotonic()
    topology = args.topology
    if not topology and args.fleet not in fleet.names():
        topology = DEFAULT
    made = fleet.up(args.fleet, topology, _options(args))
    took = time.monotonic() - started
    print(f"fleet {made.name}: {len(made.nodes)} nodes up in {took:.1f} s")
    print(f"inventory: {made.inventory}\nansible.cfg: {made.ansible_cfg}")


def _down(args: argparse.Namespace) -> None:
    fleet.down(args.fleet)


def _status(args: argparse.Namespace) -> None:
    form = "{:<12} {:<12} {:<20} {:<7} {:<14} {:<4} {}"
    print(form.format("FLEET", "SITE", "NODE", "ROLE", "ADDRESS", "ON", "OPTIONS"))
    for name in fleet.names():
        for node in fleet.load(name).nodes.values():
            spec = node.spec
            on = "yes" if node.running() else "no"
            given = [
                key if value is True else f"{key}={value}"
                for key, value in dataclasses.asdict(spec.options).items()
                if value
            ]
            print(form.format(name, spec.site, node.name, spec.role, node.ip, on, ",".join(given)))


def _ssh(args: argparse.Namespace) -> None:
    argv = fleet.load(args.fleet)[args.node].ssh_argv(args.user)
    sys.stdout.flush()
    os.execvp(argv[0], [*argv, *args.command])


def _logs(args: argparse.Namespace) -> None:
    node = fleet.load(args.fleet)[args.node]
    unit = ["--unit", args.unit] if args.unit else []
    print(node.run(["journalctl", "--no-pager", *unit]).stdout, end="")


def _inventory(args: argparse.Namespace) -> None:
    loaded = fleet.load(args.fleet)
    file = "hosts" if not args.names else f"hosts-{args.names}"
    print(loaded.write_inventory(file, user=args.user, names=args.names))


def _reap(args: argparse.Namespace) -> None:
    for name in fleet.reap(everything=args.all):
        print(f"removed {name}")
