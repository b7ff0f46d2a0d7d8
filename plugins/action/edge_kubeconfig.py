# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import tempfile
import typing as t

from ansible.module_utils.common.yaml import yaml_dump

from ansible_collections.lightk8s.edge.plugins.module_utils._core.door import failed
from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.base import Result
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.hostvars import Hosts
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.inventory import address_of
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.reading import InputsAction


class ActionModule(InputsAction):
    """Writes a site's kubeconfig on the controller. What is in it passes through here alone."""

    DOOR = "edge_kubeconfig"
    BUILDS = False
    _supports_async = False

    def _converse(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> Result:
        host = str(task_vars["inventory_hostname"])
        answer = self.run_on_peer(host, self.DOOR, params, task_vars)
        if answer.get("unreachable"):
            return {"changed": False, "unreachable": True, "msg": answer["msg"]}
        if answer.get("failed"):
            return answer
        address = address_of(host, Hosts(task_vars["hostvars"], self._templar)[host])
        server = params.get("api_endpoint") or f"https://{_bracketed(address)}:{answer['port']}"
        context = str(params.get("context") or params.get("site") or host)
        text = render(context, server, answer)
        path = os.path.abspath(os.path.expanduser(params["dest"]))
        try:
            changed = _read(path) != text
            if changed and not self._task.check_mode:
                write(path, text)
        except OSError as exc:
            error = EdgeError(
                f"{path} cannot be written: {exc.strerror}",
                kind="io",
                hint="choose another dest, or mend the folder on the controller",
            )
            return {"changed": False, **failed(error, str(params.get("site") or ""))}
        return {"changed": changed, "dest": path, "server": server, "context": context}


def render(context: str, server: str, access: t.Mapping[str, t.Any]) -> str:
    """A kubeconfig with one context (the v1 Config of client-go), everything in it named alike."""
    dump: t.Any = yaml_dump
    text: str = dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": context,
                    "cluster": {"server": server, "certificate-authority-data": access["ca"]},
                }
            ],
            "users": [
                {
                    "name": context,
                    "user": {
                        "client-certificate-data": access["cert"],
                        "client-key-data": access["key"],
                    },
                }
            ],
            "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
            "current-context": context,
        },
        sort_keys=False,
    )
    return text


def write(path: str, text: str) -> None:
    """Old or new after a power cut, and never readable by others. OSError."""
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".kubeconfig-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _read(path: str) -> str:
    """The file, or nothing where it is absent or open to others: then it is written anew."""
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read() if not os.fstat(stream.fileno()).st_mode & 0o077 else ""
    except FileNotFoundError:
        return ""


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
