# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What k0s v1.34.2+k0s.0 printed on 2026-11-20 and -21, on Debian 12 nodes; addresses and names are the nodes'."""

from __future__ import annotations

VERSION = "v1.34.2+k0s.0\n"  # k0s version
VERSION_ALL = "k0s : v1.34.2+k0s.0\nrunc : 1.3.3\ncontainerd : 1.7.29\n"  # k0s version --all

# k0s config validate, rc 1, stderr
UNKNOWN_KEY = (
    "Error: failed to parse configuration: error unmarshaling JSON: while decoding JSON: json:"
    ' unknown field "bogusKey"\n'
)
SEVERAL = (
    'Error: spec: api: address: Invalid value: "notanip": invalid IP address\n'
    "spec: api: port: Invalid value: 99999: must be between 1 and 65535, inclusive\n"
)

# k0s install controller --force --single ..., then cat /etc/systemd/system/k0scontroller.service
CONTROLLER_UNIT = """[Unit]
Description=k0s - Zero Friction Kubernetes
Documentation=https://docs.k0sproject.io
ConditionFileIsExecutable=/usr/local/bin/k0s

After=network-online.target
Wants=network-online.target

[Service]
StartLimitInterval=5
StartLimitBurst=10
ExecStart=/usr/local/bin/k0s controller --config=/etc/k0s/k0s.yaml \
--disable-components=metrics-server,coredns --kubelet-extra-args=--max-pods=60\\x20--v=2 \
--labels=rig/idx=60,tier=edge --single=true --taints=a=b:NoSchedule

RestartSec=10
Delegate=yes
KillMode=process
LimitCORE=infinity
TasksMax=infinity
TimeoutStartSec=0
LimitNOFILE=999999
Restart=always

[Install]
WantedBy=multi-user.target
"""

# k0s status -o json of a controller, rc 0; shortened
STATUS = """{
   "Version": "v1.34.2+k0s.0",
   "Pid": 5515,
   "Role": "controller",
   "Workloads": true,
   "SingleNode": true,
   "WorkerToAPIConnectionStatus": {
      "Message": "",
      "Success": true
   }
}
"""
# The same of a worker whose controller is down, rc 0
STATUS_CUT_OFF = """{
   "Version": "v1.34.2+k0s.0",
   "Role": "worker",
   "WorkerToAPIConnectionStatus": {
      "Message": "dial tcp 10.99.0.61:6443: connect: connection refused",
      "Success": false
   }
}
"""
# k0s status of a worker that was restarted while its controller was down, rc 1, stderr
STATUS_NO_SOCKET = (
    'Error: status: can\'t get "status" via "/run/k0s/status.sock": Get "http://localhost/status":'
    " dial unix /run/k0s/status.sock: connect: no such file or directory\n"
)
# getent passwd after k0s install controller
PASSWD = """root:x:0:0:root:/root:/bin/bash
etcd:x:999:999::/var/lib/k0s:/usr/sbin/nologin
kube-apiserver:x:998:998::/var/lib/k0s:/usr/sbin/nologin
konnectivity-server:x:997:997::/var/lib/k0s:/usr/sbin/nologin
"""

# k0s token create --role worker, rc 1, stderr: not running (or not yet), and a controller that is alone
NO_SOCKET = (
    'Error: failed to get k0s status: status: can\'t get "status" via "/run/k0s/status.sock": Get'
    ' "http://localhost/status": dial unix /run/k0s/status.sock: connect: no such file or directory\n'
)
SINGLE_NODE = "Error: refusing to create token: cannot join into a single node cluster\n"

# k0s config validate, rc 0, nothing printed; what is below `spec` -> the key that is not known
TAKEN_SILENTLY = {
    "api: {bogus: 1}": "api.bogus",
    "api: {ca: {bogus: 1}}": "api.ca.bogus",
    "storage: {bogus: 1}": "storage.bogus",
    "storage: {type: etcd, etcd: {bogus: 1}}": "storage.etcd.bogus",
    "storage: {type: kine, kine: {bogus: 1}}": "storage.kine.bogus",
    "network: {bogus: 1}": "network.bogus",
    "network: {kuberouter: {bogus: 1}}": "network.kuberouter.bogus",
    "network: {provider: calico, calico: {bogus: 1}}": "network.calico.bogus",
    "network: {kubeProxy: {iptables: {bogus: 1}}}": "network.kubeProxy.iptables.bogus",
    "network: {dualStack: {bogus: 1}}": "network.dualStack.bogus",
    "network: {nodeLocalLoadBalancing: {bogus: 1}}": "network.nodeLocalLoadBalancing.bogus",
    "network: {controlPlaneLoadBalancing: {bogus: 1}}": "network.controlPlaneLoadBalancing.bogus",
    "images: {bogus: 1}": "images.bogus",
    "images: {pause: {bogus: 1, image: a, version: '1'}}": "images.pause.bogus",
}
