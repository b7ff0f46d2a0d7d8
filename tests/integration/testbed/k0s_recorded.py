# Copyright: (c) 2026, lightk8s.edge contributors
# GNU General Public License v3.0 or later (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the real k0s v1.34.2+k0s.0 answered, recorded on 2026-11-20 and -21 on Debian 12.

A configuration is given with those answers that are about one. Every refusal ended with 1. Where
several sections are wrong, the original names them in another order each time.
"""

from __future__ import annotations

SOCKET = (
    'status: can\'t get "status" via "/run/k0s/status.sock": Get "http://localhost/status": '
    "dial unix /run/k0s/status.sock: connect: no such file or directory"
)

# command -> the line after "Error: ", on a node without k0s
BARE = {
    "status": SOCKET,
    "status -o json": SOCKET,
    "start": "k0s has not been installed as a service",
    "stop": "k0s has not been installed as a service",
    "token create --role worker": f"failed to get k0s status: {SOCKET}",
    "token list": 'unsupported role ""; supported roles are "controller" and "worker"',
    "token create --role=foo": (
        'unsupported role "foo"; supported roles are "controller" and "worker"'
    ),
    "token invalidate": "requires at least 1 arg(s), only received 0",
    "kubeconfig admin": (
        'admin config "/var/lib/k0s/pki/admin.conf" not found, '
        "check if the control plane is initialized on this node"
    ),
    "kubectl get nodes": (
        "cannot stat k0s kubeconfig, is the server running?: "
        "stat /var/lib/k0s/pki/admin.conf: no such file or directory"
    ),
    "backup --save-path /root": (
        "cannot find data-dir (/var/lib/k0s). check your environment and/or command input "
        "and try again"
    ),
    "backup": "the save-path directory () does not exist",
    "etcd member-list": (
        "can't list etcd cluster members: open /var/lib/k0s/pki/apiserver-etcd-client.crt: "
        "no such file or directory"
    ),
    "config validate": 'required flag(s) "config" not set',
    "install controller --bogus": "unknown flag: --bogus",
    "install controller --config /root/none.yaml": (
        "failed to load node config: open /root/none.yaml: no such file or directory"
    ),
    "reset --config /etc/k0s/none.yaml": "open /etc/k0s/none.yaml: no such file or directory",
}

PARSE = "failed to parse configuration: "
DECODE = f"{PARSE}error unmarshaling JSON: while decoding JSON: json: "
# what "config validate" says of a configuration; nothing: it is accepted, with 0
VALIDATED = {
    "": "",
    "kind: Pod\nspec: {}": "",
    "apiVersion: v1\nkind: ClusterConfig": "",
    "spec: {workerProfiles: [{name: x, values: {maxPods: 5, bogus: 1}}]}": "",
    "spec: {api: {extraArgs: {bogus-flag: 'x'}}}": "",
    "spec: {bogusKey: 1}": f'{DECODE}unknown field "bogusKey"',
    "spec: {api: {port: abc}}": (
        f"{DECODE}cannot unmarshal string into Go struct field ClusterSpec.spec.api.port of type int"
    ),
    "spec: {api: {sans: 5}}": (
        f"{DECODE}cannot unmarshal number into Go struct field ClusterSpec.spec.api.sans "
        "of type []string"
    ),
    "spec:\n  a: b: c": (
        f"{PARSE}error converting YAML to JSON: yaml: line 2: "
        "mapping values are not allowed in this context"
    ),
    "kind: ClusterConfig\nspec:\n  telemetry: {enabled: false}\n\n  telemetry: {enabled: true}": (
        f"{PARSE}error converting YAML to JSON: yaml: unmarshal errors:\n"
        '  line 5: key "telemetry" already set in map'
    ),
    "spec: {network: {provider: flannel, podCIDR: 10.1.0.0/99}}": (
        'spec: network: provider: Unsupported value: "flannel": supported values: '
        '"kuberouter", "calico", "custom"\n'
        'spec: network: podCIDR: Invalid value: "10.1.0.0/99": invalid CIDR address'
    ),
    "spec: {storage: {type: mysql}}": (
        'spec: storage: type: Unsupported value: "mysql": supported values: "etcd", "kine"'
    ),
    "spec: {api: {address: notanip, port: 99999}, network: {provider: foo, serviceCIDR: x}}": (
        'spec: api: address: Invalid value: "notanip": invalid IP address\n'
        "spec: api: port: Invalid value: 99999: must be between 1 and 65535, inclusive\n"
        'spec: network: provider: Unsupported value: "foo": supported values: '
        '"kuberouter", "calico", "custom"\n'
        'spec: network: serviceCIDR: Invalid value: "x": invalid CIDR address'
    ),
    "spec: {workerProfiles: [{name: x, values: {clusterDNS: [1.1.1.1], clusterDomain: a}}]}": (
        "spec: workerProfiles[0].values.clusterDNS: Forbidden: "
        "may not be used in k0s worker profiles\n"
        "spec: workerProfiles[0].values.clusterDomain: Forbidden: "
        "may not be used in k0s worker profiles"
    ),
    "spec: {podSecurityPolicy: {defaultPolicy: a}}": "",
    "spec: {featureGates: [{enabled: true}]}": "",
    "spec: text": (
        f"{DECODE}cannot unmarshal string into Go struct field config.spec of type "
        "v1beta1.ClusterSpec"
    ),
    "spec: {images: {default_pull_policy: Sometimes}}": (
        'spec: default_pull_policy: Unsupported value: "Sometimes": supported values: '
        '"Always", "IfNotPresent", "Never"'
    ),
    "spec: {images: {pause: {image: '', version: '1'}}}": (
        "spec: images.pause.image: Required value"
    ),
    "spec: {konnectivity: {adminPort: 99999}}": (
        "spec: konnectivity: adminPort: Invalid value: 99999: "
        "must be between 1 and 65535, inclusive"
    ),
    "spec: {extensions: {helm: {repositories: [{name: a}], charts: [{name: a}]}}}": (
        "spec: extensions: repository must have URL field not empty\n"
        "spec: extensions: chart must have ChartName field not empty"
    ),
    "spec: {network: {provider: calico, calico: {mode: foo}}}": (
        'spec: network: calico.mode: Unsupported value: "foo": supported values: '
        '"bird", "vxlan", "ipip"'
    ),
    "spec: {network: {nodeLocalLoadBalancing: {enabled: false, type: foo}}}": (
        'spec: network: nodeLocalLoadBalancing.type: Unsupported value: "foo": '
        'supported values: "EnvoyProxy"'
    ),
    "spec: {network: {nodeLocalLoadBalancing: {envoyProxy: {apiServerBindPort: 70000}}}}": (
        "spec: network: nodeLocalLoadBalancing.envoyProxy.apiServerBindPort: Invalid value: "
        "70000: must be between 1 and 65535, inclusive"
    ),
    "spec: {api: {externalAddress: a.example}, network: {nodeLocalLoadBalancing: {enabled: true}}}": (
        "spec: network.nodeLocalLoadBalancing.enabled: Forbidden: node-local load balancing "
        "cannot be used in conjunction with an external Kubernetes API server address"
    ),
    "spec: {network: {controlPlaneLoadBalancing: {enabled: true, type: foo}}}": (
        "spec: controlPlaneLoadBalancing: unsupported CPLB type: foo. "
        "Only allowed value: Keepalived"
    ),
}

UNIT = """[Unit]
Description=k0s - Zero Friction Kubernetes
Documentation=https://docs.k0sproject.io
ConditionFileIsExecutable=/usr/local/bin/k0s

