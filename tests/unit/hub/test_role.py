# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inputs of the role hub that make no sense are refused by name, before anything changes."""

from __future__ import annotations

import os
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml

WORD = "word-of-the-shop"
SITE = {"role": "site", "site": "shop", "token": WORD}
# It ends the play where all inputs are right: the role goes no further than its looks.
STOP: dict[str, t.Any] = {"hub_packages": ["no-such-package"], "hub_host": "127.0.0.1"}
WRONG: list[tuple[dict[str, t.Any], str]] = [
    ({"hub_host": "0.0.0.0"}, "hub_certificate and hub_key are missing"),
    ({"hub_database": "mysql://a/b"}, "hub_database has to be postgresql"),
    ({"hub_certificate": "-----BEGIN"}, "hub_certificate and hub_key go together"),
    ({"hub_key": "-----BEGIN"}, "hub_certificate and hub_key go together"),
    ({"hub_client_ca": "-----BEGIN"}, "hub_client_ca needs hub_certificate"),
    ({"hub_tokens": [{**SITE, "role": "king"}]}, "has to be site, publisher or reader"),
    ({"hub_tokens": [{"token": WORD}]}, "has to be site, publisher or reader"),
    ({"hub_tokens": [SITE, {"role": "reader"}]}, "needs its token"),
    ({"hub_tokens": [{**SITE, "token": ""}]}, "needs its token"),
    ({"hub_tokens": [{"role": "site", "token": WORD}]}, "name their site"),
    ({"hub_tokens": [{"role": "reader", "site": "shop", "token": WORD}]}, "name their site"),
    ({"hub_tokens": [SITE, {"role": "reader", "token": WORD}]}, "Install what the hub needs"),
]


@pytest.mark.parametrize("given, word", WRONG)
def test_wrong_inputs_are_refused_by_name(
    tmp_path: Path, given: dict[str, t.Any], word: str
) -> None:
    role = {"role": "lightk8s.edge.hub", "vars": {**STOP, **given}}
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "roles": [role]}
    path = tmp_path / "play.yml"
    path.write_text(yaml.safe_dump([play]), encoding="utf-8")
    done = subprocess.run(
        ["ansible-playbook", "--check", str(path)],
        env={**os.environ, "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default"},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode != 0, said
    assert word in said, said
    assert "Make the hub's user" not in said
    assert WORD not in said
