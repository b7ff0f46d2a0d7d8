// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package server

import (
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
	"lightk8s.invalid/testbed/k3s/internal/child"
	"lightk8s.invalid/testbed/k3s/internal/datastore"
	"lightk8s.invalid/testbed/k3s/internal/logs"
	"lightk8s.invalid/testbed/k3s/internal/node"
	"lightk8s.invalid/testbed/k3s/internal/token"
)

// Kinds of datastore.
const (
	sqlite   = "sqlite"
	etcd     = "etcd"
	external = "external"
)

const promoteInterval = time.Second

// member is what a joining server is told of an etcd member.
type member struct {
	Name       string   `json:"name"`
	PeerURLs   []string `json:"peerURLs"`
	ClientURLs []string `json:"clientURLs"`
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

func (s *Server) db(parts ...string) string {
	return s.Path(append([]string{"server", "db"}, parts...)...)
}

// storeKind: etcd data on disk win over every option.
func (s *Server) storeKind() string {
	switch {
	case exists(s.db("etcd", "member")):
		return etcd
	case s.Options.DatastoreEndpoint != "":
		return external
	case s.Options.ClusterInit || s.Options.Server != "":
		return etcd
	}
	return sqlite
}

// startStore runs the datastore, with the bootstrap data of the cluster on disk afterwards.
func (s *Server) startStore(ctx context.Context) error {
	if err := os.MkdirAll(s.db(), 0o700); err != nil {
		return err
	}
	s.kind = s.storeKind()
	if s.kind == etcd {
		return s.startEtcd(ctx)
	}
	return s.startKine(ctx, s.kine())
}

// kine is the datastore's address as kine takes it.
func (s *Server) kine() string {
	if s.kind == external {
		return s.Options.DatastoreEndpoint
	}
	return "sqlite://" + s.db("state.db") + "?_journal=WAL&cache=shared&_busy_timeout=30000&_txlock=immediate"
}

func (s *Server) startKine(ctx context.Context, address string) error {
	if s.kind == external && (strings.HasPrefix(address, "http://") || strings.HasPrefix(address, "https://")) {
		s.endpoint = datastore.Endpoint{URLs: strings.Split(address, ","), CA: s.Options.DatastoreCAFile,
			Cert: s.Options.DatastoreCertFile, Key: s.Options.DatastoreKeyFile}
	} else {
		s.runKine(address)
	}
	c, err := s.endpoint.Client()
	if err != nil {
		return err
	}
	s.etcd = c
	if err := s.reconcile(ctx, c); err != nil {
		return fmt.Errorf("preparing server: %w", err)
	}
	return nil
}

func (s *Server) runKine(address string) *child.Child {
	socket := "unix://" + s.Path("server/kine.sock")
	_ = os.Remove(s.Path("server/kine.sock"))
	args := []string{"kine", "--listen-address=" + socket, "--metrics-bind-address=0"}
	for flag, file := range map[string]string{"ca-file": s.Options.DatastoreCAFile,
		"cert-file": s.Options.DatastoreCertFile, "key-file": s.Options.DatastoreKeyFile} {
		if file != "" && s.kind == external {
			args = append(args, "--"+flag+"="+file)
		}
	}
	s.endpoint = datastore.Endpoint{URLs: []string{socket}}
	// the address may hold a password, which a command line would show
	return s.Group.Start(child.Spec{Program: "kube", Args: args, Env: []string{"KINE_ENDPOINT=" + address}, Gentle: true})
}

// etcdName is the name of this member, made once.
func (s *Server) etcdName() (string, error) {
	file := s.db("etcd", "name")
	if text, err := os.ReadFile(file); err == nil {
		return strings.TrimSpace(string(text)), nil
	}
	name := s.Name + "-" + token.Random()[:8]
	return name, pki.WriteFile(file, []byte(name), 0o600)
}

func (s *Server) etcdEndpoint(urls ...string) datastore.Endpoint {
	return datastore.Endpoint{URLs: urls, CA: s.tls("etcd/server-ca.crt"),
		Cert: s.tls("etcd/client.crt"), Key: s.tls("etcd/client.key")}
}

func (s *Server) startEtcd(ctx context.Context) error {
	if err := os.MkdirAll(s.db("etcd"), 0o700); err != nil {
		return err
	}
	fresh := !exists(s.db("etcd", "member"))
	joining := fresh && s.Options.Server != ""
	migrate := fresh && !joining && exists(s.db("state.db"))
	switch {
	case joining:
		if err := s.joinCluster(ctx); err != nil {
			return err
		}
	case fresh:
		logs.Info("Starting etcd for new cluster, cluster-reset=%v", s.Options.ClusterReset)
	default:
		logs.Info("Managed etcd cluster bootstrap already complete and initialized")
	}
	// on a restart what is missing comes from the datastore, and only etcd's own is needed before
	if fresh {
		if err := s.ensureAuthorities(); err != nil {
			return err
		}
	}
	if err := s.ensureLeaves("etcd/"); err != nil {
		return err
	}
	name, err := s.etcdName()
	if err != nil {
		return err
	}
	peers := []string{name + "=" + s.peerURL()}
	if joining {
		if peers, err = s.addMember(ctx, name); err != nil {
			return fmt.Errorf("etcd cluster join failed: %w", err)
		}
	}
	if err := s.runEtcd(name, peers, joining); err != nil {
		return err
	}
	s.endpoint = s.etcdEndpoint("https://127.0.0.1:2379")
	if s.etcd, err = s.endpoint.Client(); err != nil {
		return err
	}
	if migrate {
		if err := s.migrate(ctx); err != nil {
			return fmt.Errorf("failed to migrate content from sqlite to etcd: %w", err)
		}
	}
	if err := s.reconcile(ctx, s.etcd); err != nil {
		return fmt.Errorf("failed to bootstrap cluster data: failed to reconcile with local datastore: %w", err)
	}
	return nil
}

func (s *Server) peerURL() string { return "https://" + bracket(s.IP) + ":2380" }

func bracket(ip string) string {
	if strings.Contains(ip, ":") {
		return "[" + ip + "]"
	}
	return ip
}

func (s *Server) runEtcd(name string, peers []string, joining bool) error {
	clients := "https://127.0.0.1:2379,https://" + bracket(s.IP) + ":2379"
	metrics := "http://127.0.0.1:2381"
	if s.Options.EtcdExposeMetrics {
		metrics += ",http://" + bracket(s.IP) + ":2381"
	}
	state := "new"
	if joining {
		state = "existing"
	}
	secure := func(cert string, ca string) map[string]any {
		return map[string]any{"cert-file": s.tls(cert + ".crt"), "key-file": s.tls(cert + ".key"),
			"trusted-ca-file": s.tls(ca + ".crt"), "client-cert-auth": true}
	}
	config := map[string]any{
		"name": name, "data-dir": s.db("etcd"), "log-level": "warn", "logger": "zap",
		"listen-client-urls": clients, "advertise-client-urls": "https://" + bracket(s.IP) + ":2379",
		"listen-client-http-urls": "https://127.0.0.1:2382",
		"listen-peer-urls":        "https://127.0.0.1:2380," + s.peerURL(), "initial-advertise-peer-urls": s.peerURL(),
		"listen-metrics-urls": metrics, "initial-cluster": strings.Join(peers, ","), "initial-cluster-state": state,
		"heartbeat-interval": 500, "election-timeout": 5000, "snapshot-count": 10000,
		"client-transport-security": secure("etcd/server-client", "etcd/server-ca"),
		"force-new-cluster":         s.Options.ClusterReset,
		"peer-transport-security":   secure("etcd/peer-server-client", "etcd/peer-ca"),
	}
	for _, a := range s.Options.EtcdArg {
		if k, v, ok := strings.Cut(strings.TrimLeft(a, "-"), "="); ok {
			var value any = v
			if json.Unmarshal([]byte(v), &value) != nil {
				value = v
			}
			config[k] = value
		}
	}
	text, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return err
	}
	if err := pki.WriteFile(s.db("etcd", "config"), text, 0o600); err != nil {
		return err
	}
	s.Group.Start(child.Spec{Program: "kube", Args: []string{"etcd", "--config-file=" + s.db("etcd", "config")}, Gentle: true})
	return nil
}

