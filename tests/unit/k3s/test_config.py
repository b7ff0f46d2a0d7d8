# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.k3s import config, flags
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.k3s.config import (
    NodeInputs,
    normalize_all,
    read_config,
    render_config,
)

WORDS = st.text("abcXYZ019.:/=-_ #'\"\\{}[]é", min_size=1, max_size=20).map(str.strip).filter(bool)
LISTS = st.lists(WORDS, max_size=3).map(tuple)
MAYBE = st.one_of(st.none(), st.booleans())
FREE = [flag for flag in flags.for_role("agent") if not flag.managed_by and flag.roles == "both"]
OF_KIND: dict[str, st.SearchStrategy[object]] = {
    "bool": st.booleans(),
    "int": st.integers(0, 99999),
    "list": st.lists(WORDS, max_size=3),
    "str": WORDS,
    "dur": st.just("5m0s"),
}
EXTRA = st.lists(st.sampled_from(FREE), unique_by=lambda flag: flag.name, max_size=5).flatmap(
    lambda chosen: st.fixed_dictionaries({flag.name: OF_KIND[flag.kind] for flag in chosen})
)
INPUTS = st.builds(
    NodeInputs,
    role=st.sampled_from(["server", "agent"]),
    token_file=st.sampled_from(["", "/etc/rancher/k3s/token"]),
    server=st.sampled_from(["", "https://10.0.0.1:6443"]),
    cluster_init=st.booleans(),
    datastore_endpoint=WORDS,
    node_name=WORDS,
    node_ips=LISTS,
    labels=st.dictionaries(WORDS, WORDS, max_size=3),
    taints=LISTS,
    tls_sans=LISTS,
    cluster_cidr=LISTS,
    service_cidr=LISTS,
    disable=LISTS,
    secrets_encryption=MAYBE,
    snapshot_enabled=MAYBE,
    write_kubeconfig_mode=st.sampled_from(["", "0640"]),
    data_dir=st.sampled_from(["", "/data/k3s"]),
    selinux=MAYBE,
    debug=MAYBE,
    kubelet_args=LISTS,
    extra_config=EXTRA,
)


@given(INPUTS)
def test_what_is_rendered_reads_back(inputs: NodeInputs) -> None:
    rendered = render_config(inputs)
    assert normalize_all(read_config(rendered.text)) == dict(rendered.values)
    assert list(read_config(rendered.text)) == list(rendered.values)


@given(INPUTS)
def test_another_parser_reads_the_same(inputs: NodeInputs) -> None:
    rendered = render_config(inputs)
    assert yaml.safe_load(rendered.text) == {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in rendered.values.items()
    }


@given(INPUTS)
def test_only_flags_of_the_role_and_no_token(inputs: NodeInputs) -> None:
    rendered = render_config(inputs)
    allowed = {flag.name for flag in flags.for_role(inputs.role)}
    assert set(rendered.values) <= allowed
    assert "token" not in rendered.values
    assert rendered.mode == 0o600


def test_a_server() -> None:
    inputs = NodeInputs(
        role="server",
        token_file="/etc/rancher/k3s/token",
        cluster_init=True,
        node_name="edge-1",
        labels={"b": "2", "a": "1"},
        disable=["traefik", "servicelb"],
        kubelet_args=["max-pods=10"],
        snapshot_enabled=False,
        write_kubeconfig_mode="0640",
        extra_config={
            "https-listen-port": 7443,
            "kubelet-arg": ["max-pods=10", "v=2"],
            "flannel-backend": "host-gw",
            "embedded-registry": "true",
            "t": None,
        },
    )
    assert render_config(inputs).text == (
        'token-file: "/etc/rancher/k3s/token"\n'
        "cluster-init: true\n"
        'node-name: "edge-1"\n'
        "node-label:\n"
        '  - "a=1"\n'
        '  - "b=2"\n'
        "disable:\n"
        '  - "traefik"\n'
        '  - "servicelb"\n'
        "etcd-disable-snapshots: true\n"
        'write-kubeconfig-mode: "0640"\n'
        "kubelet-arg:\n"
        '  - "max-pods=10"\n'
        '  - "v=2"\n'
        'https-listen-port: "7443"\n'
        'flannel-backend: "host-gw"\n'
        "embedded-registry: true\n"
        'token: ""\n'
    )


def test_nothing_wished_is_an_empty_mapping() -> None:
    assert render_config(NodeInputs(role="agent")).text == "{}\n"


def test_secrets_are_not_in_the_representation() -> None:
    inputs = NodeInputs(role="server", datastore_endpoint="mysql://u:hunter2@h/")
    assert "hunter2" not in repr(inputs)
    assert "hunter2" not in repr(render_config(inputs).text == "")


