# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cluster that cloudcore works for: looked at and prepared with an administrator's kubeconfig."""

from __future__ import annotations

import base64
import posixpath
import typing as t

from ..._core import yamlish
from ..._core.errors import EdgeError
from ..._core.plan import Phase, Step
from ..._core.verbs import Verb
from ..._host.host import Host
from ..access import connect, view
from ..objects import brief
from . import objects, paths

if t.TYPE_CHECKING:
    from ..._kube.client import Client

WAIT = 60.0  # seconds until the cluster has made the account's token, or emptied the namespace
SERVER_CERTIFICATE = "cloudcoresecret"
JOIN_TOKEN = "tokensecret"
_BEFORE_TOKEN = ("Namespace", "ServiceAccount", "Secret")


def look(host: Host, source: str, *, report: bool = False) -> dict[str, t.Any]:
    """{api: "ok" or why not, lacks: what `prepare` has to do, certificate: there is one for servers,
    tokens: there is one to join with}; with `report`, also `others`: what the cluster says of its Nodes.
    """
    if not source:
        return {"api": "there is no kubeconfig of a cluster", "lacks": ["everything"]}
    try:
        with connect(host, source) as client:
            secrets = _secrets(client)
            lacks = lacking(client, secrets)
            wanted = access(host, secrets, source)
            found: dict[str, t.Any] = {
                "certificate": SERVER_CERTIFICATE in secrets,
                "tokens": JOIN_TOKEN in secrets,
            }
            if report:
                found["others"] = {
                    node.name: brief(node) for node in map(view, client.list("Node"))
                }
    except EdgeError as exc:
        return {"api": "expired" if exc.kind == "certificate" else exc.message, "lacks": []}
    if wanted and host.read(paths.CLOUD_ACCESS) != wanted:
        lacks.append("the kubeconfig of cloudcore")
    return {**found, "api": "ok", "lacks": lacks}


def look_for_removal(host: Host, source: str) -> dict[str, t.Any]:
    """{api, ours: KubeEdge's namespace is there, and made by us}."""
    if not source:
        return {"api": ""}
    try:
        with connect(host, source) as client:
            meta = (client.read("Namespace", "", paths.NAMESPACE) or {}).get("metadata") or {}
    except EdgeError as exc:
        return {"api": exc.message}
    ours = objects.OURS.items() <= (meta.get("labels") or {}).items()
    return {"api": "ok", "ours": ours and not meta.get("deletionTimestamp")}


def _secrets(client: Client) -> dict[str, t.Mapping[str, t.Any]]:
    """Those of KubeEdge's namespace, by name."""
    return {row["metadata"]["name"]: row for row in client.list("Secret", paths.NAMESPACE)}


def lacking(client: Client, secrets: t.Mapping[str, t.Mapping[str, t.Any]]) -> list[str]:
    """Names of objects that are missing or not as they should be.

    The cluster takes an account's token away with the account: where it is, there is no need to look for more.
    """
    found = [kind.full for kind in _missing(client)]
    for wanted in objects.account():
        meta = wanted["metadata"]
        if objects.TOKEN in secrets and wanted["kind"] in _BEFORE_TOKEN:
            continue
        there = client.read(wanted["kind"], meta.get("namespace", ""), meta["name"])
        if there is None or any(
            there.get(key) != wanted[key] for key in ("rules", "subjects") if key in wanted
        ):
            found.append(f"{wanted['kind']} {meta['name']}")
    return found


def _missing(client: Client) -> list[objects.Kind]:
    """Kinds that the API does not serve in the version that cloudcore asks for."""
    from ..._kube.discovery import NoSuchKind

    found = []
    for kind in objects.KINDS:
        try:
            client.discovery.find(f"{kind.group}.kubeedge.io/{kind.versions[-1]}", kind.name)
        except NoSuchKind:
            found.append(kind)
    return found


