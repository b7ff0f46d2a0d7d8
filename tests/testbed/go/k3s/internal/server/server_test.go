// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package server

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lightk8s.invalid/testbed/k3s/internal/args"
	"lightk8s.invalid/testbed/k3s/internal/node"
)

func newServer(t *testing.T) *Server {
	t.Helper()
	o := &args.Options{DataDir: t.TempDir(), ClusterDomain: "cluster.local", ServiceCIDR: []string{"10.43.0.0/16"}}
	return &Server{Node: &node.Node{Options: o, Name: "n1", IPs: []string{"192.0.2.1"}, IP: "192.0.2.1"},
		ctx: context.Background(), known: map[string]string{}, password: "a", agentPassword: "b"}
}

func TestCron(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC) // a Sunday
	for text, want := range map[string]bool{
		"0 */12 * * *": false, "30 */12 * * *": true, "*/15 12 1 3 0": true, "30 12 * * 1-5": false,
		"30 11,12 * * *": true, "@hourly": false, "* * * * *": true,
	} {
		s, err := parseCron(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if s.matches(at) != want {
			t.Errorf("%s: got %v", text, !want)
		}
	}
	for _, text := range []string{"", "* * * *", "60 * * * *", "a * * * *", "*/0 * * * *", "5-1 * * * *"} {
		if _, err := parseCron(text); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func TestBootstrapOnAnotherDisk(t *testing.T) {
	first, second := newServer(t), newServer(t)
	if err := first.ensureAuthorities(); err != nil {
		t.Fatal(err)
	}
	data, err := first.collectBootstrap()
	if err != nil {
		t.Fatal(err)
	}
	if err := second.applyBootstrap(data); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"server-ca.crt", "client-ca.key", "etcd/peer-ca.crt", "service.key"} {
		a, _ := os.ReadFile(first.tls(f))
		b, err := os.ReadFile(second.tls(f))
		if err != nil || string(a) != string(b) {
			t.Errorf("%s differs: %v", f, err)
		}
	}
}

func TestBootstrapRefusesNewerFiles(t *testing.T) {
	s := newServer(t)
	if err := s.ensureAuthorities(); err != nil {
		t.Fatal(err)
	}
	data, err := s.collectBootstrap()
	if err != nil {
		t.Fatal(err)
	}
	file := s.tls("server-ca.crt")
	change := func(age time.Duration) error {
		if err := os.WriteFile(file, []byte("other"), 0o600); err != nil {
			t.Fatal(err)
		}
		when := time.Now().Add(age)
		if err := os.Chtimes(file, when, when); err != nil {
			t.Fatal(err)
		}
		return s.applyBootstrap(data)
	}
	if err := change(time.Minute); err == nil || !strings.Contains(err.Error(), file+" newer than datastore") {
		t.Errorf("newer file: %v", err)
	}
	if err := change(-time.Hour); err != nil {
		t.Errorf("older file: %v", err)
	}
	if text, _ := os.ReadFile(file); string(text) == "other" {
		t.Error("the older file was not replaced")
	}
}

func TestLeavesAreKeptAndRenewed(t *testing.T) {
	s := newServer(t)
	s.apiURL = "https://127.0.0.1:6444"
	if err := os.MkdirAll(s.Path("server/cred"), 0o700); err != nil {
		t.Fatal(err)
	}
	issue := func() string {
		if err := s.ensureClients(); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(s.tls("client-admin.crt"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if err := s.ensureAuthorities(); err != nil {
		t.Fatal(err)
	}
	t.Setenv("K3S_STANDIN_CERT_VALIDITY", "2880h") // 120 days: at the limit
	short := issue()
	t.Setenv("K3S_STANDIN_CERT_VALIDITY", "")
	long := issue()
	if short == long {
		t.Error("a certificate with 120 days left was kept")
	}
	if issue() != long {
		t.Error("a good certificate was made anew")
	}
}

func TestStoreKind(t *testing.T) {
	s := newServer(t)
	if s.storeKind() != sqlite {
		t.Error("default")
	}
	s.Options.DatastoreEndpoint = "postgres://db"
	if s.storeKind() != external {
		t.Error("endpoint")
	}
	if err := os.MkdirAll(s.db("etcd", "member"), 0o700); err != nil {
		t.Fatal(err)
	}
	if s.storeKind() != etcd {
		t.Error("etcd data on disk must win")
	}
}

func TestCompareNamesTheDifference(t *testing.T) {
	a, b := newServer(t), newServer(t)
	theirs, err := json.Marshal(a.critical())
	if err != nil {
		t.Fatal(err)
	}
	if err := b.compare(theirs); err != nil {
		t.Error(err)
	}
	b.Options.ClusterCIDR = []string{"10.50.0.0/16"}
	if err := b.compare(theirs); err != errMismatch {
		t.Errorf("got %v", err)
	}
}

func TestNodePasswordHash(t *testing.T) {
	h, err := hashPassword("secret", []byte("0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	if !matches("secret", h) || matches("other", h) || matches("secret", "nonsense") {
		t.Errorf("hash %s", h)
	}
}

func TestManifestsAreValidAndStaged(t *testing.T) {
	s := newServer(t)
	s.Options.ClusterDNS = []string{"10.43.0.10"}
	s.Options.Disable = []string{"local-storage"}
	if err := os.MkdirAll(s.manifests(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.manifests(), "runtimes.yaml.skip"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.stage(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"coredns": true, "rolebindings": true, "local-storage": false, "runtimes": false} {
		if exists(filepath.Join(s.manifests(), name+".yaml")) != want {
			t.Errorf("%s: staged is not %v", name, want)
		}
	}
}
