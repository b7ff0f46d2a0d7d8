// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/pelletier/go-toml"

	"lightk8s.invalid/testbed/k0s/internal/config"
	"lightk8s.invalid/testbed/k0s/internal/logs"
	"lightk8s.invalid/testbed/k0s/internal/node"
	"lightk8s.invalid/testbed/k0s/internal/supervise"
)

const (
	containerdFile = "/etc/k0s/containerd.toml"
	dropins        = "/etc/k0s/containerd.d"
	managed        = "# k0s_managed=true"
	criPlugin      = "io.containerd.grpc.v1.cri"
	dropinDelay    = 3 * time.Second
	placeholder    = managed + `
# This is a placeholder configuration for k0s managed containerd.
# If you wish to override the config, remove the first line and replace this file with your custom configuration.
# For reference see https://github.com/containerd/containerd/blob/main/docs/man/containerd-config.toml.5.md
`
	// The last two settings are the test bed's: its nodes may not lower oom scores.
	criDefaults = `version = 2
disabled_plugins = ["io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp", "io.containerd.nri.v1.nri"]

[plugins]
  [plugins."io.containerd.internal.v1.opt"]
    path = %q
  [plugins."io.containerd.grpc.v1.cri"]
    sandbox_image = %q
    enable_selinux = false
    stream_server_address = "127.0.0.1"
    stream_server_port = "0"
    max_container_log_line_size = 16384
    disable_apparmor = true
    restrict_oom_score_adj = true
    [plugins."io.containerd.grpc.v1.cri".cni]
      bin_dir = "/opt/cni/bin"
      conf_dir = "/etc/cni/net.d"
    [plugins."io.containerd.grpc.v1.cri".containerd]
      snapshotter = "overlayfs"
      default_runtime_name = "runc"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
        runtime_type = "io.containerd.runc.v2"
        [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
          SystemdCgroup = false
`
)

type containerd struct {
	process *supervise.Process
	vars    *config.Vars
	pause   string
}

// userManaged tells whether the main file is the user's own.
func userManaged() bool {
	text, err := os.ReadFile(containerdFile)
	return err == nil && !slices.Contains(strings.Split(string(text), "\n"), managed)
}

func merge(into, patch map[string]any) {
	for name, theirs := range patch {
		ours, isMap := into[name].(map[string]any)
		if inner, ok := theirs.(map[string]any); ok && isMap {
			merge(ours, inner)
		} else {
			into[name] = theirs
		}
	}
}

// configure renders the files: drop-ins about the CRI plugin are merged into ours, others are
// imported as they are.
func (c *containerd) configure() error {
	if userManaged() {
		logs.Info("containerd config file " + containerdFile + " is not k0s managed, skipping config generation")
		return nil
	}
	if err := os.MkdirAll(dropins, 0o755); err != nil {
		return fmt.Errorf("can't create containerd config imports dir: %w", err)
	}
	base, err := toml.Load(fmt.Sprintf(criDefaults, filepath.Join(c.vars.DataDir, "containerd"), c.pause))
	if err != nil {
		return err
	}
	settings := base.ToMap()
	files, err := filepath.Glob(filepath.Join(dropins, "*.toml"))
	if err != nil {
		return err
	}
	var imports []string
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("can't handle imports: %w", err)
		}
		tree, err := toml.LoadBytes(text)
		if err != nil {
			return fmt.Errorf("can't handle imports: failed to check for CRI plugin configuration in %s: failed to parse TOML: %w", file, err)
		}
		if !tree.HasPath([]string{"plugins", criPlugin}) {
			imports = append(imports, file)
			continue
		}
		logs.Info("Found CRI plugin configuration in "+file+", treating as merge patch", logs.Fields{"component": "containerd"})
		merge(settings, tree.ToMap())
	}
	return c.write(settings, imports)
}

