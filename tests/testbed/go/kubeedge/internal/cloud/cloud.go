// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package cloud is cloudcore: it gives edges their certificates and stands between them and the
// API server.
package cloud

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"lightk8s.invalid/testbed/common/api"
	"lightk8s.invalid/testbed/kubeedge/internal/config"
	"lightk8s.invalid/testbed/kubeedge/internal/ident"
	"lightk8s.invalid/testbed/kubeedge/internal/klog"
	"lightk8s.invalid/testbed/kubeedge/internal/kubeconfig"
)

const (
	longestNap  = 10 // seconds
	askAgain    = time.Second
	headerLimit = 10 * time.Second
	tunnelPort  = 10351
)

// Cloud is one running cloudcore.
type Cloud struct {
	config   *config.CloudCoreConfig
	kube     *api.Client
	ca       *authority
	memory   *memory
	mu       sync.Mutex
	sessions map[string]*session
}

func load(file string, id *ident.Identity) *config.CloudCoreConfig {
	if _, err := os.Stat(file); err != nil {
		klog.Exit("server.go:79", "[\n  config: Required value: config file %s not exist. For the configuration file format, please refer to --minconfig and --defaultconfig command\n]", file)
	}
	c, err := config.ReadCloud(file)
	if err != nil {
		klog.Exit("server.go:84", "%v", err)
	}
	if faults := c.Faults(); len(faults) > 0 {
		klog.Exit("server.go:89", "[\n  %s\n]", strings.Join(faults, "\n  "))
	}
	klog.Info("server.go:98", "Version: %s", id.Version)
	return c
}

func connect(c *config.KubeAPIConfig) (*api.Client, error) {
	if c.KubeConfig != "" {
		return kubeconfig.Load(c.KubeConfig)
	}
	return kubeconfig.InCluster()
}

// Run is cloudcore.
func Run(file string, id *ident.Identity) int {
	c := load(file, id)
	kube, err := connect(c.KubeAPIConfig)
	if err != nil {
		klog.Panic("failed to build kube config, err: %v", err)
	}
	cloud := &Cloud{config: c, kube: kube, memory: newMemory(), sessions: map[string]*session{}}
	go cloud.monitor()
	cloud.begin()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	err = cloud.run(ctx, id)
	if ctx.Err() != nil {
		// recorded: its monitor ends it in this way at every stop
		klog.Exit("monitor.go:99", "%v", http.ErrServerClosed)
	}
	if err != nil {
		klog.Error("server.go:120", "%v", err)
		return 1
	}
	return 0
}

// begin is what happens before signals are heeded: as seen of the original, one that comes earlier kills
// it, and without the API server it panics.
func (c *Cloud) begin() {
	ctx := context.Background()
	// instances that start together would otherwise write the same objects at once
	time.Sleep(time.Duration(rand.IntN(longestNap)) * time.Second)
	if err := c.ensureNamespace(ctx); err != nil {
		klog.Panic("failed to create system namespace: %v", err)
	}
	if err := c.recordTunnel(ctx); err != nil {
		klog.Panic("%v", err)
	}
}

func (c *Cloud) run(ctx context.Context, id *ident.Identity) error {
	if id.Broken() || !c.config.Modules.CloudHub.Enable {
		klog.Warn("module.go:93", "Module cloudhub is disabled, do not register")
		<-ctx.Done()
		return nil
	}
	klog.Info("module.go:90", "Module cloudhub registered successfully")
	c.awaitSyncs(ctx)
	if ctx.Err() != nil {
		return nil
	}
	var err error
	if c.ca, err = c.ensureAuthority(ctx); err != nil {
		return fmt.Errorf("failed to prepare the CA: %w", err)
	}
	der, key, err := c.ensureServer(ctx)
	if err != nil {
		return fmt.Errorf("failed to prepare the certificate: %w", err)
	}
	if err := c.newToken(ctx); err != nil {
		return fmt.Errorf("failed to create the token: %w", err)
	}
	klog.Info("pre_server.go:189", "token created successfully")
	go c.refreshTokens(ctx)
	return c.serve(ctx, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key})
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func (c *Cloud) monitor() {
	address := c.config.CommonConfig.MonitorServer.BindAddress
	klog.Info("monitor.go:98", "starting monitor server on addr: %s", address)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		say(w, http.StatusOK, "cloudhub_connected_nodes %d\n", len(c.sessions))
	})
	server := &http.Server{Addr: address, Handler: mux, ReadHeaderTimeout: headerLimit}
	klog.Error("monitor.go:101", "failed to start monitor server: %v", server.ListenAndServe())
}

