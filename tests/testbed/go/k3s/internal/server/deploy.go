// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package server

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"time"

	"lightk8s.invalid/testbed/k3s/internal/logs"
	"lightk8s.invalid/testbed/k3s/internal/pki"
)

const deployInterval = 2 * time.Second

//go:embed manifests/*.yaml
var packaged embed.FS

func (s *Server) manifests() string { return s.Path("server/manifests") }

func (s *Server) disabled(file string) bool {
	base := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	return slices.Contains(s.Options.Disable, base)
}

// stage writes the packaged manifests that are wanted; each start rewrites them.
func (s *Server) stage() error {
	registry := ""
	if r := s.Options.SystemDefaultRegistry; r != "" {
		registry = r + "/"
	}
	values := map[string]any{"ClusterDomain": s.Options.ClusterDomain, "ClusterDNS": s.Options.ClusterDNS, "Registry": registry}
	names, err := fs.Glob(packaged, "manifests/*.yaml")
	if err != nil {
		return err
	}
	for _, name := range names {
		to := filepath.Join(s.manifests(), filepath.Base(name))
		if s.disabled(name) || exists(to+".skip") {
			continue
		}
		t, err := template.ParseFS(packaged, name)
		if err != nil {
			return err
		}
		var text bytes.Buffer
		if err := t.Execute(&text, values); err != nil {
			return err
		}
		if old, err := os.ReadFile(to); err == nil && bytes.Equal(old, text.Bytes()) {
			continue
		}
		logs.Info("Writing manifest: %s", to)
		if err := pki.WriteFile(to, text.Bytes(), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// deploy applies the manifests of the folder for as long as the server runs.
func (s *Server) deploy(ctx context.Context) {
	applied := map[string]time.Time{}
	for {
		s.deployOnce(applied)
		if !sleep(ctx, deployInterval) {
			return
		}
	}
}

func (s *Server) deployOnce(applied map[string]time.Time) {
	var files []string
	var times []time.Time
	err := filepath.WalkDir(s.manifests(), func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(name)) {
			return err
		}
		info, err := e.Info()
		if err != nil || exists(name+".skip") {
			return nil
		}
		if s.disabled(name) {
			s.remove(name)
			return nil
		}
		if !applied[name].Equal(info.ModTime()) {
			files, times = append(files, name), append(times, info.ModTime())
		}
		return nil
	})
	if err != nil {
		logs.Error("Failed to process config: %v", err)
		return
	}
	// all in one call at start; one by one where that fails, so that a bad file stops no other
	if len(files) > 1 && s.kubectl(append([]string{"apply"}, applyArgs(files)...)...) == nil {
		for i, name := range files {
			applied[name] = times[i]
		}
		return
	}
	for i, name := range files {
		if err := s.kubectl(append([]string{"apply"}, applyArgs([]string{name})...)...); err != nil {
			logs.Error("Failed to process config: failed to process %s: %v", name, err)
			continue
		}
		applied[name] = times[i]
		logs.Info("Applied manifest %s", name)
	}
}

func applyArgs(files []string) []string {
	args := []string{"--server-side", "--force-conflicts", "--field-manager=deploy@k3s"}
	for _, f := range files {
		args = append(args, "-f", f)
	}
	return args
}

// remove deletes what a disabled manifest had deployed, and the file.
func (s *Server) remove(name string) {
	if err := s.kubectl("delete", "--ignore-not-found", "--wait=false", "-f", name); err != nil {
		logs.Error("Failed to remove %s: %v", name, err)
		return
	}
	logs.Info("Removed disabled manifest %s", name)
	_ = os.Remove(name)
}

func (s *Server) kubectl(args ...string) error {
	cmd := s.Group.Command("kube", append([]string{"kubectl", "--cache-dir=/run/k3s/kubectl-cache", "--kubeconfig=" + s.Path("server/cred/supervisor.kubeconfig")}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}
