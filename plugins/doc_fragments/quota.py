# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options of a namespace and its bounds."""

    DOCUMENTATION = r"""
options:
  labels:
    description:
      - Labels of the namespace.
    type: dict
  annotations:
    description:
      - Annotations of the namespace.
    type: dict
  pod_security_enforce:
    description:
      - Level of the Pod Security Standards below which pods are refused.
    type: str
    choices: [privileged, baseline, restricted]
  pod_security_audit:
    description:
      - Level below which pods are noted in the audit log.
    type: str
    choices: [privileged, baseline, restricted]
  pod_security_warn:
    description:
      - Level below which whoever makes a pod is warned.
    type: str
    choices: [privileged, baseline, restricted]
  pod_security_version:
    description:
      - Version of Kubernetes whose levels hold, such as V(v1.34). Unset means the newest that the API knows.
    type: str
  hard:
    description:
      - Bounds of what the namespace may use together, by the names that a ResourceQuota has for them, such as
        V(limits.memory), V(requests.cpu) and V(pods).
    type: dict
  limits:
    description:
      - Bounds and defaults of single containers, pods or claims, as a LimitRange has them. An entry has C(type)
        (V(Container) unless given), C(default), C(default_request), C(min), C(max) and C(max_limit_request_ratio).
    type: list
    elements: dict
  priority_classes:
    description:
      - PriorityClasses of the cluster. An entry has C(name), C(value), C(description), C(preemption_policy) and
        C(global_default).
    type: list
    elements: dict
  default_deny:
    description:
      - Directions of traffic that pods of the namespace may not use but for what is allowed.
      - NetworkPolicies are carried out by the cluster's network. An edge node of KubeEdge has none that does.
    type: list
    elements: str
    choices: [ingress, egress]
  allow:
    description:
      - What is allowed all the same. V(dns) is the cluster's own name service, V(same_namespace) are pods of the
        namespace in both denied directions, V(api_server) is the way to the API.
    type: list
    elements: str
    choices: [dns, same_namespace, api_server]
  allow_ingress_from:
    description:
      - Namespaces whose pods may reach the pods of this one.
    type: list
    elements: str
  allow_egress_to:
    description:
      - Ranges of addresses that the pods may reach.
    type: list
    elements: str
  allow_overcommit:
    description:
      - Whether the quotas of all namespaces may allow more than the nodes give together.
      - Else a quota that grows beyond that is refused, with the sum.
    type: bool
    default: false
  quotas:
    description:
      - Several namespaces. An entry is a dictionary with O(namespace) and the options of one.
    type: list
    elements: dict
"""
