# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Channels: names such as `stable` or `v1.34` that point to a version and move."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.cache import (
    load_json,
    locked,
    save_json,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.mirrors import (
    Mirror,
    redacted,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.names import ReleaseNames
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.progress import human_time
from ansible_collections.lightk8s.edge.plugins.plugin_utils._releases.transport import (
    Patience,
    SourceError,
    read_text,
)

_LIMIT = 4 << 20
# All hosts of a run should get the same answer, and a fleet should not ask hundreds of times.
_FRESH = 3600.0
# With a known answer at hand, a mirror that was away is not waited for again so soon.
_REST = 600.0


def parse_channels(text: str, is_tag: Callable[[str], bool]) -> dict[str, str]:
    """Channel -> tag from a channel server's JSON: `data`, a list of {id, name, latest}.

    A document that is one tag alone names the channel stable. A channel may point to nothing yet; it is
    left out. Raises ValueError.
    """
    if is_tag(text.strip()):
        return {"stable": text.strip()}
    document = json.loads(text)
    entries = document.get("data") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError("there is no list 'data' in it")
    found: dict[str, str] = {}
    for entry in entries:
        latest = entry.get("latest") if isinstance(entry, dict) else None
        if isinstance(latest, str) and is_tag(latest):
            found.update({str(entry[key]): latest for key in ("id", "name") if entry.get(key)})
    if not found:
        raise ValueError("no channel in it points to a version")
    return found


class Channels:
    """The channel documents of the mirrors, kept in `<folder>/channels.json` with their time."""

    def __init__(
        self,
        folder: Path,
        mirrors: Sequence[Mirror],
        names: ReleaseNames,
        *,
        patience: Patience,
        clock: Callable[[], float],
        warn: Callable[[str], None],
    ) -> None:
        self._path = folder / "channels.json"
        self._sources = {redacted(mirror.channels): mirror.channels for mirror in mirrors}
        self._names = names
        self._patience = patience
        self._clock = clock
        self._warn = warn

    def resolve(self, channel: str) -> str:
        """The tag a channel points to. Raises EdgeError (release)."""
        spellings = (channel, f"v{channel}")
        kept = load_json(self._path)
        if next(self._due(kept, spellings), None) is not None:
            with locked(self._path.with_name(".channels.lock"), lambda: None):
                kept = load_json(self._path)
                for label in self._due(kept, spellings):
                    self._ask(label, kept)
                    save_json(self._path, kept)
        knowing = [label for label in self._sources if self._tag(kept, label, spellings)]
        for label in knowing:
            if self._within(kept, label, "time", _FRESH):
                return self._tag(kept, label, spellings)
        if not knowing:
            raise self._unknown(channel, kept)
        tag = self._tag(kept, knowing[0], spellings)
        self._warn_of_age(channel, tag, knowing[0], kept)
        return tag

    def _due(self, kept: Mapping[str, Any], spellings: Sequence[str]) -> Iterator[str]:
        """The sources to be asked now; each one's answer is expected in `kept` before the next.

        A channel that nobody knows is asked for each time: whoever mends a mirror must not have
        to wait until an hour has passed.
        """
        known = any(self._tag(kept, label, spellings) for label in self._sources)
        for label in self._sources:
            rested = self._within(kept, label, "time", _FRESH) or self._within(
                kept, label, "tried", _REST
            )
            if not known or not rested:
                yield label
            if self._within(kept, label, "time", _FRESH) and self._tag(kept, label, spellings):
                return

    def _ask(self, label: str, kept: dict[str, Any]) -> None:
        try:
            text = read_text(self._sources[label], self._patience, limit=_LIMIT)
            kept[label] = {"time": self._clock(), "channels": self._parse(text)}
        except SourceError as error:
            tried = {"tried": self._clock(), "reason": str(error)}
            kept[label] = {**_entry(kept, label), **tried}

    def _tag(self, kept: Mapping[str, Any], label: str, spellings: Sequence[str]) -> str:
        channels = _channels(kept, label)
        tag = next((channels[name] for name in spellings if name in channels), "")
        return tag if self._names.is_tag(tag) else ""

    def _parse(self, text: str) -> dict[str, str]:
        try:
            return parse_channels(text, self._names.is_tag)
        except ValueError as error:
            raise SourceError(f"is not a channel document: {error}", again=False) from None

    def _within(self, kept: Mapping[str, Any], label: str, key: str, span: float) -> bool:
        at = _entry(kept, label).get(key)
        return isinstance(at, (int, float)) and 0 <= self._clock() - at < span

    def _warn_of_age(self, channel: str, tag: str, label: str, kept: Mapping[str, Any]) -> None:
        entry = _entry(kept, label)
        age = human_time(max(0.0, self._clock() - float(entry.get("time", 0))))
        self._warn(
            f"channel {channel} is taken to be {tag}, as {label} said {age} ago; asking again"
            f" failed: {entry.get('reason')}"
        )

    def _unknown(self, channel: str, kept: Mapping[str, Any]) -> EdgeError:
        known: list[str] = []
        said = ""
        for label in self._sources:
            known += [name for name in _channels(kept, label) if name not in known]
            reason = _entry(kept, label).get("reason")
            said += f"; {label}: {reason}" if reason else ""
        listed = f"; known channels: {', '.join(known)}" if known else ""
        return EdgeError(
            f"{channel!r} is neither a version of {self._names.distribution} nor a known"
            f" channel{listed}{said}",
            kind="release",
            hint=f"Give an exact version such as {self._names.tag_example} (quoted in YAML), or a"
            " channel that a mirror's 'channels' document names.",
        )


def _entry(kept: Mapping[str, Any], label: str) -> dict[str, Any]:
    entry = kept.get(label)
    return entry if isinstance(entry, dict) else {}


def _channels(kept: Mapping[str, Any], label: str) -> dict[str, str]:
    channels = _entry(kept, label).get("channels")
    if not isinstance(channels, dict):
        return {}
    return {name: tag for name, tag in channels.items() if isinstance(tag, str)}
