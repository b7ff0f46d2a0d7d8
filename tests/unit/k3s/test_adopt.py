# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.k3s import (
    adopt,
    flags,
    unit,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.k3s.config import (
    NodeInputs,
    Value,
    normalize,
    read_config,
    render_config,
)

K3S = "/usr/local/bin/k3s"

INSTALL_SCRIPT_UNIT = """\
[Service]
Type=notify
EnvironmentFile=-/etc/default/%N
EnvironmentFile=-/etc/systemd/system/k3s.service.env
ExecStart=/usr/local/bin/k3s \\
    server \\
\t'--cluster-init' \\
\t'--disable' \\
\t'traefik' \\
\t'--disable=servicelb' \\
\t'--kubelet-arg' \\
\t'max-pods=20' \\
\t'-o' \\
\t'/root/kubeconfig' \\
"""
INSTALL_SCRIPT_ENV = "K3S_TOKEN='hunter2hunter2'\nK3S_KUBECONFIG_MODE='644'\n"


def test_the_install_script() -> None:
    variables = unit.parse_env(INSTALL_SCRIPT_ENV)
    argv = unit.exec_start(unit.parse_unit(INSTALL_SCRIPT_UNIT), "k3s.service", variables)
    found = adopt.effective(argv, variables, {})
    assert found.role == "server"
    assert found.values == {
        "cluster-init": True,
        "disable": ("traefik", "servicelb"),
        "kubelet-arg": ("max-pods=20",),
        "write-kubeconfig": "/root/kubeconfig",
        "token": "hunter2hunter2",
        "write-kubeconfig-mode": "644",
    }
    assert found.sources["token"] == "environment"
    assert found.sources["disable"] == "command"
    assert "hunter2" not in repr(found)
    inputs = NodeInputs(
        role="server",
        token_file="/etc/rancher/k3s/token",
        cluster_init=True,
        disable=["servicelb", "traefik"],
        kubelet_args=["max-pods=20"],
        write_kubeconfig_mode="0644",
        extra_config={"write-kubeconfig": "/root/kubeconfig"},
    )
    report = adopt.compare(found, render_config(inputs).values)
    assert report.refusals == ()
    assert report.added == ()
    assert set(report.kept) == set(found.values)


def test_k3s_ansible() -> None:
    """Address and token in the environment file, the rest in config.yaml and the command."""
    variables = unit.parse_env("K3S_TOKEN=hunter2hunter2\nK3S_URL=https://10.0.0.1:6443\n")
    argv = (K3S, "agent", "--data-dir", "/data", "--node-label=a=1", "--node-label", "b=2")
    config = read_config("kubelet-arg:\n  - max-pods=20\nselinux: yes\n")
    found = adopt.effective(argv, variables, config)
    assert found.role == "agent"
    assert found.values["server"] == "https://10.0.0.1:6443"
    assert found.sources["selinux"] == "file"
    inputs = NodeInputs(
        role="agent",
        token_file="/t",
        server="https://10.0.0.1:6443/",
        data_dir="/data",
        labels={"b": "2", "a": "1"},
        selinux=True,
        kubelet_args=["max-pods=20"],
    )
    assert adopt.compare(found, render_config(inputs).values).refusals == ()


def test_xanmanning() -> None:
    argv = (K3S, "--debug", "server", "--config", "/etc/rancher/k3s/config.yaml")
    config = read_config("cluster-cidr: 10.42.0.0/16\nflannel-backend: host-gw\ntoken-file: /t\n")
    found = adopt.effective(argv, {}, config)
    assert found.values["debug"] is True
    assert "config" not in found.values
    report = adopt.compare(found, {"token-file": "/t", "flannel-backend": "vxlan"})
    assert [str(change) for change in report.changed] == ["flannel-backend: host-gw -> vxlan"]
    assert [str(change) for change in report.dropped] == ["debug: true -> unset"]
    assert "cluster-cidr" in report.kept
    assert report.refusals == (
        "debug would be dropped; it is true",
        "flannel-backend would change from host-gw to vxlan",
    )


def test_command_over_file_over_environment() -> None:
    variables = {"K3S_NODE_NAME": "env", "K3S_DATA_DIR": "/env", "K3S_URL": "https://env:6443"}
    config = {"node-name": "file", "d": "/file"}
    found = adopt.effective((K3S, "agent", "--node-name=cmd"), variables, config)
    assert found.values == {
        "node-name": "cmd",
        "data-dir": "/file",
        "server": "https://env:6443",
    }
    assert found.sources == {"node-name": "command", "data-dir": "file", "server": "environment"}


