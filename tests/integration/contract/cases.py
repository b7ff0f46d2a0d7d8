# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which distribution has which case of the contract when: in `make test`, in `make test-full` alone, or never.

A case is named `upgrade::test_the_next_minor_version`, with the test's own parameters in brackets
where only some of them are meant; `upgrade` alone is every case of `test_upgrade.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

# `make test` runs these; everything else has its turn in `make test-full`, by the mark `slow`. K3s
# stands for all where adapters differ in little.
IN_MAKE_TEST: Mapping[str, Iterable[str]] = {
    "k3s": ("install", "change", "upgrade", "faults", "power", "airgap", "datastore", "leave"),
    "k0s": ("install", "change"),
    "microk8s": ("install", "change"),
    "kubeedge": ("install", "change"),
}

# Skipped with this reason: what a distribution has not, cannot be right or wrong on it. A case that
# merely fails does not belong here.
NO_MEANING: Mapping[str, Mapping[str, str]] = {
    "microk8s": {
        "airgap::test_programs_go_elsewhere_where_usr_cannot_be_written": (
            "On MicroK8s snapd decides where programs lie."
        ),
        "datastore": "MicroK8s brings its own datastore and takes no other.",
    },
    "kubeedge": {
        "datastore": "KubeEdge keeps its state in the cluster that cloudcore works for.",
        "install::test_the_clusters_dns_runs": "An edge node has no DNS of the cluster.",
        "install::test_the_kubeconfig_leads_to_the_site": (
            "KubeEdge makes no administrator's kubeconfig: that of the cluster beneath it is the cluster's."
        ),
        "upgrade::test_a_newer_version_is_one_restart[rebuilt]": (
            "A release of KubeEdge is not packaged anew: its version has no build number."
        ),
        "airgap::test_pods_start_from_the_archive": (
            "KubeEdge brings no images: those of an edge node are its containerd's own."
        ),
        "faults::test_expired_certificates_are_recognised_and_renewed": (
            "KubeEdge has no API server; test_kubeedge.py renews the certificate of an edge node."
        ),
        "faults::test_an_ended_authority_is_named_and_nothing_is_restarted": (
            "KubeEdge has no API server; the authority is that of the cluster beneath it."
        ),
    },
}


def is_in_make_test(distribution: str, case: str) -> bool:
    """Whether `make test` has the case on that distribution."""
    return any(_means(name, case) for name in IN_MAKE_TEST.get(distribution, ()))


def why_without_meaning(distribution: str, case: str) -> str:
    """Why there is no such case on that distribution; empty where there is."""
    rows = NO_MEANING.get(distribution, {})
    return next((reason for name, reason in rows.items() if _means(name, case)), "")


def case_of(module: str, test: str, distribution: str) -> str:
    """The name of a case from those of the test's module and of the test with its parameters."""
    name, bracket, rest = test.partition("[")
    own = "-".join(word for word in rest.rstrip("]").split("-") if word != distribution)
    return f"{module.removeprefix('test_')}::{name}" + (f"[{own}]" if bracket and own else "")


def _means(name: str, case: str) -> bool:
    return case == name or case.partition("[")[0] == name or case.partition("::")[0] == name
