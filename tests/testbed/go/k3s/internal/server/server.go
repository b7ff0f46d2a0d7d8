// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package server runs the control plane of a node, and its worker side with it.
package server

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lightk8s.invalid/testbed/common/api"
	"lightk8s.invalid/testbed/common/release"
	"lightk8s.invalid/testbed/k3s/internal/agent"
	"lightk8s.invalid/testbed/k3s/internal/datastore"
	"lightk8s.invalid/testbed/k3s/internal/logs"
	"lightk8s.invalid/testbed/k3s/internal/node"
	"lightk8s.invalid/testbed/k3s/internal/token"
)

// Server is the control plane side of a node.
type Server struct {
	*node.Node
	ctx           context.Context
	kind          string // of the datastore
	password      string
	agentPassword string
	tokenHash     string
	apiPort       int
	apiURL        string

	endpoint datastore.Endpoint
	etcd     *clientv3.Client
	kube     *api.Client
	join     *token.Client

	passwords sync.Mutex
	known     map[string]string
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// Run starts everything and returns when the API is up and the node has joined.
func Run(ctx context.Context, n *node.Node) error {
	if n.Release.Behaviour == release.NoStart {
		return errors.New("starting kubernetes: preparing server: this build is broken")
	}
	s := &Server{Node: n, ctx: ctx, known: map[string]string{}}
	s.apiPort = n.Options.APIServerPort
	if s.apiPort == 0 || s.apiPort == n.Options.HTTPSListenPort {
		s.apiPort = n.Options.HTTPSListenPort + 1
	}
	s.apiURL = "https://127.0.0.1:" + strconv.Itoa(s.apiPort)
	var worker *agent.Agent
	prepared := make(chan error, 1)
	go func() {
		var err error
		if !n.Options.DisableAgent && !n.Options.ClusterReset {
			worker, err = agent.Prepare(n)
		}
		prepared <- err
	}()
	if err := s.controlPlane(ctx); err != nil {
		return err
	}
	n.Notify()
	logs.Info("k3s is up and running")
	if err := <-prepared; err != nil || worker == nil {
		return err
	}
	local := "https://127.0.0.1:" + strconv.Itoa(n.Options.HTTPSListenPort)
	text, err := os.ReadFile(s.Path("server/agent-token"))
	if err != nil {
		return err
	}
	if err := worker.JoinLocal(ctx, local, s.apiURL, string(text)); err != nil {
		return err
	}
	go s.labelNode(ctx)
	return nil
}

// controlPlane brings up datastore, supervisor and API.
func (s *Server) controlPlane(ctx context.Context) error {
	for _, dir := range []string{"server", "server/cred", "server/tls/etcd", "server/manifests"} {
		if err := os.MkdirAll(s.Path(dir), 0o700); err != nil {
			return err
		}
	}
	if err := os.Chdir(s.Path("server")); err != nil {
		return err
	}
	if err := s.findPassword(); err != nil {
		return err
	}
	logs.Info("Starting k3s %s (%s)", s.Release.Version, s.Release.ShortCommit())
	if s.Options.ClusterReset {
		if err := s.prepareReset(); err != nil {
			return err
		}
		return s.reset(ctx)
	}
	_ = os.Remove(s.resetFlag())
	if err := s.startStore(ctx); err != nil {
		return fmt.Errorf("starting kubernetes: %w", err)
	}
	if s.kind == etcd {
		go s.promoteLearners(ctx)
		if err := s.startSnapshots(ctx); err != nil {
			return err
		}
	}
	for _, step := range []func() error{s.checkHash, s.ensureAuthorities, s.ensureCredentials, s.ensureEncryption,
		s.ensureClients,
		s.writeTokens, s.listen} {
		if err := step(); err != nil {
			return err
		}
	}
	if s.Options.DisableAPIServer {
		return nil
	}
	s.startAPIServer()
	if err := s.waitAPI(ctx); err != nil {
		return err
	}
	s.dropLeases(ctx)
	s.startControllers()
	if err := errors.Join(s.stage(), s.writeKubeconfig()); err != nil {
		return err
	}
	go s.deploy(ctx)
	go s.followNodes(ctx)
	return nil
}
