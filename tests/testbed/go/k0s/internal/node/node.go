// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package node is what the controller and the worker side of a node share.
package node

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lightk8s.invalid/testbed/common/pki"
	"lightk8s.invalid/testbed/common/release"
	"lightk8s.invalid/testbed/common/unpack"
	"lightk8s.invalid/testbed/k0s/internal/config"
	"lightk8s.invalid/testbed/k0s/internal/status"
	"lightk8s.invalid/testbed/k0s/internal/supervise"
)

// Options are the flags of "controller" and "worker".
type Options struct {
	Single, EnableWorker, NoTaints bool
	InitOnly                       bool
	Disabled                       []string
	ManagerExtraArgs               string
	TokenFile, TokenArg            string
	Labels                         map[string]string
	Taints                         []string
	Profile                        string
	KubeletExtraArgs               string
	CRISocket                      string
	Logging                        map[string]string
}

// Workloads tells whether pods run on a controller.
func (o *Options) Workloads() bool { return o.Single || o.EnableWorker }

// Enabled tells whether a component is not disabled.
func (o *Options) Enabled(component string) bool { return !slices.Contains(o.Disabled, component) }

// Node is this machine as part of a cluster.
type Node struct {
	Options *Options
	Vars    *config.Vars
	Release *release.Release
	Payload func() error // brings the programs to BinDir
	Status  *status.Server
	Name    string
	Version string // of Kubernetes, with v

	running []*supervise.Process
}

// Start runs a component.
func (n *Node) Start(p *supervise.Process) error {
	p.RunDir, p.DataDir = n.Vars.RunDir, n.Vars.DataDir
	if p.Path == "" {
		p.Path = filepath.Join(n.Vars.BinDir, p.Name)
	}
	p.Env = append(p.Env, "KUBE_VERSION="+n.Version,
		"PATH="+n.Vars.BinDir+":"+os.Getenv("PATH"))
	if err := p.Start(); err != nil {
		return err
	}
	n.running = append(n.running, p)
	return nil
}

// Stop ends all components, the last one first.
func (n *Node) Stop() {
	for _, p := range slices.Backward(n.running) {
		p.Stop()
	}
}

// Arguments turns names and values into flags, sorted by name.
func Arguments(values map[string]string) []string {
	var list []string
	for name, value := range values {
		list = append(list, "--"+name+"="+value)
	}
	slices.Sort(list)
	return list
}

// Split reads flags that were given as one text.
func Split(text string) map[string]string {
	values := map[string]string{}
	for _, part := range strings.Fields(text) {
		name, value, ok := strings.Cut(strings.TrimLeft(part, "-"), "=")
		if !ok {
			value = "true"
		}
		values[name] = value
	}
	return values
}

// Pause waits; false when the context ended before.
func Pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// Kubeconfig is a kubeconfig with everything in it.
func Kubeconfig(cluster, contextName, user, url string, ca, cert, key []byte) []byte {
	data := base64.StdEncoding.EncodeToString
	return fmt.Appendf(nil, `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: %s
    server: %s
  name: %s
contexts:
- context:
    cluster: %s
    user: %s
  name: %s
current-context: %s
kind: Config
users:
- name: %s
  user:
    client-certificate-data: %s
    client-key-data: %s
`, data(ca), url, cluster, cluster, user, contextName, contextName, user, data(cert), data(key))
}

// OneCertificate is the first certificate of a chain.
func OneCertificate(chain []byte) []byte {
	block, _ := pem.Decode(chain)
	if block == nil {
		return chain
	}
	return pem.EncodeToMemory(block)
}

// WriteFor writes a file at once and gives it to a user.
func WriteFor(name string, data []byte, mode os.FileMode, uid int) error {
	if err := pki.WriteFile(name, data, mode); err != nil {
		return err
	}
	return os.Chown(name, uid, 0)
}

// programs of the payload that are one file under many names.
var aliases = []string{"etcd", "kine", "kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler",
	"kubelet"}

// Stage unpacks the programs unless those of the release with this id are there, in full.
func Stage(v *config.Vars, id string, extract func(dir string) error) error {
	stamp := filepath.Join(v.BinDir, ".release")
	if text, err := os.ReadFile(stamp); err == nil && string(text) == id && unpack.Whole(v.BinDir) {
		return nil
	}
	temp := v.BinDir + ".new"
	if err := os.RemoveAll(temp); err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	if err := extract(temp); err != nil {
		return err
	}
	if err := os.MkdirAll(v.BinDir, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(temp)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.Rename(filepath.Join(temp, e.Name()), filepath.Join(v.BinDir, e.Name())); err != nil {
			return err
		}
	}
	for _, name := range aliases {
		file := filepath.Join(v.BinDir, name)
		if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
			return err
		}
		if err := os.Link(filepath.Join(v.BinDir, "kube"), file); err != nil {
			return err
		}
	}
	return os.WriteFile(stamp, []byte(id), 0o644)
}
