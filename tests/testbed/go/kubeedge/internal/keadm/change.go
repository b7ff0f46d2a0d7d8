// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package keadm

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lightk8s.invalid/testbed/kubeedge/internal/config"
	"lightk8s.invalid/testbed/kubeedge/internal/klog"
)

const (
	recordFile = config.Folder + "/idempotency_record"
	reportFile = config.Folder + "/upgrade_report.json"
	backupDir  = config.Folder + "/backup/"
	upgradeDir = config.Folder + "/upgrade"
	noBackup   = "WARNING: The upgrade command no longer automatically execute backup. \n" +
		"If backup is required, please interrupt the current upgrade command and execute the backup command 'keadm backup edge'."
)

// report is what the commands leave behind about themselves.
type report struct {
	Event        string `json:"event"`
	Success      bool   `json:"success"`
	FromVersion  string `json:"fromVersion"`
	ToVersion    string `json:"toVersion"`
	ErrorMessage string `json:"errorMessage,omitempty"`
}

// change is one of the commands that exclude each other.
type change struct {
	scripts
	file, place string
	report      report
	config      *config.EdgeCoreConfig
}

func (c *change) common(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.file, "config", config.EdgeFile, "Use this key to specify the path to the edgecore configuration file.")
	c.flags(cmd)
}

// alone does the work under the record that keeps other commands out, and reports.
func (c *change) alone(work func() error) error {
	err := c.around(func() error { return c.exclusive(work) })
	c.report.Success = err == nil
	if err != nil {
		c.report.ErrorMessage = err.Error()
	}
	text, _ := json.Marshal(c.report)
	if failed := os.WriteFile(reportFile, text, 0o755); failed != nil {
		klog.Error(c.place, "failed to report %s result: failed to write upgrade result to file %s, err: %v",
			strings.ToLower(c.report.Event), reportFile, failed)
	}
	return err
}

