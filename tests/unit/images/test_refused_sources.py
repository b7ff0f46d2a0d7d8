# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with images is said before a connection to any node is opened."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from . import making

NOBODY = "nobody ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=1"
NAME = "shop.example/till:1"


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    folder = tmp_path / "layout"
    for name, body in making.layout({NAME: making.image({"opt/a": b"a" * 5000})}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(body)
    return folder


def asked(folder: Path, given: dict[str, Any]) -> dict[str, Any]:
    inventory = folder / "hosts"
    inventory.write_text(f"{NOBODY}\n", encoding="utf-8")
    words = ["ansible", "nobody", "-i", str(inventory), "-m", "lightk8s.edge.edge_images"]
    arguments = json.dumps({"cache_dir": str(folder / "cache"), **given})
    done = subprocess.run([*words, "-a", arguments], capture_output=True, text=True, check=False)
    answer, _end = json.JSONDecoder().raw_decode(done.stdout.partition("=> ")[2])
    return dict(answer)


KEY = """-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
"""


@pytest.mark.parametrize(
    ("given", "kind", "word"),
    [
        ({"scan_command": ["false"]}, "refused", "did not pass false"),
        ({"trust": "require", "trust_keys": ["key.pub"]}, "refused", "not signed"),
        ({"trust": "require"}, "spec", "public key"),
        ({"images": [{"name": NAME}, {"name": NAME}]}, "spec", "named twice"),
        ({"images": [{"name": "Not a name"}]}, "spec", "no reference"),
        ({"images": [{"name": NAME, "platform": "linux"}]}, "spec", "no platform"),
        ({"images": [{"name": "shop.example/other:1"}]}, "artifact", "other"),
    ],
)
def test_wrong_images_open_no_connection(
    layout: Path, tmp_path: Path, given: dict[str, Any], kind: str, word: str
) -> None:
    (tmp_path / "key.pub").write_text(KEY, encoding="utf-8")
    wanted = given.get("images") or [{"name": NAME}]
    images = [{**row, "source": str(layout)} for row in wanted]
    keys = [str(tmp_path / name) for name in given.get("trust_keys", ())]
    answer = asked(tmp_path, {**given, "images": images, "trust_keys": keys})
    assert answer["failure"]["kind"] == kind, answer
    assert word in answer["failure"]["message"]


def test_images_that_are_right_open_one(layout: Path, tmp_path: Path) -> None:
    images = [{"name": NAME, "source": str(layout)}]
    assert asked(tmp_path, {"images": images, "scan_command": ["test", "-d"]})["unreachable"]
