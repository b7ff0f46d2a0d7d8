# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The systemd unit of K3s and its environment file: rendered, and read back for adopting.

The settings are those of the unit that K3s documents for systemd. A start is not bounded by systemd
(a joining node may have to wait); whoever starts the unit bounds the wait.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..service import MARK, escape, one_line, proxy_variables, render_env, word
from ..unit_read import (
    UnitError,
    UnitFile,
    environment,
    environment_files,
    exec_start,
    parse_env,
    parse_unit,
)
from .flags import lookup

__all__ = [
    "MARK",
    "UnitError",
    "UnitFile",
    "environment",
    "environment_files",
    "exec_start",
    "parse_env",
    "parse_unit",
    "proxy_environment",
    "render_env",
    "render_unit",
]


_SERVICE = (
    ("KillMode", "process"),  # containers outlive a restart of the service
    ("Delegate", "yes"),
    ("User", "root"),
    ("LimitNOFILE", "1048576"),
    ("LimitNPROC", "infinity"),
    ("LimitCORE", "infinity"),
    ("TasksMax", "infinity"),
    ("TimeoutStartSec", "0"),
    ("Restart", "always"),
    ("RestartSec", "5s"),
    ("ExecStartPre", "-/sbin/modprobe br_netfilter"),
    ("ExecStartPre", "-/sbin/modprobe overlay"),
)


def render_unit(
    role: str, bin_dir: str, env_file: str, *, service: Mapping[str, str] | None = None
) -> str:
    """The unit's text. `service` adds keys to [Service] (limits of the service itself).

    The configuration file stands where K3s looks by itself, so the command needs no argument.
    """
    lines = [MARK, "[Unit]"]
    lines += ["Description=Lightweight Kubernetes", "Documentation=https://k3s.io"]
    lines += ["Wants=network-online.target", "After=network-online.target", ""]
    lines += ["[Install]", "WantedBy=multi-user.target", "", "[Service]", "Type=notify"]
    files = ("/etc/default/%N", "/etc/sysconfig/%N", escape(env_file))
    lines += [f"EnvironmentFile=-{path}" for path in files]
    lines += [f"{key}={value}" for key, value in _SERVICE]
    for key, value in sorted((service or {}).items()):
        lines.append(f"{key}={one_line(key, value)}")
    lines.append(f"ExecStart={word(bin_dir.rstrip('/') + '/k3s')} {role}")
    return "\n".join(lines) + "\n"


def proxy_environment(
    proxy: Mapping[str, str],
    config: Mapping[str, object],
    addresses: Iterable[str] = (),
    urls: Iterable[str] = (),
) -> dict[str, str]:
    """The proxy variables of the service: HTTP_PROXY, HTTPS_PROXY and a completed NO_PROXY.

    `proxy` has the keys http_proxy, https_proxy, no_proxy in any case; `config` is the node's
    config.yaml, whose pod and service ranges and cluster domain never go through a proxy;
    `addresses` are the node's own, `urls` those of servers that it goes to. Empty without a proxy.
    """
    return proxy_variables(proxy, [*_cluster_names(config), *addresses], urls)


def _cluster_names(config: Mapping[str, object]) -> list[str]:
    domain = _texts(config, "cluster-domain")
    return [f".{name.lstrip('.')}" for name in domain] + [
        part for key in ("cluster-cidr", "service-cidr") for part in _texts(config, key)
    ]


def _texts(config: Mapping[str, object], key: str) -> list[str]:
    flag = lookup(key)
    value = config.get(key) or (flag.default if flag else "")
    items: Sequence[object] = value if isinstance(value, (list, tuple)) else [value]
    return [part.strip() for item in items for part in str(item).split(",")]
