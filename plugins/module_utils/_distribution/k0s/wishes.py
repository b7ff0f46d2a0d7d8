# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files and units of a k0s node as they must be. Pure."""

from __future__ import annotations

import base64
import json
import typing as t

from ..._core.places import RECEIPT
from ..._core.plan import Phase, Plan, Step
from ..._core.resources import Absent, File, Unit, Wish
from ..._core.transaction import RECOVER_FILE, RECOVER_UNIT, recover_text
from .. import registry_folders
from ..adapter import Facts
from ..kubelet import dropin
from ..release import Program, program, recorded
from ..service import proxy_variables, render_env
from ..spec import AGENT, PRESENT, SERVER, Spec
from ..storage import storage
from . import config, networks, paths
from .flags import FLAGS, text
from .unit import render_unit

PROGRAM = Program("k0s", paths.PROGRAM)
# What K3s brings and k0s does not: not having it is all that a site can ask for.
NEVER_THERE = ("traefik", "servicelb", "local-storage")
COMPONENTS = (
    "applier-manager", "autopilot", "control-api", "coredns", "csr-approver", "endpoint-reconciler",
    "helm", "konnectivity-server", "kube-controller-manager", "kube-proxy", "kube-scheduler",
    "metrics-server", "network-provider", "node-role", "system-rbac", "update-prober",
    "windows-node", "worker-config",
)  # fmt: skip


def wishes(spec: Spec, facts: Facts) -> tuple[Wish, ...]:
    """Everything that lies on the node because of the spec."""
    if not spec.wanted:
        from . import purge  # for removals alone

        return tuple(Absent(path) for path in purge.files(facts.bin_dir))
    unit = paths.unit_of(spec.role)
    return (
        *program(spec, facts, PROGRAM, unit),
        *_images(spec, facts),
        *_kubelet(unit),
        *_registries(spec, facts, unit),
        *_configuration(spec, unit),
        _token(spec, facts, unit),
        *_renewed(spec, facts, unit),
        *_service(spec, facts, unit),
        File(
            RECEIPT, mode=0o600, data=receipt(spec, facts), what="the receipt of the installation"
        ),
    )


def _images(spec: Spec, facts: Facts) -> t.Iterator[Wish]:
    images = spec.release.asset("images", facts.arch) if spec.release is not None else None
    if spec.airgap_images and images is not None:
        # One name for all versions: a newer bundle takes the place of the older one.
        yield File(
            f"{paths.data_dir(spec)}/images/k0s-airgap-bundle.tar",
            sha256=images.sha256,
            name=images.name,
            size=images.size,
            what="the air-gap images",
        )


def _kubelet(unit: str) -> t.Iterator[Wish]:
    # A kubelet that is told of a folder of drop-ins does not start where there is none.
    yield File(
        f"{paths.KUBELET_DROPINS}/00-lightk8s.conf",
        data=dropin({}),
        restarts=(unit,),
        what="the folder of the kubelet's settings",
    )


def _registries(spec: Spec, facts: Facts, unit: str) -> t.Iterator[Wish]:
    given = spec.settings.get("registries")
    if given is None:
        return
    from . import registries  # few sites have any

    version = spec.release.version if spec.release is not None else facts.version
    for path, content in registries.files(given, version).items():
        what = f"the registries ({path.rpartition(paths.CONFIG_DIR + '/')[2]})"
        # What lies in the folder that the drop-in names is read anew at each pull.
        restarts = (unit,) if path == registries.DROPIN else ()
        yield File(path, 0o600, content.encode(), secret=True, restarts=restarts, what=what)
    for name in registry_folders.gone(given, facts.receipt):
        path = f"{paths.REGISTRY_HOSTS}/{name}/hosts.toml"
        yield Absent(path, secret=True, what=f"the registry {name}")


def _configuration(spec: Spec, unit: str) -> t.Iterator[Wish]:
    if spec.role != SERVER:
        return
    extra = (spec.settings.get("extra_config") or {}).get("spec")
    secret = storage(spec) == "external" or config.holds_password(extra)
    data = config.render(spec).encode()
    what = "the k0s configuration"
    yield File(paths.CONFIG, 0o600, data, secret=secret, restarts=(unit,), what=what)


