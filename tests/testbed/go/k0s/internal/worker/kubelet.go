// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package worker

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"lightk8s.invalid/testbed/k0s/internal/logs"
	"lightk8s.invalid/testbed/k0s/internal/node"
	"lightk8s.invalid/testbed/k0s/internal/supervise"
)

var (
	qualified = regexp.MustCompile(`^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`)
	value     = regexp.MustCompile(`^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$`)
)

// taint reads "key=value:effect".
func taint(text string) (map[string]string, error) {
	parts := strings.Split(text, ":")
	if len(parts) > 2 {
		return nil, fmt.Errorf("invalid taint spec: %s", text)
	}
	t := map[string]string{}
	pair := strings.Split(parts[0], "=")
	if len(parts) == 2 {
		if !slices.Contains([]string{"NoSchedule", "PreferNoSchedule", "NoExecute"}, parts[1]) {
			return nil, fmt.Errorf("invalid taint effect: %s, unsupported taint effect", parts[1])
		}
		t["effect"] = parts[1]
		if len(pair) > 2 {
			return nil, fmt.Errorf("invalid taint spec: %s", text)
		}
		if len(pair) == 2 {
			if !value.MatchString(pair[1]) {
				return nil, fmt.Errorf("invalid taint spec: %s, a valid label must consist of alphanumeric characters", text)
			}
			t["value"] = pair[1]
		}
	}
	if !qualified.MatchString(pair[0]) {
		return nil, fmt.Errorf("invalid taint spec: %s, name part must consist of alphanumeric characters", text)
	}
	t["key"] = pair[0]
	return t, nil
}

func (w *Worker) runtimeEndpoint() string {
	if _, socket, ok := strings.Cut(w.Options.CRISocket, ":"); ok {
		if !strings.Contains(socket, "://") {
			socket = "unix://" + socket
		}
		return socket
	}
	return "unix://" + filepath.Join(w.Vars.RunDir, "containerd.sock")
}

func resolvConf() string {
	text, err := os.ReadFile("/etc/resolv.conf")
	servers := regexp.MustCompile(`(?m)^nameserver\s+(\S+)`).FindAllStringSubmatch(string(text), -1)
	if err == nil && len(servers) == 1 && servers[0][1] == "127.0.0.53" {
		return "/run/systemd/resolve/resolv.conf"
	}
	return "/etc/resolv.conf"
}

// writeKubeletConfig completes the profile with what belongs to this node.
func (w *Worker) writeKubeletConfig(file string) error {
	c := maps.Clone(w.kubelet)
	c["authentication"] = map[string]any{
		"x509":      map[string]any{"clientCAFile": filepath.Join(w.Vars.RunDir, "kubelet", "ca.crt")},
		"anonymous": map[string]any{"enabled": false}, "webhook": map[string]any{"enabled": true},
	}
	c["containerRuntimeEndpoint"] = w.runtimeEndpoint()
	if c["resolvConf"] == nil {
		c["resolvConf"] = resolvConf()
	}
	var taints []map[string]string
	for _, text := range w.Options.Taints {
		t, err := taint(text)
		if err != nil {
			return fmt.Errorf("can't parse taints for profile config map: %w", err)
		}
		taints = append(taints, t)
	}
	if len(taints) > 0 {
		c["registerWithTaints"] = taints
	}
	// the test bed's machine may have cgroup v1 only, and its nodes may not lower oom scores
	for name, ours := range map[string]any{"failCgroupV1": false, "oomScoreAdj": 0} {
		if c[name] == nil {
			c[name] = ours
		}
	}
	text, err := yaml.Marshal(c)
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

func (w *Worker) startKubelet() error {
	logs.Info("Starting kubelet")
	file := filepath.Join(w.Vars.RunDir, "kubelet", "config.yaml")
	if err := os.MkdirAll(w.Vars.KubeletRootDir, 0o755); err != nil {
		return err
	}
	if err := w.writeKubeletConfig(file); err != nil {
		return err
	}
	args := map[string]string{
		"root-dir": w.Vars.KubeletRootDir, "config": file, "kubeconfig": w.kubeconfig(), "v": w.Options.Logging["kubelet"],
		"cert-dir": filepath.Join(w.Vars.KubeletRootDir, "pki"), "runtime-cgroups": "/system.slice/containerd.service",
	}
	if w.Options.CRISocket == "" {
		args["containerd"] = filepath.Join(w.Vars.RunDir, "containerd.sock")
	}
	if len(w.Options.Labels) > 0 {
		var labels []string
		for name, value := range w.Options.Labels {
			labels = append(labels, name+"="+value)
		}
		slices.Sort(labels)
		args["node-labels"] = strings.Join(labels, ",")
	}
	maps.Copy(args, node.Split(w.Options.KubeletExtraArgs))
	args["hostname-override"] = w.Name
	return w.Start(&supervise.Process{Name: "kubelet", Args: node.Arguments(args)})
}

// startProxy runs kube-proxy as a process of ours; in the original it is a pod.
func (w *Worker) startProxy() error {
	if w.network.ProxyMode == "" {
		return nil
	}
	args := map[string]string{
		"kubeconfig": w.kubeconfig(), "cluster-cidr": w.network.PodCIDR, "hostname-override": w.Name,
		"proxy-mode": w.network.ProxyMode, "metrics-bind-address": w.network.ProxyMetrics,
		// the limits belong to the whole machine
		"conntrack-max-per-core": "0", "conntrack-tcp-timeout-established": "0s",
		"conntrack-tcp-timeout-close-wait": "0s",
	}
	return w.Start(&supervise.Process{Name: "kube-proxy", Args: append(node.Arguments(args), w.network.ProxyArgs...)})
}
