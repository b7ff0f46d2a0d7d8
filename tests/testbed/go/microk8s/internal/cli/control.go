// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"lightk8s.invalid/testbed/common/pki"
	"lightk8s.invalid/testbed/microk8s/internal/certs"
	"lightk8s.invalid/testbed/microk8s/internal/hooks"
	"lightk8s.invalid/testbed/microk8s/internal/snap"
)

func version([]string) error {
	if err := permitted(); err != nil {
		return err
	}
	fmt.Printf("MicroK8s %s revision %s\n", os.Getenv("SNAP_VERSION"), os.Getenv("SNAP_REVISION"))
	return nil
}

// pass hands a command's result on.
func pass(c *exec.Cmd) error {
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := c.Run()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return Exit(ended.ExitCode())
	}
	return err
}

func kubectl(args []string) error {
	if worker(" Please use the microk8s kubectl on the master.") {
		return nil
	}
	if err := running(); err != nil {
		return err
	}
	if strings.Contains(strings.Join(args, " "), "--kubeconfig") {
		return pass(snap.Kube("kubectl", args...))
	}
	if err := permitted(); err != nil {
		return err
	}
	if os.Getenv("KUBECONFIG") != "" || snap.Exists(snap.File("kubectl-env")) {
		if err := os.Setenv("KUBECONFIG", snap.Data("credentials", "client.config")); err != nil {
			return err
		}
	}
	return pass(snap.Kube("kubectl", args...))
}

func ctr(args []string) error {
	if err := permitted(); err != nil {
		return err
	}
	own, err := snap.LoadArgs("ctr")
	if err != nil {
		return err
	}
	return pass(exec.Command(snap.Root("bin", "ctr"), append(own.Words(), args...)...))
}

func showConfig(args []string) error {
	if worker(" Please use the microk8s config on the master.") {
		return nil
	}
	loopback := false
	f := flags{nil, map[string]*bool{"-l": &loopback, "--use-loopback": &loopback}}
	if _, err := f.parse("microk8s config", args); err != nil {
		return Exit(1)
	}
	if err := permitted(); err != nil {
		return err
	}
	text, err := os.ReadFile(snap.Data("credentials", "client.config"))
	if err != nil {
		return err
	}
	if !loopback {
		text = bytes.Replace(text, []byte("127.0.0.1"), []byte(snap.DefaultAddress()), 1)
	}
	fmt.Println(string(text))
	return nil
}

func start(args []string) error {
	if worker("\nUse 'snap start microk8s' to start services on this node.") {
		return nil
	}
	if err := permitted(); err != nil {
		return err
	}
	off := false
	if _, err := (&flags{nil, map[string]*bool{"--disable-low-memory-guard": &off}}).parse("microk8s start", args); err != nil {
		return Exit(1)
	}
	if off {
		if err := snap.Unlock("low-memory-guard.lock"); err != nil {
			return err
		}
	}
	if err := enoughMemory(); err != nil {
		return err
	}
	if err := snap.AllServices("start", "--enable"); err != nil {
		fmt.Println(`Failed to start microk8s services. Check snapd logs with "journalctl -u snapd.service"`)
		return Exit(1)
	}
	if err := snap.Unlock("stopped.lock"); err != nil {
		return err
	}
	waitReady(time.Minute, true)
	return nil
}

func stop(args []string) error {
	if worker("\nUse 'snap stop microk8s' to stop services on this node.") {
		return nil
	}
	if err := permitted(); err != nil {
		return err
	}
	if rest, err := (&flags{}).parse("microk8s stop", args); err != nil || len(rest) > 0 {
		return Exit(1)
	}
	if err := snap.Service("stop", "kubelite", "--disable"); err != nil {
		fmt.Println(`Failed to stop microk8s services. Check snapd logs with "journalctl -u snapd.service"`)
		return Exit(1)
	}
	hooks.EndContainers()
	if err := snap.AllServices("stop", "--disable"); err != nil {
		return err
	}
	fmt.Println("Stopped.")
	return snap.Lock("stopped.lock")
}

func inspect() error {
	fmt.Println("Inspecting system\nInspecting Certificates\nInspecting services")
	failed := false
	services := []string{"daemon-cluster-agent", "daemon-containerd", "daemon-kubelite"}
	if !snap.Locked("clustered.lock") {
		services = append(services, "daemon-k8s-dqlite", "daemon-apiserver-kicker")
	}
	for _, name := range services {
		unit := "snap.microk8s." + name
		if exec.Command("systemctl", "is-active", "--quiet", unit+".service").Run() == nil {
			fmt.Printf("  Service %s is running\n", unit)
			continue
		}
		failed = true
		fmt.Printf("\033[31m FAIL: \033[0m Service %s is not running\nFor more details look at: sudo journalctl -u %[1]s\n", unit)
	}
	fmt.Println("Building the report tarball")
	name := snap.Data("inspection-report-" + time.Now().Format("20060102_150405") + ".tar.gz")
	if out, err := exec.Command("tar", "-czf", name, "-C", snap.Data(), "args", "var/lock").CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	fmt.Println("  Report tarball is at " + name)
	if failed {
		return Exit(1)
	}
	return nil
}

