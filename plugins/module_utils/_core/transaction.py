# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several files changed as one: old or new after a power cut, with a way back.

Layout below /var/lib/lightk8s/tx: `new/N` (what is to be written), `old/N` (what was there),
`journal.json` (present from the moment all of that is on disk until the change is accepted or undone) and
`redo.sh` (present only while the files are a mixture; the unit lightk8s-recover.service runs it at boot
before the distribution starts).
"""

from __future__ import annotations

import binascii
import os
import typing as t

from .._host.host import Host
from .places import HOME
from .plan import Phase, Step
from .verbs import ARTIFACTS, COMMON, artifact_path

ROOM = f"{HOME}/tx"
JOURNAL = f"{ROOM}/journal.json"
REDO = f"{ROOM}/redo.sh"
RECOVER_UNIT = "lightk8s-recover.service"
RECOVER_FILE = f"/etc/systemd/system/{RECOVER_UNIT}"
FILE_VERBS = ("write", "place", "mode", "link", "remove")

REDO_HEAD = """#!/bin/sh
# Completes a change that was cut off. Every line may run again.
set -e
put() {
  mkdir -p "${2%/*}"
  cp "$1" "$2.lightk8s~"
  chmod "$3" "$2.lightk8s~"
  mv -f "$2.lightk8s~" "$2"
}
"""


def recover_text(services: t.Iterable[str]) -> str:
    """The unit that completes a change at boot, before the services it may be about."""
    return f"""# Written by lightk8s.edge: completes a change of files that a power cut has interrupted.
[Unit]
Description=Complete an interrupted change
DefaultDependencies=no
After=local-fs.target
Before={" ".join(services)} multi-user.target
ConditionPathExists={REDO}

[Service]
Type=oneshot
ExecStart=/bin/sh {REDO}

[Install]
WantedBy=multi-user.target
"""


def pending(host: Host) -> dict[str, t.Any]:
    """The journal of a change that was neither accepted nor undone; empty when there is none."""
    return host.read_json(JOURNAL)


def pending_steps(journal: t.Mapping[str, t.Any]) -> list[Step]:
    """The journal's steps that come after the files: they must run (again) before the change is whole."""
    return [
        Step(
            Phase(row["phase"]),
            row["verb"],
            row["target"],
            row["summary"],
            row["params"],
            starts=tuple(row.get("starts", ())),
            irreversible=bool(row.get("irreversible")),
        )
        for row in journal.get("steps", [])
    ]


class Transaction:
    """The file steps of one plan."""

    def __init__(self, host: Host, steps: t.Sequence[Step]) -> None:
        self.host = host
        self.files = [
            step for step in steps if step.phase == Phase.FILES and step.verb in FILE_VERBS
        ]
        self.later = [step for step in steps if step.phase > Phase.FILES]
        self.artifacts = {row["sha256"] for step in steps for row in step.artifacts}

    def commit(self, running: t.Sequence[str]) -> None:
        """Put all that is needed to go on or back on disk; `running`: what to restart on the way back."""
        former = pending(self.host)
        if not former:
            self._clear()
        undo = list(former.get("undo", []))
        known = {row["path"] for row in undo}
        for step in self.files:
            if step.target not in known:
                undo.append(self._save(step.target, len(undo)))
        for number, step in enumerate(self.files):
            if step.verb == "write":
                data = binascii.a2b_base64(step.params["data"])
                self.host.write(f"{ROOM}/new/{number}", data, 0o600)
        journal = {
            "artifacts": sorted({*former.get("artifacts", []), *self.artifacts}),
            "undo": undo,
            "running": former.get("running", list(running)),
            "steps": [
                {
                    "phase": int(step.phase),
                    "verb": step.verb,
                    "target": step.target,
                    "summary": step.summary,
                    "params": dict(step.params),
                    "starts": list(step.starts),
                    "irreversible": step.irreversible,
                }
                for step in self.later
            ],
        }
        self.host.write_json(JOURNAL, journal)
        if self.files:
            self.host.write(REDO, self._redo().encode(), 0o700)

    def write(self) -> None:
        """Change the files, then drop the script that would complete a mixture."""
        for step in self.files:
            COMMON[step.verb](self.host, step)
        self.host.remove(REDO)

    def undo(self) -> list[str]:
        """Put back what was there; gives the units that ran before."""
        journal = pending(self.host)
        for row in journal.get("undo", []):
            self._restore(row)
        self.host.remove(REDO)
        return [str(unit) for unit in journal.get("running", [])]

    def finish(self) -> None:
        """Accept or forget: nothing of the change stays behind but its effect."""
        # Not only this plan's: a change that was cut off may have placed its artifacts by itself.
        placed = pending(self.host).get("artifacts", [])
        self.host.remove(JOURNAL)
        self._clear()
        for digest in placed:
            self.host.remove(artifact_path(str(digest)))

    def _clear(self) -> None:
        self.host.remove_tree(ROOM)
        self.host.make_folder(ROOM, 0o700)

    def _save(self, path: str, number: int) -> dict[str, t.Any]:
        info = self.host.inspect(path)
        if info is None:
            return {"path": path, "kind": "absent"}
        if info.kind == "link":
            return {"path": path, "kind": "link", "to": info.target}
        saved = f"{ROOM}/old/{number}"
        self.host.make_folder(os.path.dirname(saved), 0o700)
        try:
            # A file that is replaced by rename keeps its old content under the second name.
            os.link(self.host.path(path), self.host.path(saved))
        except OSError:
            self.host.copy(path, saved, info.mode)
        return {"path": path, "kind": "file", "saved": saved, "mode": info.mode}

    def _restore(self, row: t.Mapping[str, t.Any]) -> None:
        if row["kind"] == "absent":
            self.host.remove(row["path"])
        elif row["kind"] == "link":
            self.host.link(row["path"], row["to"])
        else:
            self.host.put_back(row["saved"], row["path"], row["mode"])

    def _redo(self) -> str:
        import shlex  # for runs that change something

        lines = [REDO_HEAD]
        for number, step in enumerate(self.files):
            path = shlex.quote(step.target)
            if step.verb == "write":
                lines.append(f"put {ROOM}/new/{number} {path} {step.params['mode']:o}\n")
            elif step.verb == "place":
                source = f"{ARTIFACTS}/{step.params['sha256']}"
                lines.append(f"put {source} {path} {step.params['mode']:o}\n")
            elif step.verb == "mode":
                lines.append(f"chmod {step.params['mode']:o} {path}\n")
            elif step.verb == "link":
                lines.append(f"mkdir -p {shlex.quote(os.path.dirname(step.target))}\n")
                lines.append(f"ln -sfn {shlex.quote(step.params['to'])} {path}\n")
            else:
                lines.append(f"rm -f {path}\n")
        lines.append(f"sync\nrm -f {REDO}\nsystemctl daemon-reload\n")
        return "".join(lines)
