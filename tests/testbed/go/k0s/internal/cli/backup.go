// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package cli

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	_ "modernc.org/sqlite" // the driver of the database

	"lightk8s.invalid/testbed/k0s/internal/config"
	"lightk8s.invalid/testbed/k0s/internal/controller"
	"lightk8s.invalid/testbed/k0s/internal/logs"
	"lightk8s.invalid/testbed/k0s/internal/status"
)

const etcdSnapshot, kineSnapshot = "etcd-snapshot.db", "kine-state-backup.db"

func backupCommand() *cobra.Command {
	var p places
	var target string
	cmd := &cobra.Command{
		Use: "backup", Short: "Back-Up k0s configuration. Must be run as root (or with sudo)", Args: cobra.NoArgs,
		PersistentPreRun: setVerbose,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, c, err := p.load()
			if err != nil {
				return err
			}
			if c.Spec.Storage.Etcd != nil && c.Spec.Storage.Etcd.ExternalCluster != nil {
				return errors.New("command 'k0s backup' does not support external etcd cluster")
			}
			if err := checkBackup(v, target); err != nil {
				return err
			}
			return backup(cmd.Context(), v, c, target)
		},
	}
	debugFlags(cmd.PersistentFlags(), false)
	p.add(cmd.Flags())
	cmd.Flags().StringVar(&target, "save-path", "", "destination directory path for backup assets, use '-' for stdout")
	return cmd
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

func checkBackup(v *config.Vars, target string) error {
	if err := needRoot(); err != nil {
		return err
	}
	if target != "-" && !isFolder(target) {
		return fmt.Errorf("the save-path directory (%s) does not exist", target)
	}
	if !isFolder(v.DataDir) {
		return fmt.Errorf("cannot find data-dir (%s). check your environment and/or command input and try again", v.DataDir)
	}
	var info status.Info
	if err := status.Ask(v.StatusSocket, "status", &info); err != nil {
		return fmt.Errorf("unable to detect cluster status %w", err)
	}
	if info.Role != "controller" {
		return fmt.Errorf("backup command must be run on the controller node, have `%s`", info.Role)
	}
	return nil
}

func backup(ctx context.Context, v *config.Vars, c *config.ClusterConfig, target string) error {
	temp, err := os.MkdirTemp("", "k0s-backup")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	files := []string{}
	if file, err := snapshot(ctx, v, c, temp); err != nil {
		return err
	} else if file != "" {
		files = append(files, file)
	}
	for _, dir := range []string{v.CertRootDir, v.ManifestsDir, v.OCIBundleDir, v.HelmHome} {
		if isFolder(dir) {
			files = append(files, dir)
		}
	}
	conf := filepath.Join(temp, "k0s.yaml")
	text, err := os.ReadFile(v.StartupConfig)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.WriteFile(conf, text, 0o644); err != nil {
		return err
	}
	files = append(files, conf)
	out := os.Stdout
	if target != "-" {
		name := "k0s_backup_" + time.Now().UTC().Format("2006-01-02T15_04_05_000Z") + ".tar.gz"
		if out, err = os.OpenFile(filepath.Join(target, name), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644); err != nil {
			return err
		}
		defer out.Close()
	}
	return pack(out, files)
}

// snapshot copies the state while it is in use: the name of the copy, or nothing for a datastore
// that is not ours.
func snapshot(ctx context.Context, v *config.Vars, c *config.ClusterConfig, dir string) (string, error) {
	if c.Spec.Storage.Type == config.EtcdStorage {
		file := filepath.Join(dir, etcdSnapshot)
		cmd := exec.CommandContext(ctx, v.BinDir+"/kube", "etcdctl", "--endpoints=https://127.0.0.1:2379",
			"--cacert="+v.PKI("etcd/ca.crt"), "--cert="+v.PKI("apiserver-etcd-client.crt"),
			"--key="+v.PKI("apiserver-etcd-client.key"), "snapshot", "save", file)
		if text, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("failed to create backup on step `etcd`: %w: %s", err, text)
		}
		return file, nil
	}
	source := controller.DatabaseFile(c.Spec.Storage.Kine.DataSource, v.DataDir)
	if source == "" {
		backend, _, _ := strings.Cut(c.Spec.Storage.Kine.DataSource, ":")
		logs.Warn(fmt.Sprintf("backup is not supported for %q kine data sources, it must be done manually", backend))
		return "", nil
	}
	file := filepath.Join(dir, kineSnapshot)
	db, err := sql.Open("sqlite", "file:"+source+"?mode=ro")
	if err != nil {
		return "", err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", file); err != nil {
		return "", fmt.Errorf("failed to create backup on step `sqlite`: %w", err)
	}
	return file, nil
}

// pack writes files and folders by their last name.
func pack(out io.Writer, files []string) error {
	z := gzip.NewWriter(out)
	t := tar.NewWriter(z)
	for _, root := range files {
		err := filepath.WalkDir(root, func(name string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return packOne(t, filepath.Dir(root), name)
		})
		if err != nil {
			return fmt.Errorf("error creating archive: %w", err)
		}
	}
	if err := t.Close(); err != nil {
		return err
	}
	return z.Close()
}

