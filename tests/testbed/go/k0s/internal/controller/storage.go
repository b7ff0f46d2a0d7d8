// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package controller

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"lightk8s.invalid/testbed/common/api"
	"lightk8s.invalid/testbed/k0s/internal/config"
	"lightk8s.invalid/testbed/k0s/internal/logs"
	"lightk8s.invalid/testbed/k0s/internal/node"
	"lightk8s.invalid/testbed/k0s/internal/supervise"
	"lightk8s.invalid/testbed/k0s/internal/system"
)

const storageTimeout = 2 * time.Minute

// Authority is the answer about a CA.
type Authority struct {
	Key   []byte `json:"key"`
	Cert  []byte `json:"cert"`
	SAKey []byte `json:"saKey"`
	SAPub []byte `json:"saPub"`
}

// etcdRequest asks to join.
type etcdRequest struct {
	Node        string `json:"node"`
	PeerAddress string `json:"peerAddress"`
}

type etcdResponse struct {
	CA             Authority `json:"ca"`
	InitialCluster []string  `json:"initialCluster"`
}

// EtcdClient talks to the etcd of this node.
func EtcdClient(v *config.Vars) (*clientv3.Client, error) {
	pair, err := tls.LoadX509KeyPair(v.PKI("apiserver-etcd-client.crt"), v.PKI("apiserver-etcd-client.key"))
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(v.PKI("etcd/ca.crt"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	return clientv3.New(clientv3.Config{
		Endpoints: []string{"https://127.0.0.1:2379"}, DialTimeout: 5 * time.Second, Logger: zap.NewNop(),
		TLS: &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: pool},
	})
}

func (c *Controller) startStorage(ctx context.Context) error {
	logs.Info("using storage backend " + c.config.Spec.Storage.Type)
	if c.config.Spec.Storage.Type == config.KineStorage {
		return c.startKine(ctx)
	}
	if c.config.Spec.Storage.Etcd.ExternalCluster != nil {
		return nil
	}
	return c.startEtcd(ctx)
}

// databaseFile is the file of an SQLite data source, empty for others.
func databaseFile(source, dataDir string) string {
	rest, ok := strings.CutPrefix(source, "sqlite://")
	if !ok {
		return ""
	}
	rest, _, _ = strings.Cut(strings.TrimPrefix(rest, "file:"), "?")
	if rest == "" {
		rest = "db/state.db"
	}
	if !filepath.IsAbs(rest) {
		rest = filepath.Join(dataDir, rest)
	}
	return rest
}

// DatabaseFile is the file of an SQLite data source, empty for others.
func DatabaseFile(source, dataDir string) string { return databaseFile(source, dataDir) }

func (c *Controller) startKine(ctx context.Context) error {
	logs.Info("Starting kine")
	source, uid := c.config.Spec.Storage.Kine.DataSource, system.UID(c.config.Spec.Install.Users.Kine)
	if file := databaseFile(source, c.Vars.DataDir); file != "" {
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			return err
		}
		for _, name := range []string{filepath.Dir(file), file, file + "-wal", file + "-shm"} {
			if err := os.Chown(name, uid, 0); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
		// the driver of this build has other words for this than the original's
		source = "sqlite://" + file + "?_journal=WAL&cache=shared&_busy_timeout=30000&_txlock=immediate"
	}
	socket := filepath.Dir(c.Vars.KineSocket)
	if err := os.MkdirAll(socket, 0o755); err != nil {
		return err
	}
	if err := os.Chown(socket, uid, 0); err != nil {
		return err
	}
	err := c.Start(&supervise.Process{Name: "kine", UID: uid, Args: []string{"--endpoint=" + source,
		"--listen-address=unix://" + c.Vars.KineSocket, "--metrics-bind-address=:2380"}})
	if err != nil {
		return err
	}
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{"unix://" + c.Vars.KineSocket}, Logger: zap.NewNop()})
	if err != nil {
		return err
	}
	defer client.Close()
	if !c.answers(ctx, client, func() bool { return c.runs("kine") }) {
		return errors.New("Kine health-check timed out")
	}
	return nil
}

// runs tells whether a component's process is there: another one may answer on its socket.
func (c *Controller) runs(name string) bool {
	text, err := os.ReadFile(filepath.Join(c.Vars.RunDir, name+".pid"))
	if err != nil {
		return false
	}
	_, err = os.Stat("/proc/" + strings.TrimSpace(string(text)))
	return err == nil
}

