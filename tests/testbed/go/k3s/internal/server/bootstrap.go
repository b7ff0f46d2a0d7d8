// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lightk8s.invalid/testbed/common/pki"
	"lightk8s.invalid/testbed/k3s/internal/datastore"
	"lightk8s.invalid/testbed/k3s/internal/logs"
)

// bootFile is one file of the bootstrap data.
type bootFile struct {
	Timestamp time.Time
	Content   []byte
}

// bootFiles are the files that all servers of a cluster share.
func (s *Server) bootFiles() map[string]string {
	return map[string]string{
		"ServerCA": s.tls("server-ca.crt"), "ServerCAKey": s.tls("server-ca.key"),
		"ClientCA": s.tls("client-ca.crt"), "ClientCAKey": s.tls("client-ca.key"),
		"RequestHeaderCA": s.tls("request-header-ca.crt"), "RequestHeaderCAKey": s.tls("request-header-ca.key"),
		"ETCDServerCA": s.tls("etcd/server-ca.crt"), "ETCDServerCAKey": s.tls("etcd/server-ca.key"),
		"ETCDPeerCA": s.tls("etcd/peer-ca.crt"), "ETCDPeerCAKey": s.tls("etcd/peer-ca.key"),
		"ServiceKey": s.tls("service.key"), "PasswdFile": s.Path("server/cred/passwd"),
		"IPSECKey":         s.Path("server/cred/ipsec.psk"),
		"EncryptionConfig": s.Path("server/cred/encryption-config.json"),
		"EncryptionHash":   s.Path("server/cred/encryption-state.json"),
	}
}

func (s *Server) collectBootstrap() ([]byte, error) {
	all := map[string]bootFile{}
	for name, file := range s.bootFiles() {
		info, err := os.Stat(file)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		all[name] = bootFile{info.ModTime(), text}
	}
	return json.Marshal(all)
}

// applyBootstrap makes the files on disk those of the datastore. A different file that is clearly
// newer on disk is refused: somebody changed it.
func (s *Server) applyBootstrap(data []byte) error {
	var all map[string]bootFile
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	var newer []string
	write := map[string]bootFile{}
	for name, file := range s.bootFiles() {
		kept, ok := all[name]
		if !ok {
			continue
		}
		text, err := os.ReadFile(file)
		if err == nil && bytes.Equal(text, kept.Content) {
			continue
		}
		// credentials follow the datastore; only the authorities are guarded
		guarded := strings.Contains(file, "/tls/")
		if info, statErr := os.Stat(file); err == nil && statErr == nil && guarded &&
			info.ModTime().Sub(kept.Timestamp) >= 3*time.Second {
			newer = append(newer, file)
			continue
		}
		write[file] = kept
	}
	if len(newer) > 0 {
		slices.Sort(newer)
		return fmt.Errorf("%s newer than datastore and could cause a cluster outage. "+
			"Remove the file(s) from disk and restart to be recreated from datastore.", strings.Join(newer, ", "))
	}
	for file, kept := range write {
		if err := pki.WriteFile(file, kept.Content, 0o600); err != nil {
			return err
		}
		if err := os.Chtimes(file, kept.Timestamp, kept.Timestamp); err != nil {
			return err
		}
	}
	return nil
}

// reconcile compares disk and datastore; the first server of a cluster fills the datastore.
func (s *Server) reconcile(ctx context.Context, c *clientv3.Client) error {
	var data []byte
	for {
		var err error
		data, err = datastore.LoadBootstrap(ctx, c, s.password)
		if errors.Is(err, datastore.ErrOtherToken) {
			return err
		}
		if err == nil {
			break
		}
		logs.Info("Waiting for the datastore: %v", err)
		if !sleep(ctx, time.Second) {
			return ctx.Err()
		}
	}
	if data != nil {
		logs.Info("Reconciling bootstrap data between datastore and disk")
		return s.applyBootstrap(data)
	}
	if err := s.ensureAuthorities(); err != nil {
		return err
	}
	if err := errors.Join(s.ensureCredentials(), s.ensureEncryption()); err != nil {
		return err
	}
	fresh, err := s.collectBootstrap()
	if err != nil {
		return err
	}
	return datastore.SaveBootstrap(ctx, c, s.password, fresh)
}
