// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package keadm

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"lightk8s.invalid/testbed/common/api"
	"lightk8s.invalid/testbed/kubeedge/internal/config"
	"lightk8s.invalid/testbed/kubeedge/internal/klog"
)

const (
	joinInterval = 10 * time.Second
	joinLimit    = 300 * time.Second
	askLimit     = 5 * time.Second
	latest       = "https://kubeedge.io/latestversion"
)

// unit is what the original writes.
const unit = `[Unit]
Description=edgecore.service

[Service]
Type=simple
ExecStart=/usr/local/bin/edgecore
Restart=always
RestartSec=10
Environment=
KillMode=process

[Install]
WantedBy=multi-user.target
`

type join struct {
	scripts
	certPath, certPort, driver, cloud, name, protocol, repository, version, endpoint, tarball, token string
	labels, set                                                                                      []string
}

func (p *program) join() *cobra.Command {
	j := &join{}
	c := &cobra.Command{
		Use: "join", Short: "Bootstraps edge component",
		RunE: func(*cobra.Command, []string) error {
			if err := j.around(func() error { return j.run(p.id.Version) }); err != nil {
				return quiet{err}
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&j.certPath, "certPath", "/etc/kubeedge/certs", "where edgecore keeps its certificate")
	f.StringVarP(&j.certPort, "certport", "s", "10002", "port of cloudcore where certificates are made")
	f.StringVar(&j.driver, "cgroupdriver", "cgroupfs", "cgroupfs or systemd")
	f.StringVarP(&j.cloud, "cloudcore-ipport", "e", "", "address and port of cloudcore")
	f.StringVarP(&j.name, "edgenode-name", "i", "", "name of the node")
	f.StringVar(&j.protocol, "hub-protocol", "websocket", "protocol of the link")
	f.StringVar(&j.repository, "image-repository", "", "where images come from")
	f.StringVar(&j.version, "kubeedge-version", "", "version to install")
	f.StringSliceVarP(&j.labels, "labels", "l", nil, "labels of the node")
	f.StringVarP(&j.endpoint, "remote-runtime-endpoint", "p", socket, "container runtime")
	f.StringArrayVar(&j.set, "set", nil, "values of edgecore.yaml")
	f.StringVar(&j.tarball, "tarballpath", "", "folder of release files")
	f.StringVarP(&j.token, "token", "t", "", "token for the certificate")
	j.flags(c)
	return c
}

func (j *join) run(own string) error {
	klog.Info("join.go:73", "1. Check KubeEdge edgecore process status")
	if running("edgecore") {
		return errors.New("EdgeCore is already running on this node, please run reset to clean up first")
	}
	klog.Info("join.go:82", "2. Check if the management directory is clean")
	if hasFiles(config.Folder) {
		return errors.New("the management directory /etc/kubeedge/ is not clean, please remove it first")
	}
	klog.Info("join.go:97", "3. Check if the node name is valid")
	host, _, err := net.SplitHostPort(j.cloud)
	if err != nil {
		return fmt.Errorf("get current host and port failed: %w", err)
	}
	if j.name == "" {
		name, _ := os.Hostname()
		j.name = strings.ToLower(name)
	}
	if err := j.nameIsFree(host); err != nil {
		return err
	}
	if j.version == "" {
		j.version = newest(own)
	}
	if !strings.HasPrefix(j.version, "v") {
		j.version = "v" + j.version
	}
	if err := j.install(host); err != nil {
		return fmt.Errorf("edge node join failed: %w", err)
	}
	klog.Info("join_others.go:243", "10. Install Complete!")
	return nil
}

func hasFiles(dir string) bool {
	found := false
	_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		found = found || err == nil && !entry.IsDir()
		return nil
	})
	return found
}

