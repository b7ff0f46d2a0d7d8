// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package kubeconfig makes clients of an API server out of the files that operators have.
package kubeconfig

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"

	"lightk8s.invalid/testbed/common/api"
)

// ErrNone is the message of the original's library where there is nothing to connect to.
var ErrNone = errors.New("invalid configuration: no configuration has been provided, try setting KUBERNETES_MASTER environment variable")

const account = "/var/run/secrets/kubernetes.io/serviceaccount/"

type file struct {
	CurrentContext string `json:"current-context"`
	Clusters       []struct {
		Name    string
		Cluster struct {
			Server   string
			CA       string `json:"certificate-authority"`
			CAData   string `json:"certificate-authority-data"`
			Insecure bool   `json:"insecure-skip-tls-verify"`
		}
	}
	Contexts []struct {
		Name    string
		Context struct{ Cluster, User string }
	}
	Users []struct {
		Name string
		User struct {
			Token, TokenFile string
			Cert             string `json:"client-certificate"`
			CertData         string `json:"client-certificate-data"`
			Key              string `json:"client-key"`
			KeyData          string `json:"client-key-data"`
		}
	}
}

// bearer adds a token to requests.
type bearer struct {
	token func() string
	next  http.RoundTripper
}

// RoundTrip sends a request.
func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token())
	return b.next.RoundTrip(r)
}

// Load reads a kubeconfig file.
func Load(name string) (*api.Client, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	f := &file{}
	if err := yaml.Unmarshal(text, f); err != nil {
		return nil, err
	}
	dir := filepath.Dir(name)
	how, server, user := &tls.Config{}, "", ""
	cluster := ""
	for _, c := range f.Contexts {
		if c.Name == f.CurrentContext {
			cluster, user = c.Context.Cluster, c.Context.User
		}
	}
	for _, c := range f.Clusters {
		if c.Name != cluster {
			continue
		}
		server, how.InsecureSkipVerify = c.Cluster.Server, c.Cluster.Insecure
		ca, err := material(dir, c.Cluster.CA, c.Cluster.CAData)
		if err != nil {
			return nil, err
		}
		if len(ca) > 0 {
			how.RootCAs = x509.NewCertPool()
			how.RootCAs.AppendCertsFromPEM(ca)
		}
	}
	if server == "" {
		return nil, ErrNone
	}
	token := ""
	for _, u := range f.Users {
		if u.Name != user {
			continue
		}
		if token = u.User.Token; u.User.TokenFile != "" {
			text, err := os.ReadFile(u.User.TokenFile)
			if err != nil {
				return nil, err
			}
			token = strings.TrimSpace(string(text))
		}
		cert, err := material(dir, u.User.Cert, u.User.CertData)
		if err != nil {
			return nil, err
		}
		key, err := material(dir, u.User.Key, u.User.KeyData)
		if err != nil {
			return nil, err
		}
		if len(cert) > 0 {
			pair, err := tls.X509KeyPair(cert, key)
			if err != nil {
				return nil, err
			}
			how.Certificates = []tls.Certificate{pair}
		}
	}
	return client(server, how, func() string { return token }, token != ""), nil
}

func material(dir, name, data string) ([]byte, error) {
	if data != "" {
		return base64.StdEncoding.DecodeString(data)
	}
	if name == "" {
		return nil, nil
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
	}
	return os.ReadFile(name)
}

func client(server string, how *tls.Config, token func() string, withToken bool) *api.Client {
	var transport http.RoundTripper = &http.Transport{TLSClientConfig: how, ForceAttemptHTTP2: true}
	if withToken {
		transport = bearer{token, transport}
	}
	return &api.Client{Base: server, HTTP: &http.Client{Transport: transport}}
}

// InCluster is for a program in a pod.
func InCluster() (*api.Client, error) {
	host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return nil, ErrNone
	}
	ca, err := os.ReadFile(account + "ca.crt")
	if err != nil {
		return nil, fmt.Errorf("no service account: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	server := url.URL{Scheme: "https", Host: net.JoinHostPort(host, port)}
	return client(server.String(), &tls.Config{RootCAs: pool}, func() string {
		text, _ := os.ReadFile(account + "token")
		return string(text)
	}, true), nil
}
