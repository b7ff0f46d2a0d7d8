# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""edge_pod by its door against the cluster, with the claims that hold for every run."""

from __future__ import annotations

import json
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.lightk8s.edge.plugins.module_utils._doors import edge_pod
from ansible_collections.lightk8s.edge.plugins.module_utils._kube.client import Client

from .cluster import Cluster

Object = dict[str, Any]
Result = dict[str, Any]


class Site:
    """Runs of the module on one cluster; without waiting, for there are no nodes."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def run(self, *objects: Object, check: bool = False, **options: Any) -> Result:
        """One run, with the options as Ansible would hand them over."""
        given = {"wait": False, "allow_unlimited": True, **options}
        if objects or "definition" not in given:
            given["definition"] = list(objects)
        validator: Any = ArgumentSpecValidator(edge_pod.ARGS["argument_spec"])
        checked = validator.validate({k: v for k, v in given.items() if v is not None})
        assert checked.error_messages == []
        client = Client.from_kubeconfig(self.cluster.admin)
        return edge_pod.main(checked.validated_parameters, check, True, client)

    def settle(self, *objects: Object, **options: Any) -> Result:
        """Check mode says what the run does, and a second run finds nothing to do."""
        told = self.run(*objects, check=True, **options)
        done = self.run(*objects, **options)
        assert "failed" not in done, done["msg"]
        for key in ("changed", "actions"):
            assert told.get(key) == done.get(key), key
        assert _own_part(told) == _own_part(done)
        self.unchanged(*objects, **{**options, "recreate": False, "force": False})
        return done

    def unchanged(self, *objects: Object, **options: Any) -> Result:
        found = self.run(*objects, **options)
        assert "failed" not in found, found["msg"]
        assert (found["changed"], found["actions"], found.get("diff")) == (False, [], None)
        return found

    def refused(self, *objects: Object, **options: Any) -> dict[str, str]:
        """The failure of a run that changes nothing; check mode fails alike."""
        told = self.run(*objects, check=True, **options)
        done = self.run(*objects, **options)
        assert told.get("failed")
        assert told["failure"] == done["failure"]
        assert (done["changed"], done["failure"]["step"]) == (False, "")
        failure: dict[str, str] = done["failure"]
        return failure

    def shown(self, item: Object, namespace: str = "") -> Object | None:
        """The object as kubectl shows it; None where there is none."""
        group, slash, dummy = item["apiVersion"].rpartition("/")
        kind = f"{item['kind']}.{group}" if slash else item["kind"]
        place = ["-n", item["metadata"].get("namespace") or namespace] if namespace else []
        words = ["get", kind, item["metadata"]["name"], "-o", "json", "--ignore-not-found"]
        text = self.cluster.kubectl(*place, *words)
        return dict(json.loads(text)) if text.strip() else None

    def kubectl_apply(self, item: Object, *words: str, namespace: str = "default") -> str:
        """As another manager would, by hand."""
        return self.cluster.kubectl(
            "-n", namespace, "apply", "--server-side", *words, "-f", "-", stdin=json.dumps(item)
        )


def _own_part(result: Result) -> list[Any]:
    """The diff without what controllers write in between."""
    rows = []
    for entry in result.get("diff", []):
        for key in ("before", "after"):
            item = json.loads(entry[key] or "{}")
            item.get("metadata", {}).pop("annotations", None)
            rows.append(item)
    return rows


def config_map(name: str, **data: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name},
        "data": data or {"key": "1"},
    }


def pod_spec(image: str = "registry.example.org/app:1", **more: Any) -> Object:
    limits = {"cpu": "50m", "memory": "16Mi"}
    container = {"name": "app", "image": image, "resources": {"limits": limits}}
    return {"containers": [container], **more}


def deployment(name: str, image: str = "registry.example.org/app:1", **pod: Any) -> Object:
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": dict(labels)}, "spec": pod_spec(image, **pod)},
        },
    }
