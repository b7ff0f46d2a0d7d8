// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package edge

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"lightk8s.invalid/testbed/common/pki"
	"lightk8s.invalid/testbed/kubeedge/internal/config"
	"lightk8s.invalid/testbed/kubeedge/internal/ident"
	"lightk8s.invalid/testbed/kubeedge/internal/klog"
)

const (
	mqttAgain        = 5 * time.Second
	headerLimit      = 10 * time.Second
	certificateYears = 10
	processCheck     = "CHECK_EDGECORE_ENVIRONMENT"
)

var featureGates = map[string]bool{"requireAuthorization": true, "moduleRestart": true, "disableCSIVolumePlugin": true}

func random() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

// load reads and checks the file as the original does, in its order.
func load(file string, id *ident.Identity) (c *config.EdgeCoreConfig, fileHasToken bool) {
	if _, err := os.Stat(file); err != nil {
		klog.Exit("server.go:66", "[\n  config: Required value: config file %s not exist. For the configuration file format, please refer to --minconfig and --defaultconfig command\n]", file)
	}
	c, err := config.ReadEdge(file)
	if err != nil {
		klog.Exit("server.go:71", "%v", err)
	}
	hub := c.Modules.EdgeHub
	fileHasToken = hub.Token != ""
	if text, err := os.ReadFile(config.BootstrapFile); err == nil {
		hub.Token = strings.TrimSpace(string(text))
	}
	if c.Modules.Edged.NodeIP == "" {
		klog.Warn("validation.go:71", "NodeIP is empty , use default ip which can connect to cloud.")
	}
	if faults := c.Faults(); len(faults) > 0 {
		klog.Exit("server.go:99", "[\n  %s\n]", strings.Join(faults, "\n  "))
	}
	for name := range c.FeatureGates {
		if !featureGates[name] {
			klog.Exit("server.go:103", "unrecognized feature gate: %s", name)
		}
	}
	klog.Info("server.go:107", "Version: %s", id.Version)
	if c.EdgeCoreVersion != id.Version {
		c.EdgeCoreVersion = id.Version
		if err := config.Write(file, c); err != nil {
			klog.Exit("server.go:112", "failed to update configfile %s, err: %v", file, err)
		}
	}
	if os.Getenv(processCheck) != "false" && beside("kubelet") {
		klog.Exit("server.go:120", "failed to check the running environment: kubelet should not be running on edge node when starting edgecore")
	}
	return c, fileHasToken
}

// modules says which are there, in the original's words.
func modules(c *config.EdgeCoreConfig) {
	m := c.Modules
	for _, module := range []struct {
		name string
		on   bool
	}{
		{"twin", m.DeviceTwin.Enable}, {"edged", m.Edged.Enable}, {"websocket", m.EdgeHub.Enable},
		{"eventbus", m.EventBus.Enable}, {"metamanager", m.MetaManager.Enable}, {"servicebus", m.ServiceBus.Enable},
		{"edgestream", m.EdgeStream.Enable}, {"taskmanager", m.TaskManager.Enable}, {"testManager", false},
	} {
		if module.on {
			klog.Info("module.go:90", "Module %s registered successfully", module.name)
		} else {
			klog.Warn("module.go:93", "Module %s is disabled, do not register", module.name)
		}
	}
}

// Run is edgecore.
func Run(file string, id *ident.Identity) int {
	c, fileHasToken := load(file, id)
	db, err := openDatabase(c.Database.DataSource)
	if err == nil {
		err = db.forgetTokens()
	}
	if err != nil {
		klog.Error("init.go:56", "failed to migrate DB tables: %v", err)
		return 1
	}
	modules(c)
	if err := folders(c); err != nil {
		klog.Error("server.go:130", "%v", err)
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	e, err := newEdge(c, id, db)
	if err != nil {
		klog.Error("server.go:131", "%v", err)
		return 1
	}
	if c.Modules.EventBus.Enable {
		go eventBus(ctx, c.Modules.EventBus.MqttServerExternal)
	}
	if c.Modules.EdgeHub.Enable {
		if ensureCertificate(c.Modules.EdgeHub, e.name) && fileHasToken {
			forgetToken(file, c)
		}
		go e.hub.run(ctx)
	}
	if !c.Modules.Edged.Enable {
		<-ctx.Done()
		return 0
	}
	return e.serve(ctx)
}

// forgetToken takes the token out of the file in which it was.
func forgetToken(file string, c *config.EdgeCoreConfig) {
	c.Modules.EdgeHub.Token = ""
	if err := config.Write(file, c); err != nil {
		klog.Exit("server.go:88", "%v", err)
	}
}

func folders(c *config.EdgeCoreConfig) error {
	if path := c.Modules.Edged.TailoredKubeletConfig.StaticPodPath; path != "" {
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
	}
	if !c.Modules.DeviceTwin.Enable {
		return nil
	}
	socket := filepath.Join(c.Modules.DeviceTwin.DMISockPath, "dmi.sock")
	_ = os.Remove(socket)
	listener, err := net.Listen("unix", socket)
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

// eventBus complains about a broker that is not there, and talks to none.
func eventBus(ctx context.Context, server string) {
	address := server[strings.Index(server, "://")+len("://"):]
	for ctx.Err() == nil {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
			return
		}
		klog.Error("common.go:101", "connect error: Network Error : %v", err)
		sleep(ctx, mqttAgain)
	}
}

// selfSigned makes the certificate of the API for the kubelet: clients send tokens over TLS only.
func selfSigned() (tls.Certificate, []byte, error) {
	key, _, err := pki.NewKey()
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	now := time.Now()
	t := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "edgecore"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(certificateYears, 0, 0), IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, text, err
}

func (e *Edge) serve(ctx context.Context) int {
	pair, ca, err := selfSigned()
	if err != nil {
		klog.Error("server.go:132", "%v", err)
		return 1
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2", "http/1.1"},
	})
	if err != nil {
		klog.Error("server.go:132", "%v", err)
		return 1
	}
	server := &http.Server{Handler: e.local, ReadHeaderTimeout: headerLimit}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			klog.Error("server.go:149", "%q err=%q", "Unhandled Error", err)
		}
	}()
	klog.Info("edged.go:137", "Starting edged...")
	code := e.runKubelet(ctx, listener, ca)
	if code == 0 {
		klog.Info("core.go:63", "Get os signal terminated")
	}
	return code
}
