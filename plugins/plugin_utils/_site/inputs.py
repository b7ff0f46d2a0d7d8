# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection-wide inputs: variables edge_x that become options x. Pure but for the templar handed in."""

from __future__ import annotations

import difflib
import typing as t

from ansible_collections.lightk8s.edge.plugins.module_utils._core.errors import EdgeError
from ansible_collections.lightk8s.edge.plugins.plugin_utils._site.places import place_of

# Options that are filled in by the controller, or come from the topology, and are no inputs.
NO_INPUTS = frozenset(
    (
        "release",
        "join_url",
        "join_token",
        "alone",
        "guest",
        "state",
        "nouns",
        "planning",
        "wanted",
        "work",
        "exact",
        "prune",
        "trust",
        "trust_keys",
        "scan_command",
        "site_registry",
        "registry_authfile",
        "registry_cert_dir",
        "registry_validate_certs",
        "hold",
        "inputs_checked",
        "settle",
        "hand_on",
        "handed_on",
        "generation",
        "revoked_keys",
        "host",
        "agent",
        "force",
        "drain_seconds",
        "sync",
        # Of the site: the action plugin brings these to the server that begins it.
        "quotas",
        "workloads",
        "workload_secrets",
        "restart_on_secret_change",
        "can_pull",
        "force_objects",
        "recreate_objects",
        "ask_nodes",
        "node_images",
    )
)
FROM_TOPOLOGY = ("site", "role", "initial", "join_from", "guest")
# Inputs of the common vocabulary that nothing carries out yet, with the value that asks for nothing.
NOT_YET: dict[str, tuple[t.Any, ...]] = {
    "edge_gpu_enabled": (False,),
    "edge_npu_enabled": (False,),
    "edge_custom_accelerators": ([],),
    "edge_mtu": (),
    "edge_audit_policy": (),
    "edge_log_rotation": (True,),
}

# Inputs that are heeded by inventories, playbooks and roles instead of a module's option.
ELSEWHERE = frozenset(
    (
        "edge_alias_of",
        "edge_bandwidth_limit_mbps",
        "edge_cache_enabled",
        "edge_firewall",
        "edge_hosts",
        "edge_kubeconfig_dir",
        "edge_lan_transfer",
        "edge_leave",
        "edge_leave_force",
        "edge_leave_timeout",
        "edge_mode",
        "edge_partial_site",
        "edge_publish_arch",
        "edge_publish_artifacts",
        "edge_publish_ca",
        "edge_publish_client_cert",
        "edge_publish_client_key",
        "edge_publish_key_password",
        "edge_publish_keys",
        "edge_publish_to",
        "edge_publish_token",
        "edge_publish_valid_days",
        "edge_queue_operations",
        "edge_quotas",
        "edge_rank",
        "edge_report_path",
        "edge_reset_confirm",
        "edge_reset_state",
        "edge_restart_on_secret_change",
        "edge_sync_ca",
        "edge_sync_certificate",
        "edge_sync_document_url",
        "edge_sync_interval_minutes",
        "edge_sync_key",
        "edge_sync_queue_mb",
        "edge_sync_revoked_keys",
        "edge_sync_secrets",
        "edge_sync_token",
        "edge_sync_trusted_keys",
        "edge_sync_url",
        "edge_sync_windows",
        "edge_timezone",
        "edge_topology",
        "edge_transfer_windows",
        "edge_workload_secrets",
        "edge_workloads",
    )
)


def strangers(options: t.Iterable[str], names: t.Iterable[str]) -> dict[str, str]:
    """Variables that look like inputs and are none, each with the input that may be meant."""
    known = {f"edge_{option}" for option in options} | set(NOT_YET) | ELSEWHERE
    found = {}
    for name in sorted(name for name in names if name.startswith("edge_") and name not in known):
        found[name] = next(iter(difflib.get_close_matches(name, sorted(known), 1, 0.85)), "")
    return found


def refuse_unheeded(given: t.Mapping[str, t.Any], site: str) -> None:
    """EdgeError(kind=spec) naming the first input that nobody would heed."""
    for name, harmless in NOT_YET.items():
        value = given.get(name)
        if value is not None and value not in harmless:
            raise EdgeError(
                f"{name} is set to {value!r}, and nothing carries that out in this version",
                kind="spec",
                hint=f"remove {name}",
                site=site,
            )


def collect(
    options: t.Iterable[str],
    variables: t.Mapping[str, t.Any],
    template: t.Callable[[t.Any], t.Any],
) -> dict[str, t.Any]:
    """Options from the variables of one host; only variables that are set are templated."""
    found: dict[str, t.Any] = {}
    wanted = frozenset(options)
    for option in wanted:
        name = f"edge_{option}"
        if option not in NO_INPUTS and variables.get(name) is not None:
            value = template(variables[name])
            if value is not None and value != "":  # an empty answer of a survey
                found[option] = value
    place = place_of(variables)
    if place:
        found.update({key: place[key] for key in FROM_TOPOLOGY if key in wanted})
    if "airgap_images" in wanted and template(variables.get("edge_mode")) == "offline":
        found.setdefault("airgap_images", True)
    refuse_unheeded(
        {name: template(variables[name]) for name in NOT_YET if name in variables},
        str(found.get("site") or ""),
    )
    return found
