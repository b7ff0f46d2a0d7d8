// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package args

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"lightk8s.invalid/testbed/k3s/internal/logs"
)

// host is what the start checks ask the machine.
type host struct {
	uid    int
	now    time.Time
	exists func(string) bool
	wait   func(time.Duration)
}

func thisHost() host {
	return host{
		uid: os.Geteuid(), now: time.Now(), wait: time.Sleep,
		exists: func(p string) bool { _, err := os.Stat(p); return err == nil },
	}
}

// Validate makes the checks of a node's start in K3s' order and reads the token files into Token
// and AgentToken. Like K3s it waits without end for a token file that is not there.
func Validate(o *Options) error { return validate(o, thisHost()) }

func validate(o *Options, h host) error {
	if h.now.Year() < 1980 {
		return fmt.Errorf("server time isn't set properly: %v", h.now)
	}
	if o.Role == "agent" {
		return validateAgent(o, h)
	}
	if h.uid != 0 && !o.Rootless && !o.DisableAgent {
		return errors.New("server must run as root, or with --rootless and/or --disable-agent")
	}
	if err := readTokens(o, h); err != nil {
		return err
	}
	for _, check := range []func(*Options) error{
		checkFlagUse, checkNetworks, checkEgress, checkTLS, checkFamilies, checkRuntime,
	} {
		if err := check(o); err != nil {
			return err
		}
	}
	return checkReset(o, h)
}

func validateAgent(o *Options, h host) error {
	if err := readTokens(o, h); err != nil {
		return err
	}
	if o.Token == "" && !h.exists(filepath.Join(o.DataDir, "agent", "client-kubelet.crt")) {
		return errors.New("--token is required")
	}
	if o.Server == "" {
		return errors.New("--server is required")
	}
	if h.uid != 0 && !o.Rootless {
		return errors.New("agent requires additional privilege if not run with --rootless")
	}
	return nil
}

// readTokens lets the file flags win over their plain twins.
func readTokens(o *Options, h host) error {
	for _, pair := range []struct {
		path string
		into *string
	}{{o.TokenFile, &o.Token}, {o.AgentTokenFile, &o.AgentToken}} {
		if pair.path == "" {
			continue
		}
		for {
			raw, err := os.ReadFile(pair.path)
			if err == nil {
				*pair.into = strings.TrimSpace(string(raw))
				break
			}
			if !os.IsNotExist(err) {
				return err
			}
			logs.Info("Waiting for %s to be available\n", pair.path)
			h.wait(2 * time.Second)
		}
	}
	return nil
}

func checkFlagUse(o *Options) error {
	switch {
	case o.ClusterResetRestore != "" && !o.ClusterReset:
		return errors.New("invalid flag use; --cluster-reset required with --cluster-reset-restore-path")
	case o.DisableEtcd && o.Server == "":
		return errors.New("invalid flag use; --server is required with --disable-etcd")
	case o.DisableAPIServer && o.DatastoreEndpoint != "":
		return errors.New("invalid flag use; cannot use --disable-apiserver with --datastore-endpoint")
	case o.DisableEtcd && o.DatastoreEndpoint != "":
		return errors.New("invalid flag use; cannot use --disable-etcd with --datastore-endpoint")
	}
	return nil
}

func checkNetworks(o *Options) error {
	for _, r := range []struct {
		flag string
		list []string
	}{{"cluster-cidr", o.ClusterCIDR}, {"service-cidr", o.ServiceCIDR}} {
		for _, text := range r.list {
			if _, _, err := net.ParseCIDR(text); err != nil {
				return fmt.Errorf("invalid %s %s: %w", r.flag, text, err)
			}
		}
	}
	if err := portRange(o.ServiceNodePortRange); err != nil {
		return fmt.Errorf("invalid port range %s: %w", o.ServiceNodePortRange, err)
	}
	for _, text := range o.ClusterDNS {
		if net.ParseIP(text) == nil {
			return fmt.Errorf("invalid cluster-dns address %s", text)
		}
	}
	return nil
}

// portRange accepts "low-high", "low+size" and a single port.
func portRange(text string) error {
	text = strings.TrimSpace(text)
	low, high, size := text, text, false
	if a, b, ok := strings.Cut(text, "-"); ok {
		low, high = a, b
	} else if a, b, ok := strings.Cut(text, "+"); ok {
		low, high, size = a, b, true
	}
	from, err := strconv.ParseUint(low, 10, 16)
	if err != nil {
		return fmt.Errorf("unable to parse port range: %w", err)
	}
	to, err := strconv.ParseUint(high, 10, 16)
	if err != nil {
		return fmt.Errorf("unable to parse port range: %w", err)
	}
	if size {
		to += from
	}
	if to > 65535 {
		return fmt.Errorf("the port range cannot be greater than 65535: %s", text)
	}
	if to < from {
		return fmt.Errorf("end port cannot be less than start port: %s", text)
	}
	return nil
}