def _token(spec: Spec, facts: Facts, unit: str) -> Wish:
    """Needed for the first start, and for a certificate that has ended, and gone after it."""
    renews = spec.role == AGENT and _ended(spec, facts)
    if (facts.joined and not renews) or not by_token(spec, facts):
        return Absent(paths.TOKEN_FILE, secret=True, what="the join token")
    word = spec.join.token if spec.join is not None else spec.token or ""
    # Check mode alone comes here without a word: a real run has asked the site for it by now.
    data = f"{word.strip()}\n".encode() if word else b""
    return File(paths.TOKEN_FILE, 0o600, data, secret=True, restarts=(unit,), what="the join token")


def _ended(spec: Spec, facts: Facts) -> bool:
    return spec.state == PRESENT and facts.joined and bool(facts.machine.get("kubelet_ended"))


def _renewed(spec: Spec, facts: Facts, unit: str) -> t.Iterator[Wish]:
    """k0s has its kubelet ask for a certificate only where it has no kubeconfig yet."""
    if _ended(spec, facts):
        path = paths.kubeconfig(AGENT, paths.data_dir(spec))
        what = "the kubelet's kubeconfig, whose certificate has ended"
        yield Absent(path, secret=True, restarts=(unit,), what=what)


def by_token(spec: Spec, facts: Facts) -> bool:
    """Whether this node has come, or comes, into its cluster by a token.

    What the first start was given stays, so that a change of who counts as first restarts nothing.
    """
    if spec.role != SERVER:
        return True
    if facts.joined and "by_token" in facts.receipt:
        return bool(facts.receipt["by_token"])
    if storage(spec) == "sqlite":
        return False
    return spec.join is not None or not spec.initial


def arguments(spec: Spec, facts: Facts) -> dict[str, str]:
    """The flags of the service."""
    extra = spec.settings.get("extra_config") or {}
    found = {key: text(FLAGS[key], value) for key, value in extra.items() if key in FLAGS}
    found["kubelet-extra-args"] = " ".join(_kubelet_arguments(spec, found))
    if spec.role == SERVER:
        found.update({"config": paths.CONFIG, "enable-worker": "true", "no-taints": "true"})
        off = disabled(spec.settings)
        found.update({"disable-components": ",".join(off)} if off else {})
    if by_token(spec, facts):
        found["token-file"] = paths.TOKEN_FILE
    if spec.data_dir:
        found["data-dir"] = paths.data_dir(spec)
    if spec.settings.get("log_level") == "debug":
        found["debug"] = "true"
    registered = registration(spec, facts)
    if registered["labels"]:
        pairs = sorted(registered["labels"].items())
        found["labels"] = ",".join(f"{key}={value}" for key, value in pairs)
    if registered["taints"]:
        found["taints"] = ",".join(registered["taints"])
    return found


def _kubelet_arguments(spec: Spec, found: t.Mapping[str, str]) -> t.Iterator[str]:
    yield f"--config-dir={paths.KUBELET_DROPINS}"
    if spec.node_name:
        yield f"--hostname-override={spec.node_name.lower()}"
    if spec.node_ips:
        yield f"--node-ip={','.join(spec.node_ips)}"
    yield from found.get("kubelet-extra-args", "").split()


def registration(spec: Spec, facts: Facts) -> dict[str, t.Any]:
    """The labels and taints of the first start: k0s heeds them then alone, later ones go to the API."""
    kept = facts.receipt.get("registration")
    if facts.joined and kept is not None:
        return {"labels": dict(kept.get("labels") or {}), "taints": list(kept.get("taints") or ())}
    return {"labels": dict(spec.labels or {}), "taints": sorted(spec.taints or ())}


def disabled(given: t.Mapping[str, t.Any]) -> tuple[str, ...]:
    """Components that must not run."""
    found = [name for name in given.get("disable") or () if name not in NEVER_THERE]
    if given.get("dns_enabled") is False and "coredns" not in found:
        found.append("coredns")
    return tuple(found)


