# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Registries as containerd's own files: `<registry>/hosts.toml` (containerd, docs/hosts.md). Pure."""

from __future__ import annotations

import json
import typing as t

from .problems import Problem
from .registry_inputs import check as check_inputs

Mapping = t.Mapping[str, t.Any]
DOCKER, DOCKER_HOST = "docker.io", "registry-1.docker.io"


def check(registries: Mapping, title: str, logins: t.Collection[str]) -> list[Problem]:
    """What makes no sense, or cannot be carried over; `logins` are the keys of `auth` that can."""
    found = list(check_inputs(registries))
    if found:
        return found
    for host, mirror in (registries.get("mirrors") or {}).items():
        if (mirror or {}).get("rewrite"):
            found.append(
                Problem(
                    f"registries.mirrors.{host}.rewrite",
                    "is no part of containerd's own files",
                    "mirror the images under their own names",
                )
            )
    remedy = f"use {' and '.join(logins)}" if logins else "give pods a Secret by imagePullSecrets"
    for host, config in (registries.get("configs") or {}).items():
        given = (config or {}).get("auth") or {}
        found += [
            Problem(f"registries.configs.{host}.auth.{key}", f"is not supported on {title}", remedy)
            for key in given
            if key not in logins
        ]
    return found


def hosts(registries: Mapping) -> dict[str, str]:
    """The text of hosts.toml by the folder's name."""
    names = {**(registries.get("mirrors") or {}), **(registries.get("configs") or {})}
    return {"_default" if name == "*" else name: _hosts(name, registries) for name in sorted(names)}


def _hosts(name: str, registries: Mapping) -> str:
    mirror = (registries.get("mirrors") or {}).get(name) or {}
    configs = registries.get("configs") or {}
    lines = [] if name == "*" else [f"server = {text(f'https://{_upstream(name)}')}"]
    for url in mirror.get("endpoint") or [f"https://{_upstream(name)}"]:
        lines += ["", f"[host.{text(url)}]", 'capabilities = ["pull", "resolve"]']
        registry, dummy, path = url.partition("://")[2].partition("/")
        # A path other than the usual one is the whole of it, as K3s takes it.
        lines += ["override_path = true"] if path.rstrip("/") not in ("", "v2") else []
        lines += _tls((config_of(configs, registry) or {}).get("tls") or {})
    return "\n".join(lines).lstrip() + "\n"


def config_of(configs: Mapping, registry: str) -> Mapping | None:
    """What is set for a registry, as containerd calls it; Docker's own has a host of another name."""
    found: Mapping | None = configs.get(registry)
    return configs.get(DOCKER) if found is None and registry == DOCKER_HOST else found


def text(value: str) -> str:
    """A string of TOML; those of JSON are strings of TOML too."""
    return json.dumps(value)


def _upstream(name: str) -> str:
    return DOCKER_HOST if name == DOCKER else name


def _tls(tls: Mapping) -> list[str]:
    lines = []
    if tls.get("ca_file"):
        lines.append(f"ca = {text(tls['ca_file'])}")
    if tls.get("cert_file"):
        lines.append(f"client = [[{text(tls['cert_file'])}, {text(tls['key_file'])}]]")
    if tls.get("insecure_skip_verify"):
        lines.append("skip_verify = true")
    return lines
