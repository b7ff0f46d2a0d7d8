// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package server

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"lightk8s.invalid/testbed/common/api"
	"lightk8s.invalid/testbed/common/pki"
	"lightk8s.invalid/testbed/k3s/internal/logs"
)

func (s *Server) startAPIServer() {
	o := s.Options
	advertise := o.AdvertiseAddress
	if advertise == "" {
		advertise = s.IP
		if len(o.NodeExternalIP) > 0 {
			advertise = o.NodeExternalIP[0]
		}
	}
	port := o.AdvertisePort
	if port == 0 {
		port = o.HTTPSListenPort
	}
	issuer := "https://kubernetes.default.svc." + o.ClusterDomain
	flags := append(s.endpoint.Flags(),
		"storage-backend=etcd3",
		"advertise-address="+advertise,
		"advertise-port="+strconv.Itoa(port),
		"bind-address=127.0.0.1",
		"secure-port="+strconv.Itoa(s.apiPort),
		"cert-dir="+s.tls("temporary-certs"),
		"allow-privileged=true",
		"anonymous-auth=true",
		"authorization-mode=Node,RBAC",
		"enable-admission-plugins=NodeRestriction",
		"enable-bootstrap-token-auth=true",
		"profiling=false",
		"client-ca-file="+s.tls("client-ca.crt"),
		"tls-cert-file="+s.tls("serving-kube-apiserver.crt"),
		"tls-private-key-file="+s.tls("serving-kube-apiserver.key"),
		"kubelet-certificate-authority="+s.tls("server-ca.crt"),
		"kubelet-client-certificate="+s.tls("client-kube-apiserver.crt"),
		"kubelet-client-key="+s.tls("client-kube-apiserver.key"),
		"kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname",
		"proxy-client-cert-file="+s.tls("client-auth-proxy.crt"),
		"proxy-client-key-file="+s.tls("client-auth-proxy.key"),
		"requestheader-client-ca-file="+s.tls("request-header-ca.crt"),
		"requestheader-allowed-names=system:auth-proxy",
		"requestheader-username-headers="+headerUser,
		"requestheader-group-headers="+headerGroup,
		"requestheader-extra-headers-prefix=X-Remote-Extra-",
		"service-account-issuer="+issuer,
		"api-audiences="+issuer+",k3s",
		"service-account-key-file="+s.tls("service.key"),
		"service-account-signing-key-file="+s.tls("service.current.key"),
		"service-cluster-ip-range="+strings.Join(o.ServiceCIDR, ","),
		"service-node-port-range="+o.ServiceNodePortRange,
	)
	if o.SecretsEncryption {
		flags = append(flags, "encryption-provider-config="+s.Path("server/cred/encryption-config.json"),
			"encryption-provider-config-automatic-reload=true")
	}
	s.start("kube-apiserver", flags, o.KubeAPIServerArg)
}

// election: with one datastore on one machine nobody else can be the leader.
func (s *Server) election() []string {
	if s.kind == sqlite {
		return []string{"leader-elect=false"}
	}
	return []string{"leader-elect=true"}
}

// dropLeases gives up the leases of our own former life, which nobody else could take before they
// end.
func (s *Server) dropLeases(ctx context.Context) {
	host, err := os.Hostname()
	if err != nil {
		return
	}
	for _, name := range []string{"kube-controller-manager", "kube-scheduler"} {
		path := "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/" + name
		var lease struct {
			Spec struct {
				Holder string `json:"holderIdentity"`
			} `json:"spec"`
		}
		if s.kube.Get(ctx, path, &lease) == nil && strings.HasPrefix(lease.Spec.Holder, host+"_") {
			_ = s.kube.Do(ctx, http.MethodDelete, path, nil, nil)
		}
	}
}

