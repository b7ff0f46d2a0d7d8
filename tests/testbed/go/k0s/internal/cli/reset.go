// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"lightk8s.invalid/testbed/k0s/internal/config"
	"lightk8s.invalid/testbed/k0s/internal/controller"
	"lightk8s.invalid/testbed/k0s/internal/logs"
	"lightk8s.invalid/testbed/k0s/internal/status"
	"lightk8s.invalid/testbed/k0s/internal/worker"
)

func resetCommand() *cobra.Command {
	var p places
	var socket string
	cmd := &cobra.Command{
		Use: "reset", Short: "Uninstall k0s. Must be run as root (or with sudo)", Args: cobra.NoArgs,
		PersistentPreRun: setVerbose,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needRoot(); err != nil {
				return err
			}
			v := p.vars()
			var info status.Info
			if status.Ask(v.StatusSocket, "status", &info) == nil && info.Pid != 0 {
				return errors.New("k0s seems to be running, please stop k0s before reset")
			}
			c, err := config.Load(v.StartupConfig, false)
			if err != nil {
				return err
			}
			if k := c.Spec.Storage.Kine; k != nil && k.DataSource != "" {
				logs.Warn("Kine dataSource is configured. k0s will not reset the data source if it points to an external database. " +
					"If you plan to continue using the data source, you should reset it to avoid conflicts.")
			}
			err = reset(cmd.Context(), v, c, socket)
			logs.Warn("To ensure a full reset, a node reboot is recommended.")
			return err
		},
	}
	debugFlags(cmd.PersistentFlags(), false)
	p.add(cmd.Flags())
	p.addConfig(cmd.Flags())
	cmd.Flags().StringVar(&socket, "cri-socket", "",
		"container runtime socket to use, default to internal containerd. Format: [remote|docker]:[path-to-socket]")
	cmd.Flags().StringVar(&p.kubeletRoot, "kubelet-root-dir", "", "Kubelet root directory for k0s")
	return cmd
}

// reset removes containers, users, services, folders, its own CNI file and its bridge. All else
// stays, as with the original: /etc/k0s, cni0, /var/lib/cni, packet filter rules, logs of pods.
func reset(ctx context.Context, v *config.Vars, c *config.ClusterConfig, socket string) error {
	var errs []error
	if socket == "" {
		if err := removeContainers(ctx, v); err != nil {
			logs.Warn("Failed to start containerd, skipping container cleanup", logs.Fields{"error": err})
		}
	}
	if err := controller.DeleteUsers(c); err != nil {
		logs.Warn("failed to delete controller users: " + err.Error())
	}
	for _, role := range []string{"controller", "worker"} {
		if err := uninstall(role); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	errs = append(errs, removeFolders(v))
	for _, file := range []string{"10-calico.conflist", "calico-kubeconfig", "10-kuberouter.conflist"} {
		if err := os.Remove(filepath.Join("/etc/cni/net.d", file)); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	if _, err := os.Stat("/sys/class/net/" + worker.Bridge); err == nil {
		errs = append(errs, exec.Command("ip", "link", "del", worker.Bridge).Run())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("errors occurred during clean-up: %w", err)
	}
	return nil
}

// removeContainers starts containerd once more to end what it left running.
func removeContainers(ctx context.Context, v *config.Vars) error {
	if _, err := os.Stat(v.RunDir); err != nil {
		return fmt.Errorf("failed to setup containerd config: can't create containerd CRI config: open %s/.containerd-cri.toml.%d.tmp: no such file or directory",
			v.RunDir, time.Now().Nanosecond())
	}
	if err := stage(v); err != nil {
		return err
	}
	if err := worker.Configure(v, "quay.io/k0sproject/pause:3.10.1"); err != nil {
		return fmt.Errorf("failed to setup containerd config: %w", err)
	}
	process := worker.NewContainerd(v, kubernetesVersion())
	if err := process.Start(); err != nil {
		return err
	}
	defer process.Stop()
	ctr := func(args ...string) ([]byte, error) {
		all := append([]string{"-a", v.RunDir + "/containerd.sock", "-n", "k8s.io"}, args...)
		return exec.CommandContext(ctx, v.BinDir+"/ctr", all...).Output()
	}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		if _, err := ctr("version"); err == nil {
			break
		}
		if time.Now().After(end) {
			return errors.New("failed to ping containerd: timed out waiting for the condition")
		}
	}
	found, err := ctr("containers", "ls", "-q")
	if err != nil {
		return err
	}
	for _, id := range strings.Fields(string(found)) {
		_, _ = ctr("tasks", "rm", "-f", id)
		_, _ = ctr("containers", "rm", id)
	}
	endShims(v.RunDir + "/containerd.sock")
	return removeNamespaces()
}

// endShims ends what serves containers of this containerd, which are gone by now.
func endShims(address string) {
	processes, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range processes {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		words := strings.Split(string(text), "\x00")
		if strings.Contains(words[0], "containerd-shim") && slices.Contains(words, address) {
			if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}
}

// removeNamespaces ends the network namespaces of pods; their devices go with them.
func removeNamespaces() error {
	return unmountAll(func(where string) bool { return strings.HasPrefix(where, "/run/netns/cni-") }, func(where string) error {
		return os.Remove(where)
	})
}

func unmountAll(wanted func(string) bool, then func(string) error) error {
	text, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return err
	}
	for _, line := range slices.Backward(strings.Split(strings.TrimSpace(string(text)), "\n")) {
		fields := strings.Fields(line)
		if len(fields) < 2 || !wanted(fields[1]) {
			continue
		}
		if err := syscall.Unmount(fields[1], 0); err != nil {
			if err := syscall.Unmount(fields[1], syscall.MNT_DETACH); err != nil {
				return fmt.Errorf("failed unmount %s", fields[1])
			}
		}
		if then != nil {
			if err := then(fields[1]); err != nil {
				return err
			}
		}
	}
	return nil
}

func removeFolders(v *config.Vars) error {
	mounted := false
	under := func(where, dir string) bool { return where == dir || strings.HasPrefix(where, dir+"/") }
	err := unmountAll(func(where string) bool {
		if where == v.DataDir {
			mounted = true
			return false
		}
		return under(where, v.DataDir) || under(where, v.KubeletRootDir) || under(where, v.RunDir)
	}, nil)
	if err != nil {
		return err
	}
	for _, dir := range []string{v.KubeletRootDir, v.DataDir, v.RunDir} {
		if err := os.RemoveAll(dir); err != nil && !(dir == v.DataDir && mounted) {
			return fmt.Errorf("failed to delete %s: %w", dir, err)
		}
	}
	return nil
}