// addMember announces us to the cluster as a learner and returns all members for the start.
func (s *Server) addMember(ctx context.Context, name string) ([]string, error) {
	text, err := s.join.Get(dbInfoPath, nil)
	if err != nil {
		return nil, err
	}
	var info struct {
		Members []member `json:"members"`
	}
	if err := json.Unmarshal(text, &info); err != nil {
		return nil, err
	}
	var urls []string
	for _, m := range info.Members {
		urls = append(urls, m.ClientURLs...)
	}
	c, err := s.etcdEndpoint(urls...).Client()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	for {
		peers, err := s.tryAdd(ctx, c, name)
		if err == nil || errors.Is(err, errDuplicate) {
			return peers, err
		}
		logs.Info("Waiting for other members to finish joining etcd cluster: %v", err)
		if !sleep(ctx, time.Second) {
			return nil, ctx.Err()
		}
	}
}

// nodeOf is the node's name in that of an etcd member, which has a random part behind it.
func nodeOf(member string) string {
	if i := strings.LastIndex(member, "-"); i > 0 {
		return member[:i]
	}
	return member
}

var errDuplicate = errors.New("duplicate node name found, please use a unique name for this node")

func (s *Server) tryAdd(ctx context.Context, c *clientv3.Client, name string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	list, err := c.MemberList(ctx)
	if err != nil {
		return nil, err
	}
	added := false
	var peers []string
	for _, m := range list.Members {
		switch mine := slices.Contains(m.PeerURLs, s.peerURL()); {
		case m.Name == name || m.Name == "" && mine:
			added = true
			peers = append(peers, name+"="+s.peerURL())
		case m.Name == "":
			return nil, errors.New("another server is about to join")
		case mine || nodeOf(m.Name) == s.Name:
			return nil, errDuplicate
		default:
			for _, u := range m.PeerURLs {
				peers = append(peers, m.Name+"="+u)
			}
		}
	}
	if added {
		return peers, nil
	}
	logs.Info("Adding member %s=%s to etcd cluster %v", name, s.peerURL(), peers)
	if _, err := c.MemberAddAsLearner(ctx, []string{s.peerURL()}); err != nil {
		return nil, err
	}
	return append(peers, name+"="+s.peerURL()), nil
}

