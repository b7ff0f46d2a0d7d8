# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files and units of a KubeEdge node as they must be. Pure."""

from __future__ import annotations

import json
import typing as t

from ..._core.plan import Phase, Plan, Step
from ..._core.resources import Absent, File, Unit, Wish
from ..._core.transaction import RECOVER_FILE, RECOVER_UNIT, recover_text
from ..adapter import Facts
from ..release import Program, program, recorded
from ..spec import AGENT, PRESENT, SERVER, Spec
from . import config, machine, paths, unit
from .look import receipt_path

DEBUG = "--v=4"


def wishes(spec: Spec, facts: Facts) -> tuple[Wish, ...]:
    """Everything that lies on the node because of the spec."""
    if not spec.wanted:
        from . import purge  # for removals alone

        return tuple(Absent(path) for path in purge.files(spec, facts))
    name = paths.unit_of(spec.role)
    word = paths.program_of(spec.role)
    own = _edge(spec, facts, name) if spec.role == AGENT else _cloud(spec, facts, name)
    found: list[Wish] = [*program(spec, facts, Program("KubeEdge", word, word), name), *own]
    found.append(_unit(spec, facts, name))
    if not facts.machine.get("neighbour"):
        text = recover_text(paths.ALL_UNITS)
        found.append(File(RECOVER_FILE, data=text.encode(), what=RECOVER_UNIT))
    data = receipt(spec, facts)
    found.append(File(receipt_path(spec.role), 0o600, data, what="the receipt of the installation"))
    return tuple(found)


def _edge(spec: Spec, facts: Facts, name: str) -> t.Iterator[Wish]:
    document = config.edge(
        spec, facts.hostname, version(spec, facts), driver(facts), registration(spec, facts)
    )
    secret = bool((document["modules"].get("eventBus") or {}).get("mqttPassword"))
    data = config.render(document)
    what = "the edgecore configuration"
    yield File(paths.EDGE_BASE, 0o600, data, secret=secret, restarts=(name,), what=what)
    what = "the script that puts edgecore.yaml together"
    yield File(paths.COMPOSE, 0o755, unit.compose(), restarts=(name,), what=what)
    yield _bootstrap(spec, facts, name)
    if facts.initialized and not facts.joined:
        for path in (paths.CERTIFICATE, paths.KEY):
            what = "the certificate that has ended"
            yield Absent(path, secret=True, restarts=(name,), what=what)


def _bootstrap(spec: Spec, facts: Facts, name: str) -> Wish:
    """Needed for a certificate alone, and gone after it."""
    what = "the join token"
    if facts.joined:
        return Absent(paths.BOOTSTRAP, secret=True, what=what)
    word = spec.join.token if spec.join is not None else spec.token or ""
    # Check mode alone comes here without a word: a real run has asked the cloud side for it by now.
    data = f"{word.strip()}\n".encode() if word else b""
    return File(paths.BOOTSTRAP, 0o600, data, secret=True, restarts=(name,), what=what)


def _cloud(spec: Spec, facts: Facts, name: str) -> t.Iterator[Wish]:
    addresses = settled_addresses(spec, facts)
    document = config.cloud(spec, addresses, paths.data_dir(spec), paths.CLOUD_ACCESS)
    data = config.render(document)
    what = "the cloudcore configuration"
    yield File(paths.CLOUD_CONFIG, 0o600, data, restarts=(name,), what=what)


def _unit(spec: Spec, facts: Facts, name: str) -> Wish:
    word = paths.program_of(spec.role)
    loud = [DEBUG] if spec.settings.get("log_level") == "debug" else []
    before = paths.COMPOSE if spec.role == AGENT else ""
    text = unit.render(word, f"{facts.bin_dir}/{word}", loud, before)
    return File(
        paths.unit_file(spec.role), data=text.encode(), restarts=(name,), what=f"the unit {name}"
    )


