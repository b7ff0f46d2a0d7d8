# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files, links and units of a K3s node as they must be. Pure."""

from __future__ import annotations

import json
import typing as t

from ..._core.places import RECEIPT, TOKEN_NOTE
from ..._core.resources import Absent, File, Link, Unit, Wish
from ..._core.transaction import RECOVER_FILE, RECOVER_UNIT, recover_text
from ..adapter import Facts
from ..release import Program, program, recorded
from ..spec import PRESENT, SERVER, Spec
from ..storage import storage
from . import paths
from .config import Config, NodeInputs, render_config
from .flags import lookup
from .look import kubeconfig
from .tokens import is_noted, note
from .unit import proxy_environment, render_env, render_unit

PROGRAM = Program("K3s", "k3s")
BACKENDS = {"flannel": "", "none": "none", "calico": "none", "cilium": "none"}


def wishes(spec: Spec, facts: Facts) -> tuple[Wish, ...]:
    """Everything that lies on the node because of the spec."""
    if not spec.wanted:
        from . import purge  # for removals alone

        return tuple(Absent(path) for path in purge.files(spec, facts.bin_dir))
    unit = paths.unit_of(spec.role)
    config = configuration(spec, facts)
    return (
        *_release(spec, facts, unit),
        *_configuration(spec, facts, config, unit),
        *_service(spec, facts, config, unit),
        File(
            RECEIPT, mode=0o600, data=receipt(spec, facts), what="the receipt of the installation"
        ),
    )


def _release(spec: Spec, facts: Facts, unit: str) -> t.Iterator[Wish]:
    yield from program(spec, facts, PROGRAM, unit)
    for tool in paths.TOOLS:
        yield Link(f"{facts.bin_dir}/{tool}", "k3s")
    images = spec.release.asset("images", facts.arch) if spec.release is not None else None
    if spec.airgap_images and images is not None:
        # One name for all versions: a newer archive takes the place of the older one.
        ending = images.name.partition(".")[2]
        # Where it exists, K3s notes there what it has imported, and imports nothing again at its next start.
        folder = paths.layout(spec, facts.bin_dir).images
        yield File(f"{folder}/.cache.json", data=b"", what="K3s's note of imports", begins=True)
        yield File(
            f"{folder}/k3s-airgap-images.{ending}",
            sha256=images.sha256,
            name=images.name,
            size=images.size,
            what="the air-gap images",
        )


def configuration(spec: Spec, facts: Facts) -> Config:
    """The node's config.yaml."""
    given = spec.settings
    return render_config(
        NodeInputs(
            role=spec.role,
            token_file=paths.TOKEN_FILE if has_token(spec, facts) else "",
            agent_token_file=paths.AGENT_TOKEN_FILE if spec.agent_token else "",
            server=server_url(spec, facts),
            cluster_init=begins(spec, facts),
            datastore_endpoint=given.get("datastore_endpoint") or "",
            node_name=spec.node_name or "",
            node_ips=spec.node_ips,
            labels=dict(spec.labels or {}),
            taints=tuple(spec.taints or ()),
            tls_sans=given.get("tls_sans") or (),
            cluster_cidr=given.get("cluster_cidr") or (),
            service_cidr=given.get("service_cidr") or (),
            disable=disabled(given),
            flannel_backend=BACKENDS.get(given.get("network_mode") or "", ""),
            disable_network_policy=given.get("network_mode") in ("calico", "cilium") or None,
            secrets_encryption=given.get("secrets_encryption"),
            snapshot_enabled=given.get("snapshot_enabled") if storage(spec) == "etcd" else None,
            write_kubeconfig_mode=given.get("kubeconfig_mode") or "",
            data_dir=spec.data_dir or "",
            selinux=given.get("selinux"),
            debug=True if given.get("log_level") == "debug" else None,
            extra_config=given.get("extra_config") or {},
        )
    )


def begins(spec: Spec, facts: Facts) -> bool:
    """Whether this node is the one that began its embedded etcd."""
    return spec.role == SERVER and storage(spec) == "etcd" and not joins(spec, facts)


def disabled(given: t.Mapping[str, t.Any]) -> tuple[str, ...]:
    """Packaged components that must not run."""
    found = list(given.get("disable") or ())
    if given.get("dns_enabled") is False and "coredns" not in found:
        found.append("coredns")
    return tuple(found)


def joins(spec: Spec, facts: Facts) -> bool:
    """Whether this node is, or becomes, part of a cluster that another server has begun.

    Once a server has its data, K3s heeds neither `server` nor `cluster-init`: the one in use stays, so
    that a change of who counts as first restarts nothing.
    """
    if spec.role != SERVER:
        return True
    if storage(spec) != "etcd":
        return False
    if facts.joined and ("server" in facts.config or "cluster-init" in facts.config):
        return bool(facts.config.get("server"))
    return spec.join is not None or not spec.initial


def server_url(spec: Spec, facts: Facts) -> str:
    """The address to join: the one in use while it is still one of the site's, else the one just found."""
    if not joins(spec, facts):
        return ""
    current = str(facts.config.get("server") or "")
    if current and facts.joined and (current in spec.servers or not spec.servers):
        return current
    if spec.join is not None and spec.join.url:
        return spec.join.url
    return spec.servers[0] if spec.servers else current


def has_token(spec: Spec, facts: Facts) -> bool:
    """Whether config.yaml names a token file; K3s makes its own token on a first server without one."""
    kept = facts.config.get("token-file") == paths.TOKEN_FILE
    return bool(spec.token or spec.join or joins(spec, facts) or kept)


