# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Actions of modules that write objects: manifests are read here, Secrets hidden, kubeconfigs resolved."""

from __future__ import annotations

import importlib
import json
import typing as t
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.plugins.loader import lookup_loader

from ansible_collections.lightk8s.edge.plugins.module_utils._core.door import failed
from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.module_utils._core.secrecy import SHORTEST
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action import arguments
from ansible_collections.lightk8s.edge.plugins.plugin_utils._action.base import (
    EdgeAction,
    Result,
    door_args,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._objects.manifests import (
    documents_of,
    read_documents,
    sealed,
)
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.inputs import collect
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.places import (
    place_of,
    refuse_wrong_site,
)

# Inputs of the node that say where its cluster is. Others (edge_labels) are the node's and no workload's.
INPUTS = ("distribution", "site", "role", "data_dir")


class ObjectsAction(EdgeAction):
    """DOOR's `main` takes a client too: with `kubeconfig` it runs here, against that API."""

    PASSING = ("sealed", "secrets")
    PUBLIC = ("ask_nodes", "node_images")

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> Result:
        variables = task_vars or {}
        wanted = set(INPUTS) & set(door_args(self.BUNDLE_PACKAGE, self.DOOR)["argument_spec"])
        try:
            refuse_wrong_site(place_of(variables), builds=True)
            inputs = collect(wanted, variables, self._templated)
            given = {name: v for name, v in self._task.args.items() if v is not None and v != ""}
            self._task.args = self._prepared({**inputs, **given}, variables)
        except EdgeError as exc:
            return {"changed": False, **failed(exc, str(variables.get("edge_site") or ""))}
        return super().run(tmp, task_vars)

    def _templated(self, value: t.Any) -> t.Any:
        return self._templar.template(value) if value is not None else None

    def _prepared(self, args: dict[str, t.Any], variables: dict[str, t.Any]) -> dict[str, t.Any]:
        """The arguments with manifests as data, and what Secrets hold apart from them."""
        if "definition" not in args and "src" not in args:
            return args
        items = documents_of(args.get("definition", []), "definition")
        names = args.get("src") or []
        for name in [names] if isinstance(names, str) else names:
            items += self._read(str(name), args, variables)
        shown, hidden = sealed(items)
        rest = {key: value for key, value in args.items() if key not in ("src", "template")}
        # As one text: Ansible copies and looks through each value of an argument several times.
        try:
            text = json.dumps(shown, ensure_ascii=False)
        except TypeError as exc:
            raise EdgeError(
                f"a manifest holds what JSON has no form for: {exc}", kind="spec"
            ) from exc
        return {**rest, "definition": text, **({"sealed": hidden} if hidden else {})}

    def _read(
        self, name: str, args: dict[str, t.Any], variables: dict[str, t.Any]
    ) -> list[dict[str, t.Any]]:
        templated = str(args.get("template", True)).lower() not in ("false", "no", "0", "off")
        find: t.Any = self._find_needle
        try:
            if templated:
                path = find("templates", name)
                lookup = lookup_loader.get(
                    "ansible.builtin.template", loader=self._loader, templar=self._templar
                )
                text = str(lookup.run([path], variables)[0])
            else:
                text = Path(find("files", name)).read_text(encoding="utf-8")
        except (AnsibleError, OSError) as exc:
            raise EdgeError(f"{name} cannot be read: {exc}", kind="io") from exc
        found = read_documents(text, name)
        if not found:
            # With an owner this would remove all that is its: that has to be said in so many words.
            hint = "describe something, or give an empty definition"
            raise EdgeError(f"{name} holds no objects", kind="spec", hint=hint)
        return found

    def _converse(self, params: dict[str, t.Any], task_vars: dict[str, t.Any]) -> Result:
        values = json.loads(params.get("sealed") or "{}")
        words = arguments.strings(values)
        self._add_secrets(word for word in words if len(word) >= SHORTEST)
        if not params.get("kubeconfig"):
            return super()._converse(params, task_vars)
        from ansible_collections.lightk8s.edge.plugins.module_utils._kube.client import Client
        from ansible_collections.lightk8s.edge.plugins.module_utils._kube.retry import PATIENT
        from ansible_collections.lightk8s.edge.plugins.plugin_utils._objects.access import access

        door = importlib.import_module(f"{self.BUNDLE_PACKAGE}._doors.{self.DOOR}")
        try:
            found = access(str(params["kubeconfig"]), str(params.get("context") or ""))
            client = Client.connect(found, retry=PATIENT)
        except EdgeError as exc:
            return {"changed": False, **failed(exc, str(params.get("site") or ""))}
        check, diff = bool(self._task.check_mode), bool(self._task.diff)
        extra = self.more_params(None, params, task_vars)
        result: Result = door.main(params | extra, check, diff, client)
        more = self.more_params(result, params | extra, task_vars)
        if more:
            again = Client.connect(found, retry=PATIENT)
            result = door.main(params | extra | more, check, diff, again)
        return result