func checkEgress(o *Options) error {
	if !slices.Contains([]string{"agent", "cluster", "pod", "disabled"}, o.EgressSelectorMode) {
		return fmt.Errorf("invalid egress-selector-mode %s", o.EgressSelectorMode)
	}
	return nil
}

// lastArg returns the last value of one component argument, given as name=value.
func lastArg(list []string, name string) string {
	var found string
	for _, item := range list {
		key, text, _ := strings.Cut(item, "=")
		if strings.TrimLeft(key, "-") == name {
			found = text
		}
	}
	return found
}

func checkTLS(o *Options) error {
	version := lastArg(o.KubeAPIServerArg, "tls-min-version")
	if version != "" && !slices.Contains([]string{"VersionTLS10", "VersionTLS11", "VersionTLS12", "VersionTLS13"}, version) {
		return fmt.Errorf("invalid tls-min-version: unknown tls version %q", version)
	}
	suites := lastArg(o.KubeAPIServerArg, "tls-cipher-suites")
	if suites == "" {
		return nil
	}
	for _, name := range strings.Split(suites, ",") {
		same := func(s *tls.CipherSuite) bool { return s.Name == strings.TrimSpace(name) }
		if !slices.ContainsFunc(tls.CipherSuites(), same) && !slices.ContainsFunc(tls.InsecureCipherSuites(), same) {
			return fmt.Errorf("invalid tls-cipher-suites: Cipher suite %s not supported or doesn't exist", name)
		}
	}
	return nil
}

// families tells which IP versions a list of ranges or addresses has.
func families(list []string) (four, six bool) {
	for _, text := range list {
		host, _, _ := strings.Cut(text, "/")
		if ip := net.ParseIP(host); ip != nil && ip.To4() != nil {
			four = true
		} else if ip != nil {
			six = true
		}
	}
	return four, six
}

const sameFamily = "must share the same IP version (IPv4, IPv6 or dual-stack)"

func checkFamilies(o *Options) error {
	c4, c6 := families(o.ClusterCIDR)
	s4, s6 := families(o.ServiceCIDR)
	if c4 != s4 || c6 != s6 {
		return fmt.Errorf("cluster-cidr: %v and service-cidr: %v, %s", o.ClusterCIDR, o.ServiceCIDR, sameFamily)
	}
	if len(o.NodeIP) > 0 {
		return CheckNodeIPs(o.ClusterCIDR, o.NodeIP)
	}
	return nil
}

// CheckNodeIPs refuses node addresses that lack an IP version of the pod ranges. Validate calls it
// for --node-ip; the caller does for addresses it has detected.
func CheckNodeIPs(clusterCIDR, nodeIPs []string) error {
	c4, c6 := families(clusterCIDR)
	n4, n6 := families(nodeIPs)
	if (c4 && !n4) || (c6 && !n6) {
		return fmt.Errorf("cluster-cidr: %v and node-ip: %v, %s", clusterCIDR, nodeIPs, sameFamily)
	}
	return nil
}

func checkRuntime(o *Options) error {
	if o.EmbeddedRegistry && (o.Docker || o.ContainerRuntimeEndpoint != "") {
		return errors.New("embedded registry mirror requires embedded containerd")
	}
	return nil
}

func checkReset(o *Options, h host) error {
	if !o.ClusterReset {
		return nil
	}
	if o.Server != "" {
		return errors.New("cannot perform cluster-reset while server URL is set - remove server from configuration before resetting")
	}
	token := filepath.Join(o.DataDir, "server", "token")
	if o.ClusterResetRestore != "" && o.Token == "" && !h.exists(token) {
		return fmt.Errorf("%s does not exist, please pass --token to complete the restoration", token)
	}
	return nil
}

// KubeconfigMode reads WriteKubeconfigMode as octal digits. K3s only logs a bad value.
func (o *Options) KubeconfigMode() (os.FileMode, error) {
	mode, err := strconv.ParseUint(o.WriteKubeconfigMode, 8, 32)
	if err != nil {
		return 0, err
	}
	return os.FileMode(mode), nil
}
