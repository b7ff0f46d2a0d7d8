# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What KubeEdge v1.23.1 (edgecore, cloudcore) said on 2026-11-20, on Debian 12 nodes; beside it lie their
--defaultconfig. Texts of containerd 1.6 and of the kernel are in their documented form, and say so.
"""

from __future__ import annotations

import typing as t

# containerd's docs/cri/config.md: where the cgroup driver stands in /etc/containerd/config.toml
CONTAINERD_CGROUPFS = """version = 2
[plugins]
  [plugins."io.containerd.grpc.v1.cri"]
    sandbox_image = "registry.k8s.io/pause:3.8"
    [plugins."io.containerd.grpc.v1.cri".containerd]
      default_runtime_name = "runc"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
        runtime_type = "io.containerd.runc.v2"
        [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
          SystemdCgroup = false
"""
CONTAINERD_2 = """version = 3
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  SystemdCgroup = true
"""
CONTAINERD_SYSTEMD = CONTAINERD_CGROUPFS.replace("SystemdCgroup = false", "SystemdCgroup = true")

# What ss -tn showed on the edge node, in the form of /proc/net/tcp: connections to 10.99.0.70:10000 and :10002
CONNECTED = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:286E 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1
   1: 4700630A:996A 4600630A:2712 01 00000000:00000000 00:00000000 00000000     0        0 2 1
   2: 4700630A:962E 4600630A:2710 01 00000000:00000000 00:00000000 00000000     0        0 3 1
"""

# The parts and lengths of what keadm gettoken printed; the token itself is made up
TOKEN = ".".join(("6383d7b1" * 8, "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "x" * 24, "s" * 43))

# kubectl get node ke-e -o yaml after the join, shortened
NODE: dict[str, t.Any] = {
    "metadata": {
        "name": "ke-e",
        "labels": {"node-role.kubernetes.io/agent": "", "node-role.kubernetes.io/edge": ""},
    },
    "spec": {},
    "status": {
        "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
        "nodeInfo": {"kubeletVersion": "v1.32.10-kubeedge-v1.23.1"},
    },
}
# The same after containerd was stopped
STOPPED = {"type": "Ready", "status": "False", "reason": "KubeletNotReady"}
STOPPED_MESSAGE = "container runtime is down"

# edgecore.yaml that made a node Ready in 0.9 s (recorded as direct-version-set)
WORKING = """apiVersion: edgecore.config.kubeedge.io/v1alpha2
kind: EdgeCore
edgecoreVersion: v1.23.1
modules:
  edgeHub:
    httpServer: https://10.99.0.70:10002
    websocket:
      enable: true
      server: 10.99.0.70:10000
  edged:
    hostnameOverride: ke-g
    tailoredKubeletConfig:
      cgroupDriver: cgroupfs
      containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
      imageServiceEndpoint: unix:///run/containerd/containerd.sock
  eventBus:
    enable: false
"""

# `ctr plugins ls` in its documented form
PLUGINS = """TYPE                                  ID                       PLATFORMS      STATUS
io.containerd.content.v1              content                  -              ok
io.containerd.grpc.v1                 cri                      linux/amd64    ok
"""
PLUGINS_ERROR = PLUGINS.replace("linux/amd64    ok", "linux/amd64    error")
