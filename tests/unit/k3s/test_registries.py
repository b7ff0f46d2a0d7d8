# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.k3s import registries

HOSTS = st.sampled_from(["*", "docker.io", "r.lan:5000", "10.0.0.1:5000", "[fd00::1]:5000"])
TEXT = st.text(min_size=1, max_size=12)
MIRRORS = st.fixed_dictionaries(
    {"endpoint": st.lists(st.sampled_from(["https://r.lan:5000", "http://10.0.0.1"]), max_size=2)},
    optional={"rewrite": st.dictionaries(TEXT, TEXT, max_size=2)},
)
CONFIGS = st.fixed_dictionaries(
    {},
    optional={
        "auth": st.fixed_dictionaries({"username": TEXT, "password": TEXT}),
        "tls": st.fixed_dictionaries({"insecure_skip_verify": st.booleans()}),
    },
)
REGISTRIES = st.fixed_dictionaries(
    {},
    optional={
        "mirrors": st.dictionaries(HOSTS, MIRRORS, max_size=3),
        "configs": st.dictionaries(HOSTS, CONFIGS, max_size=3),
    },
)


@given(REGISTRIES)
def test_good_ones_pass_and_read_back(wanted: dict[str, object]) -> None:
    assert registries.check(wanted) == []
    assert yaml.safe_load(registries.render(wanted)) == wanted


@given(REGISTRIES)
def test_the_text_does_not_depend_on_the_order_of_hosts(wanted: dict[str, object]) -> None:
    turned = {
        key: dict(reversed(list(value.items()))) if isinstance(value, dict) else value
        for key, value in reversed(list(wanted.items()))
    }
    assert registries.render(turned) == registries.render(wanted)


def test_layout() -> None:
    wanted = {
        "mirrors": {"*": {"endpoint": ["https://r.lan:5000"]}, "docker.io": None},
        "configs": {"r.lan:5000": {"auth": {"username": "u", "password": "p"}}},
    }
    assert registries.check(wanted) == []
    assert registries.render(wanted) == (
        "configs:\n"
        '  "r.lan:5000":\n'
        "    auth:\n"
        '      password: "p"\n'
        '      username: "u"\n'
        "mirrors:\n"
        '  "*":\n'
        "    endpoint:\n"
        '      - "https://r.lan:5000"\n'
    )
    assert registries.secrets(wanted) == ["p"]


def test_rewrites_keep_their_order() -> None:
    rewrite = {"^z/(.*)": "a/$1", "^a/(.*)": "b/$1"}
    text = registries.render({"mirrors": {"r": {"rewrite": rewrite}}})
    assert text.index("^z") < text.index("^a")


@pytest.mark.parametrize(
    "wanted, keys",
    [
        ({"mirror": {}}, ["registries.mirror"]),
        ({"mirrors": []}, ["registries.mirrors"]),
        ({"mirrors": {"https://r": {}}}, ["registries.mirrors.https://r"]),
        ({"mirrors": {"r/path": {}}}, ["registries.mirrors.r/path"]),
        ({"mirrors": {"*.lan": {}}}, ["registries.mirrors.*.lan"]),
        ({"mirrors": {"r": {"endpoints": []}}}, ["registries.mirrors.r.endpoints"]),
        ({"mirrors": {"r": {"endpoint": "https://r"}}}, ["registries.mirrors.r.endpoint"]),
        ({"mirrors": {"r": {"endpoint": ["r.lan:5000"]}}}, ["registries.mirrors.r.endpoint"]),
        ({"mirrors": {"r": {"endpoint": ["https://r:x"]}}}, ["registries.mirrors.r.endpoint"]),
        ({"mirrors": {"r": []}}, ["registries.mirrors.r"]),
        ({"mirrors": {"r": {"rewrite": ["a"]}}}, ["registries.mirrors.r.rewrite"]),
        ({"mirrors": {"r": {"rewrite": {"a": 1}}}}, ["registries.mirrors.r.rewrite"]),
        ({"configs": {"r": "x"}}, ["registries.configs.r"]),
        ({"configs": {"r": {"auths": {}}}}, ["registries.configs.r.auths"]),
        ({"configs": {"r": {"auth": []}}}, ["registries.configs.r.auth"]),
        ({"configs": {"r": {"auth": {"user": "x"}}}}, ["registries.configs.r.auth.user"]),
        ({"configs": {"r": {"auth": {"username": "x"}}}}, ["registries.configs.r.auth"]),
        ({"configs": {"r": {"auth": {"token": 5}}}}, ["registries.configs.r.auth.token"]),
        ({"configs": {"r": {"tls": {"ca_file": "ca"}}}}, ["registries.configs.r.tls.ca_file"]),
        ({"configs": {"r": {"tls": {"cert_file": "/c"}}}}, ["registries.configs.r.tls"]),
        (
            {"configs": {"r": {"tls": {"insecure_skip_verify": "yes"}}}},
            ["registries.configs.r.tls.insecure_skip_verify"],
        ),
    ],
)
def test_bad_ones_are_refused_by_name(wanted: Mapping[str, object], keys: list[str]) -> None:
    assert [problem.key for problem in registries.check(wanted)] == keys


def test_messages_hold_no_credentials() -> None:
    wanted = {
        "mirrors": {"r": {"endpoint": ["ftp://user:hunter2@r"]}},
        "configs": {"r": {"auth": {"password": "hunter2"}}},
    }
    found = registries.check(wanted)
    assert len(found) == 2
    assert "hunter2" not in " ".join(map(str, found))
