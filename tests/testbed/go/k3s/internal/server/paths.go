// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package server

import (
	"errors"
	"net/http"
)

// serverPaths are the supervisor's paths for servers and administrators.
func (s *Server) serverPaths() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		serverConfigPath:    s.answer(func(*http.Request) (any, error) { return s.critical(), nil }),
		serverBootstrapPath: s.serveBootstrap,
		dbInfoPath:          s.answer(s.dbInfo),
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
