// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"time"

	"lightk8s.invalid/testbed/common/pki"
	"lightk8s.invalid/testbed/k3s/internal/logs"
)

const deployInterval = 2 * time.Second

//go:embed manifests/*.tmpl
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
	names, err := fs.Glob(packaged, "manifests/*.tmpl")
	if err != nil {
		return err
	}
	for _, name := range names {
		to := filepath.Join(s.manifests(), strings.TrimSuffix(filepath.Base(name), ".tmpl")+".yaml")
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
	d := &deployed{file: s.db("deployed.json"), sums: map[string]string{}, times: map[string]time.Time{}}
	d.load()
	for {
		s.deployOnce(d)
		if !sleep(ctx, deployInterval) {
			return
		}
	}
}

// deployed remembers what has been applied: over a restart by content, so that later changes by
// hand stay until the file changes.
type deployed struct {
	file  string
	sums  map[string]string
	times map[string]time.Time
}

func (d *deployed) load() {
	if text, err := os.ReadFile(d.file); err == nil {
		_ = json.Unmarshal(text, &d.sums)
	}
}

func (d *deployed) save() {
	text, _ := json.Marshal(d.sums)
	if err := pki.WriteFile(d.file, text, 0o600); err != nil {
		logs.Error("Failed to keep the state of the manifests: %v", err)
	}
}

// changed tells whether a file has to be applied.
func (d *deployed) changed(name string, modified time.Time) bool {
	if d.times[name].Equal(modified) {
		return false
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return false
	}
	if d.sums[name] == fmt.Sprintf("%x", sha256.Sum256(text)) {
		d.times[name] = modified
		return false
	}
	return true
}

func (d *deployed) done(name string, modified time.Time) {
	if text, err := os.ReadFile(name); err == nil {
		d.sums[name] = fmt.Sprintf("%x", sha256.Sum256(text))
	}
	d.times[name] = modified
	d.save()
	logs.Info("Applied manifest %s", name)
}

func (s *Server) deployOnce(d *deployed) {
	files, err := s.pending(d)
	if err != nil {
		logs.Error("Failed to process config: %v", err)
		return
	}
	names := slices.Sorted(maps.Keys(files))
	// all in one call at start; one by one where that fails, so that a bad file stops no other
	if len(names) > 1 && s.kubectl(applyArgs(names)...) == nil {
		for _, name := range names {
			d.done(name, files[name])
		}
		return
	}
	for _, name := range names {
		if err := s.kubectl(applyArgs([]string{name})...); err != nil {
			logs.Error("Failed to process config: failed to process %s: %v", name, err)
			continue
		}
		d.done(name, files[name])
	}
}

// pending are the files to apply, with their times; what is disabled is removed on the way.
func (s *Server) pending(d *deployed) (map[string]time.Time, error) {
	files := map[string]time.Time{}
	return files, filepath.WalkDir(s.manifests(), func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(name)) {
			return err
		}
		info, err := e.Info()
		if err != nil || exists(name+".skip") {
			return nil
		}
		if s.disabled(name) {
			s.remove(name)
			delete(d.sums, name)
			d.save()
			return nil
		}
		if d.changed(name, info.ModTime()) {
			files[name] = info.ModTime()
		}
		return nil
	})
}

func applyArgs(files []string) []string {
	args := []string{"apply", "--server-side", "--force-conflicts", "--field-manager=deploy@k3s"}
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