def test_a_list_set_in_two_places_is_unclear() -> None:
    found = adopt.effective((K3S, "server", "--disable=traefik"), {}, {"disable": "servicelb"})
    assert found.ambiguous == ("disable",)
    report = adopt.compare(found, {"disable": ("traefik",)})
    assert report.refusals == ("disable is set by command and file; keep one",)
    same = adopt.effective((K3S, "server", "--disable=traefik"), {}, {"disable": ["traefik"]})
    assert same.ambiguous == ()


def test_old_names_that_still_count() -> None:
    argv = (K3S, "server", "--kube-controller-arg=v=2")
    found = adopt.effective(argv, {}, {"no-deploy": ["traefik"], "nonsense": 1})
    assert found.values == {"kube-controller-manager-arg": ("v=2",)}
    assert found.unknown == ("no-deploy", "nonsense")
    report = adopt.compare(found, found.values)
    assert [refusal.split()[0] for refusal in report.refusals] == ["no-deploy", "nonsense"]


@pytest.mark.parametrize(
    "argv, path",
    [
        ((K3S, "server"), "/etc/rancher/k3s/config.yaml"),
        ((K3S, "server", "-c", "/a"), "/a"),
        ((K3S, "server", "--config=/b"), "/b"),
        ((K3S, "server", "--config"), ""),
    ],
)
def test_the_configuration_file(argv: tuple[str, ...], path: str) -> None:
    assert adopt.config_path(argv, {}) == path
    assert adopt.config_path(argv, {"K3S_CONFIG_FILE": "/c"}) == "/c"


@pytest.mark.parametrize(
    "argv, word",
    [
        ((K3S,), "neither"),
        ((K3S, "kubectl"), "neither"),
        ((K3S, "server", "--no-such-flag"), "no-such-flag"),
        ((K3S, "server", "--token"), "has no value"),
        ((K3S, "server", "hunter2"), "belongs to no flag"),
    ],
)
def test_commands_that_cannot_be_taken_over(argv: tuple[str, ...], word: str) -> None:
    with pytest.raises(adopt.AdoptError, match=word) as caught:
        adopt.effective(argv, {}, {})
    assert "hunter2" not in str(caught.value)
    assert caught.value.kind == "refused"


@pytest.mark.parametrize(
    "name, one, other, same",
    [
        ("disable", ("a", "b"), ("b", "a"), True),
        ("node-ip", ("10.0.0.1", "fd00::1"), ("fd00::1", "10.0.0.1"), False),
        ("cluster-cidr", ("fd00:0042::/56",), ("fd00:42::/56",), True),
        ("service-cidr", None, ("10.43.0.0/16",), True),
        ("https-listen-port", "6443", None, True),
        ("tls-san-security", None, True, True),
        ("tls-san-security", None, False, False),
        ("debug", False, None, True),
        ("write-kubeconfig-mode", "600", None, True),
        ("write-kubeconfig-mode", "644", "0644", True),
        ("write-kubeconfig-mode", "420", "0644", False),
        ("node-name", "Edge", "edge", True),
        ("data-dir", "/d/", "/d", True),
        ("snapshotter", "native", None, False),
        ("node-label", ("a=1",), None, False),
    ],
)
def test_same_effect(name: str, one: Value | None, other: Value | None, same: bool) -> None:
    flag = flags.lookup(name)
    assert flag is not None
    for pair in ((one, other), (other, one)):
        assert adopt.same_effect(flag, *pair) is same


@pytest.mark.parametrize(
    "role, found, ours, initialized, refused",
    [
        ("server", {"cluster-init": True}, {}, True, False),
        ("server", {"cluster-init": True}, {}, False, True),
        ("server", {"server": "https://a:6443"}, {"cluster-init": True}, True, False),
        ("agent", {"server": "https://a:6443"}, {"server": "https://b:6443"}, True, True),
        ("server", {"token": "x"}, {}, True, False),
        ("agent", {"token": "x"}, {}, True, True),
        ("agent", {"token": "x"}, {"token-file": "/t"}, True, False),
        ("server", {"agent-token": "x"}, {}, True, True),
        ("server", {"agent-token": "x"}, {"agent-token-file": "/t"}, True, False),
        ("server", {"datastore-endpoint": "mysql://u:hunter2@h/d"}, {}, True, True),
    ],
)
def test_tokens_and_first_starts(
    role: str, found: dict[str, Value], ours: dict[str, Value], initialized: bool, refused: bool
) -> None:
    report = adopt.compare(adopt.effective((K3S, role), {}, found), ours, initialized=initialized)
    assert bool(report.refusals) is refused
    assert "hunter2" not in repr(report)


