// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"lightk8s.invalid/testbed/microk8s/internal/cluster"
	"lightk8s.invalid/testbed/microk8s/internal/snap"
)

const notRunning = "microk8s is not running. Use microk8s inspect for a deeper inspection."

type state struct {
	ready             bool
	enabled, disabled []addon
}

func status(args []string) error {
	if err := permitted(); err != nil {
		return err
	}
	if worker("\nPlease use the control plane node.") {
		return nil
	}
	if err := enoughMemory(); err != nil {
		return err
	}
	if snap.Locked("stopped.lock") {
		fmt.Println("microk8s is not running, try microk8s start")
		return nil
	}
	const program = "microk8s status"
	format, name, timeout, wait, short := "pretty", "all", "0", false, false
	f := flags{map[string]*string{"--format": &format, "--addon": &name, "-a": &name, "--timeout": &timeout, "-t": &timeout},
		map[string]*bool{"--wait-ready": &wait, "-w": &wait, "--yaml": &short}}
	rest, err := f.parse(program, args)
	if err != nil {
		return err
	}
	seconds, err := strconv.Atoi(timeout)
	switch {
	case len(rest) > 0:
		return usage(program, "unrecognized arguments: "+strings.Join(rest, " "))
	case err != nil:
		return usage(program, fmt.Sprintf("argument -t/--timeout: invalid int value: '%s'", timeout))
	case !slices.Contains([]string{"pretty", "yaml", "short"}, format):
		return usage(program, fmt.Sprintf("argument --format: invalid choice: '%s' (choose from 'pretty', 'yaml', 'short')", format))
	}
	s := &state{}
	if wait {
		s.ready = waitReady(time.Duration(seconds)*time.Second, true)
	} else {
		s.ready = ready(true)
	}
	if err := s.show(format, name, short); err != nil {
		return err
	}
	if !s.ready {
		return Exit(1)
	}
	return nil
}

func (s *state) show(format, name string, short bool) error {
	list, err := available()
	if err != nil {
		return err
	}
	if name != "all" {
		list = named(list, name)
	}
	if s.ready {
		if s.enabled, s.disabled, err = sorted(list); err != nil {
			return err
		}
	}
	switch {
	case name != "all" && len(s.enabled) > 0:
		fmt.Println("enabled")
	case name != "all":
		fmt.Println("disabled")
	case format == "yaml":
		s.yaml()
	case format == "short":
		s.short()
	case short:
		s.shortYAML()
	default:
		s.pretty()
	}
	return nil
}

// python writes a truth value as the original's programs do.
func python(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

func (s *state) lines(indent string) {
	for _, a := range s.enabled {
		fmt.Printf("%s%s/%s: enabled\n", indent, a.Repository, a.Name)
	}
	for _, a := range s.disabled {
		fmt.Printf("%s%s/%s: disabled\n", indent, a.Repository, a.Name)
	}
}

func (s *state) short() {
	if !s.ready {
		fmt.Println(notRunning)
		return
	}
	fmt.Println("microk8s is running\naddons:")
	s.lines("")
}

func (s *state) shortYAML() {
	fmt.Printf("microk8s:\n  running: %s\n", python(s.ready))
	if !s.ready {
		fmt.Println("  message: " + notRunning)
		return
	}
	fmt.Println("addons:")
	s.lines("  ")
}

var roles = map[int]string{cluster.Voter: "voter", cluster.Standby: "standby", cluster.Spare: "spare"}

func members() []cluster.Member {
	if !snap.Locked("ha-cluster") {
		return nil
	}
	for range 10 {
		if list, err := cluster.Members(); err == nil {
			return list
		}
		time.Sleep(2 * time.Second)
	}
	return nil
}

func (s *state) yaml() {
	ha := snap.Locked("ha-cluster")
	fmt.Printf("microk8s:\n  running: %s\nhigh-availability:\n  enabled: %s\n", python(s.ready), python(ha))
	if ha {
		fmt.Println("  nodes:")
		for _, m := range members() {
			fmt.Printf("    - address: %s\n      role: %s\n", m.Address, roles[m.Role])
		}
	}
	if !s.ready {
		fmt.Println("  message: " + notRunning)
		return
	}
	fmt.Println("addons:")
	for i, list := range [][]addon{s.enabled, s.disabled} {
		for _, a := range list {
			fmt.Printf("  - name: %s\n    repository: %s\n    description: %s\n    version: %s\n    status: %s\n",
				a.Name, a.Repository, a.Description, a.Version, []string{"enabled", "disabled"}[i])
		}
	}
}

func (s *state) pretty() {
	if !s.ready {
		fmt.Println(notRunning)
		return
	}
	fmt.Println("microk8s is running")
	var voters, standbys []string
	for _, m := range members() {
		switch m.Role {
		case cluster.Voter:
			voters = append(voters, m.Address)
		case cluster.Standby:
			standbys = append(standbys, m.Address)
		}
	}
	yes := "no"
	if len(voters) > 2 {
		yes = "yes"
	}
	fmt.Println("high-availability: " + yes)
	if snap.Locked("ha-cluster") {
		fmt.Printf("  datastore master nodes: %s\n  datastore standby nodes: %s\n", orNone(voters), orNone(standbys))
	}
	fmt.Println("addons:")
	for i, list := range [][]addon{s.enabled, s.disabled} {
		if len(list) == 0 {
			continue
		}
		fmt.Println("  " + []string{"enabled:", "disabled:"}[i])
		for _, a := range list {
			fmt.Printf("    %-20s # (%s) %s\n", a.Name, a.Repository, a.Description)
		}
	}
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, " ")
}
