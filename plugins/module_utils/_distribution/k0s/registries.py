# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Registries of k0s' containerd: the input, shaped as K3s' registries.yaml, as files of containerd. Pure.

Sources: containerd's docs/hosts.md and docs/cri/registry.md; docs.k0sproject.io, "Runtime".
"""

from __future__ import annotations

import json
import typing as t

from ..._core import versions
from ..problems import Problem
from ..registry_inputs import check as check_inputs
from . import paths

Mapping = t.Mapping[str, t.Any]

DROPIN = f"{paths.CONTAINERD_DROPINS}/60-lightk8s-registries.toml"
# containerd 2 came with k0s 1.36; its CRI plugin has another name, and the old one stops k0s.
CONTAINERD_2 = (1, 36)


def check(registries: Mapping) -> list[Problem]:
    """What cannot be carried over, beside what makes no sense."""
    found = list(check_inputs(registries))
    if found:
        return found
    for host, mirror in (registries.get("mirrors") or {}).items():
        if (mirror or {}).get("rewrite"):
            found.append(
                Problem(
                    f"registries.mirrors.{host}.rewrite",
                    "is known to K3s' own containerd only",
                    "mirror the images under their own names",
                )
            )
    for host, config in (registries.get("configs") or {}).items():
        given = (config or {}).get("auth") or {}
        remedy = "use username and password"
        found += [
            Problem(f"registries.configs.{host}.auth.{key}", "is not supported on k0s", remedy)
            for key in ("auth", "token")
            if key in given
        ]
    return found


def files(registries: Mapping, version: str) -> dict[str, str]:
    """Text by path: one drop-in, and hosts.toml for each registry."""
    names = {**(registries.get("mirrors") or {}), **(registries.get("configs") or {})}
    found = {
        f"{paths.REGISTRY_HOSTS}/{'_default' if name == '*' else name}/hosts.toml": _hosts(
            name, registries
        )
        for name in sorted(names)
    }
    found[DROPIN] = dropin(registries, version)
    return found


def dropin(registries: Mapping, version: str) -> str:
    """The part of the CRI plugin's configuration."""
    plugin = "io.containerd.grpc.v1.cri"
    head = "version = 2\n"
    if version and versions.parse(version).minor() >= CONTAINERD_2:
        plugin, head = "io.containerd.cri.v1.images", "version = 3\n"
    lines = [
        head,
        f"[plugins.{_text(plugin)}.registry]",
        f"config_path = {_text(paths.REGISTRY_HOSTS)}",
    ]
    for host, config in sorted((registries.get("configs") or {}).items()):
        auth = (config or {}).get("auth") or {}
        if auth:
            lines += ["", f"[plugins.{_text(plugin)}.registry.configs.{_text(host)}.auth]"]
            lines += [f"{key} = {_text(str(auth[key]))}" for key in ("username", "password")]
    return "\n".join(lines) + "\n"


def _hosts(name: str, registries: Mapping) -> str:
    mirror = (registries.get("mirrors") or {}).get(name) or {}
    configs = registries.get("configs") or {}
    lines = [] if name == "*" else [f"server = {_text(f'https://{_upstream(name)}')}"]
    for url in mirror.get("endpoint") or [f"https://{_upstream(name)}"]:
        lines += ["", f"[host.{_text(url)}]", 'capabilities = ["pull", "resolve"]']
        lines += _tls(
            (configs.get(url.partition("://")[2].partition("/")[0]) or {}).get("tls") or {}
        )
    return "\n".join(lines).lstrip() + "\n"


def _text(value: str) -> str:
    """A string of TOML; those of JSON are strings of TOML too."""
    return json.dumps(value)


def _upstream(name: str) -> str:
    return "registry-1.docker.io" if name == "docker.io" else name


def _tls(tls: Mapping) -> list[str]:
    lines = []
    if tls.get("ca_file"):
        lines.append(f"ca = {_text(tls['ca_file'])}")
    if tls.get("cert_file"):
        lines.append(f"client = [[{_text(tls['cert_file'])}, {_text(tls['key_file'])}]]")
    if tls.get("insecure_skip_verify"):
        lines.append("skip_verify = true")
    return lines
