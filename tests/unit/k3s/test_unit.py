# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.k3s import unit
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.unit_read import (
    split_words,
)

ENV_FILE = "/etc/systemd/system/k3s.service.env"
NAMES = st.text("ABCXYZ_", min_size=1, max_size=8)
VALUES = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"]), max_size=30)


def test_the_unit_of_a_server() -> None:
    text = unit.render_unit("server", "/usr/local/bin", ENV_FILE, service={"MemoryMax": "700M"})
    read = unit.parse_unit(text)
    assert read.last("Service", "Type") == "notify"
    assert read.last("Service", "KillMode") == "process"
    assert read.last("Service", "Delegate") == "yes"
    assert read.last("Service", "TimeoutStartSec") == "0"
    assert read.last("Service", "MemoryMax") == "700M"
    assert read.last("Install", "WantedBy") == "multi-user.target"
    assert all(line[0] == "-" for line in read.all("Service", "ExecStartPre"))
    assert unit.exec_start(read, "k3s.service", {}) == ("/usr/local/bin/k3s", "server")
    assert unit.environment_files(read, "k3s.service") == (
        ("/etc/default/k3s", True),
        ("/etc/sysconfig/k3s", True),
        (ENV_FILE, True),
    )


@given(st.text("abc/ %$\"'\\;.-", min_size=1, max_size=15).filter(lambda text: text[-1] != "/"))
def test_any_folder_of_the_binary_reads_back(folder: str) -> None:
    read = unit.parse_unit(unit.render_unit("agent", "/" + folder, ENV_FILE))
    assert unit.exec_start(read, "k3s-agent.service", {}) == (f"/{folder}/k3s", "agent")


def test_a_line_break_cannot_add_a_line() -> None:
    with pytest.raises(unit.UnitError):
        unit.render_unit("server", "/bin", ENV_FILE, service={"MemoryMax": "1\nExecStart=/bad"})
    with pytest.raises(unit.UnitError):
        unit.render_unit("server", "/bin\n", ENV_FILE)


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_variables_read_back(variables: dict[str, str]) -> None:
    assert unit.parse_env(unit.render_env(variables)) == variables


@pytest.mark.parametrize("variables", [{"A": "x\ny"}, {"1A": "x"}, {"A B": "x"}, {"A": "\x00"}])
def test_variables_that_have_no_safe_form(variables: dict[str, str]) -> None:
    with pytest.raises(unit.UnitError) as caught:
        unit.render_env(variables)
    assert "x\ny" not in str(caught.value)


