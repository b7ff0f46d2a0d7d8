// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package server

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"

	"lightk8s.invalid/testbed/common/pki"
)

// ensureEncryption makes the key that Secrets are encrypted with, once per cluster.
func (s *Server) ensureEncryption() error {
	file := s.Path("server/cred/encryption-config.json")
	if !s.Options.SecretsEncryption || exists(file) {
		return nil
	}
	key := make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return err
	}
	provider := s.Options.SecretsEncryptionProvider
	if provider == "" {
		provider = "aescbc"
	}
	config := map[string]any{"kind": "EncryptionConfiguration", "apiVersion": "apiserver.config.k8s.io/v1",
		"resources": []any{map[string]any{"resources": []string{"secrets"}, "providers": []any{
			map[string]any{provider: map[string]any{"keys": []any{map[string]string{
				"name": provider + "key", "secret": base64.StdEncoding.EncodeToString(key)}}}},
			map[string]any{"identity": map[string]any{}},
		}}}}
	text, err := json.Marshal(config)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	state, err := json.Marshal("start-" + hex.EncodeToString(sum[:]))
	if err != nil {
		return err
	}
	if err := pki.WriteFile(file, text, 0o600); err != nil {
		return err
	}
	return pki.WriteFile(s.Path("server/cred/encryption-state.json"), state, 0o600)
}
