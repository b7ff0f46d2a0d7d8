# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files, units and steps of a MicroK8s node as they must be. Pure."""

from __future__ import annotations

import json
import typing as t

from ..._core.errors import EdgeError
from ..._core.places import RECEIPT
from ..._core.plan import Phase, Plan, Step
from ..._core.resources import Absent, File, Unit, Wish
from ..._core.transaction import RECOVER_FILE, RECOVER_UNIT, recover_text
from .. import registry_folders
from ..adapter import Facts
from ..kubelet import dropin
from ..release import recorded
from ..spec import AGENT, PRESENT, SERVER, STOPPED, Asset, Spec
from . import addons, argfile, arguments, naming, networks, paths

# MicroK8s' own bounds, which stand on the kubelet's command line where drop-ins could not change them.
EVICTION = {"memory.available": "100Mi", "nodefs.available": "1Gi", "imagefs.available": "1Gi"}

# Without it systemd takes the pods' empty cgroups away where nothing else needs their controllers; MicroK8s
# itself does so only after the kubelet has crashed.
DELEGATE = f"{paths.OURS}.\n[Service]\nDelegate=yes\n".encode()


def wishes(spec: Spec, facts: Facts) -> tuple[Wish, ...]:
    """Everything that lies on the node because of the spec."""
    if not spec.wanted:
        from . import purge  # for removals alone

        return tuple(Absent(path) for path in purge.FILES)
    data = (json.dumps(receipt(spec, facts), sort_keys=True) + "\n").encode()
    return (
        File(
            f"{paths.KUBELET_DROPINS}/00-lightk8s.conf",
            data=dropin({"evictionHard": EVICTION}),
            restarts=(paths.KUBELITE,),
            what="the folder of the kubelet's settings",
        ),
        File(
            paths.DELEGATE,
            data=DELEGATE,
            restarts=(paths.KUBELITE,),
            what="the delegation of cgroups",
        ),
        *_images(spec, facts),
        *(_args(spec, facts) if facts.initialized else _launch(spec)),
        File(RECOVER_FILE, data=recover_text(paths.ALL_UNITS).encode(), what=RECOVER_UNIT),
        File(RECEIPT, mode=0o600, data=data, what="the receipt of the installation"),
    )


def _images(spec: Spec, facts: Facts) -> t.Iterator[Wish]:
    """The archive, until we have noted that it was put there: MicroK8s renames what it has read."""
    asset = images(spec, facts)
    if asset is not None and facts.receipt.get("images") != asset.sha256:
        yield File(
            paths.SIDELOAD,
            sha256=asset.sha256,
            name=asset.name,
            size=asset.size,
            what="the air-gap images",
        )


def images(spec: Spec, facts: Facts) -> Asset | None:
    """The archive of images that the spec asks for."""
    wanted = spec.airgap_images and spec.release is not None
    return spec.release.asset("images", facts.arch) if wanted and spec.release else None


def _launch(spec: Spec) -> t.Iterator[Wish]:
    from . import launch  # for a first installation alone

    data = launch.render(spec).encode()
    what = "the launch configuration"
    # As the files that it fills are, of which those with variables may hold passwords.
    secret = any(name.endswith("-env") for name in arguments.managed(spec))
    yield File(paths.LAUNCH, 0o600, data, secret=secret, what=what)


def _args(spec: Spec, facts: Facts) -> t.Iterator[Wish]:
    seen = facts.config.get("files") or {}
    for name, wanted in lines(spec, facts).items():
        there = seen.get(name) or {"text": "", "mode": 0o660}
        units = _restarts(name)
        yield File(
            f"{paths.ARGS}/{name}",
            there["mode"],
            argfile.merged(there["text"], wanted).encode(),
            secret=name.endswith("-env"),
            restarts=units,
            what=f"the arguments of {name}",
        )
    yield from _registries(spec, facts)


def _registries(spec: Spec, facts: Facts) -> t.Iterator[Wish]:
    given = spec.settings.get("registries")
    if given is None:
        return
    from . import registries  # few sites have any

    own = facts.config.get("hosts") or {}
    for name in registry_folders.gone(given, facts.receipt):
        path = f"{paths.REGISTRY_HOSTS}/{name}/hosts.toml"
        if own.get(name):
            yield File(path, 0o660, own[name].encode(), what=f"MicroK8s' own registry {name}")
        else:
            yield Absent(path, what=f"the registry {name}")
    for path, content in registries.files(given).items():
        what = f"the registries ({path.rpartition(paths.ARGS + '/')[2]})"
        yield File(path, 0o660, content.encode(), what=what)


def _restarts(name: str) -> tuple[str, ...]:
    if name in argfile.KUBELITE:
        return (paths.KUBELITE,)
    # The gate is about kubelite, so whatever can break it is followed by it.
    first = paths.CONTAINERD if name in argfile.CONTAINERD else paths.DATASTORE
    return (first, paths.KUBELITE)


def lines(spec: Spec, facts: Facts) -> dict[str, dict[str, str | None]]:
    """What the files of arguments must say, by file."""
    before = facts.receipt.get("lines") or {}
    return arguments.wanted(spec, before, facts.config.get("defaults") or {})


def by_token(spec: Spec, facts: Facts) -> bool:
    """Whether this node has come, or comes, into its cluster by a token.

    What the first start was given stays, so that a change of who counts as first restarts nothing.
    """
    if spec.role == AGENT:
        return True
    if facts.joined and "by_token" in facts.receipt:
        return bool(facts.receipt["by_token"])
    return not spec.single and (spec.join is not None or not spec.initial)


