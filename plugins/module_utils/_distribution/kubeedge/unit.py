# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The systemd units of KubeEdge, and the script that puts edgecore.yaml together. Pure.

The unit says what `keadm join` writes (v1.23.1), with what a site needs beside it: the order after
containerd, and after a change that a power cut has interrupted.
"""

from __future__ import annotations

import typing as t

from ..._core.transaction import RECOVER_UNIT
from ..service import MARK, word
from . import paths

STOP_SECONDS = 30


def render(program: str, binary: str, arguments: t.Sequence[str], before: str = "") -> str:
    """The unit's text; `before` is a command that runs ahead of each start."""
    after = f"network-online.target containerd.service {RECOVER_UNIT}"
    lines = [MARK, "[Unit]", f"Description=KubeEdge {program}"]
    lines += [f"After={after}", "Wants=network-online.target", "", "[Service]", "Type=simple"]
    lines += [f"ExecStartPre=/bin/sh {word(before)}"] if before else []
    lines += [f"ExecStart={' '.join(map(word, (binary, *arguments)))}"]
    # Containers outlive a restart of edgecore.
    lines += ["Restart=always", "RestartSec=10", "KillMode=process"]
    lines += [f"TimeoutStopSec={STOP_SECONDS}", "LimitNOFILE=1048576"]
    return "\n".join([*lines, "", "[Install]", "WantedBy=multi-user.target"]) + "\n"


def compose() -> bytes:
    """edgecore.yaml from its beginning and the kubelet's settings, anew at each start."""
    new = f"{paths.EDGE_CONFIG}.new"
    return f"""#!/bin/sh
{MARK}
# edgecore reads one file and no folder of drop-ins.
set -e
umask 077
rm -f {new}
cat {paths.EDGE_BASE} >{new}
for part in {paths.KUBELET_DROPINS}/*.conf; do
  if [ -f "$part" ]; then cat "$part" >>{new}; fi
done
mv -f {new} {paths.EDGE_CONFIG}
""".encode()


def composed(base: bytes, parts: t.Iterable[bytes]) -> bytes:
    """What the script writes."""
    return b"".join((base, *parts))
