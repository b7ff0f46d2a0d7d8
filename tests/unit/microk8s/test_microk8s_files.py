# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts of MicroK8s: files of arguments, the launch configuration, tokens."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._core.records import replace
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.microk8s import (
    argfile,
    arguments,
    joining,
    launch,
    naming,
    paths,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.spec import Join, Spec
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host

SPEC = Spec("microk8s")
AGENT = replace(SPEC, role="agent", single=False, join=Join("https://192.0.2.1:6443", "tok/check"))
# As the snap lays it out (microk8s-resources/default-args, 2026-06).
KUBELET = """--kubeconfig=${SNAP_DATA}/credentials/kubelet.config
--anonymous-auth=false
--eviction-hard="memory.available<100Mi,nodefs.available<1Gi,imagefs.available<1Gi"
--containerd=${SNAP_COMMON}/run/containerd.sock

# Enable something
--node-labels="microk8s.io/cluster=true,node.kubernetes.io/microk8s-controlplane=microk8s-controlplane"
"""


def document(spec: Spec) -> dict[str, t.Any]:
    text = launch.render(spec)
    assert text.startswith(paths.MARK)
    return dict(yaml.safe_load(text))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("--a=b", ("--a", "b")),
        ("--a b c", ("--a", "b c")),
        (' --a = "b,c" ', ("--a", "b,c")),
        ("--flag", ("--flag", "")),
        ("HTTPS_PROXY=http://u:p@h:1/", ("HTTPS_PROXY", "http://u:p@h:1/")),
        ("# --a=b", ("", "")),
        ("", ("", "")),
        ("--etcd-servers='unix:///x:12379'", ("--etcd-servers", "unix:///x:12379")),
    ],
)
def test_lines_are_read(line: str, expected: tuple[str, str]) -> None:
    assert argfile.parse(line) == expected


def test_only_our_lines_change() -> None:
    wanted = {"--config-dir": "/x", "--eviction-hard": None, "--anonymous-auth": "false"}
    text = argfile.merged(KUBELET, wanted)
    gone = [line for line in KUBELET.splitlines() if "eviction" not in line]
    assert text.splitlines() == [*gone, "--config-dir=/x"]
    assert argfile.merged(text, wanted) is text


def test_a_value_in_quotes_is_the_same_value() -> None:
    text = '--node-labels="a=b"\n'
    assert argfile.merged(text, {"--node-labels": "a=b"}) == text
    assert argfile.merged(text, {"--node-labels": "a=c"}) == "--node-labels=a=c\n"


def test_a_flag_that_stands_twice_stands_once_afterwards() -> None:
    assert argfile.merged("--v=1\n--v=2\n", {"--v": "4"}) == "--v=4\n"


FLAGS = st.sampled_from(["--a", "--b", "--c-d", "E"])
VALUES = st.one_of(st.none(), st.text("abc=/,.$ {}", max_size=6).map(str.strip))


@given(
    st.lists(st.one_of(st.just(""), st.just("# note"), st.builds("{}={}".format, FLAGS, VALUES))),
    st.dictionaries(FLAGS, VALUES),
)
def test_what_was_merged_is_there_and_stays(
    lines: list[str], wanted: dict[str, str | None]
) -> None:
    text = argfile.merged("".join(f"{line}\n" for line in lines), wanted)
    found = argfile.settings(text)
    assert {flag: found.get(flag) for flag in wanted} == wanted
    assert argfile.merged(text, wanted) == text
    others = [line for line in lines if argfile.parse(line)[0] not in wanted]
    assert [x for x in text.splitlines() if argfile.parse(x)[0] not in wanted] == others


def test_the_least_launch_configuration() -> None:
    """No add-ons and no join: these come later, one by one, where their failure is heard."""
    assert document(SPEC) == {
        "version": "0.1.0",
        "extraKubeletArgs": {
            "--cluster-dns": "10.152.183.10",
            "--cluster-domain": "cluster.local",
            "--config-dir": paths.KUBELET_DROPINS,
            "--eviction-hard": None,
        },
        "extraKubeAPIServerArgs": {"--authorization-mode": "RBAC,Node"},
    }


def test_inputs_find_their_places() -> None:
    spec = replace(
        SPEC,
        node_ips=("192.0.2.1",),
        proxy={"https_proxy": "http://proxy:3128"},
        settings={
            "cluster_cidr": ["10.3.0.0/16"],
            "service_cidr": ["10.4.0.0/24"],
            "tls_sans": ["api.example.org"],
            "api_endpoint": "https://lb.example.org:16443",
            "log_level": "debug",
            "registries": {"mirrors": {"docker.io": {"endpoint": ["http://192.0.2.9:5000"]}}},
            "extra_config": {
                "extraKubeAPIServerArgs": {"--event-ttl": "10m", "--profiling": True},
                "extraKubeProxyArgs": {"--healthz-bind-address": None},
            },
        },
    )
    found = document(spec)
    assert found["extraSANs"] == ["api.example.org", "192.0.2.1", "lb.example.org", "10.4.0.1"]
    assert found["extraCNIEnv"] == {
        "IPv4_SUPPORT": "true",
        "IPv4_CLUSTER_CIDR": "10.3.0.0/16",
        "IPv4_SERVICE_CIDR": "10.4.0.0/24",
        "IPv6_SUPPORT": "false",
    }
    assert found["extraKubeletArgs"]["--cluster-dns"] == "10.4.0.10"
    assert found["extraKubeletArgs"]["--node-ip"] == "192.0.2.1"
    assert found["extraKubeAPIServerArgs"] == {
        "--authorization-mode": "RBAC,Node",
        "--advertise-address": "192.0.2.1",
        "--v": "4",
        "--event-ttl": "10m",
        "--profiling": "true",
    }
    assert found["extraKubeProxyArgs"] == {"--healthz-bind-address": None}
    assert "10.4.0.0/24" in found["extraContainerdEnv"]["NO_PROXY"]
    assert 'host."http://192.0.2.9:5000"' in found["containerdRegistryConfigs"]["docker.io"]


