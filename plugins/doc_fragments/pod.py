# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The simple form of a workload. Nested options are Kubernetes' own, written in snake_case."""

    DOCUMENTATION = r"""
options:
  name:
    description:
      - Name of the workload. It is the label C(app.kubernetes.io/name) of its pods too, by which they are found.
    type: str
  kind:
    description:
      - What runs the pod. Unset means V(Deployment).
    type: str
    choices: [Pod, Deployment, DaemonSet, StatefulSet, Job, CronJob]
  labels:
    description:
      - Labels of the workload and of its pods.
    type: dict
  annotations:
    description:
      - Annotations of the workload and of its pods.
    type: dict
  image:
    description:
      - Image of the container.
    type: str
  digest:
    description:
      - Digest that the image must have, V(sha256:) and 64 hexadecimal digits.
    type: str
  image_pull_policy:
    description:
      - When the image is pulled. Unset means that Kubernetes decides by the image's tag.
    type: str
    choices: [Always, IfNotPresent, Never]
  image_pull_secrets:
    description:
      - Names of Secrets with credentials of registries.
    type: list
    elements: str
  command:
    description:
      - Program and first arguments, instead of the image's entry point.
    type: list
    elements: str
  args:
    description:
      - Arguments of the program.
    type: list
    elements: str
  working_dir:
    description:
      - Folder in which the program starts.
    type: str
  env:
    description:
      - Variables. A value is a text, or a dictionary that says where it comes from.
      - That is C(secret) or C(config_map) with C(key) and perhaps C(optional), C(field) for a field of the pod, or
        C(resource) for a request or limit of the container.
    type: dict
  env_from:
    description:
      - Secrets and ConfigMaps whose keys become variables. An entry has C(secret) or C(config_map), and may have
        C(prefix) and C(optional).
    type: list
    elements: dict
  resources:
    description:
      - C(requests) and C(limits), each with quantities such as C(cpu) and C(memory).
      - Limits of both are required unless O(allow_unlimited) is set, as a container without can take a whole node.
    type: dict
  allow_unlimited:
    description:
      - Whether a container may go without limits of processor time or memory.
    type: bool
    default: false
  ports:
    description:
      - Ports of the container. An entry has C(container_port), and may have C(name), C(protocol), C(host_port) and
        C(host_ip).
    type: list
    elements: dict
  liveness_probe:
    description:
      - When the container is started anew. One of C(http_get), C(tcp_socket), C(exec) and C(grpc), with
        C(initial_delay_seconds), C(period_seconds), C(timeout_seconds), C(success_threshold), C(failure_threshold) and
        C(termination_grace_period_seconds).
    type: dict
  readiness_probe:
    description:
      - When the pod counts as ready; as O(liveness_probe).
    type: dict
  startup_probe:
    description:
      - When the container has started; as O(liveness_probe).
    type: dict
  volumes:
    description:
      - Mounts, each with C(name), C(mount_path), and perhaps C(sub_path) and C(read_only).
      - An entry names the source as C(config_map), C(secret), C(host_path), C(persistent_volume_claim), or has
        C(empty_dir) set. One without a source mounts an earlier volume once more.
      - With C(config_map) and C(secret) go C(items) (file names by key), C(default_mode) and C(optional). With
        C(host_path) goes C(host_path_type), with C(empty_dir) go C(medium) and C(size_limit).
    type: list
    elements: dict
  config_maps:
    description:
      - ConfigMaps that are made beside the workload, each with C(name) and C(data).
    type: list
    elements: dict
  node_selector:
    description:
      - Labels that a node must have.
    type: dict
  tolerations:
    description:
      - Taints that the pod bears, each with C(key), C(operator), C(value), C(effect) and C(toleration_seconds).
    type: list
    elements: dict
  affinity:
    description:
      - Kubernetes' affinity, its options in snake_case.
    type: dict
  priority_class:
    description:
      - Name of the PriorityClass.
    type: str
  runtime_class:
    description:
      - Name of the RuntimeClass.
    type: str
  restart_policy:
    description:
      - When containers are started anew. Unset means V(OnFailure) for a Job and a CronJob, else V(Always).
    type: str
    choices: [Always, OnFailure, Never]
  service_account:
    description:
      - Name of the service account.
    type: str
  automount_service_account_token:
    description:
      - Whether containers get a token of the service account. Unset means only where O(service_account) is set.
      - On an edge node of KubeEdge that is cut off, a pod with a token may not start again.
    type: bool
  security_context:
    description:
      - Kubernetes' security context of the container, its options in snake_case.
    type: dict
  pod_security_context:
    description:
      - Kubernetes' security context of the pod, its options in snake_case.
    type: dict
  host_network:
    description:
      - Whether the pod uses the node's network.
    type: bool
  termination_grace_period_seconds:
    description:
      - Seconds that a pod has to end by itself.
    type: int
  replicas:
    description:
      - Number of pods of a Deployment or StatefulSet. Unset leaves the number alone.
    type: int
  strategy:
    description:
      - How pods are replaced. V(Recreate) is for a Deployment, V(OnDelete) for a DaemonSet or StatefulSet.
    type: str
    choices: [RollingUpdate, Recreate, OnDelete]
  service_name:
    description:
      - Name of the headless Service of a StatefulSet. Unset means the workload's name.
    type: str
  schedule:
    description:
      - When a CronJob runs.
    type: str
  time_zone:
    description:
      - Time zone of O(schedule).
    type: str
  concurrency_policy:
    description:
      - What becomes of a run of a CronJob whose former run goes on still.
    type: str
    choices: [Allow, Forbid, Replace]
  completions:
    description:
      - Number of pods of a Job that must end well.
    type: int
  parallelism:
    description:
      - Number of pods of a Job at a time.
    type: int
  backoff_limit:
    description:
      - Number of failures after which a Job is given up.
    type: int
  active_deadline_seconds:
    description:
      - Seconds that a Job may take.
    type: int
  secrets:
    description:
      - Secrets that are made before anything that uses them. Their values are in no result, diff or log.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - Name of the Secret.
        type: str
        required: true
      namespace:
        description:
          - Namespace of the Secret. Unset means O(namespace).
        type: str
      type:
        description:
          - Kubernetes' type of the Secret.
        type: str
        default: Opaque
      data:
        description:
          - Values by their keys, as plain text.
        type: dict
        required: true
  workloads:
    description:
      - Several workloads. An entry is a dictionary with the options of this simple form, O(namespace) among them, or
        one with C(definition), a manifest or a list of them.
    type: list
    elements: dict
"""
