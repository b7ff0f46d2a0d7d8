// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package worker runs what pods need on a node: containerd, kubelet, kube-proxy and the network.
package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"sigs.k8s.io/yaml"

	"lightk8s.invalid/testbed/common/api"
	"lightk8s.invalid/testbed/common/release"
	"lightk8s.invalid/testbed/k0s/internal/config"
	"lightk8s.invalid/testbed/k0s/internal/logs"
	"lightk8s.invalid/testbed/k0s/internal/node"
)

// NetworkMap is the config map by which workers of the stand-in learn about the pod network.
const NetworkMap = "k0s-standin-network"

// Network is what is in it.
type Network struct {
	Provider     string   `json:"provider"`
	PodCIDR      string   `json:"podCIDR"`
	MTU          int      `json:"mtu"`
	ProxyMode    string   `json:"proxyMode"` // empty: no kube-proxy
	ProxyMetrics string   `json:"proxyMetrics"`
	ProxyArgs    []string `json:"proxyArgs"`
}

// Worker is the worker side of a node.
type Worker struct {
	*node.Node
	kube       *api.Client
	url        string // of the API
	local      string // URL of the API on the same node, on a controller
	kubelet    map[string]any
	pause      config.ImageSpec
	network    Network
	containerd *containerd
}

// Run joins and starts the components; it returns when they have been started. On a controller,
// local is the URL of its own API.
func Run(ctx context.Context, n *node.Node, local string) error {
	w := &Worker{Node: n, local: local}
	if n.Release.Behaviour == release.NoStart {
		return errors.New("failed to bootstrap kubelet client configuration: this build is broken")
	}
	if err := w.bootstrap(ctx); err != nil {
		return fmt.Errorf("failed to bootstrap kubelet client configuration: %w", err)
	}
	if err := w.loadProfile(ctx); err != nil {
		return err
	}
	if err := w.start(ctx); err != nil {
		return fmt.Errorf("failed to start worker components: %w", err)
	}
	return nil
}

func (w *Worker) start(ctx context.Context) error {
	if err := os.MkdirAll(w.Vars.OCIBundleDir, 0o755); err != nil {
		return err
	}
	if w.Options.CRISocket == "" {
		if err := w.startContainerd(ctx); err != nil {
			return err
		}
		w.startImages(ctx)
	}
	if err := w.startKubelet(); err != nil {
		return err
	}
	if w.local == "" {
		if err := w.Status.Start(ctx, w.Vars.StatusSocket); err != nil {
			return err
		}
	}
	w.Status.SetProbe(w.probe)
	if err := w.startProxy(); err != nil {
		return err
	}
	go w.runNetwork(ctx)
	return w.waitNode(ctx)
}

// waitNode waits until the Node is there: until then the original cannot be stopped in order.
func (w *Worker) waitNode(ctx context.Context) error {
	for w.kube.Get(ctx, "/api/v1/nodes/"+w.Name, nil) != nil {
		if !node.Pause(ctx, 200*time.Millisecond) {
			return errors.New("unable to create autopilot client: timed out waiting for the condition")
		}
	}
	return nil
}

// probe asks the API for its nodes: any answer means that it can be reached.
func (w *Worker) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	err := w.kube.Get(ctx, "/api/v1/nodes", nil)
	var answer *api.Error
	if errors.As(err, &answer) {
		return nil
	}
	return err
}

type savedProfile struct {
	Data map[string]string `json:"data"`
}

func (w *Worker) profileFile() string { return filepath.Join(w.Vars.DataDir, "worker-profile.yaml") }

// loadProfile reads the settings for the kubelet from the cluster, as long as it takes.
func (w *Worker) loadProfile(ctx context.Context) error {
	if _, err := os.Stat(w.profileFile()); err == nil {
		logs.Info(fmt.Sprintf("Found previous worker profile %q", w.Options.Profile))
		logs.Info("No cached API server addresses found")
	}
	name := "worker-config-" + w.Options.Profile + "-" + config.Minor()
	var profile, network savedProfile
	for {
		err := w.kube.Get(ctx, "/api/v1/namespaces/kube-system/configmaps/"+name, &profile)
		if err == nil {
			err = w.kube.Get(ctx, "/api/v1/namespaces/kube-system/configmaps/"+NetworkMap, &network)
		}
		if err == nil {
			break
		}
		logs.Info(fmt.Sprintf("Failed to load configuration for worker profile %q: %v", w.Options.Profile, err))
		if !node.Pause(ctx, 500*time.Millisecond) {
			return fmt.Errorf("failed to load worker profile %q: %w", w.Options.Profile, ctx.Err())
		}
	}
	for text, into := range map[string]any{profile.Data["kubeletConfiguration"]: &w.kubelet,
		profile.Data["pauseImage"]: &w.pause, network.Data["network"]: &w.network} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			return err
		}
	}
	text, err := yaml.Marshal(map[string]any{"profileName": w.Options.Profile, "config": profile.Data})
	if err != nil {
		return err
	}
	return os.WriteFile(w.profileFile(), text, 0o644)
}
