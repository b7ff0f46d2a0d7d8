# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keadm, cloudcore and edgecore 1.23.1 said on nodes of the test bed, on 2026-11-20.

Without the head of a line of the log (level, time, process); addresses and versions as fields.
"""

from __future__ import annotations

NO_FILE = (
    "config: Required value: config file {} not exist. For the configuration file format, please "
    "refer to --minconfig and --defaultconfig command"
)
NAME = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character (e.g. 'example.com', regex used for "
    "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
UNMARSHAL = "failed to unmarshal configfile {}, err: error "
# edgecore.yaml: where and what edgecore says, its exit code is 1
BAD_FILES = {
    "a: b: c": (
        "server.go:71",
        f"{UNMARSHAL}converting YAML to JSON: yaml: mapping values are not allowed in this context",
    ),
    "modules: {edged: {hostnameOverride: [a]}}": (
        "server.go:71",
        (
            f"{UNMARSHAL}unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go struct "
            "field Edged.modules.edged.TailoredKubeletFlag.hostnameOverride of type string"
        ),
    ),
    "modules: {edgeHub: {websocket: {enable: 'yes'}}}": (
        "server.go:71",
        (
            f"{UNMARSHAL}unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go struct "
            "field EdgeHubWebSocket.modules.edgeHub.websocket.enable of type bool"
        ),
    ),
    "modules: {edged: {hostnameOverride: KE_G}}": (
        "server.go:99",
        f'HostnameOverride: Invalid value: "KE_G": {NAME}',
    ),
    "modules: {edged: {tailoredKubeletConfig: {cgroupDriver: frob}}}": (
        "server.go:99",
        'CGroupDriver: Invalid value: "frob": CGroupDriver value error',
    ),
    "featureGates: {nope: true}": ("server.go:103", "unrecognized feature gate: nope"),
}
# keadm on a node that has not joined: what it says last before the usage, or at all
NOT_JOINED = {
    "frob": 'unknown command "frob" for "keadm"',
    "version -o bad": "invalid output format: bad",
    "gettoken": "get kube config failed with error: stat /root/.kube/config: no such file or directory",
    "join": "get current host and port failed: missing port in address",
    "join --cloudcore-ipport=10.99.0.70 --token=x.y.z.w": (
        "get current host and port failed: address 10.99.0.70: missing port in address"
    ),
    "backup edge": (
        "failed to occupy command execution, err: failed to create idempotency_record file, err: open "
        "/etc/kubeedge/idempotency_record: no such file or directory"
    ),
    "rollback edge": (
        "failed to occupy command execution, err: failed to create idempotency_record file, err: open "
        "/etc/kubeedge/idempotency_record: no such file or directory"
    ),
    "reset edge </dev/null": "aborted reset operation",
    "config images --kubeedge-version=v1.23.1": "unknown flag: --kubeedge-version",
}
JOIN = (
    "1. Check KubeEdge edgecore process status",
    "2. Check if the management directory is clean",
    "3. Check if the node name is valid",
    "4. Create the necessary directories",
    "5. Pull Images",
    "6. Copy resources from the image to the management directory",
    "7. Generate systemd service file",
    "8. Generate EdgeCore default configuration",
    "9. Run EdgeCore daemon",
    "10. Install Complete!",
)
