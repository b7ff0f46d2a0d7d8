// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package worker

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"lightk8s.invalid/testbed/common/api"
	"lightk8s.invalid/testbed/common/pki"
	"lightk8s.invalid/testbed/k0s/internal/logs"
	"lightk8s.invalid/testbed/k0s/internal/node"
	"lightk8s.invalid/testbed/k0s/internal/token"
)

const requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests"

// bootstrap makes sure that there is a kubeconfig for the kubelet.
func (w *Worker) bootstrap(ctx context.Context) error {
	if _, err := os.Stat(w.Vars.KubeletAuthConfig); errors.Is(err, os.ErrNotExist) {
		if err := w.request(ctx); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	return w.connect()
}

// request gets a client certificate: from the authority on a controller, by a join token elsewhere.
func (w *Worker) request(ctx context.Context) error {
	key, keyText, err := pki.NewKey()
	if err != nil {
		return err
	}
	if w.local != "" {
		return w.issueLocally(key, keyText)
	}
	join, err := w.joinToken()
	if err != nil {
		return fmt.Errorf("failed to get bootstrap kubeconfig: %w", err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: "system:node:" + w.Name, Organization: []string{"system:nodes"}}}, key)
	if err != nil {
		return err
	}
	cert, err := signed(ctx, join.Client(), w.Name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
	if err != nil {
		return err
	}
	return w.save(join.Server, join.CA, cert, keyText)
}

func (w *Worker) issueLocally(key crypto.Signer, keyText []byte) error {
	ca, err := pki.LoadCA(w.Vars.PKI("ca.crt"), w.Vars.PKI("ca.key"))
	if err != nil {
		return err
	}
	leaf := pki.Leaf{CN: "system:node:" + w.Name, Org: []string{"system:nodes"}}
	cert, err := ca.Sign(key.Public(), leaf)
	if err != nil {
		return err
	}
	return w.save(w.local, ca.PEM, node.OneCertificate(cert), keyText)
}

func (w *Worker) joinToken() (*token.Join, error) {
	if w.Options.TokenArg != "" {
		return token.Decode(w.Options.TokenArg, token.Worker)
	}
	if w.Options.TokenFile == "" {
		return nil, errors.New("no bootstrap kubeconfig provided")
	}
	text, err := os.ReadFile(w.Options.TokenFile)
	problem := ""
	switch {
	case errors.Is(err, os.ErrNotExist):
		problem = "not found"
	case err != nil:
		return nil, fmt.Errorf("failed to read token file: %w", err)
	case len(text) == 0:
		problem = "is empty"
	}
	if problem != "" {
		return nil, fmt.Errorf("token file %q %s: obtain a new token via \"k0s token create ...\" and store it in the file "+
			"or reinstall this node via \"k0s install --force ...\" or \"k0sctl apply --force ...\"", w.Options.TokenFile, problem)
	}
	return token.Decode(string(text), token.Worker)
}

// signed asks for a certificate until it is there; that the token is not (or no longer) good does
// not end it.
func signed(ctx context.Context, c *api.Client, name string, csr []byte) ([]byte, error) {
	object := api.Object{"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
		"metadata": api.Object{"generateName": "node-csr-"},
		"spec": api.Object{"request": csr, "signerName": "kubernetes.io/kube-apiserver-client-kubelet",
			"usages": []string{"digital signature", "client auth"}}}
	var made struct {
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
		Status struct {
			Certificate []byte `json:"certificate"`
		} `json:"status"`
	}
	for {
		err := c.Do(ctx, http.MethodPost, requests, object, &made)
		if err == nil {
			break
		}
		if api.IsCode(err, http.StatusUnauthorized) {
			err = errors.New("the server has asked for the client to provide credentials")
		}
		logs.Info(`Failed to connect to apiserver`, logs.Fields{"error": err})
		if !node.Pause(ctx, 2*time.Second) {
			return nil, ctx.Err()
		}
	}
	for len(made.Status.Certificate) == 0 {
		if !node.Pause(ctx, 250*time.Millisecond) {
			return nil, ctx.Err()
		}
		if err := c.Get(ctx, requests+"/"+made.Metadata.Name, &made); err != nil {
			logs.Info("Waiting for certificate of "+name, logs.Fields{"error": err})
		}
	}
	return made.Status.Certificate, nil
}

func (w *Worker) pemFile() string {
	return filepath.Join(w.Vars.KubeletRootDir, "pki", "kubelet-client-current.pem")
}

// save writes certificate and kubeconfig as the kubelet keeps them.
func (w *Worker) save(server string, ca, cert, key []byte) error {
	dated := filepath.Join(filepath.Dir(w.pemFile()), "kubelet-client-"+time.Now().Format("2006-01-02-15-04-05")+".pem")
	if err := os.MkdirAll(filepath.Dir(dated), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(dated, append(cert, key...), 0o600); err != nil {
		return err
	}
	_ = os.Remove(w.pemFile())
	if err := os.Symlink(dated, w.pemFile()); err != nil {
		return err
	}
	text, err := yaml.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Config", "current-context": "default-context",
		"clusters": []any{map[string]any{"name": "default-cluster",
			"cluster": map[string]any{"certificate-authority-data": ca, "server": server}}},
		"contexts": []any{map[string]any{"name": "default-context",
			"context": map[string]any{"cluster": "default-cluster", "namespace": "default", "user": "default-auth"}}},
		"users": []any{map[string]any{"name": "default-auth",
			"user": map[string]any{"client-certificate": w.pemFile(), "client-key": w.pemFile()}}},
	})
	if err != nil {
		return err
	}
	return os.WriteFile(w.Vars.KubeletAuthConfig, text, 0o600)
}

// connect makes a client from the kubeconfig, and on a controller one for the API next to it.
func (w *Worker) connect() error {
	text, err := os.ReadFile(w.Vars.KubeletAuthConfig)
	if err != nil {
		return err
	}
	var conf struct {
		Clusters []struct {
			Cluster struct {
				CA     []byte `json:"certificate-authority-data"`
				Server string `json:"server"`
			} `json:"cluster"`
		} `json:"clusters"`
	}
	if err := yaml.Unmarshal(text, &conf); err != nil || len(conf.Clusters) == 0 {
		return fmt.Errorf("%s: no cluster in it", w.Vars.KubeletAuthConfig)
	}
	w.url = conf.Clusters[0].Cluster.Server
	if w.local != "" {
		direct := strings.Replace(string(text), "server: "+w.url, "server: "+w.local, 1)
		w.url = w.local
		if err := os.WriteFile(w.kubeconfig(), []byte(direct), 0o640); err != nil {
			return err
		}
	}
	ca := filepath.Join(w.Vars.RunDir, "kubelet", "ca.crt")
	if err := os.MkdirAll(filepath.Dir(ca), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(ca, conf.Clusters[0].Cluster.CA, 0o644); err != nil {
		return err
	}
	w.kube, err = api.New(w.url, ca, w.pemFile(), w.pemFile())
	if err != nil {
		return err
	}
	// the kubelet renews its certificate: read it for each connection
	if t, ok := w.kube.HTTP.Transport.(*http.Transport); ok {
		t.TLSClientConfig.Certificates = nil
		t.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			pair, err := tls.LoadX509KeyPair(w.pemFile(), w.pemFile())
			return &pair, err
		}
	}
	return nil
}

// kubeconfig is what the kubelet is started with.
func (w *Worker) kubeconfig() string {
	if w.local != "" {
		return filepath.Join(w.Vars.RunDir, "kubelet-direct.conf")
	}
	return w.Vars.KubeletAuthConfig
}
