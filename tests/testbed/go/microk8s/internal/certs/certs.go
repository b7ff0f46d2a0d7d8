// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package certs makes the certificates and kubeconfigs of a node.
package certs

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"

	"lightk8s.invalid/testbed/common/pki"
	"lightk8s.invalid/testbed/microk8s/internal/snap"
)

func init() { pki.ValidityEnv = "MICROK8S_STANDIN_CERT_VALIDITY" }

func file(name string) string { return snap.Data("certs", name) }

// Template is what the server certificate is requested by; the node's addresses come in where it
// says #MOREIPS.
func Template(extra []string) []byte {
	names := []string{"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster",
		"kubernetes.default.svc.cluster.local"}
	addresses := []string{"127.0.0.1", "10.152.183.1"}
	for _, name := range extra {
		if net.ParseIP(name) == nil {
			names = append(names, name)
		} else {
			addresses = append(addresses, name)
		}
	}
	var b bytes.Buffer
	b.WriteString("[ req ]\ndefault_bits = 2048\nprompt = no\ndefault_md = sha256\nreq_extensions = req_ext\n" +
		"distinguished_name = dn\n\n[ dn ]\nO = Canonical\nCN = 127.0.0.1\n\n[ req_ext ]\n" +
		"subjectAltName = @alt_names\n\n[ alt_names ]\n")
	for i, name := range names {
		fmt.Fprintf(&b, "DNS.%d = %s\n", i+1, name)
	}
	for i, address := range addresses {
		fmt.Fprintf(&b, "IP.%d = %s\n", i+1, address)
	}
	b.WriteString("#MOREIPS\n\n[ v3_ext ]\nextendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=@alt_names\n")
	return b.Bytes()
}

var entry = regexp.MustCompile(`(?m)^(?:DNS|IP)\.\d+\s*=\s*(\S+)`)

// rendered is the template with the addresses that the node has now.
func rendered() ([]byte, error) {
	text, err := os.ReadFile(file("csr.conf.template"))
	if err != nil {
		return nil, err
	}
	var more []string
	number := strings.Count(string(text), "\nIP.")
	for i, address := range snap.Addresses() {
		more = append(more, fmt.Sprintf("IP.%d = %s", number+i+1, address))
	}
	text = bytes.Replace(text, []byte("#MOREIPS"), []byte(strings.Join(more, "\n")), 1)
	return text, os.WriteFile(file("csr.conf.rendered"), text, 0o660)
}

func ca() (*pki.CA, error) { return pki.LoadCA(file("ca.crt"), file("ca.key")) }

// Produce makes what is missing, and the server's certificate anew when the addresses have
// changed; it tells whether anything has changed.
func Produce() (bool, error) {
	if _, err := pki.EnsureKey(file("serviceaccount.key")); err != nil {
		return false, err
	}
	for name, common := range map[string]string{"ca": "10.152.183.1", "front-proxy-ca": "front-proxy-ca"} {
		if err := pki.EnsureCA(file(name+".crt"), file(name+".key"), common); err != nil {
			return false, err
		}
	}
	conf, err := rendered()
	if err != nil {
		return false, err
	}
	old, err := os.ReadFile(file("csr.conf"))
	if err == nil && bytes.Equal(old, conf) && snap.Exists(file("front-proxy-client.crt")) {
		return false, nil
	}
	if err := os.WriteFile(file("csr.conf"), conf, 0o660); err != nil {
		return false, err
	}
	return true, Serve()
}

// Serve makes the certificates of the server and of the front proxy from csr.conf.
func Serve() error {
	conf, err := os.ReadFile(file("csr.conf"))
	if err != nil {
		return err
	}
	var names []string
	for _, m := range entry.FindAllStringSubmatch(string(conf), -1) {
		names = append(names, m[1])
	}
	slices.Sort(names)
	if err := issue("ca", "server", pki.Leaf{CN: "127.0.0.1", Org: []string{"Canonical"}, Names: slices.Compact(names)}); err != nil {
		return err
	}
	return issue("front-proxy-ca", "front-proxy-client", pki.Leaf{CN: "front-proxy-client"})
}

// Expected tells whether the server's certificate is signed by the authority of the cluster.
func Expected() bool {
	authority, err := ca()
	if err != nil {
		return false
	}
	text, err := os.ReadFile(file("server.crt"))
	if err != nil {
		return false
	}
	list, err := pki.ParseCerts(text)
	return err == nil && list[0].CheckSignatureFrom(authority.Cert) == nil
}

