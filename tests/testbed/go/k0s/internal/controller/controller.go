// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package controller runs the control plane of a node.
package controller

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"time"

	"sigs.k8s.io/yaml"

	"lightk8s.invalid/testbed/common/api"
	"lightk8s.invalid/testbed/common/release"
	"lightk8s.invalid/testbed/k0s/internal/config"
	"lightk8s.invalid/testbed/k0s/internal/logs"
	"lightk8s.invalid/testbed/k0s/internal/node"
	"lightk8s.invalid/testbed/k0s/internal/system"
	"lightk8s.invalid/testbed/k0s/internal/token"
)

// Components are the names that can be disabled.
var Components = []string{"applier-manager", "autopilot", "control-api", "coredns", "csr-approver",
	"endpoint-reconciler", "helm", "konnectivity-server", "kube-controller-manager", "kube-proxy", "kube-scheduler",
	"metrics-server", "network-provider", "node-role", "system-rbac", "update-prober", "windows-node", "worker-config"}

// Controller is the control plane side of a node.
type Controller struct {
	*node.Node
	config *config.ClusterConfig
	join   *token.Join
	kube   *api.Client
}

// Run starts the control plane; it returns when everything has been started.
func Run(ctx context.Context, n *node.Node) error {
	if err := checkComponents(n.Options.Disabled); err != nil {
		return err
	}
	cluster, err := config.Load(n.Vars.StartupConfig, n.Options.Single)
	if err != nil {
		return fmt.Errorf("failed to load node config: %w", err)
	}
	if err := cluster.Validate(); err != nil {
		return fmt.Errorf("invalid node config: %w", err)
	}
	if n.Release.Behaviour == release.NoStart {
		return errors.New("failed to start controller node components: this build is broken")
	}
	c := &Controller{Node: n, config: cluster}
	n.Status.Info.ClusterConfig = cluster
	if err := c.prepare(ctx); err != nil {
		return err
	}
	if n.Options.InitOnly {
		return nil
	}
	if err := c.startNode(ctx); err != nil {
		return fmt.Errorf("failed to start controller node components: %w", err)
	}
	if err := c.startCluster(ctx); err != nil {
		return fmt.Errorf("failed to start cluster components: %w", err)
	}
	return nil
}

func checkComponents(disabled []string) error {
	for _, name := range disabled {
		if !slices.Contains(Components, name) {
			return fmt.Errorf("unknown component %s", name)
		}
	}
	return nil
}

// prepare makes folders, programs and certificates.
func (c *Controller) prepare(ctx context.Context) error {
	v := c.Vars
	for _, dir := range []string{v.DataDir, v.RunDir, v.BinDir, v.ManifestsDir} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(v.CertRootDir, 0o751); err != nil {
		return err
	}
	if err := c.writeRuntimeConfig(); err != nil {
		return fmt.Errorf("failed to initialize runtime config: %w", err)
	}
	if err := c.Payload(); err != nil {
		return err
	}
	if err := c.joinOthers(ctx); err != nil {
		return err
	}
	return c.ensureCertificates()
}

// writeRuntimeConfig keeps what this process runs with for the other commands.
func (c *Controller) writeRuntimeConfig() error {
	text, err := yaml.Marshal(map[string]any{
		"apiVersion": "k0s.k0sproject.io/v1beta1", "kind": "RuntimeConfig",
		"metadata": map[string]any{},
		"spec":     map[string]any{"k0sVars": c.Vars, "nodeConfig": c.config, "pid": os.Getpid()},
	})
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.Vars.RuntimeConfig+".lock", nil, 0o600); err != nil {
		return err
	}
	return os.WriteFile(c.Vars.RuntimeConfig, text, 0o600)
}

// Cleanup removes what only a running controller has.
func Cleanup(v *config.Vars) {
	_ = os.Remove(v.RuntimeConfig)
	_ = os.Remove(v.RuntimeConfig + ".lock")
}

func (c *Controller) needToJoin() bool {
	s := c.config.Spec.Storage
	if s.Type == config.EtcdStorage && s.Etcd.ExternalCluster == nil {
		return !exists(c.Vars.EtcdDataDir + "/member/snap/db")
	}
	return !exists(c.Vars.PKI("ca.key")) || !exists(c.Vars.PKI("ca.crt"))
}

