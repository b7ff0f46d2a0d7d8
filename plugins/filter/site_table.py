# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A table of nodes from the results of edge_info. Its documentation: site_table.yml beside it."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

COLUMNS = (
    "SITE",
    "NODE",
    "ROLE",
    "VERSION",
    "READY",
    "PODS",
    "MEMORY",
    "CERTIFICATES",
    "DATASTORE",
)
Report = t.Mapping[str, t.Any]


def site_table(reports: t.Mapping[str, Report], sites: Report | None = None) -> list[str]:
    """Lines of text: a head, and one line per host, by site."""
    if not isinstance(reports, t.Mapping):
        raise AnsibleFilterError("site_table wants a mapping of host names to results of edge_info")
    places = sites or {}
    seen = _seen(reports)
    rows = sorted(
        _row(name, report, places.get(name) or {}, seen) for name, report in reports.items()
    )
    widths = [max(len(row[column]) for row in (COLUMNS, *rows)) for column in range(len(COLUMNS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (COLUMNS, *rows)
    ]
    return lines + _refusals(places) + _notes(reports)


def _seen(reports: t.Mapping[str, Report]) -> dict[tuple[str, str], Report]:
    """Nodes as the servers of their sites see them, by site and name."""
    infos = [report.get("info") or {} for report in reports.values()]
    return {(info["site"], node["name"]): node for info in infos for node in info.get("nodes", ())}


def _row(
    name: str, report: Report, place: Report, seen: t.Mapping[tuple[str, str], Report]
) -> tuple[str, ...]:
    info = report.get("info") or {}
    site = str(info.get("site") or place.get("site") or "-")
    role = str(info.get("role") or place.get("role") or "-")
    if not info:
        state = "unreachable" if report.get("unreachable") else "no report"
        return (site, name, role, "-", state, "-", "-", "-", "-")
    usage = info["usage"]
    pods = info.get("pods")
    return (
        site,
        name,
        role,
        str(info["version"] or "-"),
        _ready(info, seen.get((site, str(info.get("node_name"))))),
        str(pods["running"]) if pods else "-",
        f"{usage['memory_used_mb']}/{usage['memory_mb']} MiB",
        _days(info["certificates"]),
        _datastore(info["datastore"]),
    )


def _ready(info: Report, seen: Report | None) -> str:
    """`seen` is the Node by a server's word, which counts where the node itself has no way to the API."""
    service, api, node = info["service"]["state"], info["api"]["state"], info.get("node")
    if service != "running":
        return str(service)
    if api == "none" and seen is not None:
        node = seen
    elif api != "ok":
        return "certificates expired" if api == "expired" else "no API"
    elif not info.get("node_name", "-"):
        return "-"  # works for a cluster, and is no Node of it
    if node is None:
        return "no Node"
    return "yes" if node["ready"] else f"no ({str(node['reason']).partition(':')[0]})"


def _days(certificates: Report) -> str:
    days, authority = certificates.get("days"), certificates.get("authority_days")
    if authority is not None and (authority < 0 or days is None or authority < days):
        return f"authority {_lasting(authority)}"
    return "-" if days is None else _lasting(days)


def _lasting(days: int) -> str:
    return f"{days} days" if days >= 0 else f"expired {-days} days ago"


def _datastore(found: Report) -> str:
    if not found:
        return "-"
    size = found.get("bytes")
    return str(found["kind"]) if size is None else f"{found['kind']} {size / (1 << 20):.1f} MiB"


def _refusals(places: Report) -> list[str]:
    """Sites that are put together wrongly."""
    found = {
        str(place["site"]): place["refusal"] for place in places.values() if "refusal" in place
    }
    return [f"site {site}: {why['message']} ({why['hint']})" for site, why in sorted(found.items())]


def _notes(reports: t.Mapping[str, Report]) -> list[str]:
    """What needs more than a cell: why a host is away, and Nodes and hosts that do not match."""
    notes = []
    for name, report in sorted(reports.items()):
        info = report.get("info") or {}
        if not info and report.get("msg"):
            notes.append(f"{name}: {' '.join(str(report['msg']).split())[:200]}")
        site = info.get("site") or name
        notes += [
            f"{site}: Node {node} is in no inventory" for node in info.get("unknown_nodes", ())
        ]
        notes += [f"{site}: {host} has no Node" for host in info.get("missing_nodes", ())]
    return list(dict.fromkeys(notes))


class FilterModule:
    """The filter for Ansible."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """By name."""
        return {"site_table": site_table}
