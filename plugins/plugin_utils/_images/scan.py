# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate that images pass before they are staged: a command of the user's that looks at their content."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import time
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
    again, so that one scan serves all sites of a run. `limit`: seconds that the command may take.
    EdgeError: refused where it does not exit with 0, preflight where it does not start, artifact, io.
    """
    words = json.dumps([list(command), image.digest, image.manifest.digest])
    name = f"{image.manifest.digest[7:23]}-{hashlib.sha256(words.encode()).hexdigest()[:16]}"
    report, about = folder / f"{name}.txt", folder / f"{name}.json"
    with guarded(folder), locked(folder / f".{name}.lock", lambda: None):
        known = load_json(about)
        age = time.time() - float(known.get("ended", 0))
        if known.get("exit") == 0 and 0 <= age < fresh and report.exists():
            return report
        about.unlink(missing_ok=True)
        code = _run(image, command, report, limit)
        facts = {"image": image.reference, "digest": image.digest, "command": list(command)}
        save_json(about, {**facts, "exit": code, "ended": time.time()})
    if code != 0:
        raise EdgeError(
            f"{image.reference} did not pass {command[0]}, which ended with {code}: {_end(report)}",
            kind="refused",
            hint=f"the whole report is in {report}",
        )
    return report


def _run(image: Image, command: Sequence[str], report: Path, limit: float) -> int:
    """The exit status; the report appears complete."""
    staged = report.with_name(f".{report.name}.new")
    with TemporaryDirectory(dir=report.parent, prefix=".scan-") as scratch:
        layout = Path(scratch, "layout")
        write_layout(image, layout)
        try:
            with staged.open("wb") as out:
                code = subprocess.run(
                    [*command, str(layout)],
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    timeout=limit,
                    check=False,
                ).returncode
        except FileNotFoundError as error:
            raise EdgeError(
                f"the scanner does not start: {error}",
                kind="preflight",
                hint="install it on the controller, or correct its path",
            ) from error
        except subprocess.TimeoutExpired as error:
            raise EdgeError(
                f"{command[0]} took more than {limit:.0f} s for {image.reference}", kind="refused"
            ) from error
        finally:
            if staged.exists():
                place(staged, report)
            shutil.rmtree(layout, ignore_errors=True)
    return code


def _end(report: Path) -> str:
    return report.read_bytes().decode(errors="replace").strip()[-_SHOWN:]
