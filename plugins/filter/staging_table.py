# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What staging images costs, by site, as lines. Its documentation: staging_table.yml beside it."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

Row = t.Mapping[str, t.Any]
_HEAD = ("SITE", "NODES", "IMAGES", "FULL", "SENT", "RATIO", "TIME AT CAP")


def staging_table(results: t.Any, places: t.Any) -> list[str]:
    """A line for each site, then why nodes failed."""
    if not isinstance(results, t.Mapping) or not isinstance(places, t.Mapping):
        raise AnsibleFilterError("staging_table wants results by host name, and edge_topology")
    sites: dict[str, list[Row]] = {}
    notes = []
    for host, result in results.items():
        found = result if isinstance(result, t.Mapping) else {}
        sites.setdefault(str((places.get(host) or {}).get("site") or host), []).append(found)
        if found.get("failed") or found.get("unreachable"):
            notes.append(f"{host}: {' '.join(str(found.get('msg')).split())[:300]}")
    rows = [_HEAD, *(_row(site, nodes) for site, nodes in sorted(sites.items()))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return [*lines, *notes]


def _row(site: str, nodes: t.Sequence[Row]) -> tuple[str, ...]:
    staged = [node["staging"] for node in nodes if isinstance(node.get("staging"), t.Mapping)]
    full = sum(int(item.get("full") or 0) for item in staged)
    sent = _sent(nodes)
    images = {str(row.get("name")) for item in staged for row in item.get("images") or ()}
    rates = [float(item["limit"]) for item in staged if item.get("limit")]
    ratio = f"{full / sent:.1f}" if sent else "-"
    time = f"{sent / min(rates):.0f} s" if rates else "-"
    return site, str(len(nodes)), str(len(images)), _size(full), _size(sent), ratio, time


def _sent(nodes: t.Sequence[Row]) -> int:
    """Bytes over the site's uplink: those that went, or, in check mode, would go."""
    total = 0
    shared: dict[str, int] = {}
    for node in nodes:
        staging = node.get("staging") or {}
        if "transfer" in node:
            total += int(node["transfer"]["bytes"])
        elif "bytes_to_send" in node:
            # Neighbours take from each other what only one of them is sent.
            lent = {str(key): int(size) for key, size in (staging.get("lent") or {}).items()}
            shared.update(lent)
            total += int(staging.get("sent") or 0) - sum(lent.values())
    return total + sum(shared.values())


def _size(count: int) -> str:
    return f"{count / 1e6:.2f} MB" if count >= 10_000 else f"{count} B"


class FilterModule:
    """The filter for Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """By name."""
        return {"staging_table": staging_table}
