// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package cli

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"lightk8s.invalid/testbed/microk8s/internal/certs"
	"lightk8s.invalid/testbed/microk8s/internal/cluster"
	"lightk8s.invalid/testbed/microk8s/internal/snap"
)

func leave(args []string) error {
	if err := running(); err != nil {
		return err
	}
	if err := permitted(); err != nil {
		return err
	}
	if rest, err := (&flags{}).parse("microk8s leave", args); err != nil || len(rest) > 0 {
		return Exit(2)
	}
	if !snap.Locked("no-cert-reissue") {
		fmt.Println("This MicroK8s deployment is not acting as a node in a cluster.")
		return Exit(1)
	}
	if snap.Locked("clustered.lock") {
		return leaveAsWorker()
	}
	list, err := cluster.Members()
	if err != nil {
		return err
	}
	self, err := cluster.Self()
	if err != nil {
		return err
	}
	// the data of the stand-in do not move: only the node that began a cluster has them
	if len(list) > 1 && list[0].Address == self.Address {
		fmt.Println("This node currently holds the only copy of the Kubernetes database so it cannot leave the cluster.\n" +
			"To remove this node you can either first remove all other nodes with 'microk8s remove-node' or\n" +
			"form a highly available cluster by adding at least three nodes.")
		return Exit(3)
	}
	if len(list) > 1 {
		if err := cluster.Remove(self.Address); err != nil {
			fmt.Printf("Contacting node %s failed. Error:\n%v\n", list[0].Address, err)
			return Exit(2)
		}
	}
	return alone()
}

func leaveAsWorker() error {
	fmt.Println("Configuring services.")
	err := errors.Join(snap.Lock("no-apiserver-proxy"), snap.Service("stop", "apiserver-proxy"),
		os.Remove(snap.Data("certs", "ca.remote.crt")), snap.Unlock("clustered.lock"), snap.Unlock("no-k8s-dqlite"))
	if err != nil {
		return err
	}
	for _, name := range []string{"kubelet", "kube-proxy"} {
		if err := os.WriteFile(snap.File(name), []byte(readFile(snap.Root("default-args", name))), 0o660); err != nil {
			return err
		}
	}
	return alone()
}

// alone makes this node a cluster of its own, without any data.
func alone() error {
	err := errors.Join(snap.Service("stop", "kubelite"), snap.Service("stop", "k8s-dqlite"))
	if err != nil {
		return err
	}
	fmt.Println("Generating new cluster certificates.")
	backup := cluster.Folder() + ".backup"
	if err := errors.Join(os.RemoveAll(cluster.Folder()), os.RemoveAll(backup), cluster.Initialise()); err != nil {
		return err
	}
	if err := errors.Join(certs.Serve(), certs.Users(), snap.Unlock("no-cert-reissue")); err != nil {
		return err
	}
	fmt.Print("Waiting for node to start. ")
	for _, step := range []func([]string) error{stop, start} {
		if err := step(nil); err != nil {
			return err
		}
	}
	fmt.Println(" ")
	return nil
}

func removeNode(args []string) error {
	if err := permitted(); err != nil {
		return err
	}
	if snap.Locked("clustered.lock") {
		fmt.Println("This MicroK8s deployment is acting as a node in a cluster. Please use microk8s leave.")
		return Exit(1)
	}
	force := false
	rest, err := (&flags{nil, map[string]*bool{"--force": &force}}).parse("microk8s remove-node", args)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		fmt.Println("Please provide the node you want to remove.")
		return Exit(1)
	}
	node := nameOf(rest[0])
	out, err := snap.Kubectl("get", "node", node, "-o", `jsonpath={.status.addresses[?(@.type=="InternalIP")].address}`).Output()
	if err != nil {
		fmt.Printf("Node %s does not exist in Kubernetes.\n", node)
		if force {
			fmt.Printf("Attempting to remove %s from dqlite.\n", node)
			_ = forget(node)
		}
		return Exit(1)
	}
	registered := slices.ContainsFunc(members(), func(m cluster.Member) bool { return hostOf(m.Address) == string(out) })
	if registered && !force {
		fmt.Printf("Removal failed. Node %s is registered with dqlite. Please, run first 'microk8s leave' on the departing node. \n"+
			"If the node is not available anymore and will never attempt to join the cluster in the future use the '--force' flag \n"+
			"to unregister the node while removing it.\n", node)
		return Exit(1)
	}
	if registered {
		if err := forget(string(out)); err != nil {
			fmt.Println(err)
			return Exit(2)
		}
	}
	if snap.Kubectl("delete", "node", node).Run() != nil {
		return Exit(1)
	}
	return nil
}

