# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate of KubeEdge: what of its health a node can see by itself.

An edge node cannot ask the API. Here counts that edgecore holds its certificate, answers, is connected
to the cloud side, and that containerd's CRI is up; whether the cluster sees the Node as Ready, the
controller asks a server of the site.
"""

from __future__ import annotations

import typing as t

from ..._core.errors import EdgeError
from ..._core.plan import Phase, Step
from ..._core.verbs import Verb
from ..._host.host import Host
from .. import gate
from ..spec import AGENT, Spec
from . import config, look, machine, paths

PROBE = 5.0


def step(spec: Spec, document: t.Mapping[str, t.Any], hostname: str) -> Step:
    """The gate of the spec's role."""
    name = look.node_name(spec, document, hostname)
    if spec.role == AGENT:
        what = f"wait until {name} is connected to its cloud side"
        params: dict[str, t.Any] = {"agent": True, "port": config.cloud_port(document)}
    else:
        what = "wait until cloudcore serves edge nodes"
        params = {"agent": False, "source": str(document.get("source") or "")}
    params.update(timeout=spec.wait_timeout, version="")
    return Step(Phase.GATE, "gate", paths.unit_of(spec.role), what, params)


def _gate(host: Host, step: Step) -> None:
    gate.perform(host, step, _edge if step.params["agent"] else _cloud)


def _edge(host: Host, step: Step) -> str:
    """Why an edge node is not healthy yet; empty when it is."""
    state = host.unit(step.target)
    if state.active != "active":
        return f"the service is {state.active} ({state.sub})"
    days = look.certificate_days(host)
    if days is None or days < 0:
        return "edgecore has no certificate from the cloud side yet"
    if host.inspect(paths.EDGE_CONFIG) is None:
        return f"{paths.EDGE_CONFIG} has not been put together"
    trouble = answering(host) or runtime(host)
    if trouble:
        return trouble
    # Read anew: the change may have moved the cloud side.
    port = config.cloud_port(look.configuration(host, AGENT))
    tables = [host.read_text(f"/proc/net/{name}") for name in ("tcp", "tcp6")]
    if not any(machine.connected(table, port) for table in tables):
        return f"edgecore is not connected to the cloud side (port {port})"
    return ""


def answering(host: Host) -> str:
    """Why the kubelet inside edgecore does not answer; empty when it does."""
    from ..._host.http import Connection

    url = f"http://127.0.0.1:{paths.HEALTH}"
    try:
        with Connection(url, connect_timeout=PROBE, read_timeout=PROBE) as connection:
            answer = connection.request("GET", "/healthz", timeout=PROBE)
    except EdgeError as exc:
        return f"edgecore does not answer yet: {exc.message}"
    said = answer.body.decode("utf-8", "replace").strip()
    return "" if answer.status == 200 and said == "ok" else f"edgecore says {said or answer.status}"


def runtime(host: Host) -> str:
    """Why containerd cannot run pods; empty when it can, or where nobody is there to ask it."""
    words = ["ctr", f"--address={paths.CONTAINERD}", "--connect-timeout=5s", "plugins", "ls"]
    try:
        done = host.run(words, check=False, timeout=20)
    except EdgeError as exc:
        return f"containerd does not answer: {exc.message}"
    if done.rc == 127:
        return ""
    return f"containerd does not answer: {done.said}" if done.rc else plugin_trouble(done.out)


def plugin_trouble(listed: str) -> str:
    """What of the output of `ctr plugins ls` keeps pods from running. Pure."""
    rows = [line.split() for line in listed.splitlines()]
    states = [row[-1] for row in rows if len(row) > 2 and row[1] == "cri"]
    return (
        "" if "ok" in states else f"containerd's CRI plugin is {states[0] if states else 'absent'}"
    )


def _cloud(host: Host, step: Step) -> str:
    """Why cloudcore is not healthy yet; empty when it is."""
    state = host.unit(step.target)
    if state.active != "active":
        return f"the service is {state.active} ({state.sub})"
    if not look.serves(host, look.configuration(host, "server")):
        return "cloudcore does not listen on its ports yet"
    from . import cluster  # with the TLS of its client

    cluster.join_token(host, step.params["source"])
    return ""


VERBS: dict[str, Verb] = {"gate": _gate}