// joinOthers fetches the authorities from a controller that runs, when there is a token.
func (c *Controller) joinOthers(ctx context.Context) error {
	text := c.Options.TokenArg
	if text == "" && c.Options.TokenFile == "" || !c.needToJoin() {
		return nil
	}
	if text == "" {
		data, err := os.ReadFile(c.Options.TokenFile)
		if err != nil {
			return fmt.Errorf("read token file %q: %w", c.Options.TokenFile, err)
		}
		text = string(data)
	}
	join, err := token.Decode(text, token.Controller)
	if err != nil {
		return fmt.Errorf("failed to join controller: failed to create join client: %w", err)
	}
	logs.Info("Joining existing cluster via " + join.Server)
	var ca Authority
	for attempt := 0; ; attempt++ {
		if err = join.Client().Do(ctx, http.MethodGet, "/v1beta1/ca", nil, &ca); err == nil {
			break
		}
		if attempt == 9 || !node.Pause(ctx, 100*time.Millisecond<<attempt) {
			return fmt.Errorf("failed to join controller: failed to join existing cluster via %s: %w", join.Server, err)
		}
	}
	c.join = join
	logs.Info("Got valid CA response, storing certificates")
	for name, data := range map[string][]byte{"ca.key": ca.Key, "ca.crt": ca.Cert, "sa.key": ca.SAKey, "sa.pub": ca.SAPub} {
		mode := os.FileMode(0o640)
		if name == "ca.crt" {
			mode = 0o644
		}
		if err := node.WriteFor(c.Vars.PKI(name), data, mode, 0); err != nil {
			return err
		}
	}
	return nil
}

func (c *Controller) validToken(ctx context.Context, bearer string) bool {
	return c.kube != nil && token.Valid(ctx, c.kube, bearer)
}

// startNode starts the datastore, the API server and what answers other commands and controllers.
func (c *Controller) startNode(ctx context.Context) error {
	if err := c.startStorage(ctx); err != nil {
		return err
	}
	if err := c.startAPIServer(); err != nil {
		return err
	}
	kube, err := AdminClient(c.Vars, c.config.Spec.API.LocalURL())
	if err != nil {
		return err
	}
	for !kube.Ready(ctx, "/readyz") {
		if !node.Pause(ctx, 100*time.Millisecond) {
			return ctx.Err()
		}
	}
	c.kube = kube
	if !c.Options.Single && c.Options.Enabled("control-api") {
		if err := c.serveJoin(ctx); err != nil {
			return err
		}
	}
	return c.Status.Start(ctx, c.Vars.StatusSocket)
}

func (c *Controller) alone() bool { return c.Options.Single || !c.config.Spec.Storage.Joinable() }

// startCluster starts what makes a cluster of it.
func (c *Controller) startCluster(ctx context.Context) error {
	if err := c.applyAll(ctx); err != nil {
		return err
	}
	if c.Options.Enabled("kube-scheduler") {
		if err := c.startScheduler(); err != nil {
			return err
		}
	}
	if c.Options.Enabled("kube-controller-manager") {
		if err := c.startManager(); err != nil {
			return err
		}
	}
	go c.runMembers(ctx)
	if c.Options.Enabled("csr-approver") {
		go c.approve(ctx)
	}
	if c.Options.Enabled("node-role") {
		go c.labelRoles(ctx)
	}
	if c.Options.Enabled("coredns") {
		go c.deployDNS(ctx)
	}
	return nil
}

// LocalURL is where the worker of the same node reaches the API.
func LocalURL(n *node.Node) string { return n.Status.Info.ClusterConfig.Spec.API.LocalURL() }

// users are the system users of the configuration.
func users(c *config.ClusterConfig) []string {
	u := c.Spec.Install.Users
	names := []string{u.Etcd, u.Kine, u.Konnectivity, u.KubeAPIServer, u.KubeScheduler}
	slices.Sort(names)
	return slices.Compact(names)
}

// EnsureUsers creates the users that components run as.
func EnsureUsers(c *config.ClusterConfig, home string) error {
	return system.EnsureUsers(home, users(c))
}

// DeleteUsers removes them.
func DeleteUsers(c *config.ClusterConfig) error { return system.DeleteUsers(users(c)) }
