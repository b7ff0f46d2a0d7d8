// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package server

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lightk8s.invalid/testbed/common/pki"
	"lightk8s.invalid/testbed/k3s/internal/logs"
)

const resetDone = "Managed etcd cluster membership has been reset, restart without --cluster-reset flag now. " +
	"Backup and delete ${datadir}/server/db on each peer etcd server and rejoin the nodes"

func (s *Server) resetFlag() string { return s.db("reset-flag") }

// prepareReset refuses a second reset and puts a snapshot's data in the place of the present ones.
func (s *Server) prepareReset() error {
	if exists(s.resetFlag()) {
		return fmt.Errorf("managed etcd cluster membership was previously reset, please remove the cluster-reset flag and start k3s normally. "+
			"If you need to perform another cluster reset, you must first manually delete the file at %s", s.resetFlag())
	}
	from := s.Options.ClusterResetRestore
	if from == "" {
		if !exists(s.db("etcd", "member")) {
			return errors.New("cannot perform cluster-reset: there is no etcd datastore on this node")
		}
		return nil
	}
	if !filepath.IsAbs(from) {
		from = filepath.Join(s.snapshots().Dir, from)
	}
	plain, err := unzipped(from, s.db("restore.tmp"))
	if err != nil {
		return fmt.Errorf("etcd: snapshot path does not exist: %w", err)
	}
	defer os.Remove(s.db("restore.tmp"))
	name, err := s.etcdName()
	if err != nil {
		return err
	}
	old := fmt.Sprintf("%s-old-%d", s.db("etcd"), time.Now().Unix())
	if err := os.Rename(s.db("etcd"), old); err != nil {
		return err
	}
	logs.Info("Pre-restore etcd database moved to %s", old)
	out, err := s.Group.Command("kube", "etcdutl", "snapshot", "restore", plain, "--data-dir="+s.db("etcd"), "--name="+name,
		"--initial-cluster="+name+"="+s.peerURL(), "--initial-advertise-peer-urls="+s.peerURL()).CombinedOutput()
	if err != nil {
		return fmt.Errorf("restoring %s: %w: %s", from, err, strings.TrimSpace(string(out)))
	}
	return pki.WriteFile(s.db("etcd", "name"), []byte(name), 0o600)
}

// unzipped gives the snapshot itself where the file is compressed.
func unzipped(name, temp string) (string, error) {
	if !strings.HasSuffix(name, ".zip") {
		_, err := os.Stat(name)
		return name, err
	}
	z, err := zip.OpenReader(name)
	if err != nil {
		return "", err
	}
	defer z.Close()
	if len(z.File) != 1 {
		return "", fmt.Errorf("%s holds %d files", name, len(z.File))
	}
	in, err := z.File[0].Open()
	if err != nil {
		return "", err
	}
	defer in.Close()
	out, err := os.OpenFile(temp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(out, in)
	return temp, errors.Join(err, out.Close())
}

// reset makes this node the only member of the etcd cluster, then ends.
func (s *Server) reset(ctx context.Context) error {
	if err := s.startStore(ctx); err != nil {
		return err
	}
	if _, err := s.etcd.MemberList(ctx); err != nil {
		return err
	}
	s.Group.Stop()
	if err := pki.WriteFile(s.resetFlag(), nil, 0o600); err != nil {
		return err
	}
	logs.Info("%s", resetDone)
	os.Exit(0)
	return nil
}
