// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package snap knows where things lie in the snap and how its services are controlled.
package snap

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Release says which release of the stand-in this snap is.
type Release struct {
	Kubernetes string `json:"kubernetes"`
	Behaviour  string `json:"behaviour"` // normal, never-ready or no-start
}

// Root is a path in the snap itself, which is read-only.
func Root(parts ...string) string { return under("SNAP", "/snap/microk8s/current", parts) }

// Data is a path in the data of this revision.
func Data(parts ...string) string { return under("SNAP_DATA", "/var/snap/microk8s/current", parts) }

// Common is a path in the data that all revisions share.
func Common(parts ...string) string { return under("SNAP_COMMON", "/var/snap/microk8s/common", parts) }

// Current is Data by the name that does not change with the revision.
func Current(parts ...string) string {
	return filepath.Join(append([]string{filepath.Dir(Data()), "current"}, parts...)...)
}

func under(variable, otherwise string, parts []string) string {
	base := os.Getenv(variable)
	if base == "" {
		base = otherwise
	}
	return filepath.Join(append([]string{base}, parts...)...)
}

// ReadRelease reads what the snap was packed with.
func ReadRelease() (*Release, error) {
	text, err := os.ReadFile(Root("standin.json"))
	if err != nil {
		return nil, err
	}
	r := &Release{}
	return r, json.Unmarshal(text, r)
}

// Exists tells whether there is such a file, whatever it is.
func Exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// Locked tells whether a lock file is set: the original remembers most of its state by them.
func Locked(name string) bool { return Exists(Data("var", "lock", name)) }

// Lock sets a lock file.
func Lock(name string) error {
	if err := os.MkdirAll(Data("var", "lock"), 0o770); err != nil {
		return err
	}
	return os.WriteFile(Data("var", "lock", name), nil, 0o700)
}

// Unlock removes a lock file.
func Unlock(name string) error {
	err := os.Remove(Data("var", "lock", name))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// daemon is the service that a component runs in.
func daemon(component string) string {
	switch component = strings.TrimPrefix(component, "kube-"); component {
	case "apiserver", "proxy", "kubelet", "scheduler", "controller-manager":
		component = "kubelite"
	}
	return "microk8s.daemon-" + component
}

// Service starts, stops or restarts the service of a component.
func Service(operation, component string, flags ...string) error {
	return run("snapctl", append([]string{operation, daemon(component)}, flags...)...)
}

// AllServices starts or stops all of them, at boot too.
func AllServices(operation string, flags ...string) error {
	return run("snapctl", append([]string{operation, "microk8s"}, flags...)...)
}

func run(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// Kube runs one of the Kubernetes programs with the release's version.
func Kube(name string, args ...string) *exec.Cmd {
	c := exec.Command(Root("bin", "kube"), append([]string{name}, args...)...)
	c.Env = os.Environ()
	if r, err := ReadRelease(); err == nil {
		c.Env = append(c.Env, "KUBE_VERSION="+r.Kubernetes)
	}
	return c
}

// Kubectl is kubectl as the administrator.
func Kubectl(args ...string) *exec.Cmd {
	return Kube("kubectl", append([]string{"--kubeconfig=" + Data("credentials", "client.config")}, args...)...)
}

// Ctr talks to containerd in the namespace of pods.
func Ctr(args ...string) *exec.Cmd {
	all := append([]string{"--address=" + Common("run", "containerd.sock"), "--namespace", "k8s.io"}, args...)
	return exec.Command(Root("bin", "ctr"), all...)
}

// Hostname is the node's name.
func Hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return strings.ToLower(name)
}

// Bridge is the device of the pod network. The original's device of this name carries traffic
// between nodes; here it is the bridge that pods are on.
const Bridge = "vxlan.calico"

// Addresses are those of the node, without those of the pod network.
func Addresses() []string {
	var found []string
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil
	}
	for _, i := range interfaces {
		if i.Flags&net.FlagLoopback != 0 || i.Flags&net.FlagUp == 0 ||
			slices.Contains([]string{Bridge, "flannel.1", "cni0", "ovn0"}, i.Name) {
			continue
		}
		addresses, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, a := range addresses {
			if n, ok := a.(*net.IPNet); ok && !n.IP.IsLinkLocalUnicast() {
				found = append(found, n.IP.String())
			}
		}
	}
	return found
}

// DefaultRoute tells whether there is a default route, by device.
func DefaultRoute() (device string, ok bool) {
	for _, family := range []string{"-4", "-6"} {
		out, err := exec.Command("ip", family, "route", "show", "default").Output()
		words := strings.Fields(string(out))
		if err != nil || len(words) == 0 {
			continue
		}
		if i := slices.Index(words, "dev"); i >= 0 && i+1 < len(words) {
			return words[i+1], true
		}
	}
	return "", false
}

// DefaultAddress is the address of the device with the default route, or any other's; "none"
// when there is no address at all.
func DefaultAddress() string {
	if device, ok := DefaultRoute(); ok {
		if i, err := net.InterfaceByName(device); err == nil {
			addresses, _ := i.Addrs()
			for _, a := range addresses {
				if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil {
					return n.IP.String()
				}
			}
		}
	}
	if all := Addresses(); len(all) > 0 {
		return all[0]
	}
	return "none"
}
