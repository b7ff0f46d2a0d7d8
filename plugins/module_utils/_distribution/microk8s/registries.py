# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Registries of MicroK8s' containerd, which reads `args/certs.d/<registry>/hosts.toml` at each pull. Pure."""

from __future__ import annotations

import typing as t

from .. import hosts_toml
from ..hosts_toml import hosts
from ..problems import Problem
from . import paths

__all__ = ["check", "files", "hosts"]
Mapping = t.Mapping[str, t.Any]


def check(registries: Mapping) -> list[Problem]:
    """What cannot be carried over: credentials would have to go into containerd's template."""
    return hosts_toml.check(registries, "MicroK8s", ())


def files(registries: Mapping) -> dict[str, str]:
    """Text by path."""
    return {
        f"{paths.REGISTRY_HOSTS}/{name}/hosts.toml": content
        for name, content in hosts(registries).items()
    }
