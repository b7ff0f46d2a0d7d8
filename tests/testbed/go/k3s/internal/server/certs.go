// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package server

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"lightk8s.invalid/testbed/common/pki"
	"lightk8s.invalid/testbed/k3s/internal/node"
)

// authorities are the files of the CAs (without suffix) and the name in them.
var authorities = map[string]string{
	"server-ca": "k3s-server-ca", "client-ca": "k3s-client-ca", "request-header-ca": "k3s-request-header-ca",
	"etcd/server-ca": "etcd-server-ca", "etcd/peer-ca": "etcd-peer-ca",
}

type leafFile struct {
	ca   string
	file string
	leaf pki.Leaf
}

func (s *Server) tls(parts ...string) string {
	return s.Path(append([]string{"server", "tls"}, parts...)...)
}

func (s *Server) ensureAuthorities() error {
	for file, name := range authorities {
		name = fmt.Sprintf("%s@%d", name, time.Now().Unix())
		if err := pki.EnsureCA(s.tls(file+".crt"), s.tls(file+".key"), name); err != nil {
			return err
		}
	}
	if _, err := pki.EnsureKey(s.tls("service.key")); err != nil {
		return err
	}
	if err := copyFile(s.tls("service.key"), s.tls("service.current.key")); err != nil {
		return err
	}
	for _, ca := range []string{"server-ca", "client-ca"} {
		if err := copyFile(s.tls(ca+".crt"), s.tls(ca+".nochain.crt")); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return pki.WriteFile(to, text, 0o600)
}

// serviceIPs are the first addresses of the service ranges.
func (s *Server) serviceIPs() []string {
	var ips []string
	for _, r := range s.Options.ServiceCIDR {
		if _, n, err := net.ParseCIDR(r); err == nil {
			ip := slices.Clone(n.IP)
			ip[len(ip)-1]++
			ips = append(ips, ip.String())
		}
	}
	return ips
}

// names are what clients may call this server.
func (s *Server) names() []string {
	domain := s.Options.ClusterDomain
	all := slices.Concat([]string{"kubernetes", "kubernetes.default", "kubernetes.default.svc",
		"kubernetes.default.svc." + domain, "localhost", "127.0.0.1", "::1", s.Name},
		s.IPs, s.Options.NodeExternalIP, s.serviceIPs(), s.Options.TLSSan)
	if s.Options.AdvertiseAddress != "" {
		all = append(all, s.Options.AdvertiseAddress)
	}
	if host, err := os.Hostname(); err == nil {
		all = append(all, strings.ToLower(host))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (s *Server) leaves() []leafFile {
	client := func(file, cn string, org ...string) leafFile {
		return leafFile{"client-ca", file, pki.Leaf{CN: cn, Org: org}}
	}
	local := append([]string{"localhost", "127.0.0.1", "::1", s.Name}, s.IPs...)
	return []leafFile{
		client("client-admin", "system:admin", "system:masters"),
		client("client-supervisor", "system:k3s-supervisor", "system:masters"),
		client("client-controller", "system:kube-controller-manager"),
		client("client-scheduler", "system:kube-scheduler"),
		client("client-kube-apiserver", "system:apiserver", "system:masters"),
		client("client-kube-proxy", "system:kube-proxy"),
		client("client-k3s-controller", "system:k3s-controller"),
		client("client-k3s-cloud-controller", "k3s-cloud-controller-manager"),
		{"request-header-ca", "client-auth-proxy", pki.Leaf{CN: "system:auth-proxy"}},
		{"server-ca", "serving-kube-apiserver", pki.Leaf{CN: "kube-apiserver", Names: s.names()}},
		{"etcd/server-ca", "etcd/client", pki.Leaf{CN: "etcd-client"}},
		{"etcd/server-ca", "etcd/server-client", pki.Leaf{CN: "etcd-server", Names: local}},
		{"etcd/peer-ca", "etcd/peer-server-client", pki.Leaf{CN: "etcd-peer", Names: local}},
	}
}

func (s *Server) ca(name string) (*pki.CA, error) {
	return pki.LoadCA(s.tls(name+".crt"), s.tls(name+".key"))
}

// ensureLeaves issues what is missing or ends within 120 days, of the files with a prefix.
func (s *Server) ensureLeaves(prefix string) error {
	for _, l := range s.leaves() {
		if !strings.HasPrefix(l.file, prefix) {
			continue
		}
		ca, err := s.ca(l.ca)
		if err != nil {
			return err
		}
		if err := ca.EnsureLeaf(s.tls(l.file+".crt"), s.tls(l.file+".key"), l.leaf); err != nil {
			return err
		}
	}
	return nil
}

// ensureClients issues all certificates and writes the kubeconfigs over them.
func (s *Server) ensureClients() error {
	if err := s.ensureLeaves(""); err != nil {
		return err
	}
	for name, file := range map[string]string{"admin": "client-admin", "supervisor": "client-supervisor",
		"controller": "client-controller", "scheduler": "client-scheduler", "api-server": "client-kube-apiserver",
		"cloud-controller": "client-k3s-cloud-controller"} {
		err := node.Kubeconfig(s.Path("server/cred", name+".kubeconfig"), s.apiURL, s.tls("server-ca.crt"),
			s.tls(file+".crt"), s.tls(file+".key"))
		if err != nil {
			return err
		}
	}
	return nil
}

// servingSecret is the file dynamic-cert.json: a Secret as the original keeps it.
type servingSecret struct {
	Kind       string            `json:"kind"`
	APIVersion string            `json:"apiVersion"`
	Type       string            `json:"type"`
	Metadata   map[string]any    `json:"metadata"`
	Data       map[string][]byte `json:"data"`
}

// listenerCertificate is that of the port for supervisor and API together.
func (s *Server) listenerCertificate() (tls.Certificate, error) {
	ca, err := s.ca("server-ca")
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf := pki.Leaf{CN: "k3s", Org: []string{"k3s"}, Names: s.names()}
	file := s.tls("dynamic-cert.json")
	var kept servingSecret
	text, err := os.ReadFile(file)
	if err == nil && json.Unmarshal(text, &kept) == nil {
		key, err := pki.ParseKey(kept.Data["tls.key"])
		if err == nil && ca.Good(kept.Data["tls.crt"], key, leaf) {
			return tls.X509KeyPair(kept.Data["tls.crt"], kept.Data["tls.key"])
		}
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return tls.Certificate{}, err
	}
	key, keyText, err := pki.NewKey()
	if err != nil {
		return tls.Certificate{}, err
	}
	cert, err := ca.Sign(key.Public(), leaf)
	if err != nil {
		return tls.Certificate{}, err
	}
	notes := map[string]string{}
	for _, n := range leaf.Names {
		notes["listener.cattle.io/cn-"+strings.ReplaceAll(n, ":", "_")] = n
	}
	kept = servingSecret{"Secret", "v1", "kubernetes.io/tls", map[string]any{"name": "k3s-serving",
		"namespace": "kube-system", "annotations": notes}, map[string][]byte{"tls.crt": cert, "tls.key": keyText}}
	if text, err = json.Marshal(kept); err != nil {
		return tls.Certificate{}, err
	}
	if err := pki.WriteFile(file, text, 0o600); err != nil {
		return tls.Certificate{}, fmt.Errorf("dynamic certificate: %w", err)
	}
	return tls.X509KeyPair(cert, keyText)
}
