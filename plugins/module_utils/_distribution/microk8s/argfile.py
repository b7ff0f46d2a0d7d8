# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of arguments below `args`: one `--flag=value`, `--flag value` or `NAME=value` a line. Pure.

MicroK8s itself changes them line by line (at a join, by add-ons and hooks), so only the lines that the inputs ask
for are ours; all others stay as they are.
"""

from __future__ import annotations

import typing as t

Lines = t.Mapping[str, t.Optional[str]]  # None: the flag must not be there

# What starts anew when a file has changed.
KUBELITE = ("kubelet", "kube-apiserver", "kube-proxy", "kube-controller-manager", "kube-scheduler")
CONTAINERD = ("containerd", "containerd-env")
DATASTORE = ("k8s-dqlite", "k8s-dqlite-env")
NAMES = (*KUBELITE, *CONTAINERD, *DATASTORE)


def parse(line: str) -> tuple[str, str]:
    """(flag, value without quotes around it); two empty texts for a blank line or a comment."""
    text = line.strip()
    flag = text.split(None, 1)[0].partition("=")[0] if text else ""
    if not flag or flag.startswith("#"):
        return "", ""
    value = text[len(flag) :].lstrip()
    value = value[1:].lstrip() if value.startswith("=") else value
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return flag, value


def settings(text: str) -> dict[str, str]:
    """Every flag with its value; the last line counts."""
    found = dict(parse(line) for line in text.splitlines())
    found.pop("", None)
    return found


def merged(text: str, wanted: Lines) -> str:
    """The text with exactly these flags; lines that say the same already are not touched."""
    lines: list[str] = []
    seen: set[str] = set()
    for line in text.splitlines():
        flag, value = parse(line)
        if flag not in wanted:
            lines.append(line)
            continue
        wish = wanted[flag]
        if wish is not None and flag not in seen:
            lines.append(line if value == wish else f"{flag}={wish}")
        seen.add(flag)
    lines += [
        f"{flag}={wish}"
        for flag, wish in sorted(wanted.items())
        if wish is not None and flag not in seen
    ]
    return text if lines == text.splitlines() else "".join(f"{line}\n" for line in lines)
