// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package daemon

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
	"regexp"
	"time"

	"lightk8s.invalid/testbed/common/api"
	"lightk8s.invalid/testbed/microk8s/internal/cluster"
	"lightk8s.invalid/testbed/microk8s/internal/snap"
)

const comment = "generated for MicroK8s pods"

// what the test bed's nodes need; the user's flags come later and win
var added = map[string][]string{
	"kubelet": {"--fail-cgroupv1=false", "--oom-score-adj=0"},
	"kube-proxy": {"--oom-score-adj=0", "--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0s",
		"--conntrack-tcp-timeout-close-wait=0s"},
	// in the original, pods of Calico give out addresses
	"kube-controller-manager": {"--allocate-node-cidrs=true"},
}

// tries is how far apart attempts to start lie at least: what the original does before its programs
// run takes so long, and systemd would give up on a service that ends at once.
const tries = 3 * time.Second

// Kubelite runs the Kubernetes components of a node: on a worker only kubelet and kube-proxy.
func Kubelite() error {
	began := time.Now()
	err := runKubelite()
	if err != nil {
		time.Sleep(tries - time.Since(began))
	}
	return err
}

func runKubelite() error {
	if !snap.Locked("lite.lock") {
		log.Print("kubelite will not run")
		return nil
	}
	release, err := snap.ReadRelease()
	if err != nil {
		return err
	}
	if release.Behaviour == "no-start" {
		return errors.New("F kubelite: this build is broken")
	}
	worker := snap.Locked("clustered.lock")
	if !worker && snap.Locked("low-memory-guard.lock") {
		log.Print("kubelite will not run, memory guard is enabled")
		return nil
	}
	plane := "true"
	if worker {
		plane = "false"
	}
	if err := errors.Join(snap.SetValue("kubelite", "--start-control-plane", &plane), snap.Unlock("stopped.lock")); err != nil {
		return err
	}
	ctx, stop := signals()
	defer stop()
	if snap.Value("kube-apiserver", "--advertise-address") == "" && snap.Value("kube-apiserver", "--bind-address") == "" {
		waitForRoute(ctx)
	}
	if err := prepare(ctx); err != nil {
		return err
	}
	k := &kubelite{group: newGroup(), release: release}
	if err := k.run(ctx, worker); err != nil {
		k.stop()
		return err
	}
	go k.network(ctx)
	return k.wait(ctx)
}

type kubelite struct {
	*group
	release *snap.Release
}

// component starts one program with the flags of its file.
func (k *kubelite) component(name string) error {
	args, err := snap.LoadArgs(name)
	if err != nil {
		return err
	}
	return k.start(name, snap.Kube(name, append(added[name], args.Words()...)...))
}

func (k *kubelite) run(ctx context.Context, worker bool) error {
	names := []string{"kubelet", "kube-proxy"}
	if !worker {
		if err := waitForSocket(ctx, cluster.Socket(), time.Minute); err != nil {
			log.Print(err)
		}
		if err := k.component("kube-apiserver"); err != nil {
			return err
		}
		if err := k.waitForAPI(ctx); err != nil {
			return err
		}
		names = append([]string{"kube-scheduler", "kube-controller-manager"}, names...)
	}
	for _, name := range names {
		if err := k.component(name); err != nil {
			return err
		}
	}
	return nil
}

// Client calls the API as the administrator, or as kube-proxy on a worker.
func Client() (*api.Client, error) {
	port, user, ca := snap.Value("kube-apiserver", "--secure-port"), "client", "ca.crt"
	if port == "" {
		port = "6443"
	}
	if snap.Locked("clustered.lock") {
		user, ca = "proxy", "ca.remote.crt"
	}
	cert := snap.Data("certs", user)
	return api.New("https://127.0.0.1:"+port, snap.Data("certs", ca), cert+".crt", cert+".key")
}

func (k *kubelite) waitForAPI(ctx context.Context) error {
	client, err := Client()
	if err != nil {
		return err
	}
	for !client.Ready(ctx, "/readyz") {
		select {
		case err := <-k.ended:
			return err
		case <-ctx.Done():
			return nil
		case <-time.After(200 * time.Millisecond):
		}
	}
	return nil
}

func waitForSocket(ctx context.Context, path string, limit time.Duration) error {
	for end := time.Now().Add(limit); time.Now().Before(end); {
		if c, err := net.Dial("unix", path); err == nil {
			return c.Close()
		}
		if !pause(ctx, 200*time.Millisecond) {
			return nil
		}
	}
	return fmt.Errorf("socket %s does not answer", path)
}

// prepare does to the machine what the start of the original does.
func prepare(ctx context.Context) error {
	if cidr := snap.Value("kube-proxy", "--cluster-cidr"); cidr != "" {
		for _, flag := range []string{"-s", "-d"} {
			rule := []string{"FORWARD", flag, cidr, "-m", "comment", "--comment", comment, "-j", "ACCEPT"}
			if exec.Command("iptables", append([]string{"-C"}, rule...)...).Run() != nil {
				_ = exec.Command("iptables", append([]string{"-A"}, rule...)...).Run()
			}
		}
	}
	if snap.Value("kubelet", "--resolv-conf") == "" {
		if name := resolvConf(); name != "" {
			log.Printf("Configured kubelet to use %s for DNS configuration", name)
			if err := snap.SetValue("kubelet", "--resolv-conf", &name); err != nil {
				return err
			}
		}
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644); err != nil {
		log.Print(err)
	}
	if err := waitForSocket(ctx, snap.Common("run", "containerd.sock"), 20*time.Second); err != nil {
		log.Print(err)
	}
	return nil
}

var nameserver = regexp.MustCompile(`(?m)^nameserver\s+(\S+)`)

// resolvConf is a file with servers that pods can reach too; empty when there is none.
func resolvConf() string {
	for _, name := range []string{"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"} {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		servers := nameserver.FindAllStringSubmatch(string(text), -1)
		good := len(servers) > 0
		for _, m := range servers {
			ip := net.ParseIP(m[1])
			good = good && ip != nil && !ip.IsLoopback()
		}
		if good {
			return name
		}
	}
	return ""
}