MAIN = """\
token: boop
node-label:
  - foo=bar
  - bar=baz
"""
FIRST = """\
write-kubeconfig-mode: 600
node-taint:
  - alice=bob:NoExecute
"""
SECOND = """\
write-kubeconfig-mode: 777
node-label:
  - other=what
  - foo=three
node-taint+:
  - charlie=delta:NoSchedule
"""


def test_the_example_of_the_documentation() -> None:
    read = read_config(MAIN, [("test2.yaml", SECOND), ("test1.yaml", FIRST)])
    assert read == {
        "token": "boop",
        "node-label": ["other=what", "foo=three"],
        "write-kubeconfig-mode": 777,
        "node-taint": ["alice=bob:NoExecute", "charlie=delta:NoSchedule"],
    }
    assert list(read) == ["token", "node-label", "write-kubeconfig-mode", "node-taint"]


@pytest.mark.parametrize(
    "main, dropins, value",
    [
        (None, [], {}),
        (None, [("a.yaml", "debug: on\n")], {"debug": True}),
        ("a: 1\n", [("b.yaml", ""), ("c.yaml", "# none\n")], {"a": 1}),
        ("a: 1\n", [("x.yaml.bak", "a: 2\n"), ("x.conf", "a: 3\n")], {"a": 1}),
        ("a: 1\n", [(".hidden.YML", "a: 2\n")], {"a": 2}),
        ("a: 1\n", [("Z.yaml", "a: 3\n"), ("a.yaml", "a: 4\n")], {"a": 4}),
        ("a+: x\n", [], {"a": "x"}),
        ("a: p\n", [("1.yaml", "a+: q\n")], {"a": ["p", "q"]}),
        ("a: p\n", [("1.yaml", "a+: [q]\n"), ("2.yaml", "a: [r]\n")], {"a": ["r"]}),
        ("a:\n", [("1.yaml", "a+: q\n")], {"a": ["q"]}),
        ("a: 1\na: 2\na+: 3\n", [], {"a": [2, 3]}),
        ("write-kubeconfig-mode: 0644\n", [], {"write-kubeconfig-mode": 420}),
    ],
)
def test_precedence(main: str | None, dropins: list[tuple[str, str]], value: object) -> None:
    assert read_config(main, dropins) == value


@pytest.mark.parametrize(
    "main, dropins, words",
    [
        ("- a\n", [], "config.yaml"),
        ("a: [\n", [], "config.yaml: line 1"),
        ("a: 1\n", [("x.yaml", "b: 1\nc: &d 2\n")], "x.yaml: line 2"),
        ("a:\n  b: 1\n", [], "a is nested"),
        ("a:\n  - b: 1\n", [], "a is nested"),
    ],
)
def test_unreadable_files_are_named(main: str, dropins: list[tuple[str, str]], words: str) -> None:
    with pytest.raises(config.ConfigError, match=words):
        read_config(main, dropins)


@pytest.mark.parametrize(
    "value, text",
    [
        (None, ""), (True, "true"), (False, "false"), (420, "420"), ("x", "x"),
        (1e10, "1e+10"), (123456789.0, "1.23456789e+08"), (1e6, "1e+06"), (100000.0, "100000"),
        (8.0, "8"), (1.5, "1.5"), (0.0001, "0.0001"), (1e-05, "1e-05"), (0.1, "0.1"),
        (12345678901234567890.0, "1.2345678901234567e+19"), (float("inf"), "+Inf"),
    ],
)  # fmt: skip
def test_values_as_arguments(value: object, text: str) -> None:
    """The texts are what Go prints for the same values."""
    assert config.as_text(value) == text


@pytest.mark.parametrize(
    "key, value, result",
    [
        ("disable", "traefik, servicelb", ("traefik", "servicelb")),
        ("node-label", "a=1,b=2", ("a=1,b=2",)),
        ("d", "/data", "/data"),
        ("debug", "1", True),
        ("debug", "F", False),
        ("https-listen-port", 6443, "6443"),
        ("unknown", 3, "3"),
        ("unknown", [1, True], ("1", "true")),
        ("unknown", True, True),
    ],
)
def test_normal_form(key: str, value: object, result: object) -> None:
    assert config.normalize(key, value) == result


@pytest.mark.parametrize(
    "key, value", [("debug", "maybe"), ("debug", []), ("data-dir", ["a"]), ("disable", [{"a": 1}])]
)
def test_values_of_another_kind(key: str, value: object) -> None:
    with pytest.raises(config.ConfigError):
        config.normalize(key, value)


def test_spellings_of_one_key_are_joined() -> None:
    assert normalize_all({"node-ip": "10.0.0.1", "i": "fd00::1"}) == {
        "node-ip": ("10.0.0.1", "fd00::1")
    }
