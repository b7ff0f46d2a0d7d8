# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""python -m lightk8s_hub SETTINGS serve | token ROLE [SITE] | revoke ROLE [SITE]"""

from __future__ import annotations

import argparse
import sys
from ssl import SSLError

from sqlalchemy import exc, make_url

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
    except (OSError, ValueError) as error:
        parser.error(str(error))
    if given.command != "serve" and (given.role == "site") != bool(given.site):
        parser.error("a site's token names the site, and no other does")
    try:
        return _run(given, settings)
    except (OSError, ValueError, exc.SQLAlchemyError) as error:
        told = str(getattr(error, "orig", None) or error).strip()
        sys.stderr.write(f"lightk8s_hub: {_place(error, settings)}{told}\n")
        return 1


def _run(given: argparse.Namespace, settings: serve.Settings) -> int:
    if given.command == "serve":
        server = serve.server(settings)
        try:
            server.config.load()
        except SSLError as error:
            files = ", ".join(
                filter(None, (settings.certificate, settings.key, settings.client_ca))
            )
            raise ValueError(f"{files} are no certificate with its key: {error}") from error
        server.run()
        return 0 if server.started else 1
    engine = opened(settings.database)
    act = access.issue if given.command == "token" else access.revoke
    sys.stdout.write(f"{act(engine, given.role, given.site)}\n")
    return 0


def _place(error: Exception, settings: serve.Settings) -> str:
    """Which database does not answer; its password stays hidden."""
    shown = make_url(settings.database).render_as_string(hide_password=True)
    return f"{shown}: " if isinstance(error, exc.SQLAlchemyError) else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
