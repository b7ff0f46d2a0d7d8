# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading a K3s that something else has set up: unit, environment files, configuration. Changes nothing."""

from __future__ import annotations

import typing as t

from ..._core.errors import EdgeError
from ..._host.host import Host
from . import paths
from .config import read_config
from .unit import MARK, environment, environment_files, exec_start, parse_env, parse_unit

if t.TYPE_CHECKING:
    from .adopt import Effective

YAML = (".yaml", ".yml")


def configuration(host: Host, path: str = paths.CONFIG) -> dict[str, t.Any]:
    """A configuration file and its drop-ins, merged as K3s merges them; EdgeError(kind=spec)."""
    folder = f"{path}.d"
    names = [name for name in host.names(folder) if name.lower().endswith(YAML)]
    dropins = [(name, host.read_text(f"{folder}/{name}")) for name in names]
    try:
        main = host.read_text(path) if host.inspect(path) else None
        return dict(read_config(main, dropins))
    except EdgeError as exc:
        raise EdgeError(
            f"the K3s configuration on this node cannot be read: {exc.message}",
            kind="spec",
            hint=f"mend or remove {path} and its drop-ins",
        ) from exc


def installation(host: Host, unit: str) -> Effective | None:
    """What a unit that others wrote starts K3s with; None where there is none, or it is ours."""
    text = host.read_text(f"{paths.UNITS}/{unit}")
    if not text or text.startswith(MARK):
        return None
    from .adopt import config_path, effective  # no-change runs end above, and loading takes time

    folder = f"{paths.UNITS}/{unit}.d"
    dropins = [host.read_text(f"{folder}/{name}") for name in host.names(folder)]
    parsed = parse_unit(text, *dropins)
    variables = environment(parsed)
    for path, dummy in environment_files(parsed, unit):
        variables.update(parse_env(host.read_text(path)))
    argv = exec_start(parsed, unit, variables)
    return effective(argv, variables, configuration(host, config_path(argv, variables)))


def token(host: Host, values: t.Mapping[str, t.Any]) -> str:
    """The token that an installation was given; a file wins over a value, as in K3s."""
    path = str(values.get("token-file") or "")
    return (host.read_text(path) if path else str(values.get("token") or "")).strip()
