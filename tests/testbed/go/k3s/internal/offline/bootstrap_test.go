// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package offline

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v2"
)

func TestTokenGenerate(t *testing.T) {
	form := regexp.MustCompile(`^[a-z0-9]{6}\.[a-z0-9]{16}\n$`)
	seen := map[string]bool{}
	for range 50 {
		text := must(t, "token", "generate")
		if !form.MatchString(text) || seen[text] {
			t.Errorf("%q", text)
		}
		seen[text] = true
	}
}

func TestBootstrapSecretRoundTrip(t *testing.T) {
	expires := time.Now().UTC().Truncate(time.Second)
	for _, b := range []bootstrapToken{
		{Token: "abcdef.0123456789abcdef"},
		{Token: "abcdef.0123456789abcdef", Description: "d", Expires: &expires, Usages: []string{"authentication", "signing"}, Groups: []string{"a:b", "c"}},
	} {
		raw, err := json.Marshal(b.secret())
		if err != nil {
			t.Fatal(err)
		}
		var s secret
		if err := json.Unmarshal(raw, &s); err != nil {
			t.Fatal(err)
		}
		if s.Metadata["name"] != "bootstrap-token-abcdef" || s.Type != "bootstrap.kubernetes.io/token" {
			t.Errorf("%s", raw)
		}
		if got, err := fromSecret(s); err != nil || !reflect.DeepEqual(got, b) {
			t.Errorf("got %+v, want %+v, %v", got, b, err)
		}
	}
	if _, err := fromSecret(secret{Data: map[string][]byte{"token-id": []byte("x")}}); err == nil {
		t.Error("a malformed Secret is taken")
	}
}

func TestPrintTokens(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	expires := now.Add(23*time.Hour + 59*time.Minute)
	tokens := []bootstrapToken{
		{Token: "abcdef.0123456789abcdef"},
		{Token: "ghijkl.0123456789abcdef", Description: "edge", Expires: &expires, Usages: []string{"signing"}, Groups: []string{"g"}},
	}
	var out bytes.Buffer
	if err := printTokens(tokens, "text", now, &out); err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	for _, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
		rows = append(rows, strings.Fields(line))
	}
	want := [][]string{
		{"TOKEN", "TTL", "EXPIRES", "USAGES", "DESCRIPTION", "EXTRA", "GROUPS"},
		{"abcdef", "<forever>", "<never>", "<none>", "<none>", "<none>"},
		{"ghijkl", "23h", "2026-01-01T23:59:00Z", "signing", "edge", "g"},
	}
	if !reflect.DeepEqual(rows, want) {
		t.Errorf("%q", rows)
	}
	var back []bootstrapToken
	out.Reset()
	if err := printTokens(tokens, "json", now, &out); err != nil || json.Unmarshal(out.Bytes(), &back) != nil || !reflect.DeepEqual(back, tokens) {
		t.Errorf("json %v %s", err, out.String())
	}
	if err := printTokens(tokens, "xml", now, &out); err == nil {
		t.Error("an unknown format is taken")
	}
}

func TestShortAge(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Minute: "<invalid>", -time.Second: "0s", 59 * time.Second: "59s", 61 * time.Second: "1m", 25 * time.Hour: "1d", 800 * day: "2y",
	} {
		if got := shortAge(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

// TestConnect opens a real TLS connection that asks for the client certificate of the kubeconfig.
func TestConnect(t *testing.T) {
	now := time.Now()
	ca := newAuthority(t, "ca", now.Add(-time.Hour), now.Add(time.Hour))
	cert, key := ca.issue(t, &x509.Certificate{
		Subject: pkix.Name{CommonName: "system:admin"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	clients := x509.NewCertPool()
	clients.AddCert(ca.cert)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"cn":"`+r.TLS.PeerCertificates[0].Subject.CommonName+`"}`)
	}))
	s.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients}
	s.StartTLS()
	defer s.Close()
	b64 := base64.StdEncoding.EncodeToString
	dir := t.TempDir()
	keyFile := filepath.Join(dir, "key.pem")
	write(t, keyFile, keyPEM(t, key))
	serving := pemOf(s.Certificate())
	config := map[string]any{
		"current-context": "default",
		"contexts":        []any{map[string]any{"name": "default", "context": map[string]any{"cluster": "c", "user": "u"}}},
		"clusters":        []any{map[string]any{"name": "c", "cluster": map[string]any{"server": s.URL, "certificate-authority-data": b64(serving)}}},
		"users":           []any{map[string]any{"name": "u", "user": map[string]any{"client-certificate-data": b64(cert), "client-key": keyFile}}},
	}
	path := filepath.Join(dir, "kubeconfig")
	save := func() {
		raw, err := yaml.Marshal(config)
		if err != nil {
			t.Fatal(err)
		}
		write(t, path, raw)
	}
	save()
	client, bundle, err := connect(path)
	if err != nil || !bytes.Equal(bundle, serving) {
		t.Fatal(err)
	}
	var who struct{ CN string }
	if err := client.Get(t.Context(), "/", &who); err != nil || who.CN != "system:admin" {
		t.Errorf("%v %+v", err, who)
	}
	config["current-context"] = "other"
	save()
	if _, _, err := connect(path); err == nil || !strings.HasPrefix(err.Error(), path+": ") {
		t.Errorf("no context: %v", err)
	}
}

func TestTokenRefusals(t *testing.T) {
	if _, err := run(t, "token", "create", "ABC"); err == nil || !strings.HasPrefix(err.Error(), `the bootstrap token "ABC" was not of the form`) {
		t.Errorf("%v", err)
	}
	if _, err := run(t, "token", "list", "--kubeconfig", filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a missing kubeconfig is taken")
	}
}
