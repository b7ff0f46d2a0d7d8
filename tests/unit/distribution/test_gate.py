# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a failed gate tells of the unit's log."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._distribution import gate
from ansible_collections.lightk8s.edge.plugins.module_utils._host.host import Host

# journalctl --unit=k0scontroller.service --output=cat, k0s v1.34.2+k0s.0 on Debian 12, 2026-11-21
JOURNAL = [
    "Error: not an embedded asset: bin/containerd-shim.gz",
    "k0scontroller.service: Main process exited, code=exited, status=1/FAILURE",
    *[
        f"k0scontroller.service: Unit process {pid} (containerd-shim) remains running after unit stopped."
        for pid in range(20)
    ],
    "k0scontroller.service: Scheduled restart job, restart counter is at 3.",
]


def test_containers_that_live_on_do_not_hide_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = Host(root=str(tmp_path))
    monkeypatch.setattr(host, "journal", lambda unit, lines: JOURNAL)
    step = gate.step("k0scontroller.service", node="n1")
    message = gate.failure(host, step.target, "it ended").message
    assert message.splitlines()[1:] == [JOURNAL[0], JOURNAL[1], JOURNAL[-1]]
