# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The system below an agent is upgraded: all that is its own stays, and another Python is there."""

from __future__ import annotations

import pytest
from bed.node import Node

from .conftest import MakeFleet
from .lib.distributions import K3S
from .lib.site import Site
from .sync_site import HOME, ask, set_up

pytestmark = pytest.mark.slow
OURS = "/var/lib/lightk8s /usr/local/bin/lightk8s-edge /etc/systemd/system/lightk8s-sync.*"
VERSION = ["python3", "-c", "import sys; print(sys.version_info[:2])"]
NODE = "shop-server1"


@pytest.fixture(scope="module")
def systems(make_fleet: MakeFleet) -> list[Node]:
    """The machine before its upgrade, with an agent, and after it."""
    fleets = [make_fleet("shop=server", suite=suite) for suite in ("bullseye", "trixie")]
    inputs = {"edge_mode": "offline", "edge_sync_interval_minutes": 1000}
    set_up(Site(fleets[0], K3S, {"edge_distribution": K3S.name, **inputs}))
    return [fleet.nodes[NODE] for fleet in fleets]


def test_an_upgrade_of_python_leaves_the_agent_running(systems: list[Node]) -> None:
    old, new = systems
    assert old.run(VERSION).stdout != new.run(VERSION).stdout
    old.run("systemctl start lightk8s-sync.service", timeout=300)
    before = ask(old, "status")
    old.run("systemctl stop lightk8s-sync.timer")
    raw = old.run(f"tar -C / -c {OURS} 2>/dev/null | base64 -w0").stdout
    new.write("/root/ours", raw)
    new.write("/etc/machine-id", old.run(["cat", "/etc/machine-id"]).stdout)  # it is one machine
    new.run("base64 -d /root/ours | tar -C / -x && systemctl daemon-reload")
    new.run("systemctl enable --now lightk8s-sync.timer && systemctl start lightk8s-sync.service")

    after = ask(new, "status")
    assert after["last_round"] > before["last_round"]
    assert after["queue"]["epoch"] == before["queue"]["epoch"]
    assert after["queue"]["last"] >= before["queue"]["last"] > 0
    assert new.run("systemctl is-failed lightk8s-sync.service", check=False).stdout != "failed\n"
    forms = new.run(f"ls {HOME}").stdout.split()
    assert len([name for name in forms if name.startswith("agent.zip.cpython-")]) == 2
