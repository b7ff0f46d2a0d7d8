# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the simple form to manifests: what edge_pod applies for options instead of a definition. Pure."""

from __future__ import annotations

import base64
import typing as t

from .._core.forms import Values, camels, checked, label, texts, wrong
from . import options
from .container import container
from .volumes import volumes

Manifest = dict[str, t.Any]
NAME_LABEL = "app.kubernetes.io/name"
API = {"Pod": "v1", "Job": "batch/v1", "CronJob": "batch/v1"}
ENDING = ("Job", "CronJob")  # kinds whose pods come to an end
CRON_NAME = 52  # the Jobs of a CronJob bear its name and 11 characters more


def manifests(form: Values) -> list[Manifest]:
    """The manifests of one simple form: its ConfigMaps, then the workload.

    EdgeError(kind=spec) names the workload, the option and the remedy.
    """
    found, where = _named(form)
    _only_its_own(found, where)
    return [*_config_maps(found, where), _workload(found, where)]


def removal(form: Values) -> list[Manifest]:
    """The names of the same objects: what is to go needs no image and no limits."""
    found, where = _named(form)
    maps = [dict(item) for item in _config_maps(found, where)]
    for item in maps:
        del item["data"]
    return [*maps, _head(found)]


def _named(form: Values) -> tuple[dict[str, t.Any], str]:
    """The checked form, with its kind and its place."""
    where = f"workload {form.get('name') or 'without a name'}"
    found = checked(form, options.FORM, where)
    if not found.get("name"):
        raise wrong(where, "name is missing", "name the workload")
    found = {"namespace": "default", "kind": "Deployment", **found}
    label(found["name"], f"{where}: name", CRON_NAME if found["kind"] == "CronJob" else 63)
    label(found["namespace"], f"{where}: namespace")
    return found, where


def _head(form: Values) -> Manifest:
    kind = form["kind"]
    metadata = {"name": form["name"], "namespace": form["namespace"]}
    return {"apiVersion": API.get(kind, "apps/v1"), "kind": kind, "metadata": metadata}


def _config_maps(form: Values, where: str) -> list[Manifest]:
    rows = enumerate(form.get("config_maps", ()))
    return [_config_map(row, form, f"{where}: config_maps[{number}]") for number, row in rows]


def secret(given: Values, namespace: str = "default", where: str = "secrets") -> Manifest:
    """The manifest of one entry of `secrets`. `data` is plain text."""
    row = checked(given, options.SECRET, where)
    name = label(row["name"], f"{where}: name", 253)
    data = {
        key: base64.b64encode(text.encode()).decode()
        for key, text in texts(row["data"], f"{where}: {name}: data").items()
    }
    # `data` and not `stringData`: the API hands the latter over once and keeps nothing to compare.
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": row.get("namespace", namespace)},
        "type": row["type"],
        "data": data,
    }


def _config_map(given: t.Any, form: Values, where: str) -> Manifest:
    row = checked(given, options.CONFIG_MAP, where)
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": row["name"], "namespace": form["namespace"]},
        "data": texts(row["data"], f"{where}: data"),
    }


def _only_its_own(form: Values, where: str) -> None:
    """Refuse options that mean nothing for the kind."""
    kind = form["kind"]
    for option, kinds in options.ONLY.items():
        if option in form and kind not in kinds:
            raise wrong(
                where, f"{option} means nothing for a {kind}", f"it is for {', '.join(kinds)}"
            )
    if form.get("replicas", 0) < 0:
        raise wrong(where, f"replicas is {form['replicas']}; it must not be below 0")
    allowed = options.STRATEGIES.get(kind, ())
    if "strategy" in form and form["strategy"] not in allowed:
        raise wrong(
            where, f"a {kind} knows no strategy {form['strategy']}", f"use {' or '.join(allowed)}"
        )
    if kind == "CronJob" and "schedule" not in form:
        raise wrong(where, "schedule is missing", "write when the CronJob runs, such as 0 3 * * *")
    policy = form.get("restart_policy", "")
    lasting = kind in ("Deployment", "DaemonSet", "StatefulSet")
    if policy and ((lasting and policy != "Always") or (kind in ENDING and policy == "Always")):
        right = "Always" if lasting else "OnFailure or Never"
        raise wrong(where, f"restart_policy {policy} cannot be for a {kind}", f"use {right}")