// promoteLearners makes voting members of those that have caught up. Every server does this: a
// learner cannot do it for itself.
func (s *Server) promoteLearners(ctx context.Context) {
	for sleep(ctx, promoteInterval) {
		call, cancel := context.WithTimeout(ctx, 5*time.Second)
		if list, err := s.etcd.MemberList(call); err == nil {
			for _, m := range list.Members {
				if m.IsLearner && m.Name != "" {
					// fails until it has caught up, or when another server was faster
					_, _ = s.etcd.MemberPromote(call, m.ID)
				}
			}
		}
		cancel()
	}
}

// migrate copies all API objects from sqlite, once.
func (s *Server) migrate(ctx context.Context) error {
	logs.Info("Migrating content from sqlite to etcd")
	s.kind = sqlite
	kine := s.runKine(s.kine())
	from, err := s.endpoint.Client()
	if err != nil {
		return err
	}
	defer from.Close()
	s.kind, s.endpoint = etcd, s.etcdEndpoint("https://127.0.0.1:2379")
	list, err := from.Get(ctx, "/registry/", clientv3.WithPrefix())
	if err != nil {
		return err
	}
	for _, kv := range list.Kvs {
		if _, err := s.etcd.Put(ctx, string(kv.Key), string(kv.Value)); err != nil {
			return err
		}
	}
	s.Group.End(kine)
	for _, suffix := range []string{"-wal", "-shm"} {
		_ = os.Remove(s.db("state.db" + suffix))
	}
	return os.Rename(s.db("state.db"), s.db("state.db.migrated"))
}

// removeMember takes the etcd member of a deleted node out of the cluster.
func (s *Server) removeMember(ctx context.Context, nodeName string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	list, err := s.etcd.MemberList(ctx)
	if err != nil {
		return err
	}
	for _, m := range list.Members {
		if nodeOf(m.Name) == nodeName {
			logs.Info("Removing name=%s id=%d address=%v from etcd", m.Name, m.ID, m.PeerURLs)
			if _, err := s.etcd.MemberRemove(ctx, m.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// components' own flags, with those of the user.
func (s *Server) start(name string, flags, users []string) {
	all := node.Flags(append(flags, s.Verbosity()...), users)
	s.Group.Start(child.Spec{Program: "kube", Args: append([]string{name}, all...)})
}