def _configuration(spec: Spec, facts: Facts, config: Config, unit: str) -> t.Iterator[Wish]:
    # The file that is replaced may hold a token, too, where others have written it.
    flags = map(lookup, (*config.values, *facts.config))
    secret = any(flag.secret for flag in flags if flag is not None)
    label = "the K3s configuration"
    yield File(
        paths.CONFIG, 0o600, config.text.encode(), secret=secret, restarts=(unit,), what=label
    )
    if has_token(spec, facts):
        yield _token_file(paths.TOKEN_FILE, spec, facts, unit)
        yield from _token_note(spec, facts)
    if spec.agent_token and spec.role == SERVER:
        data = f"{spec.agent_token}\n".encode()
        yield File(
            paths.AGENT_TOKEN_FILE,
            0o600,
            data,
            secret=True,
            restarts=(unit,),
            what="the agent token",
        )
    given = spec.settings.get("registries")
    if given is not None:
        from . import registries  # few sites have any

        data = registries.render(given).encode()
        yield File(
            paths.REGISTRIES, 0o600, data, secret=True, restarts=(unit,), what="the registries"
        )
    if spec.role == SERVER and facts.joined:
        mode = int(str(spec.settings.get("kubeconfig_mode") or "0600"), 8)
        where = kubeconfig(spec, facts.config, paths.data_dir(spec))
        yield File(where, mode, what="the kubeconfig")


def _token_file(path: str, spec: Spec, facts: Facts, unit: str) -> File:
    """Content matters until the node has joined; later any token of the same cluster will do."""
    word = _token(spec, facts)
    settled = facts.joined and facts.token_file
    data = None if settled or not word else f"{word.strip()}\n".encode()
    if not settled and not word and joins(spec, facts) and (facts.receipt or not facts.joined):
        # Check mode alone comes here: a real run has asked the site for the word by now.
        data = b""
    return File(path, 0o600, data, secret=True, restarts=(unit,), what="the token")


def _token(spec: Spec, facts: Facts) -> str:
    return spec.join.token if spec.join is not None else spec.token or facts.known_token


def _token_note(spec: Spec, facts: Facts) -> t.Iterator[Wish]:
    """Of an agent: it lets a later run see that the token file was changed by hand."""
    settled = facts.joined and facts.token_file
    word = facts.known_token if settled else _token(spec, facts)
    if spec.role == SERVER or (not word and facts.token_note):
        return
    text = facts.token_note if is_noted(facts.token_note, word) else ""
    if word and not text:
        text = note(word, facts.hostname)
    data = f"{text}\n".encode()
    yield File(TOKEN_NOTE, 0o600, data, secret=True, what="the note of the token")


def _service(spec: Spec, facts: Facts, config: Config, unit: str) -> t.Iterator[Wish]:
    env = f"{paths.UNITS}/{unit}.env"
    yield File(
        f"{paths.UNITS}/{unit}",
        data=render_unit(spec.role, facts.bin_dir, env).encode(),
        secret=facts.foreign is not None and _token_in_command(facts.foreign.sources),
        restarts=(unit,),
        what=f"the unit {unit}",
    )
    text = render_env(proxied(spec, config))
    if text:
        yield File(
            env, 0o600, text.encode(), secret=True, restarts=(unit,), what="the proxy settings"
        )
    else:
        yield Absent(env, secret=True, restarts=(unit,), what="the service's environment file")
    yield File(RECOVER_FILE, data=recover_text(paths.ALL_UNITS).encode(), what=RECOVER_UNIT)


def proxied(spec: Spec, config: Config) -> dict[str, str]:
    """The service's proxy variables. An agent's configuration does not hold the ranges of its site.

    No proxy is wanted between etcd's members, nor on the way to the server that a node joins. An agent goes to the
    others without a proxy anyway (k3s-io/k3s, pkg/agent/loadbalancer), so one server more restarts no agent.
    """
    ranges = {"cluster-cidr": "cluster_cidr", "service-cidr": "service_cidr"}
    given = {flag: spec.settings.get(name) for flag, name in ranges.items()}
    known = {flag: value for flag, value in given.items() if value}
    joined = str(config.values.get("server") or "")
    urls = (joined, *spec.peers) if spec.role == SERVER else (joined,)
    return proxy_environment(spec.proxy, {**known, **config.values}, spec.node_ips, urls)


def _token_in_command(sources: t.Mapping[str, str]) -> bool:
    """Whether a flag that holds a secret stands in the command of a unit that we take over."""
    named = (name for name, source in sources.items() if source == "command")
    return any(flag is not None and flag.secret for flag in map(lookup, named))


def receipt(spec: Spec, facts: Facts) -> bytes:
    """What we have installed, for later runs: version and digest, so that no binary has to be asked."""
    found = {
        **recorded(spec, facts),
        "fixed": {
            key: value
            for key, value in configuration(spec, facts).values.items()
            if (flag := lookup(key)) is not None and flag.immutable and not flag.secret
        },
    }
    return (json.dumps(found, sort_keys=True) + "\n").encode()


def wanted_units(spec: Spec) -> tuple[Unit, ...]:
    """The service, and the one that completes an interrupted change at boot."""
    return (
        Unit(RECOVER_UNIT, enabled=True),
        Unit(paths.unit_of(spec.role), enabled=True, active=spec.state == PRESENT),
    )
