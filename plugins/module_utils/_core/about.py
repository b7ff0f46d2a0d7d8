# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which version of the collection this code is."""

from __future__ import annotations

VERSION = "0.1.0"
AGENT = f"lightk8s-edge/{VERSION}"  # how it names itself over HTTP
