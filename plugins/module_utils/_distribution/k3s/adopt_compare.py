# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Comparing what a found K3s runs with against what we would write."""

from __future__ import annotations

from collections.abc import Mapping

from ..._core.records import dataclass, field
from .config import Value, default_value
from .flags import SERVER, Flag, lookup
from .networks import same_ranges

_TOKENS = ("token", "token-file")
_AGENT_TOKENS = ("agent-token", "agent-token-file")
# Heeded at the first start only: with the cluster's data on disk they say nothing any more.
_FIRST_START = ("cluster-init", "server")


@dataclass(frozen=True)
class Effective:
    """What a K3s runs with. `values` has long names and no defaults."""

    role: str
    values: Mapping[str, Value] = field(repr=False)
    sources: Mapping[str, str]  # name -> command, file or environment
    environment: Mapping[str, str] = field(repr=False)  # variables that set no flag
    unknown: tuple[str, ...] = ()  # keys that this K3s skips or that we do not know
    # Lists set by command and file alike: documented to replace, made to add.
    ambiguous: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """A flag that differs; values of secret flags are masked."""

    name: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.name}: {self.before or 'unset'} -> {self.after or 'unset'}"


@dataclass(frozen=True)
class AdoptionReport:
    """The flags of an installation against those we would write."""

    kept: tuple[str, ...]
    changed: tuple[Change, ...]
    dropped: tuple[Change, ...]
    added: tuple[Change, ...]
    unclear: tuple[str, ...] = ()

    @property
    def refusals(self) -> tuple[str, ...]:
        """A sentence for each flag that adopting would lose; empty when it may go on."""
        return (
            *(f"{change.name} would be dropped; it is {change.before}" for change in self.dropped),
            *(
                f"{change.name} would change from {change.before} to {change.after}"
                for change in self.changed
            ),
            *self.unclear,
        )


def compare(
    found: Effective,
    rendered: Mapping[str, Value],
    *,
    environment: Mapping[str, str] | None = None,
    initialized: bool = True,
) -> AdoptionReport:
    """What our configuration does to an installation's flags.

    Equal in effect counts as kept: defaults written out, order of lists without one, spelling. The
    content of tokens is compared by who may read them; here only whether there is one. With the
    cluster's data on disk (`initialized`), what only the first start of a server heeds is kept.
    """
    kept: list[str] = []
    parts: dict[str, list[Change]] = {"changed": [], "dropped": [], "added": []}
    for name in dict.fromkeys((*found.values, *rendered)):
        if _kept(name, found, rendered, initialized):
            kept.append(name)
            continue
        change = _change(name, found.values, rendered)
        kind = "added" if name not in found.values else "changed" if name in rendered else "dropped"
        parts[kind].append(change)
    for variable, text in sorted(found.environment.items()):
        _compare_variable(variable, text, environment or {}, kept, parts)
    unclear = [f"{name} is set but unknown for a K3s {found.role}" for name in found.unknown]
    unclear += [f"{name} is set by command and file; keep one" for name in found.ambiguous]
    return AdoptionReport(
        tuple(name for name in kept if name in found.values or name in found.environment),
        tuple(parts["changed"]),
        tuple(parts["dropped"]),
        tuple(parts["added"]),
        tuple(unclear),
    )


def _kept(name: str, found: Effective, rendered: Mapping[str, Value], initialized: bool) -> bool:
    if name in _FIRST_START and found.role == SERVER and initialized:
        return True
    for group in (_TOKENS, _AGENT_TOKENS):
        if name in group:
            had, has = (any(key in part for key in group) for part in (found.values, rendered))
            # A server that has started reads its token from its data folder.
            return has or not had or (group is _TOKENS and found.role == SERVER and initialized)
    flag = lookup(name)
    if flag is None:
        return found.values.get(name) == rendered.get(name)
    return same_effect(flag, found.values.get(name), rendered.get(name))


def same_effect(flag: Flag, one: Value | None, other: Value | None) -> bool:
    """Whether two values of a flag make K3s do the same; None is an unset flag."""
    default = default_value(flag)
    first, second = (default if value in (None, "") else value for value in (one, other))
    if isinstance(first, tuple) and isinstance(second, tuple):
        if flag.name in ("cluster-cidr", "service-cidr"):
            return same_ranges(first, second)
        return first == second if flag.ordered else sorted(set(first)) == sorted(set(second))
    return _plain(flag.name, first) == _plain(flag.name, second)


def _plain(name: str, value: Value) -> Value:
    """Without differences of spelling that K3s does not see."""
    if not isinstance(value, str):
        return value
    if name == "write-kubeconfig-mode":
        return value.lstrip("0")
    if name == "node-name":
        return value.lower()
    return value.rstrip("/") if name in ("server", "data-dir") else value


def _change(name: str, before: Mapping[str, Value], after: Mapping[str, Value]) -> Change:
    flag = lookup(name)
    secret = flag is not None and flag.secret
    return Change(name, _shown(before.get(name), secret), _shown(after.get(name), secret))


def _shown(value: Value | None, secret: bool) -> str:
    if value is None:
        return ""
    if secret:
        return "***"
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else value


def _compare_variable(
    variable: str,
    text: str,
    ours: Mapping[str, str],
    kept: list[str],
    parts: Mapping[str, list[Change]],
) -> None:
    """Variables such as proxies; never shown, for they may hold passwords."""
    if variable.upper() == "NO_PROXY" and variable.upper() in ours:
        same = _entries(text) <= _entries(ours[variable.upper()])
    else:
        same = not text or text in (ours.get(variable), ours.get(variable.upper()))
    if same:
        kept.append(variable)
    else:
        known = variable in ours or variable.upper() in ours
        change = Change(variable, "***", "***" if known else "")
        parts["changed" if known else "dropped"].append(change)


def _entries(text: str) -> set[str]:
    return {part.strip() for part in text.split(",") if part.strip()}
