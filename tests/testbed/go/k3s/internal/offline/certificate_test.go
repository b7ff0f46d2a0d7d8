// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package offline

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const day = 24 * time.Hour

// site writes the certificates of a server into a data folder.
func site(t *testing.T, now time.Time) string {
	t.Helper()
	dir := t.TempDir()
	ca := newAuthority(t, "k3s-client-ca@1", now.Add(-400*day), now.Add(3650*day))
	for path, c := range map[string]struct{ from, to time.Duration }{
		"server/tls/client-admin.crt":                {-day, 365 * day},
		"server/tls/serving-kube-apiserver.crt":      {-day, 100 * day},
		"server/tls/etcd/client.crt":                 {-400 * day, -day},
		"agent/client-kubelet.crt":                   {day, 365 * day},
		"agent/client-k3s-controller.crt":            {-day, 20 * time.Hour},
		"server/tls/client-k3s-cloud-controller.crt": {-day, 121 * day},
	} {
		cert, key := ca.issue(t, &x509.Certificate{
			Subject:   pkix.Name{CommonName: strings.TrimSuffix(filepath.Base(path), ".crt")},
			NotBefore: now.Add(c.from), NotAfter: now.Add(c.to),
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		})
		write(t, filepath.Join(dir, path), append(cert, ca.pem...))
		write(t, filepath.Join(dir, strings.TrimSuffix(path, ".crt")+".key"), keyPEM(t, key))
	}
	write(t, filepath.Join(dir, "server/tls/server-ca.crt"), ca.pem)
	write(t, filepath.Join(dir, "server/tls/dynamic-cert.json"), []byte("{}"))
	write(t, filepath.Join(dir, "agent/other/x.crt"), nil)
	return dir
}

func TestCertificateCheck(t *testing.T) {
	dir := site(t, time.Now())
	var answer struct{ Certificates []Certificate }
	if err := json.Unmarshal([]byte(must(t, "certificate", "check", "-d", dir, "-o", "json")), &answer); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, c := range answer.Certificates {
		got[c.Filename+" "+c.Subject] = c.Status + " " + strings.Join(c.Usages, ",")
	}
	for key, want := range map[string]string{
		"client-admin.crt client-admin":                               "OK ClientAuth",
		"client-admin.crt k3s-client-ca@1":                            "OK CertSign",
		"serving-kube-apiserver.crt serving-kube-apiserver":           "WARNING ClientAuth",
		"client.crt client":                                           "EXPIRED ClientAuth",
		"client-kubelet.crt client-kubelet":                           "NOT YET VALID ClientAuth",
		"client-k3s-cloud-controller.crt client-k3s-cloud-controller": "OK ClientAuth",
	} {
		if got[key] != want {
			t.Errorf("%s: got %q, want %q", key, got[key], want)
		}
	}
	if len(answer.Certificates) != 12 {
		t.Errorf("%d certificates", len(answer.Certificates))
	}
}

func TestCertificateTable(t *testing.T) {
	dir := site(t, time.Now())
	lines := strings.Split(must(t, "certificate", "check", "--output=table", "-d", dir, "--service", "admin,etcd,k3s-controller"), "\n")
	if !strings.HasPrefix(lines[0], "FILENAME  ") || !strings.HasSuffix(lines[1], "-------------   ------") || len(lines) != 9 {
		t.Fatalf("%q", lines)
	}
	for i, want := range [][]string{{"1 year", "OK"}, {"10 years", "OK"}, {"expired", "EXPIRED"}, {"10 years", "OK"}, {"20 hours", "WARNING"}} {
		var cells []string
		for _, cell := range strings.Split(lines[i+2], "   ") {
			if cell = strings.TrimSpace(cell); cell != "" {
				cells = append(cells, cell)
			}
		}
		if len(cells) != 6 || !slices.Equal(cells[4:], want) || !strings.HasSuffix(cells[3], " UTC") {
			t.Errorf("%q, want %q", cells, want)
		}
	}
	for _, c := range []struct{ flag, want string }{
		{"--service=nope", "service nope is not recognized"}, {"--output=xml", "invalid output format: xml"},
	} {
		if _, err := run(t, "certificate", "check", "-d", dir, c.flag); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v", c.flag, err)
		}
	}
}

func TestCertificateRotate(t *testing.T) {
	dir := site(t, time.Now())
	before, err := os.ReadFile(filepath.Join(dir, "server/tls/client-admin.crt"))
	if err != nil {
		t.Fatal(err)
	}
	must(t, "certificate", "rotate", "-d", dir, "--service=admin,kubelet,k3s-server")
	for path, want := range map[string]bool{
		"server/tls/client-admin.crt": false, "server/tls/client-admin.key": false, "agent/client-kubelet.crt": false,
		"server/tls/dynamic-cert.json": false, "server/tls/server-ca.crt": true, "server/tls/etcd/client.crt": true,
		"agent/client-k3s-controller.crt": true, "agent/other/x.crt": true,
	} {
		if _, err := os.Stat(filepath.Join(dir, path)); (err == nil) != want {
			t.Errorf("%s: exists %t", path, err == nil)
		}
	}
	for pattern, want := range map[string]int{
		"server/tls-*/client-admin.crt": 1, "server/tls-*/etcd/client.key": 1, "agent/tls-*/client-kubelet.key": 1, "agent/tls-*/*": 4,
	} {
		if found, _ := filepath.Glob(filepath.Join(dir, pattern)); len(found) != want {
			t.Errorf("%s: %q", pattern, found)
		}
	}
	kept, _ := filepath.Glob(filepath.Join(dir, "server/tls-*/client-admin.crt"))
	if after, err := os.ReadFile(kept[0]); err != nil || string(after) != string(before) {
		t.Errorf("the copy differs: %v", err)
	}
	must(t, "certificate", "rotate", "-d", dir)
	if left, _ := filepath.Glob(filepath.Join(dir, "agent/*.crt")); len(left) != 0 {
		t.Errorf("left over: %q", left)
	}
}

func TestResidual(t *testing.T) {
	for d, want := range map[time.Duration]string{
		365*day - time.Second: "1 year", 3648 * day: "10 years", 121 * day: "121 days", 30 * time.Hour: "30 hours",
		time.Hour: "1 hour", -time.Second: "expired", 48 * time.Hour: "2 days",
	} {
		if got := residual(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}
