# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Variables of MicroK8s' containerd and dqlite: a shell reads them, and they may hold passwords."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from ansible_collections.lightk8s.edge.plugins.module_utils._core.records import replace
from ansible_collections.lightk8s.edge.plugins.module_utils._core.resources import File, plan_paths
from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.microk8s import (
    paths,
    wishes,
)

from .bench import BARE, SPEC, given, settled


@pytest.mark.parametrize("secret", ["p", "p&x", "$HOME;`id`", "it's", 'a"b\\c#d'])
def test_a_shell_reads_a_proxy_as_it_was_given(secret: str, tmp_path: Path) -> None:
    """`run-containerd-with-args` sources the file."""
    url = f"http://u:{secret}@p:1"
    spec = replace(SPEC, proxy={"https_proxy": url})
    facts = settled(spec)
    file = tmp_path / "containerd-env"
    file.write_text(facts.config["files"]["containerd-env"]["text"], encoding="utf-8")
    words = ["sh", "-c", 'set -a; . "$0"; printenv HTTPS_PROXY', str(file)]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout == f"{url}\n"
    env = [w for w in wishes.wishes(spec, facts) if w.path.endswith("containerd-env")]
    assert [w.data.decode() for w in env if isinstance(w, File) and w.data] == [file.read_text()]
    bare = wishes.wishes(spec, BARE)
    launch = next(w.data for w in bare if isinstance(w, File) and w.path == paths.LAUNCH)
    told = yaml.safe_load(launch or b"")["extraContainerdEnv"]["HTTPS_PROXY"]
    assert f"HTTPS_PROXY={told}\n" in file.read_text()


def test_variables_are_not_shown_in_the_launch_configuration() -> None:
    for key, hidden in (("extraContainerdEnv", True), ("extraContainerdArgs", False)):
        flag = "A_KEY" if hidden else "--a-flag"
        spec = given(SPEC, extra_config={key: {flag: "some-word"}})
        file = [wish for wish in wishes.wishes(spec, BARE) if wish.path == paths.LAUNCH]
        assert ("some-word" not in str(plan_paths(file, {}).diff())) is hidden
