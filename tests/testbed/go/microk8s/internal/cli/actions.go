// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package cli

import (
	"bytes"
	_ "embed"
	"fmt"
	"net"
	"os"
	"strings"
	"text/template"
	"time"

	"lightk8s.invalid/testbed/microk8s/internal/snap"
)

//go:embed manifests/coredns.tmpl
var coredns string

//go:embed manifests/storage.tmpl
var storage string

//go:embed manifests/waiting.tmpl
var waiting string

type action struct {
	enable, disable func(args []string) error
}

var actions = map[string]action{
	"dns": {enableDNS, disableDNS}, "rbac": {enableRBAC, disableRBAC},
	"hostpath-storage": {enableStorage, disableStorage}, "storage": {enableStorage, disableStorage},
	"metrics-server": waits("metrics-server", "kube-system", "registry.k8s.io/metrics-server/metrics-server:v0.8.0"),
}

func manifest(verb, text string, values any) error {
	var out bytes.Buffer
	if err := template.Must(template.New("manifest").Parse(text)).Execute(&out, values); err != nil {
		return err
	}
	args := []string{verb, "-f", "-"}
	if verb == "delete" {
		args = append(args, "--ignore-not-found")
	}
	c := snap.Kubectl(args...)
	c.Stdin, c.Stdout, c.Stderr = &out, os.Stdout, os.Stderr
	if c.Run() != nil {
		return Exit(1)
	}
	return nil
}

// waits is an add-on whose program is not there: one that only waits has its name.
func waits(name, namespace, image string) action {
	values := map[string]string{"Name": name, "Namespace": namespace, "Image": image}
	do := func(verb, doing, done string) func([]string) error {
		return func([]string) error {
			fmt.Println(doing)
			if err := manifest(verb, waiting, values); err != nil {
				return err
			}
			fmt.Println(done)
			return nil
		}
	}
	return action{do("apply", "Enabling "+name, name+" is enabled"), do("delete", "Disabling "+name, name+" is disabled")}
}

// upstream are the servers that CoreDNS asks.
func upstream(given string) (string, error) {
	if given == "" || given == "/etc/resolv.conf" {
		if file := snap.Value("kubelet", "--resolv-conf"); file != "" {
			fmt.Println("Using host configuration from " + file)
			return "/etc/resolv.conf", nil
		}
		fmt.Println("No valid resolv.conf file could be found\nFalling back to 8.8.8.8 8.8.4.4 as upstream nameservers")
		return "8.8.8.8 8.8.4.4", nil
	}
	servers := strings.FieldsFunc(given, func(r rune) bool { return r == ',' || r == ' ' })
	for _, s := range servers {
		if net.ParseIP(s) == nil {
			fmt.Printf("Your input value (%s) is not a valid and reachable IP address\n", s)
			return "", Exit(1)
		}
	}
	text := strings.Join(servers, " ")
	fmt.Printf("Will use  %s as upstream nameservers\n", text)
	return text, nil
}

func enableDNS(args []string) error {
	args = append(args, "", "", "")
	fmt.Println("Enabling DNS")
	servers, err := upstream(args[0])
	if err != nil {
		return err
	}
	address, domain := args[1], args[2]
	if address == "" && snap.Value("kube-apiserver", "--service-cluster-ip-range") == "10.152.183.0/24" {
		address = "10.152.183.10"
	}
	if domain == "" {
		domain = "cluster.local"
	}
	fmt.Println("Applying manifest")
	if err := manifest("apply", coredns, map[string]string{"Address": address, "Domain": domain, "Servers": servers}); err != nil {
		return err
	}
	out, err := snap.Kubectl("get", "svc", "-n", "kube-system", "kube-dns", "-o", "jsonpath={.spec.clusterIP}").Output()
	if err != nil {
		return err
	}
	address = string(out)
	fmt.Println("CoreDNS service deployed with IP address " + address)
	same := snap.Value("kubelet", "--cluster-dns") == address && snap.Value("kubelet", "--cluster-domain") == domain
	if err := everywhere("kubelet", map[string]*string{"--cluster-domain": &domain, "--cluster-dns": &address}, !same); err != nil {
		return err
	}
	fmt.Println("DNS is enabled")
	return nil
}

