# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What systemd and a shell start the agent by. Pure."""

from __future__ import annotations

from . import places

LONGEST_DELAY = 300
HEAD = "# Written by lightk8s.edge.\n"
FALLBACK = "/usr/libexec/platform-python"  # of systems whose own Python is not in the path


def launcher(python: str) -> bytes:
    """A program that finds a Python: the one that set the agent up may be gone after an upgrade of the system.

    Positions within lines, which tracebacks of Python 3.11 and newer show, are half a megabyte in memory.
    """
    return f"""#!/bin/sh
{HEAD}for python in {python} python3 /usr/bin/python3 {FALLBACK}; do
  if "$python" -I -S -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then
    exec "$python" -I -S -X no_debug_ranges {places.CODE} "$@"
  fi
done
echo "{places.COMMAND}: no Python 3.9 or newer was found" >&2
exit 127
""".encode()


def service(online: bool) -> bytes:
    """Rounds by a timer, or a service that runs them."""
    if online:
        how = f"Type=simple\nExecStart=/bin/sh {places.LAUNCHER} serve\nRestart=always\nRestartSec=10\n"
        install = "\n[Install]\nWantedBy=multi-user.target\n"
    else:
        how = f"Type=oneshot\nExecStart=/bin/sh {places.LAUNCHER} run\n"
        install = ""
    return f"""{HEAD}[Unit]
Description=Agent of the edge site
After=network.target
ConditionPathExists={places.SETTINGS}

[Service]
{how}Nice=5
UMask=0077
KillMode=mixed
{install}""".encode()


def timer(minutes: int) -> bytes:
    """A round every so many minutes, spread a little so that sites do not come all at once."""
    return f"""{HEAD}[Unit]
Description=Rounds of the edge site's agent

[Timer]
OnBootSec=1min
OnActiveSec=10s
OnUnitInactiveSec={minutes}min
RandomizedDelaySec={min(minutes * 6, LONGEST_DELAY)}s
AccuracySec=1s

[Install]
WantedBy=timers.target
""".encode()