func (s *Server) startControllers() {
	o := s.Options
	cred := s.Path("server/cred")
	if !o.DisableControllerManager {
		flags := append(s.election(),
			"kubeconfig="+cred+"/controller.kubeconfig",
			"authentication-kubeconfig="+cred+"/controller.kubeconfig",
			"authorization-kubeconfig="+cred+"/controller.kubeconfig",
			"bind-address=127.0.0.1",
			"allocate-node-cidrs=true",
			"cluster-cidr="+strings.Join(o.ClusterCIDR, ","),
			"service-cluster-ip-range="+strings.Join(o.ServiceCIDR, ","),
			"controllers=*,tokencleaner",
			"profiling=false",
			"root-ca-file="+s.tls("server-ca.crt"),
			"service-account-private-key-file="+s.tls("service.current.key"),
			"use-service-account-credentials=true",
		)
		for signer, ca := range map[string]string{"kube-apiserver-client": "client-ca", "kubelet-client": "client-ca",
			"kubelet-serving": "server-ca", "legacy-unknown": "server-ca"} {
			flags = append(flags, "cluster-signing-"+signer+"-cert-file="+s.tls(ca+".nochain.crt"),
				"cluster-signing-"+signer+"-key-file="+s.tls(ca+".key"))
		}
		s.start("kube-controller-manager", flags, o.KubeControllerManagerArg)
	}
	if !o.DisableScheduler {
		s.start("kube-scheduler", append(s.election(),
			"kubeconfig="+cred+"/scheduler.kubeconfig",
			"authentication-kubeconfig="+cred+"/scheduler.kubeconfig",
			"authorization-kubeconfig="+cred+"/scheduler.kubeconfig",
			"bind-address=127.0.0.1",
			"profiling=false"), o.KubeSchedulerArg)
	}
}

// waitAPI waits until the API server and its start-up hooks are ready.
func (s *Server) waitAPI(ctx context.Context) error {
	var err error
	s.kube, err = api.New(s.apiURL, s.tls("server-ca.crt"), s.tls("client-supervisor.crt"), s.tls("client-supervisor.key"))
	if err != nil {
		return err
	}
	for !s.kube.Ready(ctx, "/readyz") {
		if !sleep(ctx, 100*time.Millisecond) {
			return ctx.Err()
		}
	}
	return nil
}

// writeKubeconfig writes the administrator's kubeconfig.
func (s *Server) writeKubeconfig() error {
	var parts [3]string
	for i, f := range []string{"server-ca.crt", "client-admin.crt", "client-admin.key"} {
		text, err := os.ReadFile(s.tls(f))
		if err != nil {
			return err
		}
		parts[i] = base64.StdEncoding.EncodeToString(text)
	}
	text := fmt.Sprintf(`apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: %s
    server: https://127.0.0.1:%d
  name: default
contexts:
- context:
    cluster: default
    user: default
  name: default
current-context: default
kind: Config
preferences: {}
users:
- name: default
  user:
    client-certificate-data: %s
    client-key-data: %s
`, parts[0], s.Options.HTTPSListenPort, parts[1], parts[2])
	file := s.Options.WriteKubeconfig
	if file == "" {
		file = defaultKubeconfig
	}
	mode, err := s.Options.KubeconfigMode()
	if err != nil {
		logs.Error("Failed to set %s to mode %s: %v", file, s.Options.WriteKubeconfigMode, err)
		mode = 0o600
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	if err := pki.WriteFile(file, []byte(text), mode); err != nil {
		return err
	}
	if g := s.Options.WriteKubeconfigGroup; g != "" {
		if err := chgrp(file, g); err != nil {
			logs.Error("Failed to change group of %s: %v", file, err)
		}
	}
	logs.Info("Wrote kubeconfig %s", file)
	if file == defaultKubeconfig {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(defaultKubeconfig), 0o755); err != nil {
		return err
	}
	_ = os.Remove(defaultKubeconfig)
	return os.Symlink(file, defaultKubeconfig)
}

const defaultKubeconfig = "/etc/rancher/k3s/k3s.yaml"

func chgrp(file, group string) error {
	id, err := strconv.Atoi(group)
	if err != nil {
		g, err := user.LookupGroup(group)
		if err != nil {
			return err
		}
		if id, err = strconv.Atoi(g.Gid); err != nil {
			return err
		}
	}
	return os.Chown(file, 0, id)
}
