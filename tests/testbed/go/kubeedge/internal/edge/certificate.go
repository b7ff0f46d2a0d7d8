// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package edge

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"lightk8s.invalid/testbed/common/pki"
	"lightk8s.invalid/testbed/kubeedge/internal/config"
	"lightk8s.invalid/testbed/kubeedge/internal/klog"
)

const bootstrapLimit = 10 * time.Second

// ensureCertificate gets the certificate of this node, if there is none, for the token. It tells
// whether it did.
func ensureCertificate(hub *config.EdgeHub, name string) bool {
	err := current(hub, name)
	if err == nil {
		klog.Info("certmanager.go:145", "Certificate rotation is enabled.")
		return false
	}
	klog.Warn("certmanager.go:79", "unable to get the current edge certs, reason: %v", err)
	klog.Info("certmanager.go:80", "Reuse the token to obtain the certificate")
	if err := applyCertificate(hub, name); err != nil {
		klog.Panic("failed to apply the edge certs, err: %v", err)
	}
	return true
}

// current tells what is wrong with the certificate that is there: one of another node counts as none.
func current(hub *config.EdgeHub, name string) error {
	pair, err := tls.LoadX509KeyPair(hub.TLSCertFile, hub.TLSPrivateKeyFile)
	if err != nil {
		return fmt.Errorf("unable to load cert/key pair: %w", err)
	}
	if found := pair.Leaf.Subject.CommonName; found != commonName(name) {
		return fmt.Errorf("certificate CN %s does not match node name %s", found, name)
	}
	return nil
}

func commonName(node string) string { return "system:node:" + node }

func applyCertificate(hub *config.EdgeHub, name string) error {
	der, err := request(hub.HTTPServer+"/ca.crt", nil, nil, nil)
	if err != nil {
		return fmt.Errorf("failed to get CA certificate, err: %w", err)
	}
	token := strings.TrimSpace(hub.Token)
	hash, jwt, _ := strings.Cut(token, ".")
	if strings.Count(token, ".") != 3 {
		return fmt.Errorf("token %s credentials are in the wrong format", hub.Token)
	}
	sum := sha256.Sum256(der)
	if got := hex.EncodeToString(sum[:]); got != hash {
		return fmt.Errorf("failed to validate CA certificate. tokenCAhash: %s, CAhash: %s", hash, got)
	}
	ca, err := x509.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("failed to parse the CA certificate, error: %w", err)
	}
	if err := writePEM(hub.TLSCAFile, "CERTIFICATE", der); err != nil {
		return fmt.Errorf("failed to save the CA certificate to file: %s, error: %w", hub.TLSCAFile, err)
	}
	return sign(hub, name, jwt, ca)
}

func sign(hub *config.EdgeHub, name, jwt string, ca *x509.Certificate) error {
	key, text, err := pki.NewKey()
	if err != nil {
		return err
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{Organization: []string{"system:nodes"}, CommonName: commonName(name)},
	}, key)
	if err != nil {
		return fmt.Errorf("failed to create CSR: %w", err)
	}
	header := http.Header{"Authorization": {"Bearer " + jwt}, "NodeName": {name}}
	der, err := request(hub.HTTPServer+"/edge.crt", csr, header, ca)
	if err != nil {
		return fmt.Errorf("failed to get edge certificate from the cloudcore, error: %w", err)
	}
	if err := pki.WriteFile(hub.TLSPrivateKeyFile, text, 0o600); err != nil {
		return err
	}
	return writePEM(hub.TLSCertFile, "CERTIFICATE", der)
}

func writePEM(file, kind string, der []byte) error {
	return pki.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}

// request asks cloudcore; without a CA it believes anyone.
func request(url string, body []byte, header http.Header, ca *x509.Certificate) ([]byte, error) {
	how := &tls.Config{InsecureSkipVerify: true} // the CA is checked against the token
	if ca != nil {
		how = &tls.Config{RootCAs: x509.NewCertPool()}
		how.RootCAs.AddCert(ca)
	}
	client := &http.Client{Timeout: bootstrapLimit, Transport: &http.Transport{TLSClientConfig: how}}
	req, err := http.NewRequest(http.MethodGet, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("failed to call http, code: %d, message: %s", res.StatusCode, text)
	}
	if len(text) == 0 {
		return nil, errors.New("the answer is empty")
	}
	return text, nil
}
