// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package controller

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"slices"

	"lightk8s.invalid/testbed/common/pki"
	"lightk8s.invalid/testbed/k0s/internal/node"
	"lightk8s.invalid/testbed/k0s/internal/system"
)

// certificate is one key pair of the folder pki.
type certificate struct {
	file  string
	ca    string
	leaf  pki.Leaf
	owner string
	conf  string // kubeconfig over it
}

func (c *Controller) certificates() []certificate {
	users := c.config.Spec.Install.Users
	hosts := c.config.Spec.Hosts()
	slices.Sort(hosts)
	hosts = slices.Compact(hosts)
	api := users.KubeAPIServer
	return []certificate{
		{"admin", "ca", pki.Leaf{CN: "kubernetes-admin", Org: []string{"system:masters"}}, "root", "admin.conf"},
		{"konnectivity", "ca", pki.Leaf{CN: "kubernetes-konnectivity", Org: []string{"system:masters"}}, users.Konnectivity, "konnectivity.conf"},
		{"ccm", "ca", pki.Leaf{CN: "system:kube-controller-manager", Org: []string{"system:kube-controller-manager"}}, api, "ccm.conf"},
		{"scheduler", "ca", pki.Leaf{CN: "system:kube-scheduler", Org: []string{"system:kube-scheduler"}}, users.KubeScheduler, "scheduler.conf"},
		{"apiserver-kubelet-client", "ca", pki.Leaf{CN: "apiserver-kubelet-client", Org: []string{"system:masters"}}, api, ""},
		{"front-proxy-client", "front-proxy-ca", pki.Leaf{CN: "front-proxy-client", Org: []string{"front-proxy-client"}}, api, ""},
		{"server", "ca", pki.Leaf{CN: "kubernetes", Org: []string{"kubernetes"}, Names: hosts}, api, ""},
		{"k0s-api", "ca", pki.Leaf{CN: "k0s-api", Org: []string{"kubernetes"}, Names: hosts}, api, ""},
	}
}

func (c *Controller) etcdCertificates() []certificate {
	users, local := c.config.Spec.Install.Users, []string{"127.0.0.1", "localhost"}
	peer := append(slices.Clone(local), c.config.Spec.Storage.Etcd.PeerAddress, c.Name)
	return []certificate{
		{"apiserver-etcd-client", "etcd/ca", pki.Leaf{CN: "apiserver-etcd-client", Org: []string{"apiserver-etcd-client"}, Names: local}, users.KubeAPIServer, ""},
		{"etcd/server", "etcd/ca", pki.Leaf{CN: "etcd-server", Org: []string{"etcd-server"}, Names: local}, users.Etcd, ""},
		{"etcd/peer", "etcd/ca", pki.Leaf{CN: c.Name, Org: []string{"etcd-peer"}, Names: peer}, users.Etcd, ""},
	}
}

func (c *Controller) authority(name string) (*pki.CA, error) {
	return pki.LoadCA(c.Vars.PKI(name+".crt"), c.Vars.PKI(name+".key"))
}

func (c *Controller) ensureAuthority(name, common string) error {
	return pki.EnsureCA(c.Vars.PKI(name+".crt"), c.Vars.PKI(name+".key"), common)
}

func (c *Controller) issue(list []certificate) error {
	for _, cert := range list {
		ca, err := c.authority(cert.ca)
		if err != nil {
			return err
		}
		files := [2]string{c.Vars.PKI(cert.file + ".crt"), c.Vars.PKI(cert.file + ".key")}
		if err := ca.EnsureLeaf(files[0], files[1], cert.leaf); err != nil {
			return err
		}
		for i, mode := range []os.FileMode{0o644, 0o640} {
			if err := os.Chmod(files[i], mode); err != nil {
				return err
			}
			if err := os.Chown(files[i], system.UID(cert.owner), 0); err != nil {
				return err
			}
		}
		if cert.conf == "" {
			continue
		}
		text, err := c.kubeconfig(ca.PEM, files)
		if err != nil {
			return err
		}
		mode := os.FileMode(0o640)
		if cert.owner == "root" {
			mode = 0o600
		}
		if err := node.WriteFor(c.Vars.PKI(cert.conf), text, mode, system.UID(cert.owner)); err != nil {
			return err
		}
	}
	return nil
}

func (c *Controller) kubeconfig(ca []byte, files [2]string) ([]byte, error) {
	cert, err := os.ReadFile(files[0])
	if err != nil {
		return nil, err
	}
	key, err := os.ReadFile(files[1])
	if err != nil {
		return nil, err
	}
	return node.Kubeconfig("local", "Default", "user", c.config.Spec.API.LocalURL(), ca, node.OneCertificate(cert), key), nil
}

// ensureCertificates makes all that does not belong to etcd.
func (c *Controller) ensureCertificates() error {
	for name, common := range map[string]string{"ca": "kubernetes-ca", "front-proxy-ca": "kubernetes-front-proxy-ca"} {
		if err := c.ensureAuthority(name, common); err != nil {
			return err
		}
	}
	if err := c.ensureServiceAccountKey(); err != nil {
		return err
	}
	if err := c.issue(c.certificates()); err != nil {
		return fmt.Errorf("failed to create certificates: %w", err)
	}
	return os.Chmod(c.Vars.CertRootDir, 0o751)
}

func (c *Controller) ensureServiceAccountKey() error {
	key, err := pki.EnsureKey(c.Vars.PKI("sa.key"))
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	uid := system.UID(c.config.Spec.Install.Users.KubeAPIServer)
	if err := os.Chown(c.Vars.PKI("sa.key"), uid, 0); err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	return node.WriteFor(c.Vars.PKI("sa.pub"), text, 0o640, uid)
}
