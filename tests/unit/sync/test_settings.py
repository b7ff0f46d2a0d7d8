# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings, and the way they lead to."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host
from ansible_collections.lightk8s.edge.plugins.module_utils._sync import places, reach
from ansible_collections.lightk8s.edge.plugins.module_utils._sync.settings import (
    Settings,
    checked,
)

KEY = "gUx2Or8T6hXSIbCVbcmQzJ2oXEQ8yrcYzZqWGCmmT1s="
HUB = "https://hub.example.org"


def settings(**more: t.Any) -> Settings:
    return Settings("shop", "n1", {"distribution": "k3s"}, **more)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"mode": "online"}, "nobody to send to"),
        ({"mode": "hybrid"}, "nobody to send to"),
        ({"mode": "sometimes"}, "mode is sometimes"),
        ({"interval_minutes": 0}, "sync_interval_minutes"),
        ({"interval_minutes": 10081}, "sync_interval_minutes"),
        ({"queue_mb": 0}, "sync_queue_mb"),
        ({"megabits": -1.0}, "bandwidth_limit_mbps"),
        ({"megabits": float("nan")}, "bandwidth_limit_mbps"),
        ({"url": "ftp://hub"}, "no http or https URL"),
        ({"pulls": True}, "no key is trusted"),
        ({"keys": ("short",)}, "no Ed25519 public key"),
        ({"windows": ("at night",)}, "no window of time"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(given: dict[str, t.Any], word: str) -> None:
    with pytest.raises(EdgeError, match=word) as raised:
        checked(settings(**given))
    assert raised.value.kind == "spec"


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    with pytest.raises(EdgeError, match="no agent is set up here"):
        reach.settings_on(host)
    full = settings(url=HUB, windows=("daily 22:00-06:00",), keys=(KEY,), proxy={"a": "b"})
    host.write(places.SETTINGS, full.raw())
    assert reach.settings_on(host) == full
    host.write(places.SETTINGS, full.raw()[:-9])
    with pytest.raises(EdgeError, match="is damaged"):
        reach.settings_on(host)


def test_a_bandwidth_becomes_bytes_a_second() -> None:
    assert settings(megabits=0.256).policy().rate == 32_000


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, ""),
        ({"pulls": True, "url": HUB}, f"{HUB}/v1/desired/shop"),
        ({"pulls": True, "url": f"{HUB}/edge/"}, f"{HUB}/edge/v1/desired/shop"),
        (
            {"pulls": True, "url": HUB, "document_url": f"{HUB}/d/{{site}}.json"},
            f"{HUB}/d/shop.json",
        ),
        ({"pulls": False, "document_url": f"{HUB}/d"}, ""),
    ],
)
def test_the_document_is_asked_for_at_one_url(given: dict[str, t.Any], url: str) -> None:
    assert reach.document_url(settings(**given)) == url


def test_the_first_server_speaks_for_the_site_and_others_for_themselves() -> None:
    assert (settings().stream(), settings(initial=False).stream()) == ("", "n1")


@pytest.mark.parametrize(
    ("no_proxy", "through"),
    [
        ("", True),
        ("other.org", True),
        ("ub.example.org", True),
        ("hub.example.org", False),
        (".example.org", False),
        ("*.example.org", False),
        ("10.0.0.0/8, example.org", False),
        ("*", False),
    ],
)
def test_a_proxy_is_used_but_where_it_is_not_to_be(no_proxy: str, through: bool) -> None:
    proxy = {"https_proxy": "http://192.0.2.3:3128", "no_proxy": no_proxy}
    assert bool(reach.proxy_for(HUB, proxy)) is through


@pytest.mark.parametrize(
    ("url", "through"),
    [("https://10.1.2.3:8443", False), ("https://11.1.2.3", True), ("http://11.1.2.3", False)],
)
def test_addresses_and_schemes_are_told_apart(url: str, through: bool) -> None:
    proxy = {"HTTPS_PROXY": "http://192.0.2.3:3128", "NO_PROXY": "10.0.0.0/8"}
    assert bool(reach.proxy_for(url, proxy)) is through


@pytest.mark.parametrize(
    ("given", "urls"),
    [
        ({}, []),
        ({"url": f"{HUB}/edge/"}, [f"{HUB}/edge/v1/artifacts/ab"]),
        ({"document_url": f"{HUB}/d/shop.json"}, []),
        ({"document_url": f"{HUB}/x/v1/desired/shop"}, [f"{HUB}/x/v1/artifacts/ab"]),
        ({"url": HUB, "document_url": f"{HUB}/v1/desired/shop"}, [f"{HUB}/v1/artifacts/ab"]),
    ],
)
def test_artifacts_lie_beside_documents(given: dict[str, t.Any], urls: list[str]) -> None:
    assert reach.artifact_urls(settings(**given), "ab") == urls


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"{HUB}/v1/artifacts/ab", "word"),
        ("https://hub.example.org:8443/v1/artifacts/ab", ""),
        ("http://hub.example.org/v1/artifacts/ab", ""),
        ("https://mirror.example.org/k3s", ""),
    ],
)
def test_the_token_is_for_the_receiver_alone(tmp_path: Path, url: str, shown: str) -> None:
    host = Host(str(tmp_path))
    host.write(places.TOKEN, b"word\n", 0o600)
    assert reach.token_for(host, settings(url=HUB), url) == shown
    clear = "http://hub.example.org"
    assert reach.token_for(host, settings(url=clear), f"{clear}/v1/artifacts/ab") == ""