func issue(authority, name string, leaf pki.Leaf) error {
	signer, err := pki.LoadCA(file(authority+".crt"), file(authority+".key"))
	if err != nil {
		return err
	}
	key, err := pki.EnsureKey(file(name + ".key"))
	if err != nil {
		return err
	}
	text, err := signer.Sign(key.Public(), leaf)
	if err != nil {
		return err
	}
	return pki.WriteFile(file(name+".crt"), text, 0o660)
}

// user is a client of the API: file of the kubeconfig and of the certificate.
type user struct {
	config, cert string
	leaf         pki.Leaf
}

func kubelet() pki.Leaf {
	return pki.Leaf{CN: "system:node:" + snap.Hostname(), Org: []string{"system:nodes"},
		Names: append([]string{snap.Hostname()}, snap.Addresses()...)}
}

// Users makes the certificates and kubeconfigs of everybody who calls the API.
func Users() error {
	users := []user{
		{"kubelet.config", "kubelet", kubelet()},
		{"client.config", "client", pki.Leaf{CN: "admin", Org: []string{"system:masters"}}},
		{"proxy.config", "proxy", pki.Leaf{CN: "system:kube-proxy"}},
		{"scheduler.config", "scheduler", pki.Leaf{CN: "system:kube-scheduler"}},
		{"controller.config", "controller", pki.Leaf{CN: "system:kube-controller-manager"}},
		{"", "apiserver-kubelet-client", pki.Leaf{CN: "kube-apiserver-kubelet-client", Org: []string{"system:masters"}}},
	}
	for _, u := range users {
		if err := issue("ca", u.cert, u.leaf); err != nil {
			return err
		}
		if u.config == "" {
			continue
		}
		if err := Kubeconfig(u.config, u.leaf.CN, u.cert, "ca.crt"); err != nil {
			return err
		}
	}
	return nil
}

// Kubeconfig writes one for the API on this node, or for the proxy of it on a worker.
func Kubeconfig(name, userName, cert, authority string) error {
	port := snap.Value("kube-apiserver", "--secure-port")
	if port == "" {
		port = "16443"
	}
	var data [3]string
	for i, part := range []string{authority, cert + ".crt", cert + ".key"} {
		text, err := os.ReadFile(file(part))
		if err != nil {
			return err
		}
		data[i] = base64.StdEncoding.EncodeToString(text)
	}
	text := fmt.Sprintf(`apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: %s
    server: https://127.0.0.1:%s
  name: microk8s-cluster
contexts:
- context:
    cluster: microk8s-cluster
    user: %[4]s
  name: microk8s
current-context: microk8s
kind: Config
preferences: {}
users:
- name: %[4]s
  user:
    client-certificate-data: %[3]s
    client-key-data: %[5]s
`, data[0], port, data[1], userName, data[2])
	return pki.WriteFile(snap.Data("credentials", name), []byte(text), 0o660)
}

// request makes a key and a request for a certificate of it.
func request(name string, leaf pki.Leaf) ([]byte, error) {
	key, err := pki.EnsureKey(file(name + ".key"))
	if err != nil {
		return nil, err
	}
	t := &x509.CertificateRequest{Subject: pkix.Name{CommonName: leaf.CN, Organization: leaf.Org}}
	for _, n := range leaf.Names {
		if ip := net.ParseIP(n); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, t, key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), nil
}

// WorkerRequests are the requests of a worker for kubelet and kube-proxy.
func WorkerRequests() (map[string][]byte, error) {
	requests := map[string][]byte{}
	for name, leaf := range map[string]pki.Leaf{"kubelet": kubelet(), "proxy": {CN: "system:kube-proxy"}} {
		text, err := request(name, leaf)
		if err != nil {
			return nil, err
		}
		requests[name] = text
	}
	return requests, nil
}

// SignRequest signs a request as the cluster's authority.
func SignRequest(text []byte) ([]byte, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no certificate request in it")
	}
	r, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, err
	}
	if err := r.CheckSignature(); err != nil {
		return nil, err
	}
	authority, err := ca()
	if err != nil {
		return nil, err
	}
	leaf := pki.Leaf{CN: r.Subject.CommonName, Org: r.Subject.Organization, Names: r.DNSNames}
	for _, ip := range r.IPAddresses {
		leaf.Names = append(leaf.Names, ip.String())
	}
	return authority.Sign(r.PublicKey, leaf)
}

// Fingerprint is the beginning of the digest of the server's certificate, as in join commands.
func Fingerprint() (string, error) {
	text, err := os.ReadFile(file("server.crt"))
	if err != nil {
		return "", err
	}
	list, err := pki.ParseCerts(text)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(list[0].Raw)
	return hex.EncodeToString(sum[:])[:12], nil
}