@pytest.mark.parametrize(
    "text, variables",
    [
        ("", {}),
        ("K3S_TOKEN='a b'\nK3S_URL=https://h:6443\n", {"K3S_TOKEN": "a b", "K3S_URL": "https://h:6443"}),
        ("# A=1\n; B=2\nC=3", {"C": "3"}),
        ("# a \\\nA=1\nB=2\n", {"B": "2"}),
        ("A=1 2 \n", {"A": "1 2"}),
        ("  A = x \n", {"A": "x"}),
        ('A="x \\"y\\" \\$z \\q"\n', {"A": 'x "y" $z \\q'}),
        ("A='x \\n'\n", {"A": "x \\n"}),
        ("A=one\\\ntwo\nB=3\n", {"A": "onetwo", "B": "3"}),
        ("A=a\\ b\\\\\n", {"A": "a b\\"}),
        ("A='x''y'\"z\"\n", {"A": "xyz"}),
        ('A=x"y"\n', {"A": 'x"y"'}),
        ("A='x\ny'\nB=1\n", {"A": "x\ny", "B": "1"}),
        ("export A=1\nnothing\nB=2\n", {"B": "2"}),
        ("A=\nB=1\n", {"A": "", "B": "1"}),
        ("A=1\nA=2\n", {"A": "2"}),
        ("A=b#c\n", {"A": "b#c"}),
        ("A=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
    ],
)  # fmt: skip
def test_environment_files(text: str, variables: dict[str, str]) -> None:
    assert unit.parse_env(text) == variables


@pytest.mark.parametrize(
    "text, words",
    [
        ("", []),
        ("/bin/k3s server", ["/bin/k3s", "server"]),
        ("  a\t b  ", ["a", "b"]),
        ("'--tls-san' 'a b' \"c'd\"", ["--tls-san", "a b", "c'd"]),
        ("--kubelet-arg='a=b c' x'y'z", ["--kubelet-arg=a=b c", "xyz"]),
        ("a\\x20b \\101 \\u00e9 \\s \\q \\\\", ["a b", "A", "é", " ", "\\q", "\\"]),
        ("'' \"\" a", ["", "", "a"]),
        ("'a\\'b'", ["a'b"]),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert split_words(text) == words


def test_an_open_quote() -> None:
    with pytest.raises(unit.UnitError, match="quote"):
        split_words("a 'b")


INSTALLED = """\
[Unit]
Description=Lightweight Kubernetes

[Service]
Type=notify
EnvironmentFile=-/etc/default/%N
EnvironmentFile=-/etc/sysconfig/%N
EnvironmentFile=/etc/systemd/system/k3s.service.env
Environment="A=1" 'B=x y'
Environment=C=50%%
ExecStartPre=-/sbin/modprobe br_netfilter
ExecStart=/usr/local/bin/k3s \\
    server \\
        '--cluster-init' \\
# a comment between
        '--tls-san' \\
        '10.0.0.1' \\

"""


def test_a_unit_of_the_install_script() -> None:
    read = unit.parse_unit(INSTALLED)
    assert unit.exec_start(read, "k3s.service", {}) == (
        *("/usr/local/bin/k3s", "server", "--cluster-init", "--tls-san", "10.0.0.1"),
    )
    assert unit.environment_files(read, "k3s.service")[2] == (ENV_FILE, False)
    assert unit.environment(read) == {"A": "1", "B": "x y", "C": "50%"}


def test_drop_ins_reset_and_replace() -> None:
    dropin = (
        "[Service]\nEnvironment=\nExecStart=\nExecStart=-/opt/bin/k3s agent $ARGS ${X}y $$z $\n"
    )
    read = unit.parse_unit(INSTALLED, dropin)
    variables = {"ARGS": "--debug  -v=2", "X": "a b"}
    assert unit.environment(read) == {}
    assert unit.exec_start(read, "k3s.service", variables) == (
        *("/opt/bin/k3s", "agent", "--debug", "-v=2", "a by", "$z", "$"),
    )


def test_a_command_that_takes_no_variables() -> None:
    read = unit.parse_unit("[Service]\nExecStart=:/bin/k3s $HOME\n")
    assert unit.exec_start(read, "k3s.service", {"HOME": "/root"}) == ("/bin/k3s", "$HOME")


@pytest.mark.parametrize(
    "text, word",
    [
        ("[Service]\nExecStart=/a\nExecStart=/b\n", "2 ExecStart"),
        ("[Service]\nType=notify\n", "0 ExecStart"),
        ("[Service]\nExecStart=/bin/k3s %H\n", "specifier"),
    ],
)
def test_units_that_cannot_be_understood(text: str, word: str) -> None:
    with pytest.raises(unit.UnitError, match=word):
        unit.exec_start(unit.parse_unit(text), "k3s.service", {})


@pytest.mark.parametrize("text", ["A=1\n", "[Service]\nnothing\n"])
def test_lines_outside_the_syntax(text: str) -> None:
    with pytest.raises(unit.UnitError, match="line"):
        unit.parse_unit(text)


def test_a_proxy_spares_the_cluster() -> None:
    found = unit.proxy_environment(
        {"http_proxy": "http://p:3128", "HTTPS_PROXY": "http://p:3128", "no_proxy": "a.lan, .svc"},
        {"cluster-cidr": ("10.1.0.0/16", "fd01::/56"), "cluster-domain": "edge.lan"},
        ["10.0.0.1", "10.0.0.2"],
    )
    assert found == {
        "HTTP_PROXY": "http://p:3128",
        "HTTPS_PROXY": "http://p:3128",
        "NO_PROXY": "a.lan,.svc,localhost,127.0.0.0/8,::1,.edge.lan,10.1.0.0/16,fd01::/56,"
        "10.43.0.0/16,10.0.0.1,10.0.0.2",
    }


def test_no_proxy_without_a_proxy() -> None:
    assert unit.proxy_environment({"no_proxy": "a"}, {}) == {}
    assert unit.proxy_environment({}, {}) == {}
    with pytest.raises(unit.UnitError, match="ftp_proxy"):
        unit.proxy_environment({"ftp_proxy": "x"}, {})
