# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The conversation with one node over one connection: requests out, framed answers back."""

from __future__ import annotations

import dataclasses
import json
import re
import secrets
import shlex
import tempfile
import typing as t
import zlib
from base64 import b64decode

from ansible import constants, context
from ansible.errors import AnsibleError

from ansible_collections.lightk8s.edge.plugins.module_utils._core import kept
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.bundle import Bundle
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.loader import COMMAND, opening
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.node_boot import masked

ABSENT = ("zip", "code")  # answers of a node that has no compiled code, see loader
LARGE = 512  # bytes of JSON above which a parameter travels by its sha256
NEEDS_TTY = re.compile("must have a tty|no tty present|terminal is required")
PROMPT_TIMEOUT = "waiting for privilege escalation prompt"
C: t.Any = constants
BINARY = ("ssh", "local")  # transports known to hand over every byte of stdout as it was
SSH_CHATTER = re.compile(r"(?m)^(debug\d: |OpenSSH_).*\n?")  # 2.18 runs ssh -v


class NeedsTerminal(Exception):
    """Become wants a terminal: only a module file run the ordinary way can work."""


class NoAnswer(Exception):
    """The program on the node ended without an answer (killed, not found, ...)."""

    def __init__(self, rc: int, text: str) -> None:
        super().__init__(f"no answer from the node (rc {rc}): {text[-2000:]}")
        self.rc = rc


class Crashed(Exception):
    """The code on the node raised; `trace` is its traceback."""

    def __init__(self, message: str, trace: str) -> None:
        super().__init__(message)
        self.trace = trace


@dataclasses.dataclass
class Node:
    """`action`, an ActionBase, gives connection, become, templating; `task_vars` are its host's.

    `private`: the whole answer is a secret, which not even the most talkative log may show.
    """

    action: t.Any
    task_vars: dict[str, t.Any]
    bundle: Bundle
    hide: tuple[str, ...] = ()
    private: bool = False

    def run_door(self, door: str, params: dict[str, t.Any]) -> dict[str, t.Any]:
        """The door's result. Raises NeedsTerminal, NoAnswer, Crashed; AnsibleConnectionFailure."""
        given = {name: value for name, value in params.items() if value is not None}
        passing = getattr(self.action, "PASSING", ())
        large = {
            name: kept.digest(value)
            for name, value in given.items()
            if name not in passing and _size(value) > LARGE
        }
        small = {name: given[name] for name in given if name not in large}
        request = self._request(door=door, params=small, **({"kept": large} if large else {}))
        whole = request | {"params": given, "kept": {}, "keep": list(large)}
        answer = self.ask(request, whole=whole)
        if answer["state"] == "sections":
            names = answer["wanted"]
            request["kept"] = {name: large[name] for name in large if name not in names}
            request["params"] = small | {name: given[name] for name in names}
            request["keep"] = names
            answer = self.ask(request)
        return t.cast("dict[str, t.Any]", answer["result"])

    def call(
        self, name: str, arguments: dict[str, t.Any], payload: bytes = b""
    ) -> dict[str, t.Any]:
        """Run a helper of the bundle; `payload` follows the request on its stdin."""
        answer = self.ask(self._request(call=name, **arguments), payload)
        return t.cast("dict[str, t.Any]", answer["result"])

    def _request(self, **fields: t.Any) -> dict[str, t.Any]:
        task = self.action._task
        environment: dict[str, t.Any] = {}
        self.action._compute_environment_string(environment)
        common = {
            "digest": self.bundle.digest,
            "raw": self.action._connection.transport in BINARY,
            "hide": list(self.hide),
            "env": {name: str(value) for name, value in environment.items()},
            "check": bool(task.check_mode),
            "keeping": is_planning(task, self.task_vars),
            "diff": bool(task.diff),
            "deadline": int(task.timeout or 0),
            "nonce": secrets.token_hex(4),
            "mask": secrets.token_hex(16) if self.private else "",
        }
        return fields | {name: value for name, value in common.items() if value}

    def ask(
        self,
        request: dict[str, t.Any],
        payload: bytes = b"",
        whole: dict[str, t.Any] | None = None,
    ) -> dict[str, t.Any]:
        """One exec; a second one where the node has to compile the code or needs it sent.

        `whole` is the same request with all sections: a node without code has no sections either.
        """
        answer = self._exchange(request, payload)
        if answer["state"] == "zip":
            answer = self._exchange(request, payload, rescue=True)
        if answer["state"] in ABSENT:
            request = (whole or request) | {"code": len(self.bundle.packed)}
            answer = self._exchange(request, self.bundle.packed + payload, rescue=True)
        if answer["state"] in ABSENT:
            raise NoAnswer(0, "the code arrived damaged")
        if answer["state"] == "error":
            raise Crashed(answer["msg"], answer["exception"])
        return answer

    def _exchange(
        self, request: dict[str, t.Any], more: bytes, rescue: bool = False
    ) -> dict[str, t.Any]:
        by_stdin = pipelines(self.action._connection)
        request = request if by_stdin else request | {"raw": False}
        head = opening(request, rescue)
        command = interpreter_command(self.action, self.task_vars, COMMAND % len(head))
        try:
            got = self._execute(command, head + more)
        except AnsibleError as error:  # 2.18 -v on a new connection: sudo's refusal ends so
            if PROMPT_TIMEOUT not in str(error):
                raise
            raise NeedsTerminal(str(error)) from error
        nonce = request["nonce"]
        end = "\n" if by_stdin else "\\r?\n"  # a terminal adds the one that may belong to raw bytes
        match = re.search(f"{nonce}<{end}(.*?){end}{nonce}>", got["stdout"], re.DOTALL)
        if match:
            return decode(match.group(1), request)
        if NEEDS_TTY.search(got["stderr"]):
            raise NeedsTerminal(got["stderr"])
        text = SSH_CHATTER.sub("", got["stderr"]).strip() or got["stdout"].strip()
        raise NoAnswer(got["rc"], text)

    def _execute(self, command: str, data: bytes) -> dict[str, t.Any]:
        """By stdin where the connection has one; else by a file that the command reads."""
        connection = self.action._connection
        if pipelines(connection):
            if connection.transport != "ssh":
                # local: with it off and a become password, stdin is a pty and in_data is lost
                connection.set_option("pipelining", True)
            return t.cast(
                "dict[str, t.Any]",
                self.action._low_level_execute_command(command, in_data=data),
            )
        return self._execute_by_file(command, data)

    def _execute_by_file(self, command: str, data: bytes) -> dict[str, t.Any]:
        action = self.action
        shell = action._connection._shell
        folder = shell.tmpdir or action._make_tmp_path()
        remote = shell.join_path(folder, f"edge-{secrets.token_hex(8)}")
        with tempfile.NamedTemporaryFile(dir=C.DEFAULT_LOCAL_TMP) as file:
            file.write(data)
            file.flush()
            action._transfer_file(file.name, remote)
        action._fixup_perms2([folder, remote], execute=False)
        try:
            result = action._low_level_execute_command(f"{command} < {shlex.quote(remote)}")
        finally:
            action._low_level_execute_command(shell.remove(remote), sudoable=False)
        return t.cast("dict[str, t.Any]", result)


