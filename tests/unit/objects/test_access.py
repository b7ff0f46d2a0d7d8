# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way to an API by a kubeconfig on the controller."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._objects.access import access


def kubeconfig(folder: Path, user: dict[str, Any], **cluster: Any) -> str:
    entry = {"server": "https://api.example.org:6443", **cluster}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": entry}],
        "users": [{"name": "u", "user": user}],
    }
    path = folder / "config"
    path.write_text(json.dumps(config))
    return str(path)


@pytest.fixture(autouse=True)
def without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_a_plain_kubeconfig_needs_no_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    found = access(kubeconfig(tmp_path, {"token": "a-token"}))
    assert (found.server, found.token, found.proxy) == (
        "https://api.example.org:6443",
        "a-token",
        "",
    )


def test_what_needs_the_package_says_so_where_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "true"}}
    with pytest.raises(EdgeError) as caught:
        access(kubeconfig(tmp_path, user))
    assert caught.value.kind == "spec"
    assert "package kubernetes" in caught.value.hint


def test_the_environments_proxy_is_heeded_and_its_exceptions_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = kubeconfig(tmp_path, {"token": "a-token"})
    monkeypatch.setenv("https_proxy", "http://proxy.example.org:3128")
    assert access(path).proxy == "http://proxy.example.org:3128"
    monkeypatch.setenv("no_proxy", "api.example.org")
    assert access(path).proxy == ""


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(EdgeError) as caught:
        access(str(tmp_path / "none"))
    assert caught.value.kind == "io"
