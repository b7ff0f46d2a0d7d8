// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package offline

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"lightk8s.invalid/testbed/common/pki"
	"lightk8s.invalid/testbed/k3s/internal/args"
	"lightk8s.invalid/testbed/k3s/internal/logs"
)

// warnBefore is the rest of its life from which a certificate is reported, and renewed at a start.
const warnBefore = 120 * 24 * time.Hour

// service names certificates that are checked and rotated together: pairs of .crt and .key without
// suffix below the data folder, and what else goes at a rotation.
type service struct {
	name   string
	server []string
	agent  []string
	extra  []string
}

const (
	serverTLS = "server/tls/"
	etcdTLS   = "server/tls/etcd/"
)

// services lists what certificate check and rotate know, in the order of their output.
var services = []service{
	{name: "admin", server: []string{serverTLS + "client-admin"}},
	{name: "api-server", server: []string{serverTLS + "client-kube-apiserver", serverTLS + "serving-kube-apiserver"}},
	{name: "controller-manager", server: []string{serverTLS + "client-controller"}},
	{name: "scheduler", server: []string{serverTLS + "client-scheduler"}},
	{name: "supervisor", server: []string{serverTLS + "client-supervisor"}},
	{name: "etcd", server: []string{etcdTLS + "client", etcdTLS + "server-client", etcdTLS + "peer-server-client"}},
	{name: "cloud-controller", server: []string{serverTLS + "client-k3s-cloud-controller"}},
	{name: "auth-proxy", server: []string{serverTLS + "client-auth-proxy"}},
	{name: "k3s-server", extra: []string{serverTLS + "dynamic-cert.json"}},
	{name: "k3s-controller", server: []string{serverTLS + "client-k3s-controller"}, agent: []string{"agent/client-k3s-controller"}},
	{
		name: "kubelet", agent: []string{"agent/client-kubelet", "agent/serving-kubelet"},
		extra: []string{serverTLS + "client-kubelet.key", serverTLS + "serving-kubelet.key"},
	},
	{name: "kube-proxy", server: []string{serverTLS + "client-kube-proxy"}, agent: []string{"agent/client-kube-proxy"}},
}

// chosen returns the services to work on: the named ones, or all.
func chosen(names []string) ([]service, error) {
	if len(names) == 0 {
		return services, nil
	}
	var list []service
	for _, name := range names {
		found := false
		for _, s := range services {
			if s.name == name {
				list, found = append(list, s), true
			}
		}
		if !found {
			return nil, fmt.Errorf("service %s is not recognized", name)
		}
	}
	return list, nil
}

// isServer tells whether the data folder belongs to a server.
func isServer(dataDir string) bool {
	_, err := os.Stat(filepath.Join(dataDir, serverTLS))
	return err == nil
}

// Certificate is one line of the check. ResidualTime is in nanoseconds.
type Certificate struct {
	Filename     string
	Subject      string
	Issuer       string
	Usages       []string
	ExpiryTime   time.Time
	ResidualTime time.Duration
	Status       string
}

// Values of Certificate.Status.
const (
	StatusOK          = "OK"
	StatusWarning     = "WARNING"
	StatusExpired     = "EXPIRED"
	StatusNotYetValid = "NOT YET VALID"
)

func checkCertificates(t *args.ToolOptions, out io.Writer) error {
	list, err := chosen(t.Services)
	if err != nil {
		return err
	}
	switch t.Output {
	case "text", "table", "json":
	default:
		return fmt.Errorf("invalid output format: %s", t.Output)
	}
	if isServer(t.DataDir) {
		logs.Info("Server detected, checking agent and server certificates")
	} else {
		logs.Info("Agent detected, checking agent certificates")
	}
	now := time.Now()
	certs := []Certificate{}
	for _, s := range list {
		for _, pair := range append(append([]string{}, s.server...), s.agent...) {
			found, err := inspect(filepath.Join(t.DataDir, pair+".crt"), now)
			if err != nil {
				return err
			}
			certs = append(certs, found...)
		}
	}
	return printCertificates(certs, t.Output, out)
}

// inspect reads all certificates of a file; a file that does not exist has none.
func inspect(path string, now time.Time) ([]Certificate, error) {
	raw, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	chain, err := pki.ParseCerts(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var certs []Certificate
	for _, c := range chain {
		certs = append(certs, Certificate{
			Filename: filepath.Base(path), Subject: c.Subject.CommonName, Issuer: c.Issuer.CommonName,
			Usages: usages(c), ExpiryTime: c.NotAfter, ResidualTime: c.NotAfter.Sub(now), Status: status(c, now),
		})
	}
	return certs, nil
}

func usages(c *x509.Certificate) []string {
	names := []string{}
	if c.KeyUsage&x509.KeyUsageCertSign != 0 {
		names = append(names, "CertSign")
	}
	for _, u := range c.ExtKeyUsage {
		switch u {
		case x509.ExtKeyUsageServerAuth:
			names = append(names, "ServerAuth")
		case x509.ExtKeyUsageClientAuth:
			names = append(names, "ClientAuth")
		}
	}
	return names
}

func status(c *x509.Certificate, now time.Time) string {
	switch {
	case now.Before(c.NotBefore):
		return StatusNotYetValid
	case now.After(c.NotAfter):
		return StatusExpired
	case now.Add(warnBefore).After(c.NotAfter):
		return StatusWarning
	}
	return StatusOK
}

func printCertificates(certs []Certificate, format string, out io.Writer) error {
	switch format {
	case "json":
		return json.NewEncoder(out).Encode(struct{ Certificates []Certificate }{certs})
	case "table":
		return printTable(certs, out)
	}
	for _, c := range certs {
		what := fmt.Sprintf("%s: certificate %s (%s)", c.Filename, c.Subject, strings.Join(c.Usages, ","))
		expiry := c.ExpiryTime.UTC().Format(time.RFC3339)
		switch c.Status {
		case StatusExpired:
			logs.Error("%s expired at %s", what, expiry)
		case StatusNotYetValid:
			logs.Error("%s is not yet valid, expires at %s", what, expiry)
		case StatusWarning:
			logs.Warn("%s will expire within 120 days at %s", what, expiry)
		default:
			logs.Info("%s is ok, expires at %s", what, expiry)
		}
	}
	return nil
}

func printTable(certs []Certificate, out io.Writer) error {
	heads := []string{"FILENAME", "SUBJECT", "USAGES", "EXPIRES", "RESIDUAL TIME", "STATUS"}
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, strings.Join(heads, "\t"))
	for i, h := range heads {
		heads[i] = strings.Repeat("-", len(h))
	}
	fmt.Fprintln(w, strings.Join(heads, "\t"))
	for _, c := range certs {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", c.Filename, c.Subject, strings.Join(c.Usages, ","),
			c.ExpiryTime.UTC().Format("Jan 02, 2006 15:04 MST"), residual(c.ResidualTime), c.Status)
	}
	return w.Flush()
}

// residual rounds the rest of a certificate's life to its largest unit.
func residual(left time.Duration) string {
	days := math.Round(left.Hours() / 24)
	count, unit := days, "day"
	switch {
	case left <= 0:
		return "expired"
	case days >= 365:
		count, unit = math.Round(days/365), "year"
	case left < 48*time.Hour:
		count, unit = math.Round(left.Hours()), "hour"
	}
	if count != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%.0f %s", count, unit)
}
