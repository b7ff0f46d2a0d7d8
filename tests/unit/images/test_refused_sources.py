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

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._staging.action import ImagesAction

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


def asked(folder: Path, given: dict[str, Any], node: str = NOBODY) -> dict[str, Any]:
    inventory = folder / "hosts"
    inventory.write_text(f"{node}\n", encoding="utf-8")
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
        ({"site_registry": "http://me:word@r.example:5000"}, "spec", "has credentials in it"),
        ({"bandwidth_limit_mbps": 0}, "spec", "0.0 is no bandwidth"),
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
    known = f"{NOBODY} ansible_architecture=x86_64"
    answer = asked(tmp_path, {**given, "images": images, "trust_keys": keys}, known)
    assert answer["failure"]["kind"] == kind, answer
    assert word in answer["failure"]["message"]


class Asked(ImagesAction):
    """One whose node says what machine it is, and no more."""

    def __init__(self, folder: Path, entry: dict[str, Any], said: str) -> None:
        self._said = said
        self._cache, self._entries, self._asked = folder / "cache", [entry], {}

    def _uname(self) -> str:
        return f"{self._said}\n"

    def wanted(self, *, certain: bool) -> list[dict[str, Any]]:
        return self._first_wanted(certain)


def test_images_that_are_right_open_one(layout: Path, tmp_path: Path) -> None:
    images = [{"name": NAME, "source": str(layout)}]
    assert asked(tmp_path, {"images": images, "scan_command": ["test", "-d"]})["unreachable"]


def test_a_node_of_which_nothing_is_known_is_asked_what_it_is(tmp_path: Path) -> None:
    """The source has the image for another machine than the usual one."""
    made = making.image({"opt/a": b"a"}, architecture="arm64")
    source = making.write_folder(tmp_path / "arm", making.layout({NAME: made}))
    images = [{"name": NAME, "source": str(source)}]
    assert asked(tmp_path, {"images": images})["unreachable"]


def test_it_gets_the_image_for_what_it_says(tmp_path: Path) -> None:
    made = making.image({"opt/a": b"a"}, architecture="arm64")
    source = making.write_folder(tmp_path / "arm", making.layout({NAME: made}))
    action = Asked(tmp_path, {"name": NAME, "source": str(source)}, "aarch64")
    (row,) = action.wanted(certain=False)
    assert row["manifest"] == made.entry["digest"]
    for certain, said in ((True, "aarch64"), (False, "x86_64"), (False, "")):
        action = Asked(tmp_path, {"name": NAME, "source": str(source)}, said)
        with pytest.raises(EdgeError, match="for linux/amd64"):
            action.wanted(certain=certain)