// nameOf is the name of a node that may be given by its address.
func nameOf(node string) string {
	if net.ParseIP(node) == nil {
		return node
	}
	out, err := snap.Kubectl("get", "nodes", "-o",
		`jsonpath={range .items[*]}{.metadata.name} {.status.addresses[?(@.type=="InternalIP")].address}{"\n"}{end}`).Output()
	if err != nil {
		return node
	}
	for _, line := range strings.Split(string(out), "\n") {
		if words := strings.Fields(line); len(words) == 2 && words[1] == node {
			return words[0]
		}
	}
	return node
}

func hostOf(endpoint string) string {
	host, _, _ := net.SplitHostPort(endpoint)
	return host
}

// forget takes a node out of the datastore by its address.
func forget(address string) error {
	for _, m := range members() {
		if hostOf(m.Address) == address {
			fmt.Println("Removing node entry found in dqlite.")
			return cluster.Remove(m.Address)
		}
	}
	return nil
}

// silently runs kubectl; what it says and whether it fails does not matter to a reset.
func silently(args ...string) string {
	out, _ := snap.Kubectl(args...).Output()
	return string(out)
}

func reset(args []string) error {
	if os.Geteuid() != 0 {
		fmt.Println("Elevated permissions is needed for this operation. Please run this command with sudo.")
		return Exit(50)
	}
	destroy := false
	if _, err := (&flags{nil, map[string]*bool{"--destroy-storage": &destroy}}).parse("microk8s reset", args); err != nil {
		return err
	}
	if worker("\nPlease use the master node.") {
		return Exit(1)
	}
	if err := running(); err != nil {
		return err
	}
	nodes := strings.Fields(silently("get", "nodes", "-o", "name"))
	switch {
	case len(nodes) == 0:
		fmt.Println("Failed to query the cluster nodes.")
		return Exit(1)
	case len(nodes) > 1:
		fmt.Println("This is a multi-node MicroK8s deployment. Reset is applicable for single node clusters.\n" +
			"Please remove all joined nodes before calling reset.")
		return nil
	}
	if err := disableAll(destroy); err != nil {
		return err
	}
	cleanCluster()
	fmt.Println("Restarting cluster")
	if err := errors.Join(stop(nil), start(nil), snap.Unlock("no-cert-reissue")); err != nil {
		return err
	}
	waitReady(30*time.Second, true)
	return nil
}

func disableAll(destroy bool) error {
	fmt.Println("Disabling all addons")
	list, err := available()
	if err != nil {
		return err
	}
	enabled, _, err := sorted(list)
	if err != nil {
		return err
	}
	for _, a := range list {
		if a.Name == "ha-cluster" || a.Name == "community" {
			continue
		}
		fmt.Printf("Disabling addon : %s/%s\n", a.Repository, a.Name)
		known, ok := actions[a.Name]
		if len(named(enabled, a.Repository+"/"+a.Name)) == 0 || !ok {
			continue
		}
		words := []string{}
		if destroy {
			words = append(words, "destroy-storage")
		}
		if err := known.disable(words); err != nil {
			fmt.Fprintf(os.Stderr, "Ignoring error: %v\n", err)
		}
		waitReady(30*time.Second, false)
	}
	fmt.Println("All addons are disabled.")
	return nil
}

var kept = []string{"default", "kube-public", "kube-system", "kube-node-lease"}

func cleanCluster() {
	spaces := strings.Fields(silently("get", "ns", "-o=name"))
	for _, space := range spaces {
		name := strings.TrimPrefix(space, "namespace/")
		fmt.Println("Cleaning resources in namespace " + name)
		for _, kind := range []string{"replicationcontrollers", "daemonsets", "deployments", "statefulsets", "jobs", "pods",
			"configmaps", "secrets", "persistentvolumeclaims"} {
			silently("delete", "--all", kind, "-n", name, "--timeout=60s")
		}
	}
	for _, kind := range []string{"CRDs=customresourcedefinitions.apiextensions.k8s.io", "PriorityClasses=", "StorageClasses="} {
		title, resource, _ := strings.Cut(kind, "=")
		fmt.Println("Removing " + title)
		if resource != "" {
			silently("delete", "--all", resource, "--timeout=60s")
		}
	}
	for _, space := range spaces {
		if name := strings.TrimPrefix(space, "namespace/"); !slices.Contains(kept, name) {
			fmt.Println("Removing " + space)
			silently("delete", space, "--timeout=60s")
		}
	}
	_ = exec.Command("rm", "-rf", snap.Data("bin")).Run()
}
