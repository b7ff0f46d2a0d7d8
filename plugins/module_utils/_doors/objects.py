# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What doors of modules that write objects share: options, the way to the API, the result."""

from __future__ import annotations

import base64
import binascii
import typing as t

from .._core import door, secrecy
from .._core.errors import EdgeError
from .._host.host import Host
from .._workloads.spec import STATES, Manifest, Spec, checked
from . import options
from .own_cluster import own_kubeconfig

if t.TYPE_CHECKING:
    from .._kube.client import Client

Params = t.Mapping[str, t.Any]
COMMON: options.Options = {
    **options.NAME,
    **{key: options.NODE[key] for key in ("site", "role", "data_dir")},
    "kubeconfig": {"type": "path"},
    "context": {"type": "str"},
    "namespace": {"type": "str", "default": "default"},
    "state": {"type": "str", "default": "present", "choices": list(STATES)},
    "owner": {"type": "str"},
    "force": {"type": "bool", "default": False},
    "recreate": {"type": "bool", "default": False},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": options.NODE["wait_timeout"],
}


class AsksNodes(EdgeError):
    """Whether images are there is known to the nodes alone; the action plugin asks them and runs again."""

    def __init__(self, images: list[str]) -> None:
        super().__init__(f"nodes have to be asked for {', '.join(images)}", kind="internal")
        self.images = images


def run(
    params: Params,
    build: t.Callable[[Client], Spec],
    *,
    check: bool,
    diff: bool,
    client: Client | None = None,
) -> dict[str, t.Any]:
    """Converge what `build` makes of the cluster and give the result.

    Without a client it is this node's own cluster. `build` may ask the API; EdgeErrors become a failure.
    """
    site = str(params.get("site") or "")
    words: list[str] = []
    try:
        opened = client or client_of_node(params, Host())
        with opened:
            from .._workloads.run import converge

            spec = build(opened)
            spec = checked(spec)
            words = secret_words(spec.objects)
            outcome = converge(opened, spec, check=check)
    except EdgeError as exc:
        asks = {"ask_images": exc.images} if isinstance(exc, AsksNodes) else {}
        return {"changed": False, **asks, **door.failed(exc, site, words)}
    return door.result(outcome, diff=diff, secrets=words, check=check)


def client_of_node(params: Params, host: Host) -> Client:
    """A client by the kubeconfig that the distribution keeps on its servers. EdgeError."""
    from .._kube.client import Client
    from .._kube.retry import PATIENT

    if params.get("kubeconfig"):
        raise EdgeError(
            "a kubeconfig is read on the controller, and this run has no controller's half",
            kind="spec",
            hint="run the module as an ordinary task, without async",
        )
    text, folder = own_kubeconfig(params, host)
    return Client.from_kubeconfig(text, folder=folder, retry=PATIENT)


def spec_of(params: Params, objects: t.Sequence[Manifest]) -> Spec:
    """The spec that the common options ask for."""
    return Spec(
        objects=tuple(objects),
        state=params.get("state") or STATES[0],
        namespace=params.get("namespace") or "default",
        owner=params.get("owner") or "",
        force=bool(params.get("force")),
        recreate=bool(params.get("recreate")),
        wait=params.get("wait") is not False,
        wait_timeout=float(params.get("wait_timeout") or 0),
        allow_unlimited=bool(params.get("allow_unlimited")),
        restart_on_secret_change=bool(params.get("restart_on_secret_change")),
    )


def secret_words(objects: t.Iterable[Manifest]) -> list[str]:
    """What no message may show: the values of Secrets, plain and in base64."""
    found: set[str] = set()
    for item in objects:
        if item.get("kind") == "Secret":
            for key in secrecy.PARTS:
                values = item.get(key)
                for value in values.values() if isinstance(values, t.Mapping) else ():
                    found |= _spellings(str(value), plain=key == "stringData")
    return sorted(word for word in found if len(word) >= secrecy.SHORTEST)


def _spellings(value: str, *, plain: bool) -> set[str]:
    if plain:
        return {value, base64.b64encode(value.encode()).decode()}
    try:
        return {value, base64.b64decode(value, validate=True).decode()}
    except (binascii.Error, ValueError):
        return {value}
