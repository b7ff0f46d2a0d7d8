// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package keadm

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"lightk8s.invalid/testbed/kubeedge/internal/config"
	"lightk8s.invalid/testbed/kubeedge/internal/klog"
)

// folders are removed in this order, up to the first that is not there: a quirk of the original.
var folders = []string{config.Folder, "/var/log/kubeedge", "/var/lib/kubeedge", "/var/lib/edged", "/var/lib/kubelet"}

func confirmed(question string) bool {
	fmt.Println(question)
	line, err := bufio.NewReader(os.Stdin).ReadString('\n')
	answer := strings.ToLower(strings.TrimSpace(line))
	return err == nil && (answer == "y" || answer == "yes")
}

func (p *program) reset() *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use: "reset", Short: "Teardowns KubeEdge (cloud(helm installed) & edge) component",
		RunE: func(*cobra.Command, []string) error {
			fmt.Println("WARNING: 'keadm reset' is no longer supported after version v1.22.")
			fmt.Println("You must use the third-level command 'keadm reset cloud' or 'keadm reset edge'.")
			if !running("edgecore") && !running("cloudcore") {
				fmt.Println("None of KubeEdge components are running in this host, exit")
			}
			return nil
		},
	}
	c.Flags().BoolVar(&force, "force", false, "Reset the node without prompting for confirmation")
	c.AddCommand(p.resetEdge())
	return c
}

func (p *program) resetEdge() *cobra.Command {
	var force bool
	var endpoint string
	s := &scripts{}
	c := &cobra.Command{
		Use: "edge", Short: "Teardowns the edge component",
		RunE: func(*cobra.Command, []string) error {
			if !force {
				fmt.Println("[reset] WARNING: Changes made to this host by 'keadm init' or 'keadm join' will be reverted.")
				if !confirmed("[reset] Are you sure you want to proceed? [y/N]:") {
					return errors.New("aborted reset operation")
				}
			}
			return s.around(func() error { return resetNode(endpoint) })
		},
	}
	c.Flags().BoolVar(&force, "force", false, "Reset the node without prompting for confirmation")
	c.Flags().StringVar(&endpoint, "remote-runtime-endpoint", "", "Use this key to set container runtime endpoint")
	s.flags(c)
	return c
}

func resetNode(endpoint string) error {
	klog.Info("reset_others.go:83", "1. clean up static pods")
	c, err := config.ReadEdge(config.EdgeFile)
	if err != nil {
		klog.Warn("reset_others.go:86", "failed to parse edgecore configuration, skip cleaning up static pods, err: %v", err)
	} else {
		files, _ := filepath.Glob(filepath.Join(c.Modules.Edged.TailoredKubeletConfig.StaticPodPath, "*"))
		for _, file := range files {
			_ = os.Remove(file)
		}
		if endpoint == "" {
			endpoint = c.Modules.Edged.TailoredKubeletConfig.ContainerRuntimeEndpoint
		}
	}
	klog.Info("reset_others.go:98", "2. kill edgecore and remove edgecore service")
	_ = exec.Command("systemctl", "disable", "--now", "edgecore").Run()
	if err := os.Remove(config.Service); err != nil {
		klog.Warn("reset_others.go:161", "failed to remove edgecore service, err: %v", err)
	}
	_ = exec.Command("systemctl", "daemon-reload").Run()
	_ = exec.Command("systemctl", "reset-failed", "edgecore").Run()
	klog.Info("reset_others.go:102", "3. clean up containers managed by KubeEdge")
	if endpoint == "" {
		endpoint = socket
	}
	if r, err := newRuntime(endpoint); err != nil {
		klog.Warn("reset_others.go:104", "%v", err)
	} else if err := r.removeAll(); err != nil {
		klog.Warn("reset_others.go:104", "failed to remove containers: %v", err)
	}
	klog.Info("reset_others.go:106", "4. clean up dirs created by KubeEdge")
	for _, dir := range folders {
		if _, err := os.Stat(dir); err != nil {
			break
		}
		if err := os.RemoveAll(dir); err != nil {
			klog.Warn("reset_others.go:112", "failed to remove %s: %v", dir, err)
		}
	}
	klog.Info("reset_others.go:122", "reset edge node successfully!")
	return nil
}
