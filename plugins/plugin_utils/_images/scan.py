# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate that images pass before they are staged: a command of the user's that looks at their content."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
import typing as t
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.export import write_layout
from ansible_collections.lightk8s.edge.plugins.plugin_utils._images.model import Image
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.cache import (
    guarded,
    load_json,
    locked,
    place,
    save_json,
)

_SHOWN = 600  # characters of a report that are shown where it is bad


def scanned(
    image: Image,
    command: Sequence[str],
    folder: Path,
    *,
    fresh: float = 3600.0,
    limit: float = 1800.0,
) -> Path:
    """Run `command` with an OCI layout of `image` as its last argument; what it printed is kept.

    Returns the report, a text below `folder`. A good one that is less than `fresh` seconds old serves
    again, so that one scan serves all sites of a run; who has waited for another's takes that as it is.
    `limit`: seconds that the command may take.
    EdgeError: refused where it does not exit with 0, preflight where it does not start, artifact, io.
    """
    asked = time.time()
    words = json.dumps([list(command), image.digest, image.manifest.digest])
    name = f"{image.manifest.digest[7:23]}-{hashlib.sha256(words.encode()).hexdigest()[:16]}"
    report, about = folder / f"{name}.txt", folder / f"{name}.json"
    with guarded(folder), locked(folder / f".{name}.lock", lambda: None):
        known = load_json(about)
        age = time.time() - float(known.get("ended", 0))
        good = known.get("exit") == 0 and 0 <= age < fresh
        if good and report.exists():
            return report
        if "exit" in known and 0 <= age <= time.time() - asked and report.exists():
            code = known["exit"]
        else:
            about.unlink(missing_ok=True)
            code = _run(image, command, report, limit)
            facts = {"image": image.reference, "digest": image.digest, "command": list(command)}
            save_json(about, {**facts, "exit": code, "ended": time.time()})
    if code != 0:
        said = f"took more than {limit:.0f} s" if code is None else f"ended with {code}"
        raise EdgeError(
            f"{image.reference} did not pass {command[0]}, which {said}: {_end(report)}",
            kind="refused",
            hint=f"the whole report is in {report}",
        )
    return report


def _run(image: Image, command: Sequence[str], report: Path, limit: float) -> int | None:
    """The exit status, None where it took too long; the report appears complete."""
    staged = report.with_name(f".{report.name}.new")
    with TemporaryDirectory(dir=report.parent, prefix=".scan-") as scratch:
        layout = Path(scratch, "layout")
        write_layout(image, layout)
        try:
            with staged.open("wb") as out:
                return _ended([*command, str(layout)], out, limit)
        finally:
            if staged.exists():
                place(staged, report)
            shutil.rmtree(layout, ignore_errors=True)


def _ended(words: Sequence[str], out: t.BinaryIO, limit: float) -> int | None:
    """The exit status; None where it and all that it has started had to be killed."""
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise EdgeError(
            f"the scanner does not start: {error}",
            kind="preflight",
            hint="install it on the controller, or correct its path",
        ) from error
    with process:
        try:
            return process.wait(limit)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def _end(report: Path) -> str:
    """The last of it, in one line that a terminal can show."""
    with report.open("rb") as file:
        file.seek(max(0, report.stat().st_size - _SHOWN))
        text = file.read().decode(errors="replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
