// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package pki makes the certificate authorities and certificates of a cluster.
package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	caYears = 10
	// renewAt is the rest of its life at which a certificate is made anew at start.
	renewAt      = 120 * 24 * time.Hour
	leafValidity = 365 * 24 * time.Hour
)

// ValidityEnv names the variable by which a test issues certificates that are, or soon will be,
// expired.
var ValidityEnv = "K3S_STANDIN_CERT_VALIDITY"

// CA signs certificates.
type CA struct {
	Cert *x509.Certificate
	Key  crypto.Signer
	PEM  []byte
}

// Leaf says what a certificate is for. A certificate with names is also for servers.
type Leaf struct {
	CN    string
	Org   []string
	Names []string // DNS names and addresses
}

func serial() *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 63))
	if err != nil {
		panic(err)
	}
	return n
}

// WriteFile replaces a file at once, readable by root only.
func WriteFile(name string, data []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	temp := name + ".tmp"
	if err := os.WriteFile(temp, data, mode); err != nil {
		return err
	}
	if err := os.Chmod(temp, mode); err != nil {
		return err
	}
	return os.Rename(temp, name)
}

// EnsureKey reads a private key, or makes one.
func EnsureKey(name string) (crypto.Signer, error) {
	if data, err := os.ReadFile(name); err == nil {
		return ParseKey(data)
	} else if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	key, text, err := NewKey()
	if err != nil {
		return nil, err
	}
	return key, WriteFile(name, text, 0o600)
}

// NewKey makes a private key and its PEM text.
func NewKey() (crypto.Signer, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}

// ParseKey reads the first private key of a PEM text.
func ParseKey(data []byte) (crypto.Signer, error) {
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "EC PRIVATE KEY":
			return x509.ParseECPrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			return x509.ParsePKCS1PrivateKey(block.Bytes)
		case "PRIVATE KEY":
			key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				return nil, err
			}
			return key.(crypto.Signer), nil
		}
	}
	return nil, errors.New("no private key found")
}

// ParseCerts reads every certificate of a PEM bundle.
func ParseCerts(data []byte) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		certs = append(certs, c)
	}
	if len(certs) == 0 {
		return nil, errors.New("no certificate found")
	}
	return certs, nil
}

// EnsureCA makes a certificate authority where there is none yet.
func EnsureCA(certFile, keyFile, name string) error {
	if _, err := os.Stat(certFile); err == nil {
		return nil
	}
	key, err := EnsureKey(keyFile)
	if err != nil {
		return err
	}
	now := time.Now()
	t := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             now.Add(-time.Minute),
		NotAfter:              now.AddDate(caYears, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return err
	}
	return WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
}

// LoadCA reads a certificate authority.
func LoadCA(certFile, keyFile string) (*CA, error) {
	text, err := os.ReadFile(certFile)
	if err != nil {
		return nil, err
	}
	certs, err := ParseCerts(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", certFile, err)
	}
	key, err := EnsureKey(keyFile)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", keyFile, err)
	}
	return &CA{certs[0], key, text}, nil
}

func validity() time.Duration {
	if d, err := time.ParseDuration(os.Getenv(ValidityEnv)); err == nil {
		return d
	}
	return leafValidity
}

// Sign issues a certificate for a public key; the CA is appended, as the original does.
func (ca *CA) Sign(public crypto.PublicKey, leaf Leaf) ([]byte, error) {
	end := time.Now().Add(validity())
	t := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: leaf.CN, Organization: leaf.Org},
		NotBefore:    end.Add(-max(validity(), 24*time.Hour)).Add(-time.Minute),
		NotAfter:     end,
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if len(leaf.Names) > 0 {
		t.ExtKeyUsage = append(t.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	for _, n := range leaf.Names {
		if ip := net.ParseIP(n); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, t, ca.Cert, public, ca.Key)
	if err != nil {
		return nil, err
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), ca.PEM...), nil
}

// EnsureLeaf keeps a certificate that is still good and makes it anew otherwise.
func (ca *CA) EnsureLeaf(certFile, keyFile string, leaf Leaf) error {
	key, err := EnsureKey(keyFile)
	if err != nil {
		return err
	}
	if text, err := os.ReadFile(certFile); err == nil && ca.Good(text, key, leaf) {
		return nil
	}
	text, err := ca.Sign(key.Public(), leaf)
	if err != nil {
		return err
	}
	return WriteFile(certFile, text, 0o600)
}

// Good tells whether a certificate is for a key and a purpose and has enough of its life left.
func (ca *CA) Good(text []byte, key crypto.Signer, leaf Leaf) bool {
	certs, err := ParseCerts(text)
	if err != nil {
		return false
	}
	c := certs[0]
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(c.PublicKey) || c.CheckSignatureFrom(ca.Cert) != nil {
		return false
	}
	for _, n := range leaf.Names {
		if c.VerifyHostname(n) != nil {
			return false
		}
	}
	return c.Subject.CommonName == leaf.CN && slices.Equal(c.Subject.Organization, leaf.Org) &&
		time.Until(c.NotAfter) > renewAt
}

// Hash is the digest of a CA bundle that tokens carry: of the file for a single certificate, of the
// root's DER for a chain.
func Hash(bundle []byte) string {
	certs, err := ParseCerts(bundle)
	if err == nil && len(certs) > 1 {
		bundle = certs[len(certs)-1].Raw
	}
	sum := sha256.Sum256(bundle)
	return hex.EncodeToString(sum[:])
}
