# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one error tree. Everything that is expected to go wrong ends as an EdgeError with a kind."""

from __future__ import annotations

KINDS = (
    "spec",  # the wish itself is wrong: unknown key, malformed value, settings that exclude each other
    "refused",  # the wish is clear, but carrying it out would harm (downgrade, quorum, immutable setting)
    "preflight",  # the machine cannot bear it: memory, port, kernel, mount
    "release",  # a version, channel or mirror could not be resolved
    "artifact",  # bytes are missing, damaged or not those that were promised
    "command",  # a program on the node failed
    "api",  # the Kubernetes API answered with an error or not at all
    "certificate",  # a certificate has expired or is not trusted
    "join",  # no living server to join, or the token was refused
    "health",  # the node did not become healthy in time
    "rolled_back",  # the change failed and the former state is back and healthy
    "not_converged",  # applied without an error, yet a second look still finds work
    "busy",  # another run holds the node's lock
    "io",  # a file could not be read or written
    "internal",  # a fault of ours
)


class EdgeError(Exception):
    """An expected failure that a person can act on.

    `kind` is one of KINDS. `hint` says what to do. `site` and `step` are filled in by the engine
    where the raiser does not know them.
    """

    def __init__(
        self, message: str, *, kind: str, hint: str = "", site: str = "", step: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind if kind in KINDS else "internal"
        self.hint = hint
        self.site = site
        self.step = step

    def failure(self) -> dict[str, str]:
        """The `failure` key of a module's result."""
        return {
            "kind": self.kind,
            "message": self.message,
            "hint": self.hint,
            "site": self.site,
            "step": self.step,
        }


class NeedsRelease(EdgeError):
    """The node needs a release that the run was not given: `version`, where that is known."""

    def __init__(self, message: str, version: str = "") -> None:
        super().__init__(
            message,
            kind="release",
            hint="make a mirror reachable, or fill the release cache of the controller",
        )
        self.version = version


class NeedsArtifacts(EdgeError):
    """The node lacks artifacts; `needs` lists them as {sha256, name, size} mappings."""

    def __init__(self, needs: list[dict[str, object]]) -> None:
        names = ", ".join(sorted(str(need["name"]) for need in needs))
        super().__init__(
            f"the node lacks {names}",
            kind="artifact",
            hint="run the module through its action plugin, or place the files under"
            " /var/lib/lightk8s/artifacts/<sha256>",
        )
        self.needs = needs
