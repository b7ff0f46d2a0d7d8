# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Checksum files: what sha256sum writes is read, anything else is refused whole."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.checksums import (
    is_sha256,
    parse_sha256sums,
)

DIGESTS = st.binary(min_size=32, max_size=32).map(bytes.hex)
FILES = st.text("abcdefghijklmnopqrstuvwxyz0123456789-._ +", min_size=1).filter(
    lambda name: name == name.strip() and not name.startswith(("*", "./"))
)
SUMS = st.dictionaries(FILES, DIGESTS, min_size=1)


@given(SUMS, st.sampled_from(["  ", " *", "  ./"]), st.sampled_from(["\n", "\r\n", "\n\n"]))
def test_every_listing_is_read_back(sums: dict[str, str], between: str, end: str) -> None:
    text = "".join(f"{digest}{between}{name}{end}" for name, digest in sums.items())
    assert parse_sha256sums(text) == sums


@given(SUMS, st.data())
def test_a_listing_cut_inside_a_digest_is_refused(
    sums: dict[str, str], data: st.DataObject
) -> None:
    text = "".join(f"{digest}  {name}\n" for name, digest in sums.items())
    last = text.rstrip("\n").rfind("\n") + 1
    cut = data.draw(st.integers(last + 1, last + 66))
    with pytest.raises(ValueError, match="is not"):
        parse_sha256sums(text[:cut])


@given(SUMS, st.text(min_size=1).filter(lambda line: line.strip() and "\n" not in line))
def test_a_listing_with_a_foreign_line_is_refused(sums: dict[str, str], line: str) -> None:
    text = "".join(f"{digest}  {name}\n" for name, digest in sums.items())
    with pytest.raises(ValueError, match="is not"):
        parse_sha256sums(text + "?" + line)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        sums = parse_sha256sums(text)
    except ValueError:
        return
    assert sums
    assert all(is_sha256(digest) for digest in sums.values())


@pytest.mark.parametrize("flag", ["--text", "--binary"])
def test_the_tool_agrees(tmp_path: Path, flag: str) -> None:
    (tmp_path / "k3s").write_bytes(b"x")
    out = subprocess.run(
        ["sha256sum", flag, "k3s"], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    assert parse_sha256sums(out) == {"k3s": out[:64]}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("<!DOCTYPE html>\n<html></html>", "line 1 is not"),
        ("a" * 63 + "  k3s", "line 1 is not"),
        ("a" * 64 + "k3s", "line 1 is not"),
        (f"{'a' * 64}  k3s\n{'b' * 64}  k3s\n", "second digest"),
    ],
)
def test_the_reason_is_named(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_sha256sums(text)
