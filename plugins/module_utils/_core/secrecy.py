# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What of an object is secret, for all that carry objects or show them."""

from __future__ import annotations

PARTS = ("data", "stringData")  # of a Secret
SHORTEST = 6  # a secret of fewer characters is a word like any other, and shown nowhere