def is_planning(task: t.Any, task_vars: t.Mapping[str, t.Any]) -> bool:
    """Whether the task is the first pass of a converge.yml that acts.

    That pass is in check mode, for it only compares, yet the node keeps what it learns (code,
    sections, digests): would it keep nothing, nodes that are right would learn it in every run.
    """
    planning = task.check_mode and task_vars.get("__edge_planning")
    return bool(planning) and not context.CLIARGS.get("check")


def pipelines(connection: t.Any) -> bool:
    """Whether stdin reaches the program whole: not with su, nor over connections without it."""
    if not connection.has_pipelining or getattr(connection, "edge_needs_terminal", False):
        return False
    become = connection.become
    return not become or bool(getattr(become, "pipelining", become.name != "su"))


def require_terminal(connection: t.Any) -> None:
    """From now on nothing goes by stdin; 2.18 needs the option off for its own modules too."""
    connection.edge_needs_terminal = True
    connection.set_option("pipelining", False)


def decode(text: str, request: dict[str, t.Any]) -> dict[str, t.Any]:
    """JSON, or its zlib form (which begins with an x) as bytes or in base64; see node_boot.packed.

    A node without the code answers in JSON, whatever it was asked.
    """
    if request.get("mask") and not text.startswith('{"state":"'):
        data = text.encode("utf-8", "surrogateescape")
        data = masked(data if request.get("raw") else b64decode(data), request["mask"])
        text = zlib.decompress(data).decode("ascii")
    if not text.startswith("{"):
        data = text.encode("utf-8", "surrogateescape")
        data = data if text.startswith("x") else b64decode(data)
        text = zlib.decompress(data).decode("ascii")
    return t.cast("dict[str, t.Any]", json.loads(text))


def _size(value: t.Any) -> int:
    if isinstance(value, (bool, int, float)):
        return 0
    if isinstance(value, str) and len(value) * 6 < LARGE:
        return 0
    return len(kept.encode(value))


def interpreter_command(action: t.Any, task_vars: dict[str, t.Any], code: str) -> str:
    """The shell command that runs `code` by the node's Python.

    No `exec` in front: a killed Python must end as rc 137, not as ssh's 255. Without a configured
    or known interpreter the shell looks for one in the same exec; 127 is what the shims of version
    managers give for a version that they do not have.
    """
    delegated = task_vars.get("ansible_delegated_vars") or {}
    variables = delegated.get(action._task.delegate_to, task_vars)
    configured = C.config.get_config_value("INTERPRETER_PYTHON", variables=variables)
    python = action._templar.template(configured) or "auto"  # no str(): 2.19+ would lose the trust
    if python.startswith("auto"):
        facts = variables.get("ansible_facts") or {}
        python = facts.get("discovered_interpreter_python") or python
    tail = " -ISc " + shlex.quote(code)
    if not python.startswith("auto"):
        return " ".join(map(shlex.quote, shlex.split(python))) + tail
    names = C.config.get_config_value("INTERPRETER_PYTHON_FALLBACK", variables=variables)
    words = " ".join(map(shlex.quote, names))
    return (
        f"for p in {words};do command -v $p >/dev/null 2>&1&&{{ $p{tail};r=$?;"
        "[ $r = 127 ]||exit $r;};done;echo no python found>&2;exit 127"
    )
