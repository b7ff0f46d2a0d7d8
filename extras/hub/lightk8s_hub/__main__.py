# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""python -m lightk8s_hub SETTINGS serve | token ROLE [SITE] | revoke ROLE [SITE]"""

from __future__ import annotations

import argparse
import sys

from . import access, serve
from .tables import opened


def main(arguments: list[str]) -> int:
    """The command line; a new token goes to the standard output and nowhere else."""
    parser = argparse.ArgumentParser(prog="lightk8s_hub", description="Receiver of edge sites")
    parser.add_argument("settings", help="file of settings (TOML, 0600)")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="answer sites")
    for name, what in (("token", "issue a token"), ("revoke", "take tokens back")):
        command = commands.add_parser(name, help=what)
        command.add_argument("role", choices=access.ROLES)
        command.add_argument("site", nargs="?", default="")
    given = parser.parse_args(arguments)
    try:
        settings = serve.Settings.read(given.settings)
    except (OSError, ValueError, TypeError) as exc:
        parser.error(str(exc))
    if given.command == "serve":
        serve.server(settings).run()
        return 0
    if (given.role == "site") != bool(given.site):
        parser.error("a site's token names the site, and no other does")
    engine = opened(settings.database)
    act = access.issue if given.command == "token" else access.revoke
    sys.stdout.write(f"{act(engine, given.role, given.site)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