func disableDNS([]string) error {
	fmt.Println("Disabling DNS\nReconfiguring kubelet\nRemoving DNS manifest")
	if err := manifest("delete", coredns, map[string]string{}); err != nil {
		return err
	}
	gone := []string{"wait", "pod", "--selector=k8s-app=kube-dns", "--for=delete", "-n", "kube-system", "--timeout=60s"}
	if snap.Kubectl(gone...).Run() != nil {
		fmt.Println("DNS did not shut down on time. Proceeding.")
	}
	if err := everywhere("kubelet", map[string]*string{"--cluster-domain": nil, "--cluster-dns": nil}, true); err != nil {
		return err
	}
	fmt.Println("DNS is disabled")
	return nil
}

func enableRBAC([]string) error {
	mode := "RBAC,Node"
	fmt.Println("Enabling RBAC\nReconfiguring apiserver")
	restart := snap.Value("kube-apiserver", "--authorization-mode") != mode
	if restart {
		fmt.Println("Restarting apiserver")
	}
	if err := everywhere("kube-apiserver", map[string]*string{"--authorization-mode": &mode}, restart); err != nil {
		return err
	}
	fmt.Println("RBAC is enabled")
	return nil
}

func disableRBAC([]string) error {
	mode := "AlwaysAllow"
	fmt.Println("Disabling RBAC\nReconfiguring apiserver")
	if err := everywhere("kube-apiserver", map[string]*string{"--authorization-mode": &mode}, true); err != nil {
		return err
	}
	waitReady(time.Minute, false)
	fmt.Println("Removing default RBAC resources")
	for _, kind := range []string{"rolebindings", "roles", "clusterrolebindings", "clusterroles"} {
		args := []string{"delete", kind, "-l", "kubernetes.io/bootstrapping=rbac-defaults"}
		if !strings.HasPrefix(kind, "cluster") {
			args = append(args, "--all-namespaces")
		}
		if snap.Kubectl(args...).Run() != nil {
			return Exit(1)
		}
	}
	fmt.Println("RBAC is disabled")
	return nil
}

func enableStorage(args []string) error {
	policy, standard := "Delete", "true"
	f := flags{map[string]*string{"--reclaim-policy": &policy, "-r": &policy, "--default-class": &standard, "-d": &standard}, nil}
	if _, err := f.parse("enable", args); err != nil {
		return err
	}
	if policy != "Delete" && policy != "Retain" {
		fmt.Println("\nPlease check submitted arguments.\n" +
			"You can use '--reclaim-policy' to set the reclaim policy. Allowed values: Delete Retain. Defaults to 'Delete'.")
		return Exit(1)
	}
	fmt.Print("Enabling default storage class.\n" +
		"WARNING: Hostpath storage is not suitable for production environments.\n" +
		"         A hostpath volume can grow beyond the size limit set in the volume claim manifest.\n\n")
	if err := os.MkdirAll(snap.Common("default-storage"), 0o755); err != nil {
		return err
	}
	if err := manifest("apply", storage, map[string]string{"Policy": policy, "Default": standard}); err != nil {
		return err
	}
	fmt.Println("Storage will be available soon.")
	return nil
}

func disableStorage(args []string) error {
	fmt.Println("Disabling default storage")
	if err := manifest("delete", storage, map[string]string{"Policy": "Delete", "Default": "true"}); err != nil {
		return err
	}
	if len(args) > 0 && args[0] == "destroy-storage" {
		if err := os.RemoveAll(snap.Common("default-storage")); err != nil {
			return err
		}
		fmt.Println("Storage space reclaimed")
	}
	fmt.Println("Storage removed")
	return nil
}
