# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Add-ons: which ones the inputs ask for, and the steps from those that we have turned on."""

from __future__ import annotations

import re
import typing as t

from ..._core.errors import EdgeError
from ..._core.places import HOME
from ..._core.plan import Phase, Step
from ..._core.verbs import Verb
from ..._host.host import Host
from ..problems import Problem
from ..spec import Spec
from . import networks, paths

NOTE = f"{HOME}/state/addons.json"  # what we have turned on, with its arguments
LOCK = f"{paths.DATA}/var/lock/.microk8s-addon-lock"  # written with each change of one here
WAIT = 900.0
ASKING = 60.0
# What K3s brings and MicroK8s has under another name or not at all: not having it is all that one can ask for.
NEVER_THERE = ("local-storage", "servicelb", "traefik")
CORE = (
    *("cert-manager", "community", "dashboard", "dns", "gpu", "ha-cluster", "helm", "helm3"),
    *("host-access", "hostpath-storage", "ingress", "kube-ovn", "mayastor", "metallb"),
    *("metrics-server", "minio", "nvidia", "observability", "prometheus", "rbac", "registry"),
    *("rook-ceph", "storage", "cis-hardening"),
)
# Add-ons that are settings of ours, or would turn the cluster into another one.
REFUSED = {
    "rbac": "RBAC is on unless extraKubeAPIServerArgs says otherwise",
    "ha-cluster": "it is always on",
    "kube-ovn": "it replaces the network, which network_mode decides",
    "cis-hardening": "it rewrites files of arguments that this collection keeps",
}
_NAME = r"[a-z0-9][a-z0-9-]*(/[a-z0-9][a-z0-9-]*)?\Z"
_KEYS = ("name", "args", "disable")

Addons = t.Mapping[str, t.Sequence[str]]


def check(given: t.Any) -> list[Problem]:
    """What is wrong with `addons` of extra_config, which is shaped as in a launch configuration."""
    if not isinstance(given, list):
        return [Problem("addons", "must be a list of mappings with name, args and disable")]
    found = []
    for row in given:
        name = str(row.get("name") or "") if isinstance(row, dict) else ""
        if not re.match(_NAME, name):
            found.append(Problem("addons", f"{row!r} has no name of an add-on"))
        elif name in REFUSED:
            found.append(Problem(f"addons.{name}", REFUSED[name], "take it out"))
        elif set(row) - set(_KEYS):
            found.append(Problem(f"addons.{name}", f"knows {', '.join(_KEYS)} only"))
        elif not isinstance(row.get("args") or [], list):
            found.append(Problem(f"addons.{name}.args", "must be a list"))
    return found


def check_disabled(names: t.Iterable[str]) -> list[Problem]:
    """Names in `disable` that mean nothing here, or cannot be."""
    known = ", ".join(name for name in CORE if name not in REFUSED)
    found = []
    for name in names:
        if name in REFUSED:
            found.append(Problem("disable", f"{name}: {REFUSED[name]}"))
        elif name not in CORE and name not in NEVER_THERE and "/" not in name:
            found.append(Problem("disable", f"{name!r} is no add-on of MicroK8s", known))
    return found


def wanted(spec: Spec) -> dict[str, list[str]]:
    """The add-ons to turn on, with their arguments. The DNS service is MicroK8s' own default."""
    found: dict[str, list[str]] = {}
    if spec.settings.get("dns_enabled") is not False:
        found["dns"] = _dns(spec)
    for row in (spec.settings.get("extra_config") or {}).get("addons") or ():
        found.pop(row["name"], None)
        if not row.get("disable"):
            found[row["name"]] = [str(word) for word in row.get("args") or ()]
    off = spec.settings.get("disable") or ()
    return {name: words for name, words in found.items() if name not in off}


def _dns(spec: Spec) -> list[str]:
    """MicroK8s chooses a fixed address in its own default range only."""
    if not spec.settings.get("service_cidr"):
        return []
    return ["/etc/resolv.conf", networks.service_address(spec, networks.DNS_HOST)]


def there(host: Host, *, running: bool, full: bool) -> dict[str, t.Any]:
    """What we have turned on, without what somebody has turned off since.

    MicroK8s itself is asked, which takes seconds: only after a change of add-ons on this node that was not ours.
    """
    note = host.read_json(NOTE)
    if not note or not running or host.inspect(LOCK) is None:
        return note
    try:
        off = host.derived(LOCK, "addons", lambda: _off(host), full=full).split()
    except EdgeError:
        return note  # it is just starting or stopping, and another look asks again
    return {name: words for name, words in note.items() if name not in off}


def _off(host: Host) -> str:
    """The add-ons that are turned off, each with and without its repository."""
    said = host.run([paths.COMMAND, "status", "--format", "short"], timeout=ASKING).out
    rows = re.findall(r"(?m)^([a-z0-9-]+)/([a-z0-9-]+): disabled$", said)
    return " ".join(f"{name} {repository}/{name}" for repository, name in rows)


def steps(spec: Spec, known: Addons) -> tuple[Step, ...]:
    """From the add-ons that we have turned on to those that are wanted; others are left alone."""
    wish = wanted(spec)
    found = [
        _step("disable", name, [])
        for name, words in known.items()
        if name not in wish or list(words) != wish[name]
    ]
    found += [
        _step("enable", name, words)
        for name, words in wish.items()
        if list(known.get(name, ("",))) != words
    ]
    return tuple(found)


def _step(word: str, name: str, words: t.Sequence[str]) -> Step:
    params = {"word": word, "args": list(words)}
    return Step(Phase.OBJECTS, f"addon_{word}", name, f"{word} the add-on {name}", params)


def _perform(host: Host, step: Step) -> None:
    word, name, words = step.params["word"], step.target, step.params["args"]
    done = host.run([paths.COMMAND, word, name, *words], timeout=WAIT, check=False)
    if done.rc:
        raise EdgeError(
            f"MicroK8s could not {word} the add-on {name}: {done.said}",
            kind="command",
            hint="see what it says, then run again",
        )
    note = host.read_json(NOTE)
    note.pop(name, None)
    host.write_json(NOTE, {**note, **({name: list(words)} if word == "enable" else {})})
    # This change is ours: nobody has turned anything off.
    host.derived(LOCK, "addons", lambda: "", full=True)


VERBS: dict[str, Verb] = {"addon_enable": _perform, "addon_disable": _perform}
