// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"lightk8s.invalid/testbed/common/pki"
	"lightk8s.invalid/testbed/k3s/internal/datastore"
	"lightk8s.invalid/testbed/k3s/internal/logs"
	"lightk8s.invalid/testbed/k3s/internal/offline"
	"lightk8s.invalid/testbed/k3s/internal/token"
)

// serverPaths are the supervisor's paths for servers and administrators.
func (s *Server) serverPaths() map[string]http.Handler {
	state := func() (offline.EncryptionState, error) { return offline.ReadEncryption(s.Options.DataDir) }
	return map[string]http.Handler{
		serverConfigPath:          s.answer(func(*http.Request) (any, error) { return s.critical(), nil }),
		serverBootstrapPath:       http.HandlerFunc(s.serveBootstrap),
		dbInfoPath:                s.answer(s.dbInfo),
		offline.PathToken:         offline.TokenRotateHandler(s.rotateToken),
		offline.PathSnapshot:      s.snapshots().Handler(),
		offline.PathEncryptStatus: offline.EncryptionStatusHandler(state),
		offline.PathCACerts:       s.answer(s.rotateCA),
	}
}

func (s *Server) serveBootstrap(w http.ResponseWriter, r *http.Request) {
	data, err := s.collectBootstrap()
	if err != nil {
		s.refuse(w, r, http.StatusInternalServerError, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(data)
}

var errNoEtcd = errors.New("etcd datastore disabled")

func (s *Server) dbInfo(r *http.Request) (any, error) {
	if s.kind != etcd {
		return nil, errNoEtcd
	}
	list, err := s.etcd.MemberList(r.Context())
	if err != nil {
		return nil, err
	}
	all := []member{}
	for _, m := range list.Members {
		if len(m.ClientURLs) > 0 {
			all = append(all, member{m.Name, m.PeerURLs, m.ClientURLs})
		}
	}
	return map[string]any{"members": all}, nil
}

// snapshots is the store behind the snapshot commands.
func (s *Server) snapshots() offline.SnapshotStore {
	o := s.Options
	store := offline.SnapshotStore{Dir: o.EtcdSnapshotDir, Node: s.Name, DataDir: o.DataDir,
		Compress: o.EtcdSnapshotCompress, Retention: o.EtcdSnapshotRetention}
	if store.Dir == "" {
		store.Dir = s.db("snapshots")
	}
	if s.kind == etcd {
		store.Save = offline.EtcdctlSave(filepath.Join(s.Group.Bin, "kube"), "etcdctl",
			"--endpoints=https://127.0.0.1:2379", "--cacert="+s.endpoint.CA, "--cert="+s.endpoint.Cert, "--key="+s.endpoint.Key)
	}
	return store
}

// rotateToken encrypts the bootstrap data with a new server token and writes it to disk. The other
// servers read the old one until they are restarted with the new.
func (s *Server) rotateToken(text string) error {
	t, err := token.Parse(text, "server")
	if err != nil {
		return err
	}
	if err := datastore.MoveBootstrap(s.ctx, s.etcd, s.password, t.Password); err != nil {
		return err
	}
	if s.agentPassword == s.password {
		s.agentPassword = t.Password
	}
	s.password = t.Password
	logs.Info("Server token rotated")
	return errors.Join(s.ensureCredentials(), s.writeTokens())
}

// rotateCA saves new authorities in the datastore; the servers take them from there at their start.
func (s *Server) rotateCA(r *http.Request) (any, error) {
	var files map[string]string
	if err := json.NewDecoder(r.Body).Decode(&files); err != nil {
		return nil, err
	}
	kept, err := s.collectBootstrap()
	if err != nil {
		return nil, err
	}
	var all map[string]bootFile
	if err := json.Unmarshal(kept, &all); err != nil {
		return nil, err
	}
	known := map[string]string{}
	for name, file := range s.bootFiles() {
		known[file] = name
	}
	for file, text := range files {
		name, ok := known[s.tls(file)]
		if !ok {
			return nil, fmt.Errorf("%s is not a file of the cluster's authorities", file)
		}
		if filepath.Ext(file) == ".crt" {
			if _, err := pki.ParseCerts([]byte(text)); err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
		}
		all[name] = bootFile{time.Now(), []byte(text)}
	}
	data, err := json.Marshal(all)
	if err != nil {
		return nil, err
	}
	return struct{}{}, datastore.SaveBootstrap(r.Context(), s.etcd, s.password, data)
}
