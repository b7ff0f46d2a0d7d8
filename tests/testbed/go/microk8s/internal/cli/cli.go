// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package cli holds the commands of the snap.
package cli

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"slices"
	"strings"
	"time"

	"lightk8s.invalid/testbed/microk8s/internal/daemon"
	"lightk8s.invalid/testbed/microk8s/internal/snap"
)

// Exit ends a command with a code; its text has been shown.
type Exit int

func (e Exit) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// Commands are the subcommands by name.
var Commands map[string]func(args []string) error

func init() {
	Commands = map[string]func([]string) error{
		"add-node": addNode, "config": showConfig, "ctr": ctr, "disable": disable, "enable": enable, "images": images,
		"join": join, "kubectl": kubectl, "leave": leave, "refresh-certs": refreshCerts, "remove-node": removeNode,
		"reset": reset, "start": start, "status": status, "stop": stop, "version": version,
	}
}

// Main is "microk8s SUBCOMMAND".
func Main(args []string) error {
	if len(args) == 0 {
		help()
		return Exit(1)
	}
	if f, ok := Commands[args[0]]; ok {
		return f(args[1:])
	}
	switch args[0] {
	case "inspect":
		return inspect()
	case "help", "--help", "-h":
		help()
		return nil
	}
	fmt.Printf("'%s' is not a valid MicroK8s subcommand.\n", args[0])
	help()
	return Exit(1)
}

func help() {
	fmt.Println("Available subcommands are:")
	var names []string
	for name := range Commands {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range append(names, "inspect") {
		fmt.Println("\t" + name)
	}
}

// permitted refuses users who may not read the administrator's configuration.
func permitted() error {
	f, err := os.Open(snap.Data("credentials", "client.config"))
	if err == nil {
		return f.Close()
	}
	name := os.Getenv("USER")
	if u, err := user.Current(); err == nil && name == "" {
		name = u.Username
	}
	fmt.Fprintf(os.Stderr, "Insufficient permissions to access MicroK8s.\n"+
		"You can either try again with sudo or add the user %[1]s to the 'microk8s' group:\n\n"+
		"    sudo usermod -a -G microk8s %[1]s\n    sudo chown -R %[1]s ~/.kube\n\n"+
		"After this, reload the user groups either via a reboot or by running 'newgrp microk8s'.\n", name)
	return Exit(1)
}

func running() error {
	if !snap.Locked("stopped.lock") {
		return nil
	}
	fmt.Fprintln(os.Stderr, "microk8s is not running, try microk8s start")
	return Exit(1)
}

// enoughMemory refuses on nodes that are too small for a control plane.
func enoughMemory() error {
	if !snap.Locked("low-memory-guard.lock") {
		return nil
	}
	fmt.Print("\nThis node does not have enough RAM to host the Kubernetes control plane services\n" +
		"and join the database quorum. You may consider joining this node as a worker\nnode to a cluster.\n\n" +
		"If you would still like to start the control plane services, start MicroK8s with:\n\n" +
		"    microk8s start --disable-low-memory-guard\n\n")
	return Exit(1)
}

// worker tells whether the node is a worker, and says so.
func worker(text string) bool {
	if !snap.Locked("clustered.lock") {
		return false
	}
	fmt.Println("This MicroK8s deployment is acting as a node in a cluster." + text)
	return true
}

// flags reads options; those in values take one, which may stand behind "=".
type flags struct {
	values  map[string]*string
	toggles map[string]*bool
}

func (f *flags) parse(program string, args []string) ([]string, error) {
	var rest []string
	for len(args) > 0 {
		word := args[0]
		args = args[1:]
		if word == "--" {
			return append(rest, args...), nil
		}
		if !strings.HasPrefix(word, "-") || word == "-" {
			rest = append(rest, word)
			continue
		}
		name, value, given := strings.Cut(word, "=")
		if t, ok := f.toggles[name]; ok && !given {
			*t = true
			continue
		}
		v, ok := f.values[name]
		if !ok {
			return nil, usage(program, "unrecognized arguments: "+word)
		}
		if !given {
			if len(args) == 0 {
				return nil, usage(program, "argument "+name+": expected one argument")
			}
			value, args = args[0], args[1:]
		}
		*v = value
	}
	return rest, nil
}

func usage(program, text string) error {
	fmt.Fprintf(os.Stderr, "usage: %s [-h]\n%[1]s: error: %s\n", program, text)
	return Exit(2)
}

type nodeList struct {
	Items []struct {
		Spec struct {
			Unschedulable bool `json:"unschedulable"`
		} `json:"spec"`
		Status struct {
			Conditions []struct {
				Type   string `json:"type"`
				Status string `json:"status"`
			} `json:"conditions"`
		} `json:"status"`
	} `json:"items"`
}

// ready tells whether the API knows its own service and, if asked for, a node is Ready.
func ready(withNode bool) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	client, err := daemon.Client()
	if err != nil || client.Get(ctx, "/api/v1/namespaces/default/services/kubernetes", nil) != nil {
		return false
	}
	if !withNode {
		return true
	}
	var nodes nodeList
	if client.Get(ctx, "/api/v1/nodes", &nodes) != nil {
		return false
	}
	for _, n := range nodes.Items {
		for _, c := range n.Status.Conditions {
			// the original looks for the word in a table, where "Ready,SchedulingDisabled" is another
			if c.Type == "Ready" && c.Status == "True" && !n.Spec.Unschedulable {
				return true
			}
		}
	}
	return false
}

// waitReady waits; a timeout of zero means for ever.
func waitReady(timeout time.Duration, withNode bool) bool {
	end := time.Now().Add(timeout)
	for !ready(withNode) {
		if timeout > 0 && time.Now().After(end) {
			return false
		}
		time.Sleep(2 * time.Second)
	}
	return true
}
