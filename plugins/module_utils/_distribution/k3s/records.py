# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where K3s keeps certificates, datastore and identity (docs.k3s.io: cli/certificate). Pure."""

from __future__ import annotations

import typing as t

from ..adapter import Records
from ..spec import SERVER, Spec
from . import look, paths


def records(spec: Spec, config: t.Mapping[str, t.Any], hostname: str) -> Records:
    """Of a node of the spec's role; `config` is what K3s reads there."""
    data = str(config.get("data-dir") or paths.data_dir(spec)).rstrip("/")
    server = f"{data}/server"
    etcd = f"{server}/tls/etcd"
    folders = (f"{server}/tls", f"{server}/tls/etcd") if spec.role == SERVER else ()
    return Records(
        node=look.node_name(spec, config, hostname),
        kubeconfig=look.kubeconfig(spec, config, data),
        data_dir=data,
        certificates=(*folders, f"{data}/agent"),
        etcd=(
            (f"{etcd}/server-ca.crt", f"{etcd}/client.crt", f"{etcd}/client.key"),
            (
                f"{etcd}/peer-ca.crt",
                f"{etcd}/peer-server-client.crt",
                f"{etcd}/peer-server-client.key",
            ),
        ),
        datastores=_datastores(server, config) if spec.role == SERVER else {},
    )


def _datastores(server: str, config: t.Mapping[str, t.Any]) -> dict[str, tuple[str, ...]]:
    """In the order in which K3s heeds them."""
    etcd, sqlite = f"{server}/db/etcd/member", f"{server}/db/state.db"
    external = {"external": (f"{server}/token",)} if config.get("datastore-endpoint") else {}
    return {
        "etcd": (etcd, f"{etcd}/snap/db"),
        **external,
        "sqlite": (sqlite, sqlite, f"{sqlite}-wal"),
    }


def node_secret(node: str) -> str:
    """K3s refuses another machine under the name while this Secret is there."""
    return f"{node}.node-password.k3s"


def etcd_member(node: t.Mapping[str, t.Any]) -> str:
    """K3s notes the name of a server's etcd member on its Node."""
    notes = (node.get("metadata") or {}).get("annotations") or {}
    return str(notes.get("etcd.k3s.cattle.io/node-name") or "")
