# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bundle as a program of its own: the agent, under every Python that is here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.about import VERSION
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.bundle import bundle

REPOSITORY = Path(__file__).resolve().parents[3]
NOBODY_HOME = "lightk8s-edge: no agent is set up here"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "agent.zip"
    path.write_bytes(bundle().archive)
    return path


def start(archive: Path, *words: str, python: str = sys.executable) -> tuple[int, str]:
    argv = [python, "-I", "-S", str(archive), *words]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd="/")
    return done.returncode, done.stdout + done.stderr


def kept(archive: Path) -> Path:
    return archive.with_name(f"{archive.name}.{sys.implementation.cache_tag}")


def test_it_compiles_once_and_says_that_nothing_is_set_up(archive: Path) -> None:
    code, said = start(archive, "status")
    assert (code, NOBODY_HOME in said) == (1, True)
    first = kept(archive).stat()
    assert first.st_mode & 0o777 == 0o600
    assert start(archive, "status")[1] == said
    assert kept(archive).stat().st_mtime_ns == first.st_mtime_ns


@pytest.mark.parametrize("damage", ["flipped", "cut", "empty", "foreign", "writable"])
def test_a_compiled_form_that_is_not_sound_is_made_anew(archive: Path, damage: str) -> None:
    _code, said = start(archive, "status")
    path = kept(archive)
    good = path.read_bytes()
    bad = {
        "flipped": good[:99] + bytes([good[99] ^ 1]) + good[100:],
        "cut": good[:-1],
        "empty": b"",
        "foreign": bytes([good[0] ^ 1]) + good[1:],
    }
    path.write_bytes(bad.get(damage, good))
    if damage == "writable":
        path.chmod(0o666)
    assert start(archive, "status")[1] == said
    assert path.read_bytes() == good
    assert path.stat().st_mode & 0o777 == 0o600


def test_another_python_makes_its_own_form(archive: Path) -> None:
    found = [*Path("/usr/bin").glob("python3.*"), *Path("/usr/local/bin").glob("python3.*")]
    found += Path.home().glob(".pyenv/versions/3.*/bin/python3.*")
    numbers = {path.name.partition(".")[2]: str(path) for path in found}
    pythons = {
        number: path for number, path in numbers.items() if number.isdigit() and int(number) >= 9
    }
    for python in pythons.values():
        assert NOBODY_HOME in start(archive, "explain", python=python)[1]
        assert NOBODY_HOME in start(archive, "explain", python=python)[1]
    assert len(list(archive.parent.glob("agent.zip.*"))) == len(pythons) > 0


def test_a_command_that_is_none_is_refused(archive: Path) -> None:
    code, said = start(archive, "dance")
    assert (code, "invalid choice" in said) == (2, True)


def test_the_agent_names_the_version_of_the_collection() -> None:
    galaxy = (REPOSITORY / "galaxy.yml").read_text(encoding="utf-8")
    assert f"\nversion: {VERSION}\n" in galaxy
