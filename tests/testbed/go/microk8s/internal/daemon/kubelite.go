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
	"path/filepath"
	"regexp"
	"strings"
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

type nodeObject struct {
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		PodCIDR string `json:"podCIDR"`
	} `json:"spec"`
	Status struct {
		Addresses []struct {
			Type    string `json:"type"`
			Address string `json:"address"`
		} `json:"addresses"`
	} `json:"status"`
}

func (n *nodeObject) address() string {
	for _, a := range n.Status.Addresses {
		if a.Type == "InternalIP" {
			return a.Address
		}
	}
	return ""
}

const cniConfig = `{
  "name": "k8s-pod-network",
  "cniVersion": "0.3.1",
  "plugins": [
    {
      "type": "bridge",
      "bridge": %q,
      "isDefaultGateway": true,
      "hairpinMode": true,
      "ipMasq": true,
      "ipam": {"type": "host-local", "dataDir": "/run/cni-ipam", "subnet": %q}
    },
    {"type": "portmap", "snat": true, "capabilities": {"portMappings": true}}
  ]
}
`

func cniFile() string { return snap.Data("args", "cni-network", "10-calico.conflist") }

// network does what Calico's pods do in the original: addresses and a bridge for pods of this
// node, routes to those of others on the same segment.
func (k *kubelite) network(ctx context.Context) {
	if k.release.Behaviour == "never-ready" {
		if err := os.Remove(cniFile()); err != nil && !os.IsNotExist(err) {
			log.Print(err)
		}
		return
	}
	client, err := Client()
	if err != nil {
		log.Print(err)
		return
	}
	for ; ctx.Err() == nil; pause(ctx, time.Second) {
		_ = api.Watch(ctx, client, "/api/v1/nodes?watch=true", func(e api.Event[nodeObject]) {
			if err := follow(e.Type, &e.Object); err != nil {
				log.Printf("network: %v", err)
			}
		})
	}
}

func follow(event string, n *nodeObject) error {
	if n.Spec.PodCIDR == "" {
		return nil
	}
	if n.Metadata.Name == snap.Hostname() {
		text := fmt.Sprintf(cniConfig, snap.Bridge, n.Spec.PodCIDR)
		if old, err := os.ReadFile(cniFile()); err == nil && string(old) == text {
			return nil
		}
		temp := filepath.Join(filepath.Dir(cniFile()), ".calico.tmp")
		if err := os.WriteFile(temp, []byte(text), 0o644); err != nil {
			return err
		}
		return os.Rename(temp, cniFile())
	}
	route := []string{"route", "replace", n.Spec.PodCIDR, "via", n.address()}
	if event == "DELETED" {
		route = []string{"route", "del", n.Spec.PodCIDR}
	} else if n.address() == "" {
		return nil
	}
	out, err := exec.Command("ip", route...).CombinedOutput()
	if err != nil && event != "DELETED" {
		return fmt.Errorf("route to %s: %w: %s", n.Metadata.Name, err, strings.TrimSpace(string(out)))
	}
	return nil
}