def brings_network(given: t.Mapping[str, t.Any]) -> bool:
    """Whether pods get their network from k0s itself: kube-router, or its own Calico."""
    theirs = config.PROVIDERS.get(given.get("network_mode") or "") == "custom"
    return not theirs and "network-provider" not in (given.get("disable") or ())


def _service(spec: Spec, facts: Facts, unit: str) -> t.Iterator[Wish]:
    env = f"{paths.unit_file(spec.role)}.env"
    binary = f"{facts.bin_dir}/{paths.PROGRAM}"
    lines = render_unit(spec.role, binary, env, arguments(spec, facts))
    yield File(
        paths.unit_file(spec.role),
        data=lines.encode(),
        restarts=(unit,),
        what=f"the unit {unit}",
    )
    ranges = [text for found in networks.ranges(spec).values() for text in found]
    # A kubelet heeds the service's proxies on its way to the API, and etcd on its way to other members.
    urls = (*spec.servers, *spec.peers) if spec.role == SERVER else spec.servers
    never = [".cluster.local", *ranges, *spec.node_ips]
    variables = render_env(proxy_variables(spec.proxy, never, urls))
    what = "the proxy settings"
    if variables:
        yield File(env, 0o600, variables.encode(), secret=True, restarts=(unit,), what=what)
    else:
        yield Absent(env, secret=True, restarts=(unit,), what="the service's environment file")
    yield File(RECOVER_FILE, data=recover_text(paths.ALL_UNITS).encode(), what=RECOVER_UNIT)


def fixed(spec: Spec) -> dict[str, t.Any]:
    """What must not change after the first start, by input."""
    found: dict[str, t.Any] = {"data_dir": paths.data_dir(spec), "node_name": spec.node_name or ""}
    if spec.role == SERVER:
        found["storage_type"] = storage(spec)
        found["network_mode"] = spec.settings.get("network_mode") or "kuberouter"
        found["cluster_cidr"] = list(networks.ranges(spec)["cluster-cidr"])
        found["service_cidr"] = list(networks.ranges(spec)["service-cidr"])
    return found


def receipt(spec: Spec, facts: Facts) -> bytes:
    """What we have installed, for later runs."""
    found = {
        **recorded(spec, facts),
        "by_token": by_token(spec, facts),
        "fixed": facts.receipt.get("fixed", fixed(spec)) if facts.joined else fixed(spec),
        "registration": registration(spec, facts),
        **registry_folders.noted(spec.settings.get("registries"), facts.receipt),
    }
    return (json.dumps(found, sort_keys=True) + "\n").encode()


def wanted_units(spec: Spec) -> tuple[Unit, ...]:
    """The service, and the one that completes an interrupted change at boot."""
    return (
        Unit(RECOVER_UNIT, enabled=True),
        Unit(paths.unit_of(spec.role), enabled=True, active=spec.state == PRESENT),
    )


def more(spec: Spec, facts: Facts, files: Plan) -> tuple[Step, ...]:
    """Steps beside files and units: a look at the new configuration, accounts, the end of the token."""
    found: list[Step] = []
    found += registry_folders.emptied(paths.REGISTRY_HOSTS, facts.receipt, files)
    touched = {step.target: step for step in files.steps}
    binary = f"{facts.bin_dir}/{paths.PROGRAM}"
    if spec.role == SERVER:
        if paths.CONFIG in touched or binary in touched:
            found.append(_validation(spec, binary, touched.get(binary)))
        missing = [name for name in paths.USERS if name not in facts.accounts]
        if missing:
            from . import users  # for the first start

            found.append(users.make_step(missing, paths.data_dir(spec)))
    if paths.TOKEN_FILE in touched and touched[paths.TOKEN_FILE].verb == "write":
        what = "forget the join token"
        found.append(Step(Phase.CLEAN, "remove", paths.TOKEN_FILE, what))
    return tuple(found)


def _validation(spec: Spec, binary: str, new: Step | None) -> Step:
    params = {
        "config": base64.b64encode(config.render(spec).encode()).decode(),
        "sha256": new.params.get("sha256", "") if new is not None else "",
    }
    return Step(Phase.CHECK, "k0s_validate", binary, "have k0s check its configuration", params)
