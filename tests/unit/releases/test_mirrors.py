# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mirror entries as users write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.k3s import K3S
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.mirrors import (
    read_mirrors,
    redacted,
)

TAG = "v1.34.2+k3s1"
OFFICIAL = "https://github.com/k3s-io/k3s/releases/download/v1.34.2%2Bk3s1/k3s"


@pytest.mark.parametrize(
    ("entry", "url", "channels"),
    [
        ("official", OFFICIAL, "https://update.k3s.io/v1-release/channels"),
        (
            "https://github.com/k3s-io/k3s/releases/download/",
            OFFICIAL,
            "https://update.k3s.io/v1-release/channels",
        ),
        (
            "http://mirror:8080/k3s/",
            "http://mirror:8080/k3s/v1.34.2%2Bk3s1/k3s",
            "http://mirror:8080/k3s/channels",
        ),
        (
            "/srv/a b+c",
            "file:///srv/a%20b%2Bc/v1.34.2%2Bk3s1/k3s",
            "file:///srv/a%20b%2Bc/channels",
        ),
        ("file:///srv/k3s", "file:///srv/k3s/v1.34.2%2Bk3s1/k3s", "file:///srv/k3s/channels"),
    ],
)
def test_an_entry_gives_urls(entry: str, url: str, channels: str) -> None:
    (mirror,) = read_mirrors([entry], K3S)
    assert mirror.url(TAG, "k3s") == url
    assert mirror.channels == channels


def test_home_is_expanded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (mirror,) = read_mirrors(["~/k3s"], K3S)
    assert mirror.label == f"{tmp_path}/k3s"


def test_no_entry_means_the_official_mirror() -> None:
    assert read_mirrors([], K3S) == read_mirrors(["official"], K3S)


def test_repetitions_are_dropped_and_the_order_stays() -> None:
    mirrors = read_mirrors(["/b", "http://a", "/b/", "official"], K3S)
    assert [m.base for m in mirrors] == ["file:///b", "http://a", K3S.official]


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "mirror",
        "./mirror",
        "ftp://mirror/k3s",
        "http://",
        "http://[::1/k3s",
        "http://mirror:99999/",
        "http://mirror/k3s?token=1",
        "http://mirror/#k3s",
        "file://other-host/k3s",
    ],
)
def test_an_unusable_entry_is_refused(entry: str) -> None:
    with pytest.raises(EdgeError) as caught:
        read_mirrors([entry], K3S)
    assert caught.value.kind == "spec"
    assert caught.value.hint


def test_credentials_are_never_shown() -> None:
    (mirror,) = read_mirrors(["https://user:secret@mirror/k3s"], K3S)
    assert mirror.label == "https://mirror/k3s"
    assert redacted(mirror.url(TAG, "k3s")) == "https://mirror/k3s/v1.34.2%2Bk3s1/k3s"
    with pytest.raises(EdgeError) as caught:
        read_mirrors(["ftp://user:secret@mirror/k3s"], K3S)
    assert "secret" not in f"{caught.value} {caught.value.hint}"
