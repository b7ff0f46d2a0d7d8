// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package offline

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"gopkg.in/yaml.v2"

	"lightk8s.invalid/testbed/common/api"
)

const defaultKubeconfig = "/etc/rancher/k3s/k3s.yaml"

// kubeconfig is the part of a kubeconfig file that a client with a certificate needs.
type kubeconfig struct {
	CurrentContext string `yaml:"current-context"`
	Contexts       []struct {
		Name    string
		Context struct{ Cluster, User string }
	}
	Clusters []struct {
		Name    string
		Cluster struct {
			Server string
			CAData string `yaml:"certificate-authority-data"`
			CAFile string `yaml:"certificate-authority"`
		}
	}
	Users []struct {
		Name string
		User struct {
			CertData string `yaml:"client-certificate-data"`
			CertFile string `yaml:"client-certificate"`
			KeyData  string `yaml:"client-key-data"`
			KeyFile  string `yaml:"client-key"`
		}
	}
}

// connect makes an API client from the current context of a kubeconfig and returns the CA bundle.
func connect(path string) (*api.Client, []byte, error) {
	if path == "" {
		path = defaultKubeconfig
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	var k kubeconfig
	if err := yaml.Unmarshal(raw, &k); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	client, ca, err := k.client()
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return client, ca, err
}

func (k *kubeconfig) client() (*api.Client, []byte, error) {
	for _, context := range k.Contexts {
		if context.Name != k.CurrentContext {
			continue
		}
		for _, c := range k.Clusters {
			for _, u := range k.Users {
				if c.Name == context.Context.Cluster && u.Name == context.Context.User {
					return open(c.Cluster.Server, [3]material{
						{c.Cluster.CAData, c.Cluster.CAFile}, {u.User.CertData, u.User.CertFile}, {u.User.KeyData, u.User.KeyFile},
					})
				}
			}
		}
	}
	return nil, nil, errors.New("the current context has no cluster or no user")
}

// material is PEM text, either in base64 or in a file.
type material struct{ data, file string }

func (m material) read() ([]byte, error) {
	if m.data != "" {
		return base64.StdEncoding.DecodeString(m.data)
	}
	return os.ReadFile(m.file)
}

func open(server string, parts [3]material) (*api.Client, []byte, error) {
	var pem [3][]byte
	for i, m := range parts {
		raw, err := m.read()
		if err != nil {
			return nil, nil, err
		}
		pem[i] = raw
	}
	pair, err := tls.X509KeyPair(pem[1], pem[2])
	if err != nil {
		return nil, nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem[0]) {
		return nil, nil, errors.New("no certificate authority")
	}
	return &api.Client{Base: strings.TrimRight(server, "/"), HTTP: &http.Client{
		Timeout: 30 * time.Second,
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}},
		},
	}}, pem[0], nil
}
