# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose word counts before a change is sent: rules of webhooks and policies, and what they are about."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lightk8s.edge.plugins.module_utils._kube.resources import Resource
from ansible_collections.lightk8s.edge.plugins.module_utils._workloads.judges import (
    concerns,
    rules_of,
)

DEPLOYMENTS = Resource("apis/apps/v1", "deployments", True, "Deployment", "apps/v1")
RULE = {"operations": ["UPDATE"], "apiGroups": ["apps"], "resources": ["deployments"]}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"operations": ["*"]}, True),
        ({"apiGroups": ["*"]}, True),
        ({"resources": ["*"]}, True),
        ({"resources": ["*/*"]}, True),
        ({"apiVersions": ["v1beta1"]}, True),  # an API server converts for webhooks
        ({"operations": ["CREATE", "DELETE"]}, False),
        ({"apiGroups": [""]}, False),
        ({"resources": ["pods", "deployments/scale"]}, False),
    ],
)
def test_a_rule_is_about_a_kind(change: dict[str, Any], expected: bool) -> None:
    assert concerns({**RULE, **change}, DEPLOYMENTS) is expected


def test_rules_of_webhooks_and_policies() -> None:
    assert rules_of({"webhooks": [{"rules": [RULE]}, {"rules": [RULE]}, {}]}) == [RULE, RULE]
    assert rules_of({"spec": {"matchConstraints": {"resourceRules": [RULE]}}}) == [RULE]


def test_a_policy_that_names_no_kinds_is_about_all() -> None:
    (rule,) = rules_of({"spec": {}})
    assert concerns(rule, DEPLOYMENTS)