def access(host: Host, secrets: t.Mapping[str, t.Mapping[str, t.Any]], source: str) -> bytes:
    """The text of cloudcore's kubeconfig; empty while its token is not made."""
    from ..._kube.kubeconfig import read_kubeconfig

    secret = secrets.get(objects.TOKEN) or {}
    token = base64.b64decode((secret.get("data") or {}).get("token", "")).decode()
    if not token:
        return b""
    folder = host.path(posixpath.dirname(source))
    found = read_kubeconfig(host.read_text(source), folder=folder)
    authority = base64.b64encode(found.tls.ca).decode() if found.tls.ca else ""
    return yamlish.dump(objects.kubeconfig(found.server, authority, token)).encode()


def prepare_step(source: str, lacks: t.Sequence[str], *, renew: bool) -> Step:
    """Make in the cluster what is missing; `renew` has cloudcore sign its certificate anew."""
    parts = list(lacks[:3]) + ([f"{len(lacks) - 3} more"] if len(lacks) > 3 else [])
    parts += ["a new certificate of cloudcore"] if renew else []
    summary = f"prepare the cluster: {', '.join(parts)}"
    params = {"source": source, "renew": renew}
    return Step(Phase.UNITS, "kubeedge_prepare", paths.NAMESPACE, summary, params)


def _prepare(host: Host, step: Step) -> None:
    source = step.params["source"]
    with connect(host, source, patient=True) as client:
        for kind in _missing(client):
            client.apply(objects.definition(kind), force=True)
        for wanted in objects.account():
            client.apply(wanted, force=True)
        if step.params["renew"]:
            client.delete("Secret", paths.NAMESPACE, SERVER_CERTIFICATE)
        text = b""
        deadline = host.monotonic() + WAIT
        while not text:
            text = access(host, _secrets(client), source)
            if not text and host.monotonic() > deadline:
                raise EdgeError(
                    f"the cluster made no token for the account {objects.ACCOUNT}",
                    kind="api",
                    hint="see whether its controller manager runs, then run again",
                )
            if not text:
                host.sleep(0.5)
    host.write(paths.CLOUD_ACCESS, text, 0o600)


def forget_step(source: str) -> Step:
    """Take out of the cluster what KubeEdge has there."""
    summary = "remove KubeEdge's namespace, account and kinds from the cluster"
    return Step(Phase.UNITS, "kubeedge_forget", paths.NAMESPACE, summary, {"source": source})


def _forget(host: Host, step: Step) -> None:
    """Kinds that others have made stay, with all that is stored of them."""
    with connect(host, step.params["source"], patient=True) as client:
        for kind in objects.KINDS:
            found = client.read("CustomResourceDefinition", "", kind.full) or {}
            labels = (found.get("metadata") or {}).get("labels") or {}
            if objects.OURS.items() <= labels.items():
                client.delete("CustomResourceDefinition", "", kind.full)
        for name in ("ClusterRoleBinding", "ClusterRole"):
            client.delete(name, "", objects.ACCOUNT)
        client.delete("Namespace", "", paths.NAMESPACE)
        deadline = host.monotonic() + WAIT
        while client.read("Namespace", "", paths.NAMESPACE) and host.monotonic() < deadline:
            host.sleep(0.5)


def join_token(host: Host, source: str) -> str:
    """The token that cloudcore has made for nodes to join; it is good for a day. EdgeError(kind=join)."""
    with connect(host, source) as client:
        secret = client.read("Secret", paths.NAMESPACE, JOIN_TOKEN) or {}
    token = base64.b64decode((secret.get("data") or {}).get("tokendata", "")).decode().strip()
    if not token:
        raise EdgeError(
            "cloudcore has made no token to join with yet",
            kind="join",
            hint="see what the log of cloudcore.service says, then run again",
        )
    return token


VERBS: dict[str, Verb] = {"kubeedge_prepare": _prepare, "kubeedge_forget": _forget}
