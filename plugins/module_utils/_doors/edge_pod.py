# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a cluster runs."""

from __future__ import annotations

import json
import typing as t

from .._core.errors import EdgeError
from .._core.records import replace
from .._pods import simple
from .._workloads import images
from .._workloads.spec import ABSENT, Manifest, Spec, checked
from . import objects

if t.TYPE_CHECKING:
    from .._kube.client import Client

ARGS: dict[str, t.Any] = {
    "argument_spec": {
        **objects.COMMON,
        "definition": {"type": "raw"},
        "src": {"type": "list", "elements": "path"},
        "template": {"type": "bool", "default": True},
        "restart_on_secret_change": {"type": "bool", "default": False},
        "can_pull": {"type": "bool", "default": True},
        "expected": {"type": "list", "elements": "str", "default": []},
        "sealed": {"type": "str", "no_log": True},
        "ask_nodes": {"type": "bool", "default": False},
        "node_images": {"type": "dict"},
        **simple.OPTIONS,
    },
    "supports_check_mode": True,
}


def main(
    params: dict[str, t.Any], check: bool, diff: bool, client: Client | None = None
) -> dict[str, t.Any]:
    """Converge the workloads; see the module's documentation for the result."""
    return objects.run(
        params,
        lambda opened: startable(params, opened, check),
        check=check,
        diff=diff,
        client=client,
    )


def startable(params: t.Mapping[str, t.Any], client: Client, check: bool) -> Spec:
    """The spec, once it is known that no pod waits for an image in vain. EdgeError."""
    wanted = checked(spec(params))
    if check:  # a real run finds them, or says that they are not there
        wanted = replace(wanted, expected=tuple(params.get("expected") or ()))
    if wanted.state != ABSENT:
        needs = images.needed(wanted.objects, can_pull=params.get("can_pull") is not False)
        if needs:
            _refuse_absent(needs, params, client)
    return wanted


def _refuse_absent(needs: images.Needs, params: t.Mapping[str, t.Any], client: Client) -> None:
    nodes, lists = client.list("Node"), params.get("node_images")
    absent = images.missing(needs, nodes, lists)
    if absent and params.get("ask_nodes"):
        raise objects.AsksNodes(absent)
    images.refuse_absent(needs, nodes, lists)


def spec(params: t.Mapping[str, t.Any]) -> Spec:
    """What is wanted. EdgeError(kind=spec)."""
    if params.get("src"):
        raise EdgeError("src is read by the action plugin", kind="spec", hint="give definition")
    given = ("definition", "workloads", "name", "secrets", "config_maps")
    whole = params.get("owner") and params.get("state") == ABSENT
    if not whole and all(params.get(key) is None for key in given):
        raise EdgeError(
            "nothing is described", kind="spec", hint="give definition, src, workloads or name"
        )
    items = unsealed(_definitions(params.get("definition")), params.get("sealed"))
    found = objects.spec_of(params, [*items, *simple.manifests(params)])
    if not found.objects and not found.owner:
        raise EdgeError("no objects are described", kind="spec", hint="see whether a file is empty")
    return replace(found, unlimited=simple.unlimited(params))


def _definitions(value: t.Any) -> list[Manifest]:
    if value is None:
        return []
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise EdgeError("definition is text that is no JSON", kind="spec") from None
    return list(value) if isinstance(value, (list, tuple)) else [value]


def unsealed(items: t.Sequence[Manifest], sealed: str | None) -> list[Manifest]:
    """The manifests with what the action plugin has taken out of Secrets, by their numbers."""
    found = list(items)
    for number, parts in json.loads(sealed or "{}").items():
        found[int(number)] = {**found[int(number)], **parts}
    return found
