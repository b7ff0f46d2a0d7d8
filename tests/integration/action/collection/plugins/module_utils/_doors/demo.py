# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A door that does on the node what tests want to see survive the way back."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
import typing as t

ARGS: dict[str, t.Any] = {
    "argument_spec": {
        "mode": {"type": "str", "default": "echo"},
        "blob": {"type": "str", "default": ""},
        "n": {"type": "int", "default": 0},
        "token": {"type": "str", "no_log": True},
        "flag": {"type": "bool", "default": False},
        "where": {"type": "path"},
        "old": {
            "type": "str",
            "removed_in_version": "9.0.0",
            "removed_from_collection": "test.kept",
        },
        "name": {
            "type": "str",
            "aliases": ["nm"],
            "deprecated_aliases": [
                {"name": "nm", "version": "9.0.0", "collection_name": "test.kept"}
            ],
        },
        "users": {
            "type": "list",
            "elements": "dict",
            "options": {
                "user": {"type": "str"},
                "password": {"type": "str", "no_log": True},
            },
        },
        "needs": {"type": "list", "elements": "dict"},
        "peer": {"type": "str"},
    },
    "mutually_exclusive": [("name", "old")],
    "supports_check_mode": True,
}


def base() -> str:
    return "/var/lib/lightk8s" if os.geteuid() == 0 else os.path.expanduser("~/.cache/lightk8s")


def echo(params: dict[str, t.Any], check: bool, diff: bool) -> dict[str, t.Any]:
    with open("/proc/self/cmdline", encoding="utf-8") as file:
        command = file.read()
    return {
        "uid": os.geteuid(),
        "sha": hashlib.sha256(params["blob"].encode()).hexdigest()[:12],
        "n": len(params["blob"]),
        "check": check,
        "diffmode": diff,
        "env": os.environ.get("KEPT_TEST"),
        "path": os.environ.get("PATH"),
        "exe": sys.executable,
        "token": params["token"],
        "users": params["users"],
        "flag": params["flag"],
        "where": params["where"],
        "unset": params["name"] is None,
        "template": "{{ 1+1 }}",
        "argv_secret": "secret" in command,
        "kept": __name__.startswith("lightk8s_node"),
    }


def status(params: dict[str, t.Any]) -> dict[str, t.Any]:
    """As long as the answer of a node in order, about 1.5 kB."""
    units = ("k3s.service", "containerd.service", "systemd-journald.service")
    return {
        "actions": [],
        "distribution": {
            "version": "v1.34.2+k3s1",
            "config": {f"option-{number}": hex(number**7) for number in range(40)},
            "units": {unit: {"active": True, "enabled": True, "pid": 712} for unit in units},
        },
        "node": {"ready": True, "capacity": {"cpu": 2, "memory": 512 << 20, "pods": 10}},
    }


def noise(params: dict[str, t.Any]) -> dict[str, t.Any]:
    sys.stdout.write("printed {}\n")
    sys.stdout.flush()
    subprocess.run(["sh", "-c", "echo child out; cat; echo err >&2"], check=True)
    os.write(2, b"\xff\xfe raw\n")
    odd = b"a\xff\xfeb".decode("utf-8", "surrogateescape")
    return {"odd": len(odd), "text": "\u017e\u2028x\x00\x1b[31m"}


def leave(params: dict[str, t.Any]) -> dict[str, t.Any]:
    if params["mode"] == "exit":
        os._exit(params["n"])
    if params["mode"] == "sysexit":
        sys.exit(params["n"])
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def sleep(params: dict[str, t.Any]) -> dict[str, t.Any]:
    """Leaves its process id in `blob`, so that a test can see whether it was ended."""
    with open(params["blob"], "w", encoding="utf-8") as file:
        file.write(str(os.getpid()))
    time.sleep(params["n"])
    return {}


def speak(params: dict[str, t.Any]) -> dict[str, t.Any]:
    token = str(params["token"])
    if params["mode"] == "raise":
        raise RuntimeError("boom " + token)
    if params["mode"] == "fail":
        return {"failed": True, "msg": "no: " + token}
    if params["mode"] == "facts":
        return {"ansible_facts": {"ansible_host": "6.6.6.6"}, "_ansible_no_log": True}
    return {
        "changed": True,
        "diff": {"before": "a\n", "after": "b\n" + token},
        "warnings": ["careful"],
        "deprecations": [{"msg": "going", "version": "9.0.0", "collection_name": "test.kept"}],
    }


def lacking(params: dict[str, t.Any]) -> dict[str, t.Any]:
    needs = []
    for need in params["needs"]:
        path = os.path.join(base(), "artifacts", need["sha256"])
        if not os.path.exists(path) or params["flag"]:
            needs.append(need)
    return {"changed": True, "needs": needs} if needs else {"complete": True}


def joined(params: dict[str, t.Any]) -> dict[str, t.Any]:
    """`token` comes from the peer; only its digest leaves by a name of its own."""
    seen = params["token"] or ""
    return {"seen": hashlib.sha256(seen.encode()).hexdigest(), "raw": seen, "uid": os.geteuid()}


def main(params: dict[str, t.Any], check: bool, diff: bool) -> dict[str, t.Any]:
    modes: dict[str, t.Callable[[dict[str, t.Any]], dict[str, t.Any]]] = {
        "echo": lambda p: echo(p, check, diff),
        "big": lambda p: {"big": "\u00e9" * p["n"]},
        "mirror": lambda p: {"blob": p["blob"]},
        "status": status,
        "noise": noise,
        "sleep": sleep,
        "needs": lacking,
        "join": joined,
        "secret": lambda p: {"secret": "K10-" + "peer-secret-of-" + str(os.geteuid())},
    }
    for mode in ("exit", "sysexit", "kill"):
        modes[mode] = leave
    for mode in ("raise", "fail", "facts", "diff"):
        modes[mode] = speak
    return {"changed": False, **modes[params["mode"]](params)}
