// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package agent runs the worker side of a node: containerd, kubelet, kube-proxy and flannel.
package agent

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"lightk8s.invalid/testbed/common/api"
	"lightk8s.invalid/testbed/common/pki"
	"lightk8s.invalid/testbed/common/release"
	"lightk8s.invalid/testbed/k3s/internal/child"
	"lightk8s.invalid/testbed/k3s/internal/logs"
	"lightk8s.invalid/testbed/k3s/internal/node"
	"lightk8s.invalid/testbed/k3s/internal/token"
)

// Config is what an agent asks its server for.
type Config struct {
	ClusterCIDR      []string `json:"clusterCIDR"`
	ServiceCIDR      []string `json:"serviceCIDR"`
	ClusterDNS       []string `json:"clusterDNS"`
	ClusterDomain    string   `json:"clusterDomain"`
	FlannelBackend   string   `json:"flannelBackend"`
	DisableKubeProxy bool     `json:"disableKubeProxy"`
}

// Paths and headers of the supervisor's interface that both sides use.
const (
	ConfigPath         = "/v1-k3s/config"
	ServersPath        = "/v1-k3s/apiservers"
	ClientCAPath       = "/v1-k3s/client-ca.crt"
	ServerCAPath       = "/v1-k3s/server-ca.crt"
	ServingKubeletPath = "/v1-k3s/serving-kubelet.crt"
	ClientKubeletPath  = "/v1-k3s/client-kubelet.crt"
	ClientProxyPath    = "/v1-k3s/client-kube-proxy.crt"
	ClientK3sPath      = "/v1-k3s/client-k3s-controller.crt"
	HeaderName         = "k3s-Node-Name"
	HeaderPassword     = "k3s-Node-Password"
	HeaderIP           = "k3s-Node-IP"
)

const (
	retryDial   = 2 * time.Second
	retryConfig = 5 * time.Second
)

// Agent is the worker side of a node.
type Agent struct {
	*node.Node
	config     Config
	client     *token.Client
	supervisor string // URL of the supervisor as we reach it
	apiServer  string // URL of the API as we reach it
	kube       *api.Client
	images     *images
}

func newAgent(n *node.Node) *Agent {
	a := &Agent{Node: n}
	a.images = &images{agent: a, dir: a.Path("agent/images")}
	return a
}

// Prepare makes what needs no server: folders, containerd, images.
func Prepare(n *node.Node) (*Agent, error) {
	a := newAgent(n)
	return a, a.prepare()
}

func (a *Agent) prepare() error {
	n := a.Node
	for _, dir := range []string{"agent", "agent/etc", "agent/etc/cni/net.d", "agent/pod-manifests"} {
		if err := os.MkdirAll(a.Path(dir), 0o700); err != nil {
			return err
		}
	}
	if n.Release.Behaviour == release.NeverReady || n.Options.FlannelBackend == "none" {
		_ = os.Remove(a.cniFile())
	}
	crictl := fmt.Sprintf("runtime-endpoint: %s\n", a.runtimeEndpoint())
	if err := os.WriteFile(a.Path("agent/etc/crictl.yaml"), []byte(crictl), 0o644); err != nil {
		return err
	}
	if n.Options.ContainerRuntimeEndpoint != "" {
		return nil
	}
	if err := a.startContainerd(); err != nil {
		return err
	}
	a.images.start()
	return nil
}

// Run is the whole of an agent: it returns when the node has joined.
func Run(ctx context.Context, n *node.Node) error {
	logs.Info("Starting k3s agent %s (%s)", n.Release.Version, n.Release.ShortCommit())
	if n.Release.Behaviour == release.NoStart {
		return errors.New("failed to start the agent: this build is broken")
	}
	a := newAgent(n)
	b, err := a.connect(ctx)
	if err != nil {
		return err
	}
	if err := a.prepare(); err != nil {
		return err
	}
	if err := a.run(ctx); err != nil {
		return err
	}
	go a.followServers(ctx, b)
	n.Notify()
	logs.Info("k3s agent is up and running")
	return nil
}

// JoinLocal joins the server of the same process and waits for nothing afterwards.
func (a *Agent) JoinLocal(ctx context.Context, supervisor, apiServer, text string) error {
	a.supervisor, a.apiServer = supervisor, apiServer
	if err := a.join(ctx, text); err != nil {
		return err
	}
	return a.run(ctx)
}

