// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package cloud

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"lightk8s.invalid/testbed/common/api"
	"lightk8s.invalid/testbed/common/pki"
	"lightk8s.invalid/testbed/kubeedge/internal/ident"
	"lightk8s.invalid/testbed/kubeedge/internal/klog"
)

const (
	namespace     = "kubeedge"
	caSecret      = "casecret"
	serverSecret  = "cloudcoresecret"
	tokenSecret   = "tokensecret"
	tokenValidity = 24 * time.Hour
	caYears       = 100
)

// authority is the CA of the edges: in the secret, where no files are there.
type authority struct {
	der, keyDER []byte
	cert        *x509.Certificate
	key         crypto.Signer
}

func secretPath(name string) string { return "/api/v1/namespaces/" + namespace + "/secrets/" + name }

func (c *Cloud) readSecret(ctx context.Context, name string) (map[string][]byte, error) {
	var s struct{ Data map[string][]byte }
	err := c.kube.Get(ctx, secretPath(name), &s)
	return s.Data, err
}

func (c *Cloud) writeSecret(ctx context.Context, name string, data map[string][]byte) error {
	s := api.Object{
		"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
		"metadata": api.Object{"name": name, "namespace": namespace}, "data": data,
	}
	err := c.kube.Do(ctx, http.MethodPost, secretPath(""), s, nil)
	if api.IsCode(err, http.StatusConflict) {
		return c.kube.Do(ctx, http.MethodPut, secretPath(name), s, nil) // cloudcore may not patch secrets
	}
	return err
}

func (c *Cloud) ensureAuthority(ctx context.Context) (*authority, error) {
	hub := c.config.Modules.CloudHub
	cert, certErr := os.ReadFile(hub.TLSCAFile)
	key, keyErr := os.ReadFile(hub.TLSCAKeyFile)
	if certErr == nil && keyErr == nil {
		a, b := block(cert), block(key)
		return parseAuthority(a, b)
	}
	klog.Info("pre_server.go:62", "Ca and CaKey don't exist in local directory, and will read from the secret")
	data, err := c.readSecret(ctx, caSecret)
	if err == nil {
		return parseAuthority(data["cadata"], data["cakeydata"])
	}
	if !api.IsCode(err, http.StatusNotFound) {
		return nil, err
	}
	klog.Info("pre_server.go:71", "Ca and CaKey don't exist in the secret, and will be created by CloudCore")
	a, err := newAuthority()
	if err != nil {
		return nil, err
	}
	return a, c.writeSecret(ctx, caSecret, map[string][]byte{"cadata": a.der, "cakeydata": a.keyDER})
}

func block(text []byte) []byte {
	if b, _ := pem.Decode(text); b != nil {
		return b.Bytes
	}
	return nil
}

func parseAuthority(der, keyDER []byte) (*authority, error) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("failed to parse the CA certificate: %w", err)
	}
	key, err := x509.ParseECPrivateKey(keyDER)
	if err != nil {
		return nil, fmt.Errorf("failed to parse the CA key: %w", err)
	}
	return &authority{der, keyDER, cert, key}, nil
}

func newAuthority() (*authority, error) {
	signer, text, err := pki.NewKey()
	if err != nil {
		return nil, err
	}
	now := time.Now()
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1024), Subject: pkix.Name{CommonName: "KubeEdge"},
		NotBefore: now, NotAfter: now.AddDate(caYears, 0, 0),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment | x509.KeyUsageCertSign,
		BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, signer.Public(), signer)
	if err != nil {
		return nil, err
	}
	return parseAuthority(der, block(text))
}

// sign issues a certificate, for servers where it has names.
func (a *authority) sign(public crypto.PublicKey, subject pkix.Name, names []string, life time.Duration) ([]byte, error) {
	number, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 63))
	if err != nil {
		return nil, err
	}
	end := time.Now().Add(life)
	t := &x509.Certificate{
		SerialNumber: number, Subject: subject, NotBefore: end.Add(-max(life, 24*time.Hour)), NotAfter: end,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else if name != "" {
			t.DNSNames = append(t.DNSNames, name)
		}
	}
	if len(names) > 0 {
		t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	}
	return x509.CreateCertificate(rand.Reader, t, a.cert, public, a.key)
}

// ensureServer gives the certificate of cloudcore itself. Once made it stays, as in the original,
// also when other addresses are advertised later.
func (c *Cloud) ensureServer(ctx context.Context) (der []byte, key *ecdsa.PrivateKey, err error) {
	klog.Info("pre_server.go:109", "CloudCoreCert and key don't exist in local directory, and will read from the secret")
	data, err := c.readSecret(ctx, serverSecret)
	if err == nil {
		key, err = x509.ParseECPrivateKey(data["cloudcorekeydata"])
		return data["cloudcoredata"], key, err
	}
	if !api.IsCode(err, http.StatusNotFound) {
		return nil, nil, err
	}
	klog.Info("pre_server.go:118", "CloudCoreCert and key don't exist in the secret, and will be signed by CA")
	signer, text, err := pki.NewKey()
	if err != nil {
		return nil, nil, err
	}
	hub := c.config.Modules.CloudHub
	subject := pkix.Name{Organization: []string{"KubeEdge"}, CommonName: "kubeedge.io"}
	names := append(append([]string{}, hub.AdvertiseAddress...), hub.DNSNames...)
	if der, err = c.ca.sign(signer.Public(), subject, names, caYears*365*24*time.Hour); err != nil {
		return nil, nil, err
	}
	err = c.writeSecret(ctx, serverSecret, map[string][]byte{"cloudcoredata": der, "cloudcorekeydata": block(text)})
	return der, signer.(*ecdsa.PrivateKey), err
}

func part(v []byte) string { return base64.RawURLEncoding.EncodeToString(v) }

func (a *authority) mac(text string) []byte {
	m := hmac.New(sha256.New, a.keyDER)
	m.Write([]byte(text))
	return m.Sum(nil)
}

// token is the hash of the CA, then a signed time of expiry.
func (a *authority) token() string {
	end := time.Now().Add(ident.Validity("KUBEEDGE_STANDIN_TOKEN_VALIDITY", tokenValidity)).Unix()
	text := part([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + part(fmt.Appendf(nil, `{"exp":%d}`, end))
	sum := sha256.Sum256(a.der)
	return hex.EncodeToString(sum[:]) + "." + text + "." + part(a.mac(text))
}

// check refuses a token, in the words of the original's library.
func (a *authority) check(jwt string) error {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return errors.New("token is malformed: token contains an invalid number of segments")
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !bytes.Equal(signature, a.mac(parts[0]+"."+parts[1])) {
		return errors.New("token signature is invalid: signature is invalid")
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct{ Exp int64 }
	if err != nil || json.Unmarshal(text, &claims) != nil {
		return errors.New("token is malformed: could not base64 decode claim")
	}
	if time.Now().Unix() >= claims.Exp {
		return errors.New("token has invalid claims: token is expired")
	}
	return nil
}

func (c *Cloud) newToken(ctx context.Context) error {
	return c.writeSecret(ctx, tokenSecret, map[string][]byte{"tokendata": []byte(c.ca.token())})
}

// refreshTokens writes another token twice a day. Former ones are good until they expire.
func (c *Cloud) refreshTokens(ctx context.Context) {
	t := time.NewTicker(time.Duration(c.config.Modules.CloudHub.TokenRefreshDuration) * time.Hour)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			if err := c.newToken(ctx); err != nil {
				klog.Error("pre_server.go:195", "failed to refresh token: %v", err)
			}
		}
	}
}
