# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the table of docs/guides/distributions.md from what the adapters say of the inputs.

`write` brings the page up to date; `check` fails where it is not.
"""

from __future__ import annotations

import sys
import typing as t
from itertools import groupby

from collection_tree import REPOSITORY, link_tree

PAGE = REPOSITORY / "docs/guides/distributions.md"
BEGIN = "<!-- From here to the end mark: tools/inputs_table.py write -->\n"
END = "<!-- End of the table -->\n"


def cell(entry: t.Any) -> str:
    """What an input becomes on one distribution."""
    parts = [entry.becomes] if entry.becomes else []
    for refusal in entry.refusals:
        what = f"{refusal.shown} is refused" if refusal.shown else "refused"
        where = f" on {refusal.role}s" if refusal.role else ""
        parts.append(f"{what}{where}: {refusal.reason}")
    return "; ".join(parts).replace("|", "\\|")


def row(cells: t.Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def table() -> str:
    """The table, in the order of the module's options; neighbours that read alike share a row."""
    from ansible_collections.lightk8s.edge.plugins.module_utils._distribution import registry
    from ansible_collections.lightk8s.edge.plugins.module_utils._distribution.inputs import COMMON
    from ansible_collections.lightk8s.edge.plugins.module_utils._doors.edge_site import ARGS

    tables = [registry.inputs_of(name) for name in registry.NAMES]
    told = {
        option: tuple(cell(entries[option]) for entries in tables)
        for option in ARGS["argument_spec"]
        if all(option in entries for entries in tables)
    }
    lines = [row(("Input", *registry.NAMES)), row(["---"] * (len(tables) + 1))]
    for cells, options in groupby(told, key=told.__getitem__):
        lines.append(row((", ".join(f"`edge_{option}`" for option in options), *cells)))
    common = ", ".join(f"`edge_{option}`" for option in sorted(COMMON))
    return "\n".join([*lines, "", f"No adapter has a say in {common}.", ""])


def page(before: str) -> str:
    """The page with the table put in."""
    head, mark, rest = before.partition(BEGIN)
    _former, end, tail = rest.partition(END)
    if not mark or not end:
        raise SystemExit(f"{PAGE} has no place for the table")
    return f"{head}{BEGIN}\n{table()}\n{END}{tail}"


def main(arguments: list[str]) -> int:
    if arguments not in (["write"], ["check"]):
        print("usage: inputs_table.py write | check", file=sys.stderr)
        return 2
    sys.path.insert(0, str(link_tree()))
    before = PAGE.read_text(encoding="utf-8")
    after = page(before)
    if arguments == ["write"]:
        PAGE.write_text(after, encoding="utf-8")
    elif after != before:
        print(f"{PAGE} is not what the adapters say: run tools/inputs_table.py write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