// connect joins a cluster through a load balancer on loopback.
func (a *Agent) connect(ctx context.Context) (*balancer, error) {
	u, err := url.Parse(a.Options.Server)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "https" {
		return nil, fmt.Errorf("only https:// URLs are supported, invalid scheme: %s", a.Options.Server)
	}
	server := u.Host
	if u.Port() == "" {
		server = net.JoinHostPort(u.Hostname(), "6443")
	}
	b, err := startBalancer(ctx, a.Options.LBServerPort, server,
		a.Path("agent/etc/k3s-agent-load-balancer.json"), a.Path("agent/etc/k3s-api-server-agent-load-balancer.json"))
	if err != nil {
		return nil, err
	}
	a.supervisor = "https://" + b.local
	a.apiServer = a.supervisor
	return b, a.join(ctx, a.Options.Token)
}

// followServers keeps the load balancer's list as the cluster has it.
func (a *Agent) followServers(ctx context.Context, b *balancer) {
	for ; ctx.Err() == nil; time.Sleep(retryConfig) {
		text, err := a.client.Get(ServersPath, nil)
		if err != nil {
			continue
		}
		var servers []string
		if json.Unmarshal(text, &servers) == nil {
			b.set(servers)
		}
	}
}

func (a *Agent) join(ctx context.Context, text string) error {
	for {
		c, err := token.Dial(a.supervisor, text, "node", logs.Warn)
		if err == nil {
			a.client = c
			break
		}
		logs.Error("Failed to validate connection to cluster at %s: %v", a.supervisor, err)
		if !pause(ctx, retryDial) {
			return ctx.Err()
		}
	}
	for {
		err := a.fetch()
		if err == nil {
			break
		}
		logs.Info("Waiting to retrieve agent configuration; server is not ready: %v", err)
		if !pause(ctx, retryConfig) {
			return ctx.Err()
		}
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// fetch gets configuration, authorities and certificates from the server.
func (a *Agent) fetch() error {
	text, err := a.client.Get(ConfigPath, nil)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &a.config); err != nil {
		return err
	}
	for path, file := range map[string]string{ClientCAPath: "client-ca.crt", ServerCAPath: "server-ca.crt"} {
		text, err := a.client.Get(path, nil)
		if err != nil {
			return fmt.Errorf("failed to retrieve %s: %w", file, err)
		}
		if err := pki.WriteFile(a.Path("agent", file), text, 0o600); err != nil {
			return err
		}
	}
	for path, base := range map[string]string{ServingKubeletPath: "serving-kubelet", ClientKubeletPath: "client-kubelet",
		ClientProxyPath: "client-kube-proxy", ClientK3sPath: "client-k3s-controller"} {
		if err := a.fetchCert(path, base); err != nil {
			return fmt.Errorf("%s.crt: %w", base, err)
		}
	}
	ca := a.Path("agent/server-ca.crt")
	for name, base := range map[string]string{"kubelet": "client-kubelet", "kubeproxy": "client-kube-proxy",
		"k3scontroller": "client-k3s-controller"} {
		err := node.Kubeconfig(a.Path("agent", name+".kubeconfig"), a.apiServer, ca,
			a.Path("agent", base+".crt"), a.Path("agent", base+".key"))
		if err != nil {
			return err
		}
	}
	a.kube, err = api.New(a.apiServer, ca, a.Path("agent/client-kubelet.crt"), a.Path("agent/client-kubelet.key"))
	return err
}

var errRejected = errors.New("Node password rejected, duplicate hostname or contents of '/etc/rancher/node/password' " +
	"may not match server node-passwd entry, try enabling a unique node name with the --with-node-id flag")

func (a *Agent) fetchCert(path, base string) error {
	key, err := pki.EnsureKey(a.Path("agent", base+".key"))
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{}}, key)
	if err != nil {
		return err
	}
	password, err := node.ReadPassword()
	if err != nil {
		return err
	}
	text, err := a.client.Do("POST", path, map[string]string{
		HeaderName: a.Name, HeaderPassword: password, HeaderIP: strings.Join(a.IPs, ","),
	}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
	var answer *token.StatusError
	if errors.As(err, &answer) && answer.Code == http.StatusForbidden {
		return errRejected
	}
	if err != nil {
		return err
	}
	return pki.WriteFile(a.Path("agent", base+".crt"), text, 0o600)
}