// answers waits for the datastore.
func (c *Controller) answers(ctx context.Context, client *clientv3.Client, also func() bool) bool {
	for end := time.Now().Add(storageTimeout); time.Now().Before(end); {
		try, cancel := context.WithTimeout(ctx, time.Second)
		_, err := client.Get(try, "/k0s-health-check")
		cancel()
		if err == nil && also() {
			return true
		}
		if !node.Pause(ctx, 100*time.Millisecond) {
			return false
		}
	}
	return false
}

func (c *Controller) etcdName() string {
	if name := c.config.Spec.Storage.Etcd.ExtraArgs["name"]; name != "" {
		return name
	}
	return machineName()
}

func (c *Controller) startEtcd(ctx context.Context) error {
	logs.Info("Starting etcd")
	etcd, v := c.config.Spec.Storage.Etcd, c.Vars
	uid := system.UID(c.config.Spec.Install.Users.Etcd)
	for _, dir := range []string{v.EtcdDataDir, v.EtcdCertDir} {
		if err := os.MkdirAll(dir, 0o711); err != nil {
			return err
		}
	}
	peer := "https://" + net.JoinHostPort(etcd.PeerAddress, "2380")
	args := map[string]string{
		"data-dir": v.EtcdDataDir, "listen-client-urls": "https://127.0.0.1:2379",
		"advertise-client-urls": "https://127.0.0.1:2379", "client-cert-auth": "true", "listen-peer-urls": peer,
		"initial-advertise-peer-urls": peer, "name": c.etcdName(), "tls-min-version": "TLS1.2",
		"trusted-ca-file": v.PKI("etcd/ca.crt"), "cert-file": v.PKI("etcd/server.crt"),
		"key-file": v.PKI("etcd/server.key"), "peer-trusted-ca-file": v.PKI("etcd/ca.crt"),
		"peer-key-file": v.PKI("etcd/peer.key"), "peer-cert-file": v.PKI("etcd/peer.crt"), "log-level": "info",
		"peer-client-cert-auth": "true", "enable-pprof": "false", "initial-cluster": c.etcdName() + "=" + peer,
	}
	if exists(filepath.Join(v.EtcdDataDir, "member", "snap", "db")) {
		logs.Warn("etcd db file(s) already exist, not gonna run join process")
	} else if c.join != nil {
		members, err := c.joinEtcd(ctx, peer)
		if err != nil {
			return fmt.Errorf("failed to sync etcd config: %w", err)
		}
		args["initial-cluster"], args["initial-cluster-state"] = strings.Join(members, ","), "existing"
	}
	if err := c.ensureAuthority("etcd/ca", "etcd-ca"); err != nil {
		return err
	}
	if err := c.issue(c.etcdCertificates()); err != nil {
		return fmt.Errorf("failed to create etcd certs: %w", err)
	}
	for _, dir := range []string{v.EtcdDataDir, v.EtcdCertDir} {
		if err := chownTree(dir, uid); err != nil {
			return err
		}
	}
	for name, value := range etcd.ExtraArgs {
		args[name] = value
	}
	if err := c.Start(&supervise.Process{Name: "etcd", UID: uid, Args: append(node.Arguments(args), etcd.RawArgs...)}); err != nil {
		return err
	}
	client, err := EtcdClient(v)
	if err != nil {
		return err
	}
	defer client.Close()
	if !c.answers(ctx, client, func() bool { return true }) {
		return errors.New("Etcd health-check timed out")
	}
	return nil
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

func chownTree(dir string, uid int) error {
	return filepath.WalkDir(dir, func(name string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(name, uid, 0)
	})
}

// joinEtcd has a member added by a controller that is in the cluster already.
func (c *Controller) joinEtcd(ctx context.Context, peer string) ([]string, error) {
	var answer etcdResponse
	var err error
	for wait := time.Second; ; wait *= 2 {
		err = c.join.Client().Do(ctx, http.MethodPost, "/v1beta1/etcd/members", etcdRequest{c.etcdName(), peer}, &answer)
		if err == nil {
			break
		}
		if wait > time.Minute || !node.Pause(ctx, wait) {
			return nil, fmt.Errorf("failed to synchronize etcd config with existing cluster via %s: %w", c.join.Server, err)
		}
	}
	for name, text := range map[string][]byte{"etcd/ca.crt": answer.CA.Cert, "etcd/ca.key": answer.CA.Key} {
		if exists(c.Vars.PKI(name)) {
			continue
		}
		if err := node.WriteFor(c.Vars.PKI(name), text, 0o640, 0); err != nil {
			return nil, err
		}
	}
	return answer.InitialCluster, nil
}

// addMember answers a controller that wants to join.
func (c *Controller) addMember(ctx context.Context, ask etcdRequest) (*etcdResponse, error) {
	client, err := EtcdClient(c.Vars)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	added, err := client.MemberAdd(ctx, []string{ask.PeerAddress})
	if err != nil {
		return nil, err
	}
	answer := &etcdResponse{}
	for _, m := range added.Members {
		name := m.Name
		if slices.Contains(m.PeerURLs, ask.PeerAddress) {
			name = ask.Node
		}
		for _, url := range m.PeerURLs {
			answer.InitialCluster = append(answer.InitialCluster, name+"="+url)
		}
	}
	if answer.CA.Cert, err = os.ReadFile(c.Vars.PKI("etcd/ca.crt")); err != nil {
		return nil, err
	}
	answer.CA.Key, err = os.ReadFile(c.Vars.PKI("etcd/ca.key"))
	return answer, err
}

// endpoint are the API server's flags for the datastore.
func (c *Controller) endpoint() map[string]string {
	if c.config.Spec.Storage.Type == config.KineStorage {
		return map[string]string{"etcd-servers": "unix://" + c.Vars.KineSocket}
	}
	if e := c.config.Spec.Storage.Etcd.ExternalCluster; e != nil {
		flags := map[string]string{"etcd-servers": strings.Join(e.Endpoints, ","), "etcd-prefix": e.EtcdPrefix}
		if e.CaFile != "" {
			flags["etcd-cafile"], flags["etcd-certfile"], flags["etcd-keyfile"] = e.CaFile, e.ClientCertFile, e.ClientKeyFile
		}
		return flags
	}
	return map[string]string{"etcd-servers": "https://127.0.0.1:2379", "etcd-cafile": c.Vars.PKI("etcd/ca.crt"),
		"etcd-certfile": c.Vars.PKI("apiserver-etcd-client.crt"), "etcd-keyfile": c.Vars.PKI("apiserver-etcd-client.key")}
}

// serveJoin answers further controllers on the port of the k0s API.
func (c *Controller) serveJoin(ctx context.Context) error {
	mux := http.NewServeMux()
	guarded := func(path string, work func(r *http.Request) (any, error)) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			if !ok || !c.validToken(r.Context(), bearer) {
				http.Error(w, "go away", http.StatusUnauthorized)
				return
			}
			answer, err := work(r)
			if err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(answer)
		})
	}
	if c.config.Spec.Storage.Joinable() {
		guarded("GET /v1beta1/ca", func(*http.Request) (any, error) { return c.readAuthority() })
	}
	if s := c.config.Spec.Storage; s.Type == config.EtcdStorage && s.Etcd.ExternalCluster == nil {
		guarded("POST /v1beta1/etcd/members", func(r *http.Request) (any, error) {
			var ask etcdRequest
			if err := json.NewDecoder(r.Body).Decode(&ask); err != nil {
				return nil, err
			}
			return c.addMember(r.Context(), ask)
		})
	}
	server := &http.Server{Handler: mux, Addr: fmt.Sprintf(":%d", c.config.Spec.API.K0sAPIPort)}
	listener, err := net.Listen("tcp", server.Addr)
	if err != nil {
		return err
	}
	go func() { _ = server.ServeTLS(listener, c.Vars.PKI("k0s-api.crt"), c.Vars.PKI("k0s-api.key")) }()
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	return nil
}

func (c *Controller) readAuthority() (*Authority, error) {
	a := &Authority{}
	for name, into := range map[string]*[]byte{"ca.key": &a.Key, "ca.crt": &a.Cert, "sa.key": &a.SAKey, "sa.pub": &a.SAPub} {
		text, err := os.ReadFile(c.Vars.PKI(name))
		if err != nil {
			return nil, err
		}
		*into = text
	}
	return a, nil
}

// AdminClient talks to the API of this node as its administrator.
func AdminClient(v *config.Vars, url string) (*api.Client, error) {
	if _, err := os.Stat(v.AdminKubeConfig); err != nil {
		return nil, err
	}
	return api.New(url, v.PKI("ca.crt"), v.PKI("admin.crt"), v.PKI("admin.key"))
}
