// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package keadm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"lightk8s.invalid/testbed/kubeedge/internal/config"
	"lightk8s.invalid/testbed/kubeedge/internal/klog"
)

const (
	imageName = "kubeedge/installation-package"
	socket    = "unix:///run/containerd/containerd.sock"
	startAll  = "sudo systemctl daemon-reload && sudo systemctl enable edgecore && sudo systemctl start edgecore"
	stopAll   = "sudo systemctl stop edgecore.service && sudo systemctl disable edgecore.service"
)

// shell runs a command line; as in the original, its sudo is needed by root too.
func shell(line string) error {
	var out bytes.Buffer
	cmd := exec.Command("bash", "-c", line)
	cmd.Stderr = &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("failed to exec [bash -c %s], err: %s", line, out.String())
	}
	return nil
}

func startEdgecore() error {
	if err := shell(startAll); err != nil {
		return fmt.Errorf("start edgecore failed: %w", err)
	}
	klog.Info("join_others.go:300", "")
	klog.Info("join_others.go:301", "KubeEdge edgecore is running, For logs visit: journalctl -u edgecore.service -xe")
	return nil
}

func stopEdgecore() error {
	if err := shell(stopAll); err != nil {
		return fmt.Errorf("failed to stop edgecore, err: %w", err)
	}
	fmt.Println("edgecore is stopped")
	return nil
}

// running tells whether a process of that name runs.
func running(name string) bool {
	files, _ := filepath.Glob("/proc/[0-9]*/comm")
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil && strings.TrimSpace(string(text)) == name {
			return true
		}
	}
	return false
}

func copyFile(from, to string, mode os.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	// a program that runs cannot be written to
	if err := os.Remove(to); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		_ = out.Close()
		return err
	}
	return out.Close()
}

// runtime is the container runtime of the node, through its own command line.
type runtime struct{ address string }

func newRuntime(endpoint string) (*runtime, error) {
	address := strings.TrimPrefix(endpoint, "unix://")
	conn, err := net.Dial("unix", address)
	if err != nil {
		return nil, fmt.Errorf("failed to new remote image service, err: validate service connection: validate CRI v1 image API for endpoint %q: "+
			"rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing: %w\"", endpoint, err)
	}
	return &runtime{address}, conn.Close()
}

func (r *runtime) ctr(args ...string) (string, error) {
	cmd := exec.Command("ctr", append([]string{"--address", r.address, "-n", "k8s.io"}, args...)...)
	var out, faults bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &faults
	err := cmd.Run()
	if err != nil {
		err = errors.New(strings.TrimPrefix(strings.TrimSpace(faults.String()), "ctr: "))
	}
	return strings.TrimSpace(out.String()), err
}

// pull makes sure that an image is there; one that is there is not asked for again.
func (r *runtime) pull(image string) error {
	reference := image
	if strings.Count(image, "/") < 2 {
		reference = "docker.io/" + image
	}
	found, err := r.ctr("images", "ls", "-q", "name=="+reference)
	if err != nil || found != "" {
		return err
	}
	if _, err := r.ctr("images", "pull", reference); err != nil {
		lines := strings.Split(err.Error(), "\n")
		return fmt.Errorf("failed to pull image %s, err: failed to pull and unpack image %q: %s", image, reference,
			strings.TrimPrefix(lines[len(lines)-1], "ctr: "))
	}
	return nil
}

// extract copies edgecore out of an image.
func (r *runtime) extract(image, to string) error {
	if strings.Count(image, "/") < 2 {
		image = "docker.io/" + image
	}
	dir, err := os.MkdirTemp("", "keadm-")
	if err != nil {
		return err
	}
	defer os.Remove(dir)
	if _, err := r.ctr("images", "mount", image, dir); err != nil {
		return err
	}
	defer func() { _, _ = r.ctr("images", "unmount", "--rm", dir) }()
	return copyFile(filepath.Join(dir, config.Binary), to, 0o755)
}

// removeAll ends and removes all containers of pods.
func (r *runtime) removeAll() error {
	containers, err := r.ctr("containers", "ls", "-q")
	if err != nil {
		return err
	}
	for _, id := range strings.Fields(containers) {
		_, _ = r.ctr("tasks", "rm", "-f", id)
		if _, err := r.ctr("containers", "rm", id); err != nil {
			klog.Error("reset_others.go:200", "failed to remove container %s: %v", id, err)
		}
	}
	return nil
}

// scripts are run before and after a command.
type scripts struct{ before, after string }

func (s *scripts) flags(c *cobra.Command) {
	c.Flags().StringVar(&s.before, "pre-run", "", "a script to run before")
	c.Flags().StringVar(&s.after, "post-run", "", "a script to run after")
}

func (s *scripts) around(work func() error) error {
	for _, step := range []func() error{
		func() error { return script(s.before) }, work, func() error { return script(s.after) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func script(file string) error {
	if file == "" {
		return nil
	}
	out, err := exec.Command("/bin/sh", file).CombinedOutput()
	fmt.Print(string(out))
	return err
}
