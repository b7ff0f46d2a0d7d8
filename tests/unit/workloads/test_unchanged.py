# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What managed fields tell of a wish; in doubt the server is asked."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._workloads.unchanged import unchanged

Object = dict[str, Any]
OURS = "lightk8s-edge"
WISH: Object = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "till", "namespace": "shop", "labels": {"app": "till"}},
    "spec": {"selector": {"app": "till"}, "ports": [{"port": 80}, {"port": 80, "protocol": "UDP"}]},
}
TCP, UDP = 'k:{"port":80,"protocol":"TCP"}', 'k:{"port":80,"protocol":"UDP"}'
FIELDS: Object = {
    "f:metadata": {"f:labels": {"f:app": {}}},
    "f:spec": {
        "f:selector": {},
        "f:ports": {TCP: {".": {}, "f:port": {}}, UDP: {".": {}, "f:port": {}, "f:protocol": {}}},
    },
}


def entry(fields: Object, **more: Any) -> Object:
    return {
        "manager": OURS,
        "operation": "Apply",
        "apiVersion": "v1",
        "fieldsV1": fields,
        **more,
    }


def live(*entries: Object, **spec: Any) -> Object:
    ports = [{"port": 80, "protocol": name, "targetPort": 80} for name in ("TCP", "UDP")]
    found = copy.deepcopy(WISH)
    found["metadata"] |= {"uid": "1", "managedFields": list(entries)}
    found["spec"] |= {"clusterIP": "10.43.0.9", "ports": ports, **spec}
    return found


def test_what_was_applied_and_holds_still_is_unchanged() -> None:
    others = entry({"f:status": {}}, manager="someone", operation="Update")
    assert unchanged(WISH, live(entry(FIELDS), others), OURS)


@pytest.mark.parametrize(
    "other",
    [
        live(),
        live(entry(FIELDS, manager="someone")),
        live(entry(FIELDS, operation="Update")),
        live(entry(FIELDS, subresource="status")),
        live(entry(FIELDS, apiVersion="v2")),
        live(entry(FIELDS), entry(FIELDS)),
        live(entry({**FIELDS, "f:type": {}})),
        live(entry(FIELDS), selector={"app": "other"}),
        live(entry(FIELDS), selector={"app": "till", "more": "x"}),
        live(entry(FIELDS), ports=[]),
        live(entry(FIELDS), ports=live()["spec"]["ports"][::-1]),
    ],
)
def test_else_it_is_not(other: Object) -> None:
    assert not unchanged(WISH, other, OURS)


def test_a_map_whose_parts_others_manage_is_no_single_field() -> None:
    """Ours was empty when it was applied; what is in it now is another's."""
    shared = entry({"f:spec": {"f:selector": {"f:app": {}}}}, manager="someone")
    assert not unchanged(WISH, live(entry(FIELDS), shared), OURS)


def test_what_is_about_to_go_is_asked_for() -> None:
    going = live(entry(FIELDS))
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert not unchanged(WISH, going, OURS)


def test_true_is_not_one() -> None:
    fields: Object = {"f:data": {"f:n": {}}}
    item = {**WISH, "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"n": True}}
    del item["spec"]
    there = {**item, "metadata": {"name": "a", "managedFields": [entry(fields)]}, "data": {"n": 1}}
    assert not unchanged(item, there, OURS)
    assert unchanged({**item, "data": {"n": 1}}, there, OURS)
