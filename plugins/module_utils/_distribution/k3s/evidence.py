# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a node can tell of its cluster's token, without the token leaving it. Reads only.

A server keeps the token that is in force. An agent keeps none but the file that we gave it, so a note
beside the receipt, a keyed digest, tells whether that file still holds what the agent joined with.
"""

from __future__ import annotations

import typing as t

from ..._core.places import TOKEN_NOTE
from ..._host.host import Host
from ..spec import SERVER, Spec
from . import found, paths
from .tokens import alike, is_note, is_noted


def of_token(host: Host, spec: Spec, data: str, config: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The facts `token`, `token_file`, `known_token` and `token_note`."""
    ours = host.read_text(paths.TOKEN_FILE).strip()
    there = host.inspect(paths.TOKEN_FILE) is not None
    if spec.role == SERVER:
        known = host.read_text(f"{data}/server/token").strip()
        return {
            "token": _compare(spec, known, alike(known, spec.token or "")),
            "token_file": there and (not known or alike(ours, known)),
            "known_token": known,
        }
    note = read_note(host)
    wanted = spec.token or ""
    right = there and (not note or is_noted(note, ours))
    return {
        "token": _compare(spec, ours, alike(ours, wanted) or is_noted(note, wanted)),
        "token_file": right,
        "known_token": found.token(host, config) if right or not there else "",
        "token_note": note,
    }


def read_note(host: Host) -> str:
    """The note; empty where there is none or it is damaged, which makes it evidence of nothing."""
    text = host.read_text(TOKEN_NOTE).strip()
    return text if is_note(text) else ""


def agent_may_start(host: Host) -> bool:
    """Whether the token file of this agent is what it joined with, as far as can be known."""
    note = read_note(host)
    ours = host.read_text(paths.TOKEN_FILE).strip()
    return bool(ours) and (not note or is_noted(note, ours))


def _compare(spec: Spec, known: str, same: bool) -> str:
    """See Facts.token."""
    if not known:
        return ""
    if not spec.token:
        return "unknown"
    return "same" if same else "different"