After=network-online.target\x20
Wants=network-online.target\x20

[Service]
StartLimitInterval=5
StartLimitBurst=10
ExecStart=/usr/local/bin/k0s {command}

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

# what is installed -> what ExecStart has
INSTALLED = {
    "controller --single --disable-components helm,autopilot --labels new=1,rig/idx=60 "
    "--taints a=b:NoSchedule --kubelet-extra-args '--max-pods=60 --v=2'": (
        "controller --disable-components=helm,autopilot "
        "--kubelet-extra-args=--max-pods=60\\x20--v=2 --labels=new=1,rig/idx=60 --single=true "
        "--taints=a=b:NoSchedule"
    ),
    "worker --token-file /etc/k0s/token --profile rig --labels b=2,a=1": (
        "worker --labels=a=1,b=2 --profile=rig --token-file=/etc/k0s/token"
    ),
}
AGAIN = (
    "failed to install {role} service: Init already exists: /etc/systemd/system/k0s{role}.service"
)

IMAGES = """quay.io/k0sproject/calico-cni:v3.29.6-0
quay.io/k0sproject/calico-kube-controllers:v3.29.6-0
quay.io/k0sproject/calico-node:v3.29.6-0
quay.io/k0sproject/coredns:1.13.1
quay.io/k0sproject/apiserver-network-proxy-agent:v0.33.0
quay.io/k0sproject/kube-proxy:v1.34.2
quay.io/k0sproject/kube-router:v2.6.2-iptables1.8.11-0
quay.io/k0sproject/cni-node:1.8.0-k0s.0
quay.io/k0sproject/metrics-server:v0.7.2-0
quay.io/k0sproject/pause:3.10.1
"""
