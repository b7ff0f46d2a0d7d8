// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package daemon

import (
	"bufio"
	"context"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"lightk8s.invalid/testbed/microk8s/internal/snap"
)

const (
	sideloadEvery = 5 * time.Second
	criTable      = `[plugins."io.containerd.grpc.v1.cri"]`
	// nodes of the test bed may not lower oom scores, and have no use for tracing and NRI
	disabled = `disabled_plugins = ["io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp", "io.containerd.nri.v1.nri"]
`
)

// Containerd is the container runtime, with the original's plugin for side-loading.
func Containerd() error {
	ctx, stop := signals()
	defer stop()
	if err := renderContainerd(); err != nil {
		return err
	}
	state := snap.Common("run", "containerd")
	clean(state)
	if err := os.MkdirAll(state, 0o711); err != nil {
		return err
	}
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	if err := os.WriteFile(filepath.Join(state, "last-start-date"), []byte(stamp+"\n"), 0o644); err != nil {
		return err
	}
	waitForRoute(ctx)
	args, err := snap.LoadArgs("containerd")
	if err != nil {
		return err
	}
	c := exec.Command(snap.Root("bin", "containerd"), args.Words()...)
	// shims outlive a refresh of the snap: they look for programs where the newest are
	path := filepath.Join(filepath.Dir(snap.Root()), "current", "bin") + ":" + snap.Root("bin") + ":" + os.Getenv("PATH")
	c.Env = append(environment(), "PATH="+path)
	g := newGroup()
	if err := g.start("containerd", c); err != nil {
		return err
	}
	go func() {
		for snap.Ctr("version").Run() != nil {
			if !pause(ctx, 200*time.Millisecond) {
				return
			}
		}
		notify()
		sideload(ctx)
	}()
	return g.wait(ctx)
}

func renderContainerd() error {
	text, err := os.ReadFile(snap.File("containerd-template.toml"))
	if err != nil {
		return err
	}
	filled := strings.NewReplacer("${SNAP}", snap.Root(), "${SNAP_DATA}", snap.Data(), "${SNAPSHOTTER}", "overlayfs",
		"${RUNTIME}", "runc", "${RUNTIME_TYPE}", "io.containerd.runc.v2",
		criTable+"\n", criTable+"\n  restrict_oom_score_adj = true\n  disable_apparmor = true\n").Replace(string(text))
	if !strings.Contains(filled, "disabled_plugins") {
		filled = disabled + filled
	}
	return os.WriteFile(snap.File("containerd.toml"), []byte(filled), 0o660)
}

// clean removes the state of containers that a boot has ended.
func clean(state string) {
	text, err := os.ReadFile(filepath.Join(state, "last-start-date"))
	if err != nil {
		return
	}
	last, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	info, statErr := os.Stat("/proc/1")
	if err == nil && statErr == nil && last <= info.ModTime().Unix() {
		_ = os.RemoveAll(state)
	}
}

// environment is that of this process with what the file of containerd sets; its other commands
// can only be about limits.
func environment() []string {
	all := os.Environ()
	f, err := os.Open(snap.File("containerd-env"))
	if err != nil {
		return all
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		line := strings.TrimSpace(s.Text())
		name, value, ok := strings.Cut(line, "=")
		switch {
		case strings.HasPrefix(line, "ulimit -n "):
			if n, err := strconv.ParseUint(strings.Fields(line)[2], 10, 64); err == nil {
				_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: n, Max: n})
			}
		case ok && !strings.HasPrefix(line, "#") && !strings.ContainsAny(name, " \t"):
			all = append(all, name+"="+strings.Trim(os.ExpandEnv(value), `"'`))
		}
	}
	return all
}

// sideload imports archives, and renames those that it could import.
func sideload(ctx context.Context) {
	for {
		files, _ := filepath.Glob(snap.Common("etc", "sideload", "*.tar"))
		for _, name := range files {
			out, err := snap.Ctr("images", "import", name).CombinedOutput()
			if err != nil {
				log.Printf("level=error msg=\"Failed to import images\" file=%s error=%q", name, strings.TrimSpace(string(out)))
				continue
			}
			log.Printf("level=info msg=\"Imported %d images\" file=%s", strings.Count(string(out), "\n"), name)
			if err := os.Rename(name, name+".loaded"); err != nil {
				log.Print(err)
			}
		}
		if !pause(ctx, sideloadEvery) {
			return
		}
	}
}
