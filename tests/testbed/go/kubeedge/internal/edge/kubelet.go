// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package edge

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"lightk8s.invalid/testbed/common/api"
	"lightk8s.invalid/testbed/common/pki"
	"lightk8s.invalid/testbed/common/unpack"
	"lightk8s.invalid/testbed/kubeedge/internal/klog"
)

// foreign are the fields that are edged's own, or that a newer kubelet has dropped.
var foreign = []string{"logging"}

func (e *Edge) stage() string {
	return filepath.Join(filepath.Dir(e.config.Database.DataSource), ".release")
}

// unpack brings the kubelet to disk and takes former releases away. Its file is not named kubelet:
// edgecore refuses to start beside a process of that name.
func (e *Edge) unpack() (string, error) {
	dir := filepath.Join(e.stage(), e.ident.ID[:16])
	if !unpack.Whole(dir) {
		old, _ := filepath.Glob(filepath.Join(e.stage(), "*"))
		for _, name := range old {
			_ = os.RemoveAll(name)
		}
		if err := unpack.Extract(dir, e.ident.Payload()); err != nil {
			return "", err
		}
	}
	return dir, nil
}

func (e *Edge) kubeletConfig() ([]byte, error) {
	text, err := json.Marshal(e.config.Modules.Edged.TailoredKubeletConfig)
	if err != nil {
		return nil, err
	}
	c := api.Object{}
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, err
	}
	for _, name := range foreign {
		delete(c, name)
	}
	c["apiVersion"], c["kind"] = "kubelet.config.k8s.io/v1beta1", "KubeletConfiguration"
	// only the port for reading is open; the node shows it as that of the kubelet
	c["enableServer"], c["port"], c["healthzPort"] = false, c["readOnlyPort"], 0
	c["contentType"], c["configMapAndSecretChangeDetectionStrategy"] = "application/json", "Get"
	c["authentication"] = api.Object{"webhook": api.Object{"enabled": false}, "anonymous": api.Object{"enabled": false}}
	c["authorization"] = api.Object{"mode": "AlwaysAllow"}
	return json.Marshal(c)
}

func (e *Edge) kubeconfig(server string, ca []byte) ([]byte, error) {
	return json.Marshal(api.Object{
		"apiVersion": "v1", "kind": "Config", "current-context": "edge",
		"clusters": []any{api.Object{"name": "edge", "cluster": api.Object{"server": server, "certificate-authority-data": ca}}},
		"users":    []any{api.Object{"name": "edge", "user": api.Object{"token": e.secret}}},
		"contexts": []any{api.Object{"name": "edge", "context": api.Object{"cluster": "edge", "user": "edge"}}},
	})
}

// kubelet makes the command that runs it.
func (e *Edge) kubelet(listener net.Listener, ca []byte) (*exec.Cmd, error) {
	dir, err := e.unpack()
	if err != nil {
		return nil, err
	}
	settings, err := e.kubeletConfig()
	if err != nil {
		return nil, err
	}
	access, err := e.kubeconfig("https://"+listener.Addr().String(), ca)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{"kubelet.json": settings, "kubeconfig": access}
	for name, text := range files {
		if err := pki.WriteFile(filepath.Join(e.stage(), "run", name), text, 0o600); err != nil {
			return nil, err
		}
	}
	edged := e.config.Modules.Edged
	args := []string{
		"kube", "kubelet",
		"--config=" + filepath.Join(e.stage(), "run", "kubelet.json"),
		"--kubeconfig=" + filepath.Join(e.stage(), "run", "kubeconfig"),
		"--cert-dir=" + filepath.Join(e.stage(), "run"),
		"--root-dir=" + edged.RootDirectory,
		"--hostname-override=" + e.name,
	}
	if edged.NodeIP != "" {
		args = append(args, "--node-ip="+edged.NodeIP)
	}
	return &exec.Cmd{
		Path: filepath.Join(dir, "edged"), Args: args, Stdout: os.Stderr, Stderr: os.Stderr,
		Env: append(os.Environ(), "KUBE_VERSION="+e.ident.Kubelet()),
		// it is part of edgecore: it does not outlive it
		SysProcAttr: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true},
	}, nil
}

// runKubelet runs it until it ends or the context does, and gives its exit code.
func (e *Edge) runKubelet(ctx context.Context, listener net.Listener, ca []byte) int {
	// the kernel sends the death signal when the thread ends that started the child
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd, err := e.kubelet(listener, ca)
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		klog.Error("edged.go:140", "Start edged failed, err: %v", err)
		return 1
	}
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
	defer stop()
	err = cmd.Wait()
	if ctx.Err() != nil {
		return 0
	}
	klog.Error("edged.go:140", "Start edged failed, err: %v", err)
	var ended *exec.ExitError
	if errors.As(err, &ended) && ended.ExitCode() > 0 {
		return ended.ExitCode()
	}
	return 1
}

// beside tells whether a process of that name runs.
func beside(name string) bool {
	files, _ := filepath.Glob("/proc/[0-9]*/comm")
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && strings.TrimSpace(string(text)) == name {
			return true
		}
	}
	return false
}
