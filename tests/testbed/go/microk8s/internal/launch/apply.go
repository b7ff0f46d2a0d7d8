// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package launch

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"lightk8s.invalid/testbed/microk8s/internal/certs"
	"lightk8s.invalid/testbed/microk8s/internal/snap"
	"lightk8s.invalid/testbed/microk8s/internal/tokens"
)

type target struct {
	file     string
	services []string
	values   Values
}

func (c *Configuration) targets() []target {
	kubelite, agent, proxy := []string{"kubelite"}, []string{"cluster-agent"}, []string{"apiserver-proxy"}
	containerd, dqlite := []string{"containerd"}, []string{"k8s-dqlite"}
	return []target{
		{"kube-apiserver", kubelite, c.ExtraKubeAPIServerArgs}, {"kubelet", kubelite, c.ExtraKubeletArgs},
		{"kube-proxy", kubelite, c.ExtraKubeProxyArgs},
		{"kube-controller-manager", kubelite, c.ExtraKubeControllerManagerArgs},
		{"kube-scheduler", kubelite, c.ExtraKubeSchedulerArgs}, {"kubelite-env", kubelite, c.ExtraKubeliteEnv},
		{"containerd", containerd, c.ExtraContainerdArgs}, {"containerd-env", containerd, c.ExtraContainerdEnv},
		{"k8s-dqlite", dqlite, c.ExtraDqliteArgs}, {"k8s-dqlite-env", dqlite, c.ExtraDqliteEnv},
		{"cluster-agent", agent, c.ExtraMicroK8sClusterAgentArgs},
		{"cluster-agent-env", agent, c.ExtraMicroK8sClusterAgentEnv},
		{"apiserver-proxy", proxy, c.ExtraMicroK8sAPIServerProxyArgs},
		{"apiserver-proxy-env", proxy, c.ExtraMicroK8sAPIServerProxyEnv},
		{"etcd", []string{"etcd"}, c.ExtraEtcdArgs}, {"etcd-env", []string{"etcd"}, c.ExtraEtcdEnv},
		{"flanneld", []string{"flanneld"}, c.ExtraFlanneldArgs}, {"flanneld-env", []string{"flanneld"}, c.ExtraFlanneldEnv},
		{"cni-env", nil, c.ExtraCNIEnv},
		{"fips-env", []string{"kubelite", "k8s-dqlite", "cluster-agent"}, c.ExtraFIPSEnv},
	}
}

// Apply carries a configuration out. Before the services run for the first time, early leaves out
// what needs them: add-ons, joining, restarts.
func Apply(parts []*Configuration, early bool) error {
	var restart []string
	for i, part := range parts {
		services, err := part.apply(early)
		if err != nil {
			return fmt.Errorf("failed to apply config part %d: %w", i, err)
		}
		restart = append(restart, services...)
	}
	if early {
		return nil
	}
	slices.Sort(restart)
	for _, service := range slices.Compact(restart) {
		if err := snap.Service("restart", service); err != nil {
			return fmt.Errorf("failed to restart service %s to apply configuration: %w", service, err)
		}
	}
	return nil
}

func (c *Configuration) apply(early bool) ([]string, error) {
	if !early {
		if err := c.applyAddons(); err != nil {
			return nil, err
		}
	}
	if c.PersistentClusterToken != "" {
		if err := tokens.Append(tokens.Persistent, c.PersistentClusterToken); err != nil {
			return nil, fmt.Errorf("failed to configure persistent token: %w", err)
		}
	}
	if err := c.writeFiles(); err != nil {
		return nil, err
	}
	var restart []string
	for _, t := range c.targets() {
		if len(t.values) == 0 {
			continue
		}
		args, err := snap.LoadArgs(t.file)
		if err != nil {
			return nil, fmt.Errorf("failed to reconcile config file %q: %w", t.file, err)
		}
		if args.Update(t.values) {
			restart = append(restart, t.services...)
		}
		if err := args.Save(); err != nil {
			return nil, fmt.Errorf("failed to reconcile config file %q: %w", t.file, err)
		}
	}
	if c.ExtraSANs != nil {
		if err := os.WriteFile(snap.Data("certs", "csr.conf.template"), certs.Template(*c.ExtraSANs), 0o660); err != nil {
			return nil, fmt.Errorf("failed to configure SANs for apiserver: %w", err)
		}
	}
	if !early && c.Join.URL != "" {
		words := []string{c.Join.URL}
		if c.Join.Worker {
			words = append(words, "--worker")
		}
		if err := command("join", words...); err != nil {
			return nil, fmt.Errorf("failed to join cluster: failed to execute microk8s join command: %w", err)
		}
	}
	return restart, nil
}

func (c *Configuration) applyAddons() error {
	for _, r := range c.AddonRepositories {
		return fmt.Errorf("failed to reconcile addon repositories: failed to add repository %s: "+
			"failed to execute addons repo add command: cannot reach %s", r.Name, r.URL)
	}
	for _, a := range c.Addons {
		verb := "enable"
		if a.Disable {
			verb = "disable"
		}
		if err := command(verb, append([]string{a.Name}, a.Args...)...); err != nil {
			return fmt.Errorf("failed to reconcile addons: failed to %s addon %q: %w", verb, a.Name, err)
		}
	}
	return nil
}

func command(name string, args ...string) error {
	c := exec.Command(snap.Root("microk8s-"+name+".wrapper"), args...)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	return c.Run()
}

// writeFiles writes the extra files, and what containerd is to know about registries.
func (c *Configuration) writeFiles() error {
	for name, text := range c.ExtraConfigFiles {
		if err := os.WriteFile(snap.File(name), []byte(text), 0o660); err != nil {
			return fmt.Errorf("failed to create extra config file %q: %w", name, err)
		}
	}
	hosts := snap.Data("args", "certs.d")
	for registry, text := range c.ContainerdRegistryConfigs {
		dir := filepath.Join(hosts, registry)
		if !strings.HasPrefix(dir, hosts) {
			return fmt.Errorf("failed to reconcile containerd registry configs: " +
				"invalid registry name, possible path-traversal prevented")
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "hosts.toml"), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