@pytest.mark.parametrize(
    "variables, ours, kept, refused",
    [
        ({"HTTP_PROXY": "http://p"}, {"HTTP_PROXY": "http://p"}, ["HTTP_PROXY"], []),
        ({"http_proxy": "http://p"}, {"HTTP_PROXY": "http://p"}, ["http_proxy"], []),
        ({"NO_PROXY": "a, b"}, {"NO_PROXY": "b,c,a"}, ["NO_PROXY"], []),
        ({"NO_PROXY": "a,d"}, {"NO_PROXY": "b,c,a"}, [], ["NO_PROXY"]),
        ({"HTTPS_PROXY": "http://u:hunter2@p"}, {}, [], ["HTTPS_PROXY"]),
        ({"HTTP_PROXY": "http://p"}, {"HTTP_PROXY": "http://q"}, [], ["HTTP_PROXY"]),
        ({"CONTAINERD_HTTP_PROXY": "http://p"}, {}, [], ["CONTAINERD_HTTP_PROXY"]),
        ({"K3S_TOKEN": "", "K3S_CLUSTER_INIT": "true", "INSTALL_K3S_EXEC": "x"}, {}, [], []),
    ],
)
def test_variables(
    variables: dict[str, str], ours: dict[str, str], kept: list[str], refused: list[str]
) -> None:
    found = adopt.effective((K3S, "agent"), variables, {})
    report = adopt.compare(found, {}, environment=ours)
    assert list(report.kept) == kept
    assert [refusal.split()[0] for refusal in report.refusals] == refused
    assert "hunter2" not in repr(report)


WORDS = st.text("abc019.:/=-_", min_size=1, max_size=8).filter(lambda text: text[0] not in "-=")
OF_KIND: dict[str, st.SearchStrategy[object]] = {
    "bool": st.booleans(),
    "int": st.integers(1, 99999),
    "list": st.lists(WORDS, min_size=1, max_size=3, unique=True),
    "str": WORDS,
    "dur": st.sampled_from(["1m0s", "2h"]),
}
# Two flags may stand for one token; they have their own table above.
CHOSEN = [
    flag
    for flag in flags.for_role("server")
    if flag.name != "config" and flag.managed_by not in ("token", "agent_token")
]
SETTINGS = st.lists(
    st.sampled_from(CHOSEN), unique_by=lambda flag: flag.name, min_size=1, max_size=6
).flatmap(lambda chosen: st.fixed_dictionaries({flag.name: OF_KIND[flag.kind] for flag in chosen}))


def command_line(settings: dict[str, object]) -> list[str]:
    words = []
    for name, value in settings.items():
        items = value if isinstance(value, list) else [value]
        words += [f"--{name}={str(item).lower()}" for item in items]
    return words


@given(SETTINGS, st.data())
def test_wherever_it_is_set_it_is_the_same(
    settings: dict[str, object], data: st.DataObject
) -> None:
    in_file = {name: value for name, value in settings.items() if data.draw(st.booleans())}
    in_command = {name: value for name, value in settings.items() if name not in in_file}
    found = adopt.effective((K3S, "server", *command_line(in_command)), {}, in_file)
    wanted = {name: normalize(name, value) for name, value in settings.items()}
    assert found.values == wanted
    report = adopt.compare(found, wanted)
    assert report.refusals == ()
    assert set(report.kept) == set(settings)


@given(SETTINGS, st.data())
def test_nothing_is_lost_without_a_word(settings: dict[str, object], data: st.DataObject) -> None:
    """Leaving a flag out is refused by its name, unless K3s would do the same anyway."""
    found = adopt.effective((K3S, "server"), {}, settings)
    lost = data.draw(st.sampled_from(sorted(settings)))
    rest = {name: value for name, value in found.values.items() if name != lost}
    report = adopt.compare(found, rest, initialized=False)
    flag = flags.lookup(lost)
    assert flag is not None
    harmless = adopt.same_effect(flag, found.values[lost], None)
    assert [change.name for change in report.dropped] == ([] if harmless else [lost])
    assert len(report.refusals) == (0 if harmless else 1)