var renewable = map[string]string{"ca.crt": "CA", "server.crt": "server", "front-proxy-client.crt": "front proxy client"}

func refreshCerts(args []string) error {
	if worker(" Please use the microk8s refresh-certs command on the master\n" +
		"and then return to this node to perform a microk8s leave and re-join.") {
		return nil
	}
	cert, check := "", false
	f := flags{map[string]*string{"-e": &cert, "--cert": &cert}, map[string]*bool{"-c": &check, "--check": &check}}
	if _, err := f.parse("microk8s refresh-certs", args); err != nil {
		return err
	}
	if check {
		return checkCerts()
	}
	if _, ok := renewable[cert]; !ok {
		fmt.Println("Please use the '--cert' flag to specify the certificate to be refreshed:\n" +
			"  server.crt, front-proxy-client.crt or ca.crt")
		return Exit(3)
	}
	backup := snap.Data("certs-backup")
	fmt.Printf("Taking a backup of the current certificates under %s/\n", backup)
	for _, dir := range []string{"certs", "credentials"} {
		if err := os.CopyFS(snap.Data("certs-backup", time.Now().Format("150405"), dir), os.DirFS(snap.Data(dir))); err != nil {
			fmt.Printf("Failed to backup the current CA. %v\n", err)
			return Exit(10)
		}
	}
	fmt.Println("Creating new certificates")
	if cert == "ca.crt" {
		for _, name := range []string{"ca.crt", "csr.conf"} {
			if err := os.Remove(snap.Data("certs", name)); err != nil {
				return err
			}
		}
		if _, err := certs.Produce(); err != nil {
			return err
		}
		fmt.Println("Creating new kubeconfig file")
		if err := certs.Users(); err != nil {
			return err
		}
		defer fmt.Println("\nThe CA certificates have been replaced. Kubernetes will restart the pods of your workloads.\n" +
			"Any worker nodes you may have in your cluster need to be removed and re-joined to become aware of the new CA.")
	} else if err := certs.Serve(); err != nil {
		return err
	}
	for _, service := range []string{"kubelite", "cluster-agent"} {
		fmt.Printf("Restarting service %s.\n", service)
		if err := snap.Service("restart", service); err != nil {
			fmt.Printf("Failed to restart service microk8s.daemon-%s.\n", service)
			return Exit(4)
		}
	}
	return nil
}

func checkCerts() error {
	for _, name := range []string{"ca.crt", "server.crt", "front-proxy-client.crt"} {
		text, err := os.ReadFile(snap.Data("certs", name))
		if err != nil {
			fmt.Printf("Failed to get certificate info. %v\n", err)
			return Exit(4)
		}
		list, err := pki.ParseCerts(text)
		if err != nil {
			return Exit(4)
		}
		days := int(time.Until(list[0].NotAfter).Hours() / 24)
		fmt.Printf("The %s certificate will expire in %d days.\n", renewable[name], days)
	}
	return nil
}

func images(args []string) error {
	if err := permitted(); err != nil {
		return err
	}
	if len(args) == 0 || args[0] != "import" && args[0] != "export-local" {
		fmt.Fprintln(os.Stderr, "Usage: microk8s images [OPTIONS] COMMAND [ARGS]...")
		return Exit(2)
	}
	name := "-"
	if len(args) > 1 {
		name = args[1]
	}
	if args[0] == "export-local" {
		return exportImages(name, args[min(2, len(args)):])
	}
	var data []byte
	var err error
	if name == "-" {
		data, err = io.ReadAll(os.Stdin)
	} else {
		data, err = os.ReadFile(name)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "Error: failed to read %s: %v\n", name, err)
		return Exit(1)
	}
	return push(data)
}

func exportImages(output string, names []string) error {
	if len(names) == 0 {
		out, err := snap.Ctr("image", "ls", "--quiet").Output()
		if err != nil {
			return err
		}
		for _, name := range strings.Fields(string(out)) {
			if !strings.HasPrefix(name, "sha256:") {
				names = append(names, name)
			}
		}
	}
	return pass(snap.Ctr(append([]string{"image", "export", output}, names...)...))
}
