// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package node holds what the server and the agent side of a node share: its name, addresses,
// folders, notification of systemd and merging of component flags.
package node

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"lightk8s.invalid/testbed/common/release"
	"lightk8s.invalid/testbed/k3s/internal/args"
	"lightk8s.invalid/testbed/k3s/internal/child"
	"lightk8s.invalid/testbed/k3s/internal/token"
)

const (
	passwordFile = "/etc/rancher/node/password"
	idFile       = "/etc/rancher/node/id"
)

// Node is this machine as part of a cluster.
type Node struct {
	Options *args.Options
	Release *release.Release
	Group   *child.Group
	Name    string
	IP      string // the first of IPs
	IPs     []string
	socket  string
}

// New finds out name and addresses.
func New(o *args.Options, r *release.Release, g *child.Group) (*Node, error) {
	n := &Node{Options: o, Release: r, Group: g, IPs: o.NodeIP, socket: os.Getenv("NOTIFY_SOCKET")}
	_ = os.Unsetenv("NOTIFY_SOCKET")
	name := o.NodeName
	if name == "" {
		host, err := os.Hostname()
		if err != nil {
			return nil, err
		}
		name = host
	}
	n.Name = strings.ToLower(name)
	if o.WithNodeID {
		id, err := keptID()
		if err != nil {
			return nil, err
		}
		n.Name += "-" + id
	}
	if len(n.IPs) == 0 {
		ip, err := defaultIP(o.FlannelIface)
		if err != nil {
			return nil, err
		}
		n.IPs = []string{ip}
	}
	for _, ip := range n.IPs {
		if _, err := netip.ParseAddr(ip); err != nil {
			return nil, fmt.Errorf("invalid node-ip: %w", err)
		}
	}
	n.IP = n.IPs[0]
	return n, nil
}

// Path is a file below the data dir.
func (n *Node) Path(parts ...string) string {
	return filepath.Join(append([]string{n.Options.DataDir}, parts...)...)
}

// ReadPassword is the node password, made at first use.
func ReadPassword() (string, error) { return kept(passwordFile, token.Random(), 0o600) }

func keptID() (string, error) { return kept(idFile, token.Random()[:8], 0o644) }

func kept(name, fresh string, mode os.FileMode) (string, error) {
	if text, err := os.ReadFile(name); err == nil {
		return strings.TrimSpace(string(text)), nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return "", err
	}
	return fresh, os.WriteFile(name, []byte(fresh+"\n"), mode)
}

// defaultIP is the first IPv4 address of the interface, by default that of the default route.
func defaultIP(name string) (string, error) {
	if name == "" {
		var err error
		if name, err = defaultInterface("/proc/net/route"); err != nil {
			return "", err
		}
	}
	iface, err := net.InterfaceByName(name)
	if err != nil {
		return "", fmt.Errorf("unable to find interface %s: %w", name, err)
	}
	addrs, err := iface.Addrs()
	if err != nil {
		return "", err
	}
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil {
			return n.IP.String(), nil
		}
	}
	return "", fmt.Errorf("interface %s has no IPv4 address", name)
}

func defaultInterface(table string) (string, error) {
	f, err := os.Open(table)
	if err != nil {
		return "", err
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		fields := strings.Fields(s.Text())
		if len(fields) < 8 || fields[1] != "00000000" {
			continue
		}
		if mask, err := hex.DecodeString(fields[7]); err == nil && string(mask) == "\x00\x00\x00\x00" {
			return fields[0], nil
		}
	}
	return "", errors.New(`no default routes found in "/proc/net/route" or "/proc/net/ipv6_route"`)
}

// Flags joins our flags of a component with those of the user ("name=value"), which win.
func Flags(ours []string, users []string) []string {
	set := map[string]bool{}
	var theirs []string
	for _, u := range users {
		u = strings.TrimLeft(u, "-")
		name, _, _ := strings.Cut(u, "=")
		set[name] = true
		theirs = append(theirs, "--"+u)
	}
	var all []string
	for _, o := range ours {
		name, _, _ := strings.Cut(o, "=")
		if !set[name] {
			all = append(all, "--"+o)
		}
	}
	return append(all, theirs...)
}

// Verbosity is the flag for the components' log level.
func (n *Node) Verbosity() []string {
	if n.Options.Verbosity == 0 {
		return nil
	}
	return []string{"v=" + strconv.Itoa(n.Options.Verbosity)}
}

// Notify tells systemd that we are ready. No component may do that for us.
func (n *Node) Notify() {
	name := n.socket
	if name == "" {
		return
	}
	if strings.HasPrefix(name, "@") {
		name = "\x00" + name[1:]
	}
	if c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"}); err == nil {
		defer c.Close()
		_, _ = c.Write([]byte("READY=1\n"))
	}
}

// Kubeconfig writes a kubeconfig that names its certificate files.
func Kubeconfig(name, url, ca, cert, key string) error {
	text := fmt.Sprintf(`apiVersion: v1
clusters:
- cluster:
    server: %s
    certificate-authority: %s
  name: local
contexts:
- context:
    cluster: local
    namespace: default
    user: user
  name: Default
current-context: Default
kind: Config
preferences: {}
users:
- name: user
  user:
    client-certificate: %s
    client-key: %s
`, url, ca, cert, key)
	return os.WriteFile(name, []byte(text), 0o600)
}
