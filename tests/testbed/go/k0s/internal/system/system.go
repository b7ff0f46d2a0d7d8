// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package system asks and changes the machine: addresses, users, units.
package system

import (
	"bufio"
	"encoding/hex"
	"net"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"strings"
)

// Address is the address of this machine: of the default route's interface, or the first that is
// not loopback.
func Address() string {
	name := defaultInterface()
	for _, i := range interfaces() {
		if name != "" && i.Name != name {
			continue
		}
		for _, ip := range addresses(i) {
			if ip.To4() != nil {
				return ip.String()
			}
		}
	}
	return "127.0.0.1"
}

// Addresses are all that are not loopback.
func Addresses() []string {
	var all []string
	for _, i := range interfaces() {
		for _, ip := range addresses(i) {
			all = append(all, ip.String())
		}
	}
	return all
}

// interfaces leaves out those of pods and bridges, as the original does by their kind of name.
func interfaces() []net.Interface {
	var kept []net.Interface
	all, _ := net.Interfaces()
	for _, i := range all {
		skip := i.Flags&net.FlagLoopback != 0 || i.Flags&net.FlagUp == 0
		for _, prefix := range []string{"veth", "cali", "vxlan", "kube-", "cni", "dummyvip", "docker"} {
			skip = skip || strings.HasPrefix(i.Name, prefix)
		}
		if !skip {
			kept = append(kept, i)
		}
	}
	return kept
}

func addresses(i net.Interface) []net.IP {
	var all []net.IP
	list, _ := i.Addrs()
	for _, a := range list {
		if n, ok := a.(*net.IPNet); ok {
			all = append(all, n.IP)
		}
	}
	return all
}

func defaultInterface() string {
	f, err := os.Open("/proc/net/route")
	if err != nil {
		return ""
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		fields := strings.Fields(s.Text())
		if len(fields) < 8 || fields[1] != "00000000" {
			continue
		}
		if mask, err := hex.DecodeString(fields[7]); err == nil && string(mask) == "\x00\x00\x00\x00" {
			return fields[0]
		}
	}
	return ""
}

// UID is the number of a user, 0 for one that does not exist: its component then runs as root.
func UID(name string) int {
	u, err := user.Lookup(name)
	if err != nil {
		return 0
	}
	id, err := strconv.Atoi(u.Uid)
	if err != nil {
		return 0
	}
	return id
}

// EnsureUsers creates the system users that are missing.
func EnsureUsers(home string, names []string) error {
	shell, err := exec.LookPath("nologin")
	if err != nil {
		shell = "/bin/false"
	}
	for _, name := range names {
		if _, err := user.Lookup(name); err == nil {
			continue
		}
		err := exec.Command("useradd", "--home", home, "--shell", shell, "--system", "--no-create-home", name).Run()
		if err != nil {
			return err
		}
	}
	return nil
}

// DeleteUsers removes those that exist.
func DeleteUsers(names []string) error {
	for _, name := range names {
		if _, err := user.Lookup(name); err != nil {
			continue
		}
		if err := exec.Command("userdel", name).Run(); err != nil {
			return err
		}
	}
	return nil
}