def version(spec: Spec, facts: Facts) -> str:
    """The version that runs after the change."""
    return spec.release.version if spec.release is not None else facts.version


def driver(facts: Facts) -> str:
    """The cgroup driver that edgecore is told: containerd's own."""
    return str(facts.machine.get("driver") or machine.CGROUPFS)


def registration(spec: Spec, facts: Facts) -> dict[str, t.Any]:
    """What the node was, or will be, registered with; later labels and taints go to the API."""
    kept = dict(facts.receipt.get("registration") or {})
    host, port = config.cloud_address(spec)
    cloud = config.host_port(host, port) if host else kept.get("cloud", "")
    if facts.joined and kept:
        return {**kept, "cloud": cloud}
    return {
        "labels": dict(spec.labels or {}),
        "taints": sorted(spec.taints or ()),
        "cloud": cloud,
    }


def own_addresses(spec: Spec, facts: Facts) -> list[str]:
    """The machine's: those of the inputs, else what it had at the first start."""
    kept = facts.receipt.get("own")
    return list(spec.node_ips or kept or facts.machine.get("addresses") or ())


def settled_addresses(spec: Spec, facts: Facts) -> list[str]:
    """Where edge nodes reach cloudcore: the machine itself, and what the inputs name beside it."""
    endpoint = config.cloud_address(spec)[0] if spec.settings.get("api_endpoint") else ""
    named = (*(spec.settings.get("tls_sans") or ()), *([endpoint] if endpoint else ()))
    return list(dict.fromkeys((*own_addresses(spec, facts), *named)))


def fixed(spec: Spec, facts: Facts) -> dict[str, t.Any]:
    """What must not change after the first start, by input."""
    found: dict[str, t.Any] = {"data_dir": paths.data_dir(spec)}
    if spec.role == AGENT:
        found["node_name"] = spec.node_name or facts.hostname
    return found


def receipt(spec: Spec, facts: Facts) -> bytes:
    """What we have installed, for later runs."""
    started = facts.initialized and facts.receipt
    kept = facts.receipt.get("fixed") if started else None
    found = {
        **recorded(spec, facts, paths.program_of(spec.role)),
        "fixed": kept or fixed(spec, facts),
    }
    if spec.role == AGENT:
        found["registration"] = registration(spec, facts)
    else:
        found["own"] = own_addresses(spec, facts)
        found["addresses"] = settled_addresses(spec, facts)
        found["source"] = facts.machine.get("source", "")
    return (json.dumps(found, sort_keys=True) + "\n").encode()


def wanted_units(spec: Spec, facts: Facts) -> tuple[Unit, ...]:
    """The service, and the one that completes an interrupted change at boot."""
    return (
        Unit(RECOVER_UNIT, enabled=True),
        Unit(paths.unit_of(spec.role), enabled=True, active=spec.state == PRESENT),
    )


def more(spec: Spec, facts: Facts, files: Plan) -> tuple[Step, ...]:
    """Steps beside files and units: the end of the token; what cloudcore needs in its cluster."""
    found: list[Step] = []
    written = {step.target for step in files.steps if step.verb == "write"}
    if paths.BOOTSTRAP in written:
        found.append(Step(Phase.CLEAN, "remove", paths.BOOTSTRAP, "forget the join token"))
    return (*found, *cluster_steps(spec, facts))


def cluster_steps(spec: Spec, facts: Facts) -> t.Iterator[Step]:
    """A certificate that was made for other addresses is made anew: cloudcore itself keeps it."""
    if spec.role != SERVER:
        return
    known, wanted = facts.receipt.get("addresses"), settled_addresses(spec, facts)
    renew = bool(facts.machine.get("certificate")) and known != wanted
    lacks = list(facts.machine.get("lacks") or ())
    if lacks or renew:
        from . import cluster

        yield cluster.prepare_step(str(facts.machine.get("source")), lacks, renew=renew)
