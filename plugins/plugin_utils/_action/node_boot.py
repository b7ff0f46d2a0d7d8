# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs one call of the kept code on the node and answers between two marks on the real stdout.

Lies in the bundle as `_kept/boot.py`, compiled. Python >= 3.9, standard library only.
"""

from __future__ import annotations

import binascii
import gc
import json
import marshal
import os
import sys
import typing as t
import zlib
from importlib import import_module
from importlib.machinery import ModuleSpec, SourcelessFileLoader

COLLECT_AFTER = 100_000  # objects; imports alone would start the collector dozens of times
ACTED_ON = ("needs", "asks")  # of a result: digests and names, by which the controller goes on
HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def hidden(value: t.Any, words: list[str]) -> t.Any:
    """What an ordinary module does before it prints: -vvv shows the raw answer."""
    if not words:
        return value
    if isinstance(value, str):
        for word in words:
            value = HIDDEN if value == word else value.replace(word, "********")
        return value
    if isinstance(value, dict):
        return {hidden(key, words): hidden(item, words) for key, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [hidden(item, words) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    return HIDDEN if str(value) in words else value


def shown(reply: dict[str, t.Any], words: list[str]) -> dict[str, t.Any]:
    """The answer without secrets; what the controller goes by stays, however short a secret is."""
    result = reply.get("result")
    if isinstance(result, dict):
        kept = {key: result[key] for key in ACTED_ON if key in result}
        result = {
            key: hidden(item, words) for key, item in result.items() if key not in kept
        } | kept
    open_keys = {key: reply[key] for key in ("state", "wanted") if key in reply}
    rest = {key: hidden(reply[key], words) for key in ("msg", "exception") if key in reply}
    return open_keys | rest | ({"result": result} if "result" in reply else {})


class Loader(SourcelessFileLoader):
    """A compiled module whose bytes are in memory already."""

    data = b""

    def get_code(self, fullname: str) -> t.Any:
        data, self.data = self.data, b""  # a module is made once, and its loader stays with it
        return marshal.loads(data)


class Finder:
    """Imports from the mapping that install made; asked before anything on disk."""

    def __init__(self, modules: t.Any) -> None:
        self.modules = modules

    def find_spec(self, name: str, path: t.Any = None, target: t.Any = None) -> t.Any:
        if name not in self.modules:
            return None
        package, data = self.modules[name]
        origin = "<lightk8s>/" + name.replace(".", "/")
        loader = Loader(name, origin)
        loader.data = data
        return ModuleSpec(name, loader, origin=origin, is_package=package)


def expanded(value: t.Any, option: dict[str, t.Any]) -> t.Any:
    """`type: path` means a path of the node, so `~` and `$HOME` are the node's."""
    if isinstance(value, str) and "path" in (option.get("type"), option.get("elements")):
        return os.path.expanduser(os.path.expandvars(value))
    if isinstance(value, list):
        return [expanded(item, option) for item in value]
    if isinstance(value, dict) and option.get("options"):
        known = option["options"]
        return {key: expanded(item, known.get(key, {})) for key, item in value.items()}
    return value


def full(door: t.Any, given: dict[str, t.Any]) -> dict[str, t.Any]:
    """The parameters as AnsibleModule would hand them over: what was not sent is unset."""
    spec = door.ARGS["argument_spec"]
    params = dict.fromkeys(spec)
    params.update({key: expanded(value, spec.get(key, {})) for key, value in given.items()})
    return params


def called(request: dict[str, t.Any], stdin: t.Any) -> dict[str, t.Any]:
    if request.get("call"):  # a helper of the carrier: takes the request and what follows on stdin
        result = import_module("lightk8s_node._kept." + request["call"]).main(request, stdin)
        return {"state": "done", "result": result}
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    kept = import_module("lightk8s_node._core.kept")
    sections, wanted = kept.read(request["base"], request.get("kept", {}))
    if wanted:
        return {"state": "sections", "wanted": wanted}
    door = import_module("lightk8s_node._doors." + request["door"])
    given = request.get("params", {})
    check = request.get("check", False)
    result = door.main(full(door, {**given, **sections}), check, request.get("diff", False))
    writes = not check or request.get("keeping")
    if request.get("keep") and writes and not result.get("failed"):
        kept.keep(request["base"], request["keep"], given)
    return {"state": "done", "result": result}


def packed(request: dict[str, t.Any], reply: dict[str, t.Any]) -> bytes:
    """JSON, or its zlib form where that is shorter: as it is, or in base64 for a terminal.

    With a `mask` (it came on stdin, which nothing shows) the log of a -vvv run shows no word of it.
    """
    text = json.dumps(reply, separators=(",", ":"), default=str).encode("ascii")
    short = zlib.compress(text, 9)
    mask = request.get("mask")
    if mask:
        short = masked(short, mask)
    if not request.get("raw"):
        short = binascii.b2a_base64(short, newline=False)
    return short if mask else min(text, short, key=len)


def masked(data: bytes, mask: str) -> bytes:
    """The data under a key stream; done twice it is the data again."""
    import hashlib

    stream = hashlib.shake_256(mask.encode("ascii")).digest(len(data))
    number = int.from_bytes(data, "big") ^ int.from_bytes(stream, "big")
    return number.to_bytes(len(data), "big")


def answer(request: dict[str, t.Any], stdin: t.Any) -> bytes:
    try:
        reply = called(request, stdin)
    except BaseException as error:
        import traceback

        reply = {"state": "error", "msg": f"{type(error).__name__}: {error}"}
        reply["exception"] = traceback.format_exc()
    return packed(request, shown(reply, [] if request.get("call") else request.get("hide", [])))


def boot(request: dict[str, t.Any], modules: dict[str, t.Any], stdin: t.Any) -> None:
    """Never returns. Code that is kept must never exit with 255: to ssh that means unreachable."""
    gc.set_threshold(COLLECT_AFTER)
    out = os.dup(1)  # private: what prints and children write goes to stderr
    os.dup2(2, 1)
    if request.get("deadline"):
        import signal

        signal.alarm(request["deadline"])
    os.environ.update(request.get("env", {}))
    finder: t.Any = Finder(modules)
    sys.meta_path.insert(0, finder)
    nonce = request["nonce"].encode("ascii")
    data = memoryview(b"\n%s<\n%s\n%s>\n" % (nonce, answer(request, stdin), nonce))
    while data:
        data = data[os.write(out, data) :]
    os._exit(0)
