# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Registries of k0s' containerd: the input, shaped as K3s' registries.yaml, as files of containerd. Pure.

Sources: containerd's docs/hosts.md (which also says that no change of a hosts.toml needs a restart) and
docs/cri/registry.md; docs.k0sproject.io, "Runtime".
"""

from __future__ import annotations

import typing as t

from ..._core import versions
from .. import hosts_toml
from ..hosts_toml import DOCKER, DOCKER_HOST, config_of, text
from ..problems import Problem
from . import paths

Mapping = t.Mapping[str, t.Any]

DROPIN = f"{paths.CONTAINERD_DROPINS}/60-lightk8s-registries.toml"
# containerd 2 came with k0s 1.36; its CRI plugin has another name, and the old one stops k0s.
CONTAINERD_2 = (1, 36)


def check(registries: Mapping) -> list[Problem]:
    """What cannot be carried over, beside what makes no sense."""
    return hosts_toml.check(registries, "k0s", ("username", "password"))


def files(registries: Mapping, version: str) -> dict[str, str]:
    """Text by path: one drop-in, and hosts.toml for each registry."""
    found = {
        f"{paths.REGISTRY_HOSTS}/{name}/hosts.toml": content
        for name, content in hosts_toml.hosts(registries).items()
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
        f"[plugins.{text(plugin)}.registry]",
        f"config_path = {text(paths.REGISTRY_HOSTS)}",
    ]
    configs = registries.get("configs") or {}
    for host in sorted({DOCKER_HOST if name == DOCKER else name for name in configs}):
        auth = (config_of(configs, host) or {}).get("auth") or {}
        if auth:
            lines += ["", f"[plugins.{text(plugin)}.registry.configs.{text(host)}.auth]"]
            lines += [f"{key} = {text(str(auth[key]))}" for key in ("username", "password")]
    return "\n".join(lines) + "\n"
