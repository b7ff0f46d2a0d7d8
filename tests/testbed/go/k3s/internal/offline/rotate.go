// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package offline

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lightk8s.invalid/testbed/k3s/internal/args"
	"lightk8s.invalid/testbed/k3s/internal/logs"
)

// rotateCertificates keeps copies of the certificates and removes the originals, so that the next
// start makes new ones. The node is expected to be stopped; nothing checks that.
func rotateCertificates(t *args.ToolOptions) error {
	list, err := chosen(t.Services)
	if err != nil {
		return err
	}
	suffix := fmt.Sprintf("tls-%d", time.Now().Unix())
	var backups []string
	if isServer(t.DataDir) {
		logs.Info("Server detected, rotating agent and server certificates")
		backup := filepath.Join(t.DataDir, "server", suffix)
		if err := copyTree(filepath.Join(t.DataDir, serverTLS), backup, anyFile); err != nil {
			return err
		}
		backups = append(backups, backup)
	} else {
		logs.Info("Agent detected, rotating agent certificates")
	}
	agentDir := filepath.Join(t.DataDir, "agent")
	if _, err := os.Stat(agentDir); err == nil {
		backup := filepath.Join(agentDir, suffix)
		if err := copyTree(agentDir, backup, topLevelPEM); err != nil {
			return err
		}
		backups = append(backups, backup)
	}
	for _, s := range list {
		logs.Info("Rotating certificates for %s", s.name)
		if err := s.remove(t.DataDir); err != nil {
			return err
		}
	}
	logs.Info("Successfully backed up certificates to %s, please restart k3s server or agent to rotate certificates",
		strings.Join(backups, " and "))
	return nil
}

func (s service) remove(dataDir string) error {
	files := s.extra
	for _, pair := range append(append([]string{}, s.server...), s.agent...) {
		files = append(files[:len(files):len(files)], pair+".crt", pair+".key")
	}
	for _, f := range files {
		if err := os.Remove(filepath.Join(dataDir, f)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

func anyFile(string) bool { return true }

// topLevelPEM picks the certificates and keys right in a folder.
func topLevelPEM(rel string) bool {
	ext := filepath.Ext(rel)
	return !strings.ContainsRune(rel, filepath.Separator) && (ext == ".crt" || ext == ".key")
}

// copyTree copies the regular files that pick accepts, by their path below from.
func copyTree(from, to string, pick func(rel string) bool) error {
	return filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil || !e.Type().IsRegular() || !pick(rel) {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
			return err
		}
		return os.WriteFile(target, raw, info.Mode().Perm())
	})
}