def _workload(form: Values, where: str) -> Manifest:
    kind = form["kind"]
    labels = _labels(form, where)
    found = _head(form)
    found["metadata"]["labels"] = labels
    notes = texts(form.get("annotations", {}), f"{where}: annotations")
    if notes:
        found["metadata"]["annotations"] = notes
    pod = pod_spec(form, where)
    if kind == "Pod":
        return {**found, "spec": pod}
    template: Manifest = {"metadata": {"labels": dict(labels)}, "spec": pod}
    if notes:
        template["metadata"]["annotations"] = dict(notes)
    if kind == "CronJob":
        timing = _given(form, ("schedule", "time_zone", "concurrency_policy"))
        return {**found, "spec": {**timing, "jobTemplate": {"spec": _job(form, template)}}}
    if kind == "Job":
        return {**found, "spec": _job(form, template)}
    return {**found, "spec": _lasting(form, template)}


def _labels(form: Values, where: str) -> dict[str, str]:
    labels = texts(form.get("labels", {}), f"{where}: labels")
    if labels.get(NAME_LABEL, form["name"]) != form["name"]:
        raise wrong(f"{where}: labels", f"{NAME_LABEL} is set from the name", "leave it out")
    return {NAME_LABEL: form["name"], **labels}


def _job(form: Values, template: Manifest) -> Manifest:
    names = ("completions", "parallelism", "backoff_limit", "active_deadline_seconds")
    return {**_given(form, names), "template": template}


def _lasting(form: Values, template: Manifest) -> Manifest:
    spec: Manifest = _given(form, ("replicas",))
    spec["selector"] = {"matchLabels": {NAME_LABEL: form["name"]}}
    if form["kind"] == "StatefulSet":
        spec["serviceName"] = form.get("service_name", form["name"])
    if "strategy" in form:
        field = "strategy" if form["kind"] == "Deployment" else "updateStrategy"
        spec[field] = {"type": form["strategy"]}
    return {**spec, "template": template}


def pod_spec(form: Values, where: str) -> Manifest:
    """The pod of a checked form.

    A pod that names no service account gets no token of one: few workloads speak to the API, and on a
    node that is cut off a pod with a token may not start again.
    """
    spec: Manifest = {"containers": [container(form, where)]}
    spec["automountServiceAccountToken"] = form.get(
        "automount_service_account_token", "service_account" in form
    )
    if form["kind"] in ENDING or "restart_policy" in form:
        spec["restartPolicy"] = form.get("restart_policy", "OnFailure")
    parts = {
        "volumes": volumes(form.get("volumes", ()), f"{where}: volumes"),
        "nodeSelector": texts(form.get("node_selector", {}), f"{where}: node_selector"),
        "tolerations": _tolerations(form.get("tolerations", ()), f"{where}: tolerations"),
        "affinity": camels(form.get("affinity", {})),
        "securityContext": camels(form.get("pod_security_context", {})),
        "imagePullSecrets": [{"name": name} for name in form.get("image_pull_secrets", ())],
    }
    spec.update({name: part for name, part in parts.items() if part})
    spec.update(_given(form, ("host_network", "termination_grace_period_seconds")))
    names = {
        "service_account": "serviceAccountName",
        "priority_class": "priorityClassName",
        "runtime_class": "runtimeClassName",
    }
    spec.update({ours: form[option] for option, ours in names.items() if option in form})
    if form.get("host_network"):
        # Without it a pod on the node's network would not find the names of services.
        spec["dnsPolicy"] = "ClusterFirstWithHostNet"
    return spec


def _tolerations(given: t.Sequence[t.Any], where: str) -> list[Manifest]:
    rows = [checked(row, options.TOLERATION, f"{where}[{n}]") for n, row in enumerate(given)]
    for number, row in enumerate(rows):
        if "toleration_seconds" in row and row.get("effect") != "NoExecute":
            what = "toleration_seconds is for the effect NoExecute"
            raise wrong(f"{where}[{number}]", what, "set effect to NoExecute")
    return [camels(row) for row in rows]


def _given(form: Values, names: t.Sequence[str]) -> Manifest:
    found: Manifest = camels({name: form[name] for name in names if name in form})
    return found
