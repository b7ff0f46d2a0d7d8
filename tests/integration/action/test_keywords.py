# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything a task may say, and every way to become, on a real connection."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from .rig import BIN, PASSWORD, ROOT, Node

SECRETS = ("s3secret", "pwsecret", PASSWORD)
WAYS: list[tuple[str, int | str, str]] = [
    ("here", "me", "kept"),
    ("self", "me", "kept"),
    ("nopipe", "me", "module"),
]
if ROOT:
    WAYS += [
        ("free", 0, "kept"),
        ("asked", 0, "kept"),
        ("tty", 0, "module"),
        ("none", 54004, "kept"),
        ("noisy", 0, "kept"),
        ("su", 0, "module"),
        ("other", 54004, "kept"),
    ]


def leaks(output: str) -> list[str]:
    """Lines that show a secret, other than those that show the play's own text or our command."""
    shown = [line for line in output.splitlines() if any(word in line for word in SECRETS)]
    own = ("extra_vars", "vars: {word", "test.kept.demo: {blob", "test.kept.demo: {n:")
    return [line for line in shown if not any(word in line for word in own)]


@pytest.mark.parametrize("verbosity", ["", "-vvvv"])
@pytest.mark.parametrize("target", ["self", "here"])
def test_keywords(node: Node, target: str, verbosity: str) -> None:
    arguments = [verbosity] if verbosity else []
    output = node.play("keywords", "-e", f"target={target}", *arguments)
    assert leaks(output) == []
    assert "{{ 1+1 }}" in output
    assert "careful" in output


@pytest.mark.parametrize("size", [10, 300_000])
@pytest.mark.parametrize("target, uid, via", WAYS)
def test_become(node: Node, target: str, uid: int | str, via: str, size: int) -> None:
    verbosity = "-vvvv" if size == 10 else "-v"
    wanted = {"target": target, "uid": os.geteuid() if uid == "me" else uid, "via": via}
    output = node.play("become", verbosity, "-e", json.dumps(wanted | {"size": size}))
    assert leaks(output) == []


@pytest.mark.parametrize("target", ["self", "noisy" if ROOT else "here"])
def test_trouble_on_the_node(node: Node, target: str) -> None:
    output = node.play("trouble", "-e", f"target={target}")
    assert "unreachable=0" in output


def test_async(node: Node) -> None:
    node.play("async")


def test_timeout_ends_the_process_on_the_node(node: Node) -> None:
    mark = node.folder / "sleeper"
    node.play("timeout", "-e", f"mark={mark}")
    process = Path("/proc") / mark.read_text()
    for _attempt in range(300):
        if not process.exists():
            return
        time.sleep(0.1)
    pytest.fail("the sleeping process lives on")


def test_inline_vault(node: Node) -> None:
    word = node.folder / "vault-password"
    word.write_text("open\n")
    text = node.run(
        BIN / "ansible-vault", "encrypt_string", "--vault-password-file", word, "twelve-chars"
    ).stdout
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    body = "".join(f"  {line}\n" for line in lines if not line.startswith("!vault"))
    variables = node.folder / "vault.yml"
    variables.write_text("word: !vault |\n" + body)
    output = node.play("vault", "-e", f"@{variables}", "--vault-password-file", word, "-vvvv")
    assert "twelve-chars" not in output


def test_interpreter_that_is_not_there(node: Node) -> None:
    done = node.start_play("plain", "-e", "ansible_python_interpreter=/nowhere/python3")
    assert done.returncode == 2
    assert "no answer from the node (rc 127)" in done.stdout
    assert "unreachable=0" in done.stdout


def test_dead_node_is_unreachable(node: Node) -> None:
    done = node.start_play("plain", "-e", "ansible_port=1")
    assert done.returncode == 4
    assert "unreachable=1" in done.stdout
