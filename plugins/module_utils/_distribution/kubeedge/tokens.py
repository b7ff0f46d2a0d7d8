# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens of cloudcore: the digest of its authority, a dot, and a JSON web token (v1.23.1 seen running). Pure.

A token is good for a day and made anew every twelve hours and with each start of cloudcore, so one is never
compared with another.
"""

from __future__ import annotations

import re

_FORM = r"[0-9a-f]{64}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\Z"


def looks_right(token: str) -> bool:
    """Whether cloudcore may have made it."""
    return re.match(_FORM, token.strip()) is not None