func (j *join) nameIsFree(host string) error {
	client := &http.Client{Timeout: askLimit, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	res, err := client.Get("https://" + net.JoinHostPort(host, j.certPort) + "/node/" + j.name)
	if err != nil {
		return fmt.Errorf("error making request: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusNotFound {
		return errors.New("node already exists or internal error occurred, cannot register again")
	}
	return nil
}

// newest asks the internet for a version and falls back to that of keadm.
func newest(own string) string {
	ctx, cancel := context.WithTimeout(context.Background(), askLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, latest, nil)
	if err != nil {
		return own
	}
	res, err := http.DefaultClient.Do(req)
	if err == nil {
		defer res.Body.Close()
		text := make([]byte, 32)
		n, _ := res.Body.Read(text)
		if version := strings.TrimSpace(string(text[:n])); res.StatusCode == http.StatusOK && strings.HasPrefix(version, "v") {
			return version
		}
		err = fmt.Errorf("%s", res.Status)
	}
	klog.Warn("common.go:200", "could not fetch a KubeEdge version from the internet: failed to get latest version from %s: %v", latest, err)
	klog.Warn("common.go:201", "falling back to the local client version: %s", own)
	return own
}

func (j *join) image() string {
	if j.repository == "" {
		return imageName + ":" + j.version
	}
	return j.repository + "/installation-package:" + j.version
}

func (j *join) install(host string) error {
	klog.Info("join_others.go:190", "4. Create the necessary directories")
	for _, dir := range []string{config.Folder + "/config", "/var/lib/kubeedge"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	r, err := newRuntime(j.endpoint)
	if err != nil {
		return err
	}
	klog.Info("join_others.go:257", "5. Pull Images")
	if err := r.pull(j.image()); err != nil {
		klog.Error("log.go:32", "\"PullImage from image service failed\" err=%q image=%q", err, j.image())
		return fmt.Errorf("pull Images failed: %w", err)
	}
	klog.Info("join_others.go:262", "6. Copy resources from the image to the management directory")
	if err := os.MkdirAll("/var/log/kubeedge", 0o755); err != nil {
		return err
	}
	if err := r.extract(j.image(), config.Binary); err != nil {
		return fmt.Errorf("copy resources failed: %w", err)
	}
	klog.Info("join_others.go:201", "7. Generate systemd service file")
	if err := os.WriteFile(config.Service, []byte(unit), 0o755); err != nil {
		return err
	}
	if err := j.configure(host); err != nil {
		return err
	}
	klog.Info("join_others.go:223", "9. Run EdgeCore daemon")
	if err := os.WriteFile(config.BootstrapFile, []byte(j.token), 0o644); err != nil {
		return err
	}
	if err := startEdgecore(); err != nil {
		_ = os.Remove(config.BootstrapFile)
		return err
	}
	return j.await()
}

// configure writes edgecore.yaml, readable by all and with the token, as the original does.
func (j *join) configure(host string) error {
	klog.Info("join_others.go:218", "8. Generate EdgeCore default configuration")
	klog.Info("join_others.go:117", "The configuration does not exist or the parsing fails, and the default configuration is generated")
	c := config.DefaultEdge()
	hub, edged := c.Modules.EdgeHub, c.Modules.Edged
	c.EdgeCoreVersion, hub.Token = j.version, j.token
	hub.HTTPServer = "https://" + net.JoinHostPort(host, j.certPort)
	hub.WebSocket.Server = j.cloud
	hub.Quic.Server = net.JoinHostPort(host, "10001")
	hub.WebSocket.Enable, hub.Quic.Enable = j.protocol == "websocket", j.protocol == "quic"
	c.Modules.EdgeStream.Server = net.JoinHostPort(host, "10004")
	edged.HostnameOverride = j.name
	edged.TailoredKubeletConfig.CgroupDriver = j.driver
	edged.TailoredKubeletConfig.ContainerRuntimeEndpoint = j.endpoint
	edged.TailoredKubeletConfig.ImageServiceEndpoint = j.endpoint
	if len(j.labels) > 0 {
		edged.NodeLabels = map[string]string{}
	}
	for _, label := range j.labels {
		name, value, _ := strings.Cut(label, "=")
		edged.NodeLabels[name] = value
	}
	c, err := with(c, j.set)
	if err != nil {
		return err
	}
	klog.Warn("validation.go:71", "NodeIP is empty , use default ip which can connect to cloud.")
	if faults := c.Faults(); len(faults) > 0 {
		return errors.New(strings.Join(faults, "; "))
	}
	return config.Write(config.EdgeFile, c)
}

// with sets values that are named by their path.
func with(c *config.EdgeCoreConfig, set []string) (*config.EdgeCoreConfig, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	tree := api.Object{}
	if err := json.Unmarshal(text, &tree); err != nil {
		return nil, err
	}
	for _, list := range set {
		for _, pair := range strings.Split(list, ",") {
			path, text, ok := strings.Cut(pair, "=")
			var value any
			if !ok || yaml.Unmarshal([]byte(text), &value) != nil {
				return nil, fmt.Errorf("failed to parse --set: %q has no value", pair)
			}
			names := strings.Split(path, ".")
			at := tree
			for _, name := range names[:len(names)-1] {
				next, ok := at[name].(map[string]any)
				if !ok {
					next = map[string]any{}
					at[name] = next
				}
				at = next
			}
			at[names[len(names)-1]] = value
		}
	}
	if text, err = json.Marshal(tree); err != nil {
		return nil, err
	}
	made := &config.EdgeCoreConfig{}
	return made, yaml.Unmarshal(text, made)
}

// await looks every 10 s, for 5 minutes, for an edgecore that runs and has its certificate.
func (j *join) await() error {
	for end := time.Now().Add(joinLimit); time.Now().Before(end); {
		time.Sleep(joinInterval)
		_, err := os.Stat(filepath.Join(j.certPath, "server.crt"))
		if err == nil && exec.Command("systemctl", "is-active", "-q", "edgecore").Run() == nil {
			return os.Remove(config.BootstrapFile)
		}
	}
	return errors.New("timed out waiting for the condition")
}
