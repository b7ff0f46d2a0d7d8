# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read from k0s' own words, by what the real program has said."""

from __future__ import annotations

import base64
import gzip
from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._core.plan import Phase, Step
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.k0s import (
    look,
    status,
    tokens,
    validate,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.k0s.unit import (
    read_flags,
    render_unit,
)
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.spec import AGENT, SERVER
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host
from ansible_collections.lightk8s.edge.tests.unit.k0s import recorded

KUBECONFIG = """apiVersion: v1
clusters:
- cluster: {{server: https://192.0.2.1:6443}}
  name: k0s
users:
- name: {user}
  user:
    token: abc123.0123456789abcdef
"""


def token(user: str) -> str:
    return base64.b64encode(gzip.compress(KUBECONFIG.format(user=user).encode())).decode()


def test_the_version() -> None:
    assert look.version_said(recorded.VERSION) == "v1.34.2+k0s.0"
    assert look.version_said(recorded.VERSION_ALL) == ""
    assert look.version_said("") == ""


def test_what_validation_says_in_one_line() -> None:
    assert validate.reasons(recorded.UNKNOWN_KEY).endswith('unknown field "bogusKey"')
    assert validate.reasons(recorded.SEVERAL).count(";") == 1
    assert not validate.reasons(recorded.SEVERAL).startswith("Error")


@pytest.mark.parametrize(
    ("code", "out", "err", "found"),
    [
        (0, recorded.STATUS, "", ""),
        (0, recorded.STATUS_CUT_OFF, "", "connection refused"),
        (1, "", recorded.STATUS_NO_SOCKET, "no such file or directory"),
        (0, "Version: v1.34.2+k0s.0\n", "", "no answer that can be read"),
    ],
)
def test_what_is_wrong_by_k0s_status(code: int, out: str, err: str, found: str) -> None:
    assert found in status.judged(code, out, err)
    assert bool(status.judged(code, out, err)) is bool(found)


def test_flags_of_a_unit_that_k0s_wrote() -> None:
    flags = read_flags(recorded.CONTROLLER_UNIT, "k0scontroller.service")
    assert flags["kubelet-extra-args"] == "--max-pods=60 --v=2"
    assert flags["labels"] == "rig/idx=60,tier=edge"
    assert flags["single"] == "true"


def test_our_unit_says_what_that_of_k0s_does() -> None:
    flags = read_flags(recorded.CONTROLLER_UNIT, "k0scontroller.service")
    text = render_unit(SERVER, "/usr/local/bin/k0s", "/run/k0s.env", flags)
    assert read_flags(text, "k0scontroller.service") == flags
    theirs = {line for line in recorded.CONTROLLER_UNIT.splitlines() if "=" in line}
    ours = set(text.splitlines())
    left_out = {line for line in theirs - ours if not line.startswith("ExecStart=")}
    assert left_out == {"Description=k0s - Zero Friction Kubernetes"}


def test_flags_with_anything_in_them_are_read_back() -> None:
    flags = {
        "kubelet-extra-args": "--a=b --c=100%",
        "logging": "etcd=info,kubelet=1",
        "debug": "true",
    }
    assert read_flags(render_unit(AGENT, "/opt/bin/k0s", "/x", flags), "k0sworker.service") == flags


def test_accounts_made_for_k0s() -> None:
    found = look.accounts(recorded.PASSWD, "/var/lib/k0s")
    assert found == {"etcd": True, "kube-apiserver": True, "konnectivity-server": True}
    assert look.accounts("etcd:x:1:1::/var/lib/etcd:/bin/false\n", "/var/lib/k0s") == {
        "etcd": False
    }


def test_tokens() -> None:
    worker = token("kubelet-bootstrap")
    assert tokens.ident(worker) == "abc123"
    assert tokens.problem(worker, AGENT) == ""
    assert "not for a controller" in tokens.problem(worker, SERVER)
    assert tokens.problem(token("controller-bootstrap"), SERVER) == ""


@pytest.mark.parametrize(
    "text", ["", "secret", "K10abc::server:x", base64.b64encode(b"x").decode()]
)
def test_other_words_are_no_tokens_of_k0s(text: str) -> None:
    assert tokens.ident(text) == ""
    assert "no join token" in tokens.problem(text, AGENT)


class Patient(Host):
    """Time goes by only while it sleeps."""

    slept = 0.0

    def monotonic(self) -> float:
        return self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


def program(folder: Path, failures: int, message: str) -> list[str]:
    """A k0s that fails so often and gives a token then."""
    (folder / "left").write_text("x" * failures)
    path = folder / "k0s"
    path.write_text(
        f'#!/bin/sh\nleft=$(cat {folder}/left)\n[ -n "$left" ] || {{ echo given; exit 0; }}\n'
        f"printf %s \"${{left#x}}\" >{folder}/left\ncat >&2 <<'END'\n{message}\nEND\nexit 1\n"
    )
    path.chmod(0o755)
    return [str(path)]


def test_a_token_is_waited_for_while_the_controller_starts(tmp_path: Path) -> None:
    host = Patient()
    assert tokens.create(host, program(tmp_path, 3, recorded.NO_SOCKET), AGENT) == "given"
    assert host.slept == 3 * tokens.PAUSE


@pytest.mark.parametrize(
    ("message", "slept"), [(recorded.NO_SOCKET, tokens.START), (recorded.SINGLE_NODE, 0)]
)
def test_a_token_is_not_waited_for_in_vain(tmp_path: Path, message: str, slept: float) -> None:
    host = Patient()
    with pytest.raises(EdgeError, match="gave no token") as failure:
        tokens.create(host, program(tmp_path, 99, message), AGENT)
    assert failure.value.kind == "join"
    assert host.slept == slept


def test_a_program_that_is_about_to_be_made_executable_is_not_asked(tmp_path: Path) -> None:
    host, path = Host(str(tmp_path)), "/usr/local/bin/k0s"
    params = {"sha256": "", "config": base64.b64encode(b"spec: {}\n").decode()}
    step = Step(Phase.CHECK, "k0s_validate", path, "", params)
    host.write(path, b"#!/bin/sh\necho 'Error: no' >&2; exit 1\n", 0o644)
    validate.VERBS["k0s_validate"](host, step)
    host.chmod(path, 0o755)
    with pytest.raises(EdgeError, match="k0s refuses its configuration: no"):
        validate.VERBS["k0s_validate"](host, step)
