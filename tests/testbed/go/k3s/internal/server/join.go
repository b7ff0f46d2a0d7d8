// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"lightk8s.invalid/testbed/k3s/internal/logs"
	"lightk8s.invalid/testbed/k3s/internal/token"
)

// critical are the values that all servers of a cluster must share.
func (s *Server) critical() map[string]any {
	o := s.Options
	return map[string]any{
		"cluster-dns": o.ClusterDNS, "cluster-cidr": o.ClusterCIDR, "cluster-domain": o.ClusterDomain,
		"disable-cloud-controller": o.DisableCloudController, "disable-helm-controller": o.DisableHelmController,
		"disable-network-policy": o.DisableNetworkPolicy, "disable=servicelb": slices.Contains(o.Disable, "servicelb"),
		"secrets-encryption": o.SecretsEncryption, "secrets-encryption-provider": o.SecretsEncryptionProvider,
		"embedded-registry": o.EmbeddedRegistry, "flannel-backend": o.FlannelBackend,
		"flannel-ipv6-masq": o.FlannelIPv6Masq, "flannel-external-ip": o.FlannelExternalIP,
		"egress-selector-mode": o.EgressSelectorMode, "service-cidr": o.ServiceCIDR,
		"supervisor-metrics": o.SupervisorMetrics,
	}
}

var errMismatch = errors.New("failed to validate server configuration: critical configuration value mismatch between servers")

// compare checks our critical values against those of a running server.
func (s *Server) compare(theirs []byte) error {
	mine, err := json.Marshal(s.critical())
	if err != nil {
		return err
	}
	var a, b map[string]any
	if err := errors.Join(json.Unmarshal(mine, &a), json.Unmarshal(theirs, &b)); err != nil {
		return err
	}
	bad := false
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if !reflect.DeepEqual(a[name], b[name]) {
			logs.Warn("critical configuration mismatched: %s", name)
			bad = true
		}
	}
	if bad {
		return errMismatch
	}
	return nil
}

// joinCluster checks the token and brings the cluster's authorities to our disk. A server that is
// away or not ready is waited for; a token that is wrong is the end.
func (s *Server) joinCluster(ctx context.Context) error {
	if !strings.HasPrefix(s.Options.Server, "https://") {
		return fmt.Errorf("starting kubernetes: preparing server: only https:// URLs are supported, invalid scheme: %s", s.Options.Server)
	}
	for {
		err := s.tryJoin()
		if err == nil {
			return nil
		}
		var answer *token.StatusError
		if errors.Is(err, errMismatch) || errors.As(err, &answer) && answer.Code != http.StatusServiceUnavailable {
			return fmt.Errorf("starting kubernetes: preparing server: %w", err)
		}
		if s.badToken(err) {
			return fmt.Errorf("starting kubernetes: preparing server: failed to validate token: %w", err)
		}
		logs.Info("Waiting for the server at %s: %v", s.Options.Server, err)
		if !sleep(ctx, 2*time.Second) {
			return ctx.Err()
		}
	}
}

func (s *Server) badToken(err error) bool {
	_, parse := token.Parse(s.Options.Token, "server")
	return parse != nil || errors.Is(err, token.ErrHash)
}

func (s *Server) tryJoin() error {
	c, err := token.Dial(s.Options.Server, s.Options.Token, "server", logs.Warn)
	if err != nil {
		return err
	}
	theirs, err := c.Get(serverConfigPath, nil)
	if err != nil {
		return err
	}
	if err := s.compare(theirs); err != nil {
		return err
	}
	data, err := c.Get(serverBootstrapPath, nil)
	if err != nil {
		return err
	}
	s.join = c
	return s.applyBootstrap(data)
}