func (c *containerd) write(settings map[string]any, imports []string) error {
	cri := filepath.Join(c.vars.RunDir, "containerd-cri.toml")
	tree, err := toml.TreeFromMap(settings)
	if err != nil {
		return err
	}
	text, err := tree.ToTomlString()
	if err != nil {
		return err
	}
	if err := os.WriteFile(cri, []byte(text), 0o644); err != nil {
		return fmt.Errorf("can't create containerd CRI config: %w", err)
	}
	var main bytes.Buffer
	main.WriteString(placeholder)
	quoted := make([]string, 0, len(imports)+1)
	for _, name := range append(imports, cri) {
		quoted = append(quoted, fmt.Sprintf("%q", name))
	}
	fmt.Fprintf(&main, "imports = [%s]\nversion = 2\n", strings.Join(quoted, ", "))
	temp := containerdFile + ".tmp"
	if err := os.WriteFile(temp, main.Bytes(), 0o644); err != nil {
		return err
	}
	return os.Rename(temp, containerdFile)
}

// NewContainerd is containerd as "reset" needs it: to remove what is left.
func NewContainerd(v *config.Vars, version string) *supervise.Process {
	return &supervise.Process{Name: "containerd", Path: filepath.Join(v.BinDir, "containerd"), RunDir: v.RunDir,
		DataDir: v.DataDir, Env: []string{"PATH=" + v.BinDir + ":" + os.Getenv("PATH"), "KUBE_VERSION=" + version},
		Args: []string{"--root=" + v.DataDir + "/containerd", "--state=" + v.RunDir + "/containerd",
			"--address=" + v.RunDir + "/containerd.sock", "--log-level=info", "--config=" + containerdFile}}
}

// Configure renders containerd's files for "reset".
func Configure(v *config.Vars, pause string) error {
	return (&containerd{vars: v, pause: pause}).configure()
}

func (w *Worker) startContainerd(ctx context.Context) error {
	logs.Info("Starting containerd", logs.Fields{"component": "containerd"})
	c := &containerd{vars: w.Vars, pause: w.pause.URI()}
	if err := c.configure(); err != nil {
		return fmt.Errorf("failed to setup containerd config: %w", err)
	}
	c.process = NewContainerd(w.Vars, w.Version)
	if level := w.Options.Logging["containerd"]; level != "" {
		c.process.Args[3] = "--log-level=" + level
	}
	if err := w.Start(c.process); err != nil {
		return err
	}
	w.containerd = c
	go c.watch(ctx)
	return w.waitContainerd(ctx)
}

func (w *Worker) waitContainerd(ctx context.Context) error {
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); {
		if w.ctr(ctx, "version").Run() == nil {
			return nil
		}
		if !node.Pause(ctx, 200*time.Millisecond) {
			return ctx.Err()
		}
	}
	return errors.New("failed to ping containerd: timed out waiting for the condition")
}

func (w *Worker) ctr(ctx context.Context, args ...string) *exec.Cmd {
	all := append([]string{"-a", filepath.Join(w.Vars.RunDir, "containerd.sock"), "-n", "k8s.io"}, args...)
	return exec.CommandContext(ctx, filepath.Join(w.Vars.BinDir, "ctr"), all...)
}

// watch takes changed drop-ins, 3 s after the last change.
func (c *containerd) watch(ctx context.Context) {
	debounce(ctx, dropins, dropinDelay, func() {
		fields := logs.Fields{"component": "containerd", "phase": "restart"}
		logs.Info("restart requested", fields)
		if err := c.configure(); err != nil {
			fields["error"] = err
			logs.Warn("failed to resolve config", fields)
			return
		}
		c.process.Signal(syscall.SIGHUP)
	})
}

// debounce calls f when a folder has changed and then not changed for a while.
func debounce(ctx context.Context, dir string, quiet time.Duration, f func()) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		logs.Error("failed to watch "+dir, logs.Fields{"error": err})
		return
	}
	defer watcher.Close()
	if err := watcher.Add(dir); err != nil {
		logs.Error("failed to watch "+dir, logs.Fields{"error": err})
		return
	}
	timer := time.NewTimer(quiet)
	timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-watcher.Events:
			if e.Has(fsnotify.Chmod) && !e.Has(fsnotify.Write) {
				continue
			}
			timer.Reset(quiet)
		case <-timer.C:
			f()
		}
	}
}