func (c *Cloud) ensureNamespace(ctx context.Context) error {
	if c.kube.Get(ctx, "/api/v1/namespaces/"+namespace, nil) == nil {
		return nil
	}
	o := api.Object{"apiVersion": "v1", "kind": "Namespace", "metadata": api.Object{"name": namespace}}
	err := c.kube.Do(ctx, http.MethodPost, "/api/v1/namespaces", o, nil)
	if api.IsCode(err, http.StatusConflict) {
		return nil
	}
	return err
}

// recordTunnel keeps the port at which logs would come; the stand-in has none there.
func (c *Cloud) recordTunnel(ctx context.Context) error {
	record := fmt.Sprintf(`{"ipTunnelPort":{%q:%d},"port":{"%d":true}}`, c.own(), tunnelPort, tunnelPort)
	o := api.Object{"apiVersion": "v1", "kind": "ConfigMap", "metadata": api.Object{
		"name": "tunnelport", "namespace": namespace,
		"annotations": api.Object{"tunnelportrecord.kubeedge.io": record},
	}}
	err := c.kube.Do(ctx, http.MethodPost, "/api/v1/namespaces/"+namespace+"/configmaps", o, nil)
	if api.IsCode(err, http.StatusConflict) {
		return nil
	}
	return err
}

// awaitSyncs waits for the definitions without which cloudcore does not serve.
func (c *Cloud) awaitSyncs(ctx context.Context) {
	for _, name := range []string{"objectsyncs", "clusterobjectsyncs"} {
		for ctx.Err() == nil {
			err := c.kube.Get(ctx, syncs+"/"+name, nil)
			if err == nil {
				break
			}
			klog.Error("reflector.go:166", "Unhandled Error: Failed to watch %s: %v", name, err)
			wait(ctx, askAgain)
		}
	}
}

func (c *Cloud) serve(ctx context.Context, own tls.Certificate) error {
	hub := c.config.Modules.CloudHub
	pool := x509.NewCertPool()
	pool.AddCert(c.ca.cert)
	how := func(clients tls.ClientAuthType) *tls.Config {
		return &tls.Config{Certificates: []tls.Certificate{own}, ClientCAs: pool, ClientAuth: clients}
	}
	if hub.UnixSocket != nil && hub.UnixSocket.Enable {
		if err := unixSocket(hub.UnixSocket.Address); err != nil {
			klog.Error("uds.go:71", "%v", err)
		}
	}
	failed := make(chan error, 2)
	start := func(at *config.CloudHubHTTPS, handler http.Handler, clients tls.ClientAuthType) {
		server := &http.Server{
			Addr:    net.JoinHostPort(at.Address, strconv.Itoa(int(at.Port))),
			Handler: handler, TLSConfig: how(clients), ReadHeaderTimeout: headerLimit,
			HTTP2: &http.HTTP2Config{
				SendPingTimeout:  time.Duration(hub.KeepaliveInterval) * time.Second / 2,
				PingTimeout:      time.Duration(hub.KeepaliveInterval) * time.Second / 2,
				WriteByteTimeout: time.Duration(hub.WriteTimeout) * time.Second,
			},
		}
		go func() { failed <- server.ListenAndServeTLS("", "") }()
	}
	if hub.HTTPS.Enable {
		start(hub.HTTPS, c.bootstrap(), tls.VerifyClientCertIfGiven)
	}
	if hub.WebSocket.Enable {
		klog.Info("server.go:66", "Starting cloudhub websocket server")
		start(hub.WebSocket, c.hub(), tls.RequireAndVerifyClientCert)
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

func unixSocket(address string) error {
	path := strings.TrimPrefix(address, "unix://")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	klog.Info("uds.go:71", "listening on: //%s", path)
	listener, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	return nil
}