func (c *change) exclusive(work func() error) error {
	record, err := os.OpenFile(recordFile, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	switch {
	case errors.Is(err, os.ErrExist):
		return errors.New("the mutually exclusive command is being executed")
	case err != nil:
		return fmt.Errorf("failed to occupy command execution, err: failed to create idempotency_record file, err: %w", err)
	}
	defer os.Remove(recordFile)
	_ = record.Close()
	if c.config, err = config.ReadEdge(c.file); err != nil {
		return fmt.Errorf("failed to parse the edgecore config file %s, err: %w", c.file, err)
	}
	if meta := c.config.Modules.MetaManager; meta == nil || !meta.MetaServer.Enable {
		klog.Warn("edgecore.go:33", "failed to get kube client, uses default version: %s, err: metaserver don't open", c.config.EdgeCoreVersion)
	}
	return work()
}

func (c *change) backup(version string) map[string]string {
	dir := filepath.Join(backupDir, version)
	return map[string]string{
		c.config.Database.DataSource: filepath.Join(dir, "edgecore.db"),
		c.file:                       filepath.Join(dir, "edgecore.yaml"),
		config.Binary:                filepath.Join(dir, "edgecore"),
	}
}

func (p *program) backupEdge() *cobra.Command {
	c := &change{place: "backup.go:48", report: report{Event: "Backup"}}
	cmd := &cobra.Command{
		Use: "edge", Short: "Back up important files for rollback edgecore.",
		RunE: func(*cobra.Command, []string) error {
			return c.alone(func() error {
				version := c.config.EdgeCoreVersion
				c.report.ToVersion = version
				klog.Info("backup.go:93", "backup process start ...")
				if err := os.MkdirAll(filepath.Join(backupDir, version), 0o755); err != nil {
					return err
				}
				for from, to := range c.backup(version) {
					if err := copyKept(from, to); err != nil {
						return fmt.Errorf("failed to backup %s, err: %w", from, err)
					}
				}
				klog.Info("backup.go:109", "backup process successful")
				return nil
			})
		},
	}
	c.common(cmd)
	return cmd
}

func copyKept(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	return copyFile(from, to, info.Mode().Perm())
}

func (p *program) upgradeEdge() *cobra.Command {
	var force bool
	var image, digest, to string
	c := &change{place: "upgrade.go:74", report: report{Event: "Upgrade", FromVersion: "unknown"}}
	cmd := &cobra.Command{
		Use: "edge", Short: "Upgrade the edge node to the desired version.",
		RunE: func(*cobra.Command, []string) error {
			fmt.Println(noBackup)
			if !force && !confirmed("Are you sure you want to proceed? [y/N]:") {
				klog.Info("upgrade.go:64", "aborted upgrade operation")
				return nil
			}
			c.report.ToVersion = to
			return c.alone(func() error { return c.upgrade(image, to) })
		},
	}
	f := cmd.Flags()
	f.BoolVar(&force, "force", false, "Upgrade the node without prompting for confirmation")
	f.StringVar(&image, "image", imageName, "Use this key to specify installation image to download.")
	f.StringVar(&digest, "image-digest", "", "Use this key to specify the correct image digest to verify the local image.")
	f.StringVar(&to, "toVersion", "v1.23.0", "Use this key to upgrade the required KubeEdge version.")
	c.common(cmd)
	return cmd
}

// upgrade looks at nothing after the start, as the original.
func (c *change) upgrade(image, to string) error {
	c.report.FromVersion = c.config.EdgeCoreVersion
	klog.Info("upgrade.go:117", "Begin to download %s of edgecore", to)
	r, err := newRuntime(c.config.Modules.Edged.TailoredKubeletConfig.ContainerRuntimeEndpoint)
	if err == nil {
		err = r.pull(image + ":" + to)
	}
	if err != nil {
		return fmt.Errorf("failed to get edgecore binary, err: %w", err)
	}
	if err := os.MkdirAll(upgradeDir, 0o755); err != nil {
		return err
	}
	staged := filepath.Join(upgradeDir, "edgecore")
	defer os.Remove(staged)
	if err := r.extract(image+":"+to, staged); err != nil {
		return fmt.Errorf("failed to get edgecore binary, err: %w", err)
	}
	klog.Info("upgrade.go:127", "Upgrade process start ...")
	if err := stopEdgecore(); err != nil {
		return err
	}
	if err := copyFile(staged, config.Binary, 0o755); err != nil {
		return err
	}
	if err := startEdgecore(); err != nil {
		return err
	}
	klog.Info("upgrade.go:141", "Upgrade process successful")
	return nil
}

func (p *program) rollbackEdge() *cobra.Command {
	var to string
	c := &change{place: "rollback.go:48", report: report{Event: "Rollback"}}
	cmd := &cobra.Command{
		Use: "edge", Short: "Roll back the edge node to the desired version.",
		RunE: func(*cobra.Command, []string) error {
			return c.alone(func() error { return c.rollback(to) })
		},
	}
	cmd.Flags().StringVar(&to, "historical-version", "", "Use this key to roll back the KubeEdge version, If not set, get the latest backup version.")
	c.common(cmd)
	return cmd
}

// rollback brings back the database too, whatever pods there have been since.
func (c *change) rollback(to string) error {
	if to == "" {
		found, _ := filepath.Glob(backupDir + "*")
		if len(found) == 0 {
			return fmt.Errorf("no backup version in backup dir %s", backupDir)
		}
		to = filepath.Base(slices.Max(found))
	}
	if _, err := os.Stat(filepath.Join(backupDir, to)); err != nil {
		return fmt.Errorf("the historical version %s is not exist in backup dir %s", to, backupDir)
	}
	c.report.FromVersion, c.report.ToVersion = c.config.EdgeCoreVersion, to
	klog.Info("rollback.go:110", "rollback process start ...")
	if err := stopEdgecore(); err != nil {
		return err
	}
	for original, kept := range c.backup(to) {
		if err := copyKept(kept, original); err != nil {
			return fmt.Errorf("failed to roll back %s, err: %w", original, err)
		}
	}
	if err := startEdgecore(); err != nil {
		return err
	}
	klog.Info("rollback.go:131", "rollback process successful")
	return nil
}

func (p *program) configUpdate() *cobra.Command {
	var set []string
	c := &change{place: "config.go:48", report: report{Event: "ConfigUpdate"}}
	cmd := &cobra.Command{
		Use: "config-update", Short: "Update EdgeCore Configuration.",
		RunE: func(*cobra.Command, []string) error {
			return c.alone(func() error {
				c.report.ToVersion = c.config.EdgeCoreVersion
				changed, err := with(c.config, set)
				if err != nil {
					return err
				}
				if err := config.Write(c.file, changed); err != nil {
					return err
				}
				return shell("sudo systemctl daemon-reload && sudo systemctl restart edgecore.service")
			})
		},
	}
	cmd.Flags().StringArrayVar(&set, "set", nil, "Set values on the command line")
	c.common(cmd)
	return cmd
}