func packOne(t *tar.Writer, base, name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	head, err := tar.FileInfoHeader(info, "")
	if err != nil {
		return err
	}
	if head.Name, err = filepath.Rel(base, name); err != nil {
		return err
	}
	if err := t.WriteHeader(head); err != nil || info.IsDir() {
		return err
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(t, f)
	return err
}

func restoreCommand() *cobra.Command {
	var p places
	var out string
	cmd := &cobra.Command{
		Use:   "restore filename",
		Short: "restore k0s state from given backup archive. Use '-' as filename to read from stdin. Must be run as root (or with sudo)",
		Args:  cobra.ExactArgs(1), PersistentPreRun: setVerbose,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := needRoot(); err != nil {
				return err
			}
			v := p.vars()
			var info status.Info
			if status.Ask(v.StatusSocket, "status", &info) == nil && info.Pid != 0 {
				logs.Fatal("k0s seems to be running! k0s must be down during the restore operation.")
			}
			in := os.Stdin
			if args[0] != "-" {
				var err error
				if in, err = os.Open(args[0]); err != nil {
					return fmt.Errorf("given file %s does not exist", args[0])
				}
				defer in.Close()
			}
			if err := os.MkdirAll(v.DataDir, 0o755); err != nil {
				return err
			}
			if out == "" {
				name, _, _ := strings.Cut(filepath.Base(args[0]), ".")
				out = "k0s_" + strings.TrimPrefix(name, "k0s_backup_") + ".yaml"
			}
			return restore(cmd.Context(), v, in, out)
		},
	}
	debugFlags(cmd.PersistentFlags(), false)
	p.add(cmd.Flags())
	cmd.Flags().StringVar(&out, "config-out", "",
		"Specify desired name and full path for the restored k0s.yaml file (default: k0s_<archive timestamp>.yaml")
	return cmd
}

func restore(ctx context.Context, v *config.Vars, in io.Reader, out string) error {
	temp, err := os.MkdirTemp("", "k0s-backup")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	if err := extract(in, temp); err != nil {
		return fmt.Errorf("failed to unpack backup archive: %w", err)
	}
	text, err := os.ReadFile(filepath.Join(temp, "k0s.yaml"))
	if err != nil {
		return fmt.Errorf("failed to parse backed-up configuration file, check the backup archive: %w", err)
	}
	// without the knowledge that it was a single node: a missing storage section means etcd
	c, err := config.Parse(text)
	if err != nil {
		return fmt.Errorf("failed to parse backed-up configuration file, check the backup archive: %w", err)
	}
	if err := restoreState(ctx, v, c, temp); err != nil {
		return err
	}
	for _, dir := range []string{v.CertRootDir, v.ManifestsDir, v.OCIBundleDir, v.HelmHome} {
		from := filepath.Join(temp, filepath.Base(dir))
		if !isFolder(from) {
			continue
		}
		if err := exec.CommandContext(ctx, "cp", "-a", from, filepath.Dir(dir)+"/").Run(); err != nil {
			return fmt.Errorf("failed to restore on step `%s`: %w", dir, err)
		}
	}
	if out == "-" {
		_, err := os.Stdout.Write(text)
		return err
	}
	return os.WriteFile(out, text, 0o644)
}

func restoreState(ctx context.Context, v *config.Vars, c *config.ClusterConfig, temp string) error {
	if c.Spec.Storage.Type == config.KineStorage {
		target := controller.DatabaseFile(c.Spec.Storage.Kine.DataSource, v.DataDir)
		if target == "" {
			return nil
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o750); err != nil {
			return err
		}
		// as in the original, -wal and -shm of another life stay
		if err := exec.CommandContext(ctx, "cp", filepath.Join(temp, kineSnapshot), target).Run(); err != nil {
			return fmt.Errorf("failed to restore on step `sqlite`: %w", err)
		}
		return nil
	}
	file := filepath.Join(temp, etcdSnapshot)
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("failed to restore on step `etcd`: etcd snapshot not found at src-%s/%s",
			strings.TrimPrefix(filepath.Base(temp), "k0s-"), etcdSnapshot)
	}
	if err := stage(v); err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	peer := "https://" + c.Spec.Storage.Etcd.PeerAddress + ":2380"
	cmd := exec.CommandContext(ctx, v.BinDir+"/kube", "etcdutl", "snapshot", "restore", file, "--data-dir="+v.EtcdDataDir,
		"--name="+host, "--initial-cluster="+host+"="+peer, "--initial-advertise-peer-urls="+peer)
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("failed to restore on step `etcd`: %w: %s", err, text)
	}
	return nil
}

func extract(in io.Reader, dir string) error {
	z, err := gzip.NewReader(in)
	if err != nil {
		return err
	}
	for t := tar.NewReader(z); ; {
		head, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if !filepath.IsLocal(head.Name) {
			return fmt.Errorf("refusing to unpack %q", head.Name)
		}
		name := filepath.Join(dir, head.Name)
		if head.FileInfo().IsDir() {
			if err := os.MkdirAll(name, head.FileInfo().Mode().Perm()); err != nil {
				return err
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, head.FileInfo().Mode().Perm())
		if err != nil {
			return err
		}
		if _, err := io.Copy(f, t); err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
}