// run starts the components; it returns when the Node exists.
func (a *Agent) run(ctx context.Context) error {
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644); err != nil {
		logs.Warn("Failed to set net.ipv4.ip_forward: %v", err)
	}
	if err := a.startKubelet(); err != nil {
		return err
	}
	if !a.config.DisableKubeProxy && !a.Options.DisableKubeProxy {
		a.startProxy()
	}
	if err := a.waitNode(ctx); err != nil {
		return err
	}
	logs.Info("Node %s is registered", a.Name)
	go a.images.watch(ctx)
	switch {
	case a.Release.Behaviour == release.NeverReady:
		logs.Error("Failed to set up the node network: flannel is not part of this build")
	case a.config.FlannelBackend == "none":
		logs.Info("Flannel is disabled")
	default:
		if err := a.startFlannel(); err != nil {
			return err
		}
		go func() {
			if err := a.finishFlannel(ctx); err != nil && ctx.Err() == nil {
				logs.Fatal("flannel: %v", err)
			}
		}()
	}
	return nil
}

// waitNode waits for the Node, then gives it its annotations and the configured labels.
func (a *Agent) waitNode(ctx context.Context) error {
	labels := map[string]string{"node.kubernetes.io/instance-type": "k3s"}
	for _, l := range a.Options.NodeLabel {
		k, v, _ := strings.Cut(l, "=")
		labels[k] = v
	}
	patch := api.Object{"metadata": api.Object{
		"labels": labels,
		"annotations": map[string]string{
			"k3s.io/hostname":    a.Name,
			"k3s.io/internal-ip": strings.Join(a.IPs, ","),
		},
	}}
	for waiting := false; ; waiting = true {
		err := a.kube.Patch(ctx, "/api/v1/nodes/"+a.Name, patch)
		if err == nil {
			return nil
		}
		if !waiting {
			logs.Info("Waiting for node %s: %v", a.Name, err)
		}
		if !pause(ctx, 200*time.Millisecond) {
			return ctx.Err()
		}
	}
}

// startFlannel runs flannel's daemon, which waits for the Node to get its pod range.
func (a *Agent) startFlannel() error {
	var info struct {
		Spec struct {
			PodCIDR string `json:"podCIDR"`
		} `json:"spec"`
	}
	for info.Spec.PodCIDR == "" {
		if err := a.kube.Get(context.Background(), "/api/v1/nodes/"+a.Name, &info); err != nil {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
	backend := a.config.FlannelBackend
	config := a.Options.FlannelConf
	if config == "" {
		kind := map[string]string{"wireguard-native": "wireguard"}[backend]
		if kind == "" {
			kind = backend
		}
		config = a.Path("agent/etc/flannel/net-conf.json")
		text, _ := json.MarshalIndent(map[string]any{
			"Network": a.config.ClusterCIDR[0], "EnableIPv6": false, "EnableIPv4": true,
			"Backend": map[string]string{"Type": kind},
		}, "", "\t")
		if err := pki.WriteFile(config, text, 0o600); err != nil {
			return err
		}
	}
	iface := a.Options.FlannelIface
	if iface == "" {
		iface = a.IP
	}
	if err := os.Remove(subnetFile); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	a.Group.Start(child.Spec{Program: "kube", Env: []string{"NODE_NAME=" + a.Name}, Args: []string{"flanneld",
		"--kubeconfig-file=" + a.Path("agent/k3scontroller.kubeconfig"), "--net-config-path=" + config,
		"--iface=" + iface, "--subnet-file=" + subnetFile}})
	return nil
}

// finishFlannel writes the network configuration for containerd when flannel is up.
func (a *Agent) finishFlannel(ctx context.Context) error {
	for {
		if _, err := os.Stat(subnetFile); err == nil {
			break
		}
		if !pause(ctx, 50*time.Millisecond) {
			return ctx.Err()
		}
	}
	if own := a.Options.FlannelCNIConf; own != "" {
		text, err := os.ReadFile(own)
		if err != nil {
			return err
		}
		return pki.WriteFile(a.cniFile(), text, 0o600)
	}
	return a.writeCNI()
}