def fixed(spec: Spec) -> dict[str, t.Any]:
    """What must not change after the first start, by input."""
    if spec.role == AGENT:
        return {}
    ranges = networks.ranges(spec)
    return {
        "cluster_cidr": list(ranges["cluster-cidr"]),
        "service_cidr": list(ranges["service-cidr"]),
    }


def dangerous(spec: Spec) -> bool:
    """Whether the user wants snaps that nobody has signed."""
    return (spec.settings.get("extra_config") or {}).get("dangerous") is True


def needs_snap(spec: Spec, facts: Facts) -> bool:
    """Whether a snap has to be installed. EdgeError(kind=release) where nothing says which bytes it is."""
    if spec.release is None:
        return False
    asset = spec.release.asset("binary", facts.arch)
    if asset is not None:
        return facts.digest != asset.sha256
    if facts.version == spec.release.version:
        return False
    raise EdgeError(
        f"no file of MicroK8s {spec.release.version} for {facts.arch} is known",
        kind="release",
        hint="make a mirror reachable, or fill the release cache of the controller",
    )


def missing_snaps(facts: Facts) -> tuple[str, ...]:
    """Snaps that MicroK8s stands on and the node lacks."""
    there = facts.config.get("snaps") or ()
    return tuple(name for name in paths.BASES if name not in there)


def receipt(spec: Spec, facts: Facts) -> dict[str, t.Any]:
    """What we have installed, for later runs."""
    archive = images(spec, facts)
    kept = facts.receipt.get("fixed") if facts.initialized else None
    return {
        **recorded(spec, facts),
        "by_token": by_token(spec, facts),
        "fixed": kept if kept is not None else fixed(spec),
        "images": archive.sha256 if archive is not None else facts.receipt.get("images", ""),
        "names": arguments.names(spec) if spec.role == SERVER else [],
        "lines": {name: sorted(wanted) for name, wanted in arguments.managed(spec).items()},
        **registry_folders.noted(spec.settings.get("registries"), facts.receipt),
    }


def wanted_units(spec: Spec, facts: Facts) -> tuple[Unit, ...]:
    """The daemons, once snapd has made them; a new snap's are started by snapd itself."""
    found = [Unit(RECOVER_UNIT, enabled=True)]
    if not facts.initialized:
        return tuple(found)
    running = spec.state == PRESENT
    mine = paths.units_of(spec.role)
    # What others stand on is started first, and stopped last.
    for name in reversed(paths.ALL_UNITS) if running else paths.ALL_UNITS:
        if name in mine:
            found.append(Unit(name, enabled=True, active=running))
        elif not running:
            found.append(Unit(name, active=False))
    return tuple(found)


def more(spec: Spec, facts: Facts, files: Plan) -> tuple[Step, ...]:
    """Steps beside files and units: snaps, the join, the hold, add-ons."""
    found: list[Step] = []
    found += registry_folders.emptied(paths.REGISTRY_HOSTS, facts.receipt, files)
    if needs_snap(spec, facts):
        found += _snaps(spec, facts)
    if facts.initialized and spec.role == SERVER:
        before = facts.receipt.get("names") or ()
        found += naming.steps(arguments.names(spec), before, facts.config.get("names") or ())
    joins = by_token(spec, facts) and not facts.joined
    if joins and spec.state == PRESENT:
        from . import joining  # few runs join

        found.append(joining.step(spec, lines(spec, facts)))
    if not facts.config.get("held"):
        summary = "keep MicroK8s from refreshing by itself"
        found.append(Step(Phase.OBJECTS, "snap_hold", paths.NAME, summary))
    if spec.role == SERVER and spec.state == PRESENT and not by_token(spec, facts):
        found += addons.steps(spec, facts.config.get("addons") or {})
    if any(step.target == paths.LAUNCH for step in files.steps):
        what = "forget the launch configuration"
        found.append(Step(Phase.CLEAN, "remove", paths.LAUNCH, what))
    return tuple(found)


def _snaps(spec: Spec, facts: Facts) -> t.Iterator[Step]:
    release = spec.release
    if release is None:
        return
    kinds = (*missing_snaps(facts), "binary")
    rows = {kind: _row(release.asset(kind, facts.arch)) for kind in kinds}
    if not dangerous(spec):
        proofs = {kind: _row(release.asset(f"{kind}-assert", facts.arch)) for kind in kinds}
        pairs = {"pairs": [[rows[kind], proofs[kind]] for kind in kinds]}
        summary = "see whether the assertions are about these snaps"
        yield Step(Phase.CHECK, "snap_verify", paths.NAME, summary, pairs)
        needs = {"artifacts": list(proofs.values())}
        yield Step(Phase.STOP, "snap_ack", paths.NAME, "hand the assertions to snapd", needs)
    flags = ["--dangerous"] if dangerous(spec) else []
    for name in missing_snaps(facts):
        params = {"artifacts": [rows[name]], "flags": flags}
        yield Step(Phase.UNITS, "snap_base", name, f"install the snap {name}", params)
    yield Step(
        Phase.SERVICE,
        "snap_install",
        paths.NAME,
        f"{'install' if not facts.version else 'change to'} MicroK8s {release.version}",
        {
            "artifacts": [rows["binary"]],
            "flags": ["--classic", *flags],
            "previous": facts.config.get("revision", ""),
            "stop": spec.state == STOPPED,
        },
        starts=() if spec.state == STOPPED else paths.units_of(spec.role),
    )


def _row(asset: Asset | None) -> dict[str, t.Any]:
    """As steps name what they need; `guard` has seen that it is there."""
    return {} if asset is None else {"sha256": asset.sha256, "name": asset.name, "size": asset.size}
