// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package server

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/crypto/scrypt"

	"lightk8s.invalid/testbed/common/api"
	"lightk8s.invalid/testbed/common/pki"
	"lightk8s.invalid/testbed/k3s/internal/token"
)

const (
	secretsPath   = "/api/v1/namespaces/kube-system/secrets"
	bootstrapAuth = "usage-bootstrap-authentication"
	nodeTokens    = "system:bootstrappers:k3s:default-node-token"
)

var errNodePassword = errors.New("unable to verify password for node")

// tokenFile is where the server keeps its token.
func (s *Server) tokenFile() string { return s.Path("server/token") }

// findPassword takes the token from the options, else from the kept file, else makes one. A CA hash
// in it must be that of the CA on disk.
func (s *Server) findPassword() error {
	text := s.Options.Token
	if text == "" {
		if kept, err := os.ReadFile(s.tokenFile()); err == nil {
			text = strings.TrimSpace(string(kept))
		}
	}
	if text == "" {
		if s.Options.Server != "" && s.storeKind() == etcd && !exists(s.db("etcd", "member")) {
			return errors.New("starting kubernetes: preparing server: failed to validate token: token must not be empty")
		}
		text = token.Random()
	}
	t, err := token.Parse(text, "server")
	if err != nil {
		return fmt.Errorf("failed to normalize server token; must be in format K10<CA-HASH>::<USERNAME>:<PASSWORD> or <PASSWORD>: %w", err)
	}
	s.password, s.tokenHash = t.Password, t.Hash
	s.agentPassword = s.password
	if s.Options.AgentToken != "" {
		a, err := token.Parse(s.Options.AgentToken, "node")
		if err != nil {
			return err
		}
		s.agentPassword = a.Password
	}
	return nil
}

// checkHash refuses a token made for another CA.
func (s *Server) checkHash() error {
	if s.tokenHash == "" {
		return nil
	}
	ca, err := os.ReadFile(s.tls("server-ca.crt"))
	if err != nil {
		return fmt.Errorf("the token carries a CA hash, but there is no CA yet: %w", err)
	}
	if found := pki.Hash(ca); found != s.tokenHash {
		return fmt.Errorf("%w: %s != %s", token.ErrHash, s.tokenHash, found)
	}
	return nil
}

// ensureCredentials writes the password file.
func (s *Server) ensureCredentials() error {
	if !exists(s.Path("server/cred/ipsec.psk")) {
		if err := pki.WriteFile(s.Path("server/cred/ipsec.psk"), []byte(token.Random()+token.Random()+"\n"), 0o600); err != nil {
			return err
		}
	}
	text := fmt.Sprintf("%s,server,server,k3s:server\n%s,node,node,k3s:agent\n", s.password, s.agentPassword)
	if old, err := os.ReadFile(s.Path("server/cred/passwd")); err == nil && string(old) == text {
		return nil
	}
	return pki.WriteFile(s.Path("server/cred/passwd"), []byte(text), 0o600)
}

// writeTokens writes the token files in the secure form.
func (s *Server) writeTokens() error {
	ca, err := os.ReadFile(s.tls("server-ca.crt"))
	if err != nil {
		return err
	}
	write := func(file, user, password string) error {
		return pki.WriteFile(file, []byte(token.Format(ca, user, password)+"\n"), 0o600)
	}
	if err := write(s.tokenFile(), "server", s.password); err != nil {
		return err
	}
	link := func(name string) error {
		_ = os.Remove(s.Path("server", name))
		return os.Symlink(s.tokenFile(), s.Path("server", name))
	}
	if err := link("node-token"); err != nil {
		return err
	}
	if s.agentPassword == s.password {
		return link("agent-token")
	}
	_ = os.Remove(s.Path("server/agent-token"))
	return write(s.Path("server/agent-token"), "node", s.agentPassword)
}

type secret struct {
	Metadata  map[string]any    `json:"metadata"`
	Type      string            `json:"type,omitempty"`
	Data      map[string][]byte `json:"data"`
	Immutable bool              `json:"immutable,omitempty"`
}

// bootstrapToken checks a bootstrap token against its Secret.
func (s *Server) bootstrapToken(ctx context.Context, id, text string) bool {
	if s.kube == nil {
		return false
	}
	var found secret
	if s.kube.Get(ctx, secretsPath+"/bootstrap-token-"+id, &found) != nil {
		return false
	}
	if end := string(found.Data["expiration"]); end != "" {
		if t, err := time.Parse(time.RFC3339, end); err != nil || time.Now().After(t) {
			return false
		}
	}
	return same(string(found.Data["token-secret"]), text) && string(found.Data[bootstrapAuth]) == "true" &&
		strings.Contains(string(found.Data["auth-extra-groups"]), nodeTokens)
}

func hashPassword(password string, salt []byte) (string, error) {
	sum, err := scrypt.Key([]byte(password), salt, 1<<15, 8, 1, 64)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("$1:%x:15:8:1:%s", salt, base64.RawStdEncoding.EncodeToString(sum)), nil
}

func matches(password, hash string) bool {
	var salt []byte
	if _, err := fmt.Sscanf(hash, "$1:%x:", &salt); err != nil {
		return false
	}
	again, err := hashPassword(password, salt)
	return err == nil && same(again, hash)
}

// checkNodePassword compares a node's password with that of its first registration.
func (s *Server) checkNodePassword(ctx context.Context, name, password string) (int, error) {
	if password == "" {
		return http.StatusBadRequest, errors.New("node password not set")
	}
	if s.kube == nil {
		return http.StatusServiceUnavailable, errors.New("runtime core not ready")
	}
	s.passwords.Lock()
	defer s.passwords.Unlock()
	if s.known[name] == password {
		return 0, nil
	}
	var found secret
	err := s.kube.Get(ctx, secretsPath+"/"+name+".node-password.k3s", &found)
	switch {
	case err == nil:
		if !matches(password, string(found.Data["hash"])) {
			return http.StatusForbidden, fmt.Errorf("%w %s: hash does not match", errNodePassword, name)
		}
	case api.IsCode(err, http.StatusNotFound):
		if err := s.keepNodePassword(ctx, name, password); err != nil {
			return http.StatusServiceUnavailable, err
		}
	default:
		return http.StatusServiceUnavailable, err
	}
	s.known[name] = password
	return 0, nil
}

func (s *Server) keepNodePassword(ctx context.Context, name, password string) error {
	hash, err := hashPassword(password, []byte(token.Random()[:16]))
	if err != nil {
		return err
	}
	return s.kube.Do(ctx, http.MethodPost, secretsPath, secret{
		Metadata: map[string]any{"name": name + ".node-password.k3s"}, Type: "Opaque",
		Data: map[string][]byte{"hash": []byte(hash)}, Immutable: true}, nil)
}

func (s *Server) forgetNodePassword(ctx context.Context, name string) error {
	s.passwords.Lock()
	delete(s.known, name)
	s.passwords.Unlock()
	err := s.kube.Do(ctx, http.MethodDelete, secretsPath+"/"+name+".node-password.k3s", nil, nil)
	if api.IsCode(err, http.StatusNotFound) {
		return nil
	}
	return err
}