def test_an_agent_is_told_of_no_api_server() -> None:
    spec = replace(AGENT, settings={"tls_sans": ["a"], "cluster_cidr": ["10.3.0.0/16"]})
    assert set(document(spec)) == {"version", "extraKubeletArgs"}


def test_rbac_can_be_refused() -> None:
    given = {"extra_config": {"extraKubeAPIServerArgs": {"--authorization-mode": "AlwaysAllow"}}}
    assert arguments.agrees_to_everything(replace(SPEC, settings=given))
    assert not arguments.agrees_to_everything(SPEC)
    assert not arguments.agrees_to_everything(AGENT)


def test_a_flag_that_is_ours_no_more_is_as_the_snap_has_it() -> None:
    before = {"kube-apiserver": ["--authorization-mode", "--event-ttl", "--v"]}
    defaults = {"kube-apiserver": {"--event-ttl": "5m", "--authorization-mode": "AlwaysAllow"}}
    found = arguments.wanted(SPEC, before, defaults)["kube-apiserver"]
    assert found == {"--authorization-mode": "RBAC,Node", "--event-ttl": "5m", "--v": None}


def test_where_to_join() -> None:
    assert joining.connection(AGENT) == "192.0.2.1:25000/tok/check"
    six = replace(AGENT, join=Join("https://[fd00::1]:6443", "tok/check"))
    assert joining.connection(six) == "[fd00::1]:25000/tok/check"


def test_what_a_join_says_holds_no_token() -> None:
    said = joining.redacted("Connection failed. tok is not check", "192.0.2.1:25000/tok/check")
    assert said == "Connection failed. ******** is not ********"


def test_a_used_token_is_taken_from_the_list(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    host.write(paths.JOIN_TOKENS, b"aaa|99\nbbb\nab|1\n", 0o660)
    joining.take_back(host, "aaa/fingerprint")
    joining.take_back(host, "b/fingerprint")
    assert host.read(paths.JOIN_TOKENS) == b"bbb\nab|1\n"
    info = host.inspect(paths.JOIN_TOKENS)
    assert info is not None
    assert info.mode == 0o660


def test_a_join_leaves_our_lines_as_they_must_be(tmp_path: Path) -> None:
    host = Host(str(tmp_path))
    host.write(f"{paths.ARGS}/kubelet", KUBELET.encode(), 0o660)
    lines = arguments.managed(SPEC)
    assert joining.settle(host, {"kubelet": lines["kubelet"]})
    assert not joining.settle(host, {"kubelet": lines["kubelet"]})
    assert "--eviction-hard" not in host.read_text(f"{paths.ARGS}/kubelet")


# As `GenerateCSRConf` of the cluster agent writes it.
TEMPLATE = """[ req ]
default_bits = 2048

[ alt_names ]
DNS.0 = kubernetes
DNS.1 = old.example.org


IP.0 = 127.0.0.1
IP.1 = 10.152.183.1
#MOREIPS

[ v3_ext ]
subjectAltName=@alt_names
"""


def test_names_of_the_certificate_come_and_go() -> None:
    assert naming.entries(TEMPLATE) == [
        "kubernetes",
        "old.example.org",
        "127.0.0.1",
        "10.152.183.1",
    ]
    text = naming.with_entries(TEMPLATE, ["old.example.org"], ["192.0.2.1", "api.example.org"])
    assert text.splitlines() == [
        "[ req ]",
        "default_bits = 2048",
        "",
        "[ alt_names ]",
        "DNS.1 = kubernetes",
        "DNS.2 = api.example.org",
        "IP.1 = 127.0.0.1",
        "IP.2 = 10.152.183.1",
        "IP.3 = 192.0.2.1",
        "#MOREIPS",
        "",
        "[ v3_ext ]",
        "subjectAltName=@alt_names",
    ]
    back = naming.with_entries(text, ["192.0.2.1", "api.example.org"], ["old.example.org"])
    assert set(naming.entries(back)) == set(naming.entries(TEMPLATE))


def test_names_of_others_stay() -> None:
    seen = naming.entries(TEMPLATE)
    assert naming.steps(["kubernetes"], [], seen) == []
    (step,) = naming.steps(["new"], ["old.example.org", "never-there"], seen)
    assert step.params == {"more": ["new"], "gone": ["old.example.org"]}
    assert step.starts == (paths.KUBELITE,)
