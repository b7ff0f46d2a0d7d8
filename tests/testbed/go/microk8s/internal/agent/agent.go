// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package agent answers other nodes of the cluster.
package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"lightk8s.invalid/testbed/microk8s/internal/certs"
	"lightk8s.invalid/testbed/microk8s/internal/cluster"
	"lightk8s.invalid/testbed/microk8s/internal/snap"
	"lightk8s.invalid/testbed/microk8s/internal/tokens"
)

// Refusal is an answer other than 200.
type Refusal struct {
	Code int
	Text string
}

func (r *Refusal) Error() string { return r.Text }

// Paths of the cluster API.
const (
	V1 = "/cluster/api/v1.0"
	V2 = "/cluster/api/v2.0"
)

// Endpoints are what can be posted to.
func Endpoints() map[string]func(*http.Request) (any, error) {
	return map[string]func(*http.Request) (any, error){
		V2 + "/join": join, V1 + "/sign-cert": signCert, V1 + "/configure": configure, V2 + "/image/import": importImages,
	}
}

func decode(r *http.Request, into any) error {
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		return &Refusal{http.StatusBadRequest, err.Error()}
	}
	return nil
}

// Worker is true, or "as-worker" from older nodes.
type Worker bool

// UnmarshalJSON reads either.
func (w *Worker) UnmarshalJSON(text []byte) error {
	*w = string(text) == "true" || string(text) == `"as-worker"`
	return nil
}

// JoinRequest asks to join.
type JoinRequest struct {
	Token      string `json:"token"`
	Hostname   string `json:"hostname"`
	Port       string `json:"port"`
	Worker     Worker `json:"worker"`
	CustomEtcd bool   `json:"can_handle_custom_etcd"`
	X509       bool   `json:"can_handle_x509_auth"`
}

// JoinResponse is what a node needs that joins.
type JoinResponse struct {
	CA                string   `json:"ca"`
	CallbackToken     string   `json:"callback_token"`
	APIPort           string   `json:"apiport"`
	AuthorizationMode string   `json:"api_authz_mode"`
	KubeletArgs       string   `json:"kubelet_args"`
	HostnameOverride  string   `json:"hostname_override"`
	Voters            []string `json:"voters,omitempty"`
	ServiceAccountKey string   `json:"service_account_key"`
	CAKey             *string  `json:"ca_key"`
	ClusterCert       string   `json:"cluster_cert,omitempty"`
	ClusterKey        string   `json:"cluster_key,omitempty"`
	ControlPlane      []string `json:"control_plane_nodes"`
	ClusterCIDR       string   `json:"cluster_cidr,omitempty"`
}

func join(r *http.Request) (any, error) {
	var q JoinRequest
	if err := decode(r, &q); err != nil {
		return nil, err
	}
	if !tokens.Valid(q.Token, tokens.Persistent) && !tokens.Use(q.Token, tokens.Cluster) {
		return nil, errors.New("invalid token")
	}
	if !snap.Locked("ha-cluster") {
		return nil, &Refusal{http.StatusNotImplemented, "not possible to join. This is not an HA MicroK8s cluster"}
	}
	if _, port, _ := net.SplitHostPort(snap.Value("cluster-agent", "--bind")); port != q.Port {
		return nil, &Refusal{http.StatusBadGateway, "the port of the cluster agent port has to be set to " + port}
	}
	remote, _, _ := net.SplitHostPort(r.RemoteAddr)
	host, _, _ := net.SplitHostPort(r.Host)
	if remote == host {
		return nil, &Refusal{http.StatusServiceUnavailable, fmt.Sprintf("the joining node has the same IP (%s) as the node we contact", host)}
	}
	if err := reachable(r.Context(), host); err != nil {
		return nil, fmt.Errorf("failed to retrieve dqlite cluster nodes: %w", err)
	}
	return respond(r.Context(), &q, remote)
}

// reachable gives the datastore of a node that was alone the address that the joining node used.
func reachable(ctx context.Context, host string) error {
	list, err := cluster.Wait(ctx, func(list []cluster.Member) bool { return len(list) > 0 })
	if err != nil {
		return err
	}
	if !strings.HasPrefix(list[0].Address, "127.0.0.1:") {
		return nil
	}
	_, port, err := net.SplitHostPort(list[0].Address)
	if err != nil {
		return err
	}
	if err := cluster.Move(net.JoinHostPort(host, port)); err != nil {
		return err
	}
	if err := snap.Service("restart", "k8s-dqlite"); err != nil {
		return err
	}
	_, err = cluster.Wait(ctx, func(list []cluster.Member) bool { return strings.HasPrefix(list[0].Address, host+":") })
	return err
}

func respond(ctx context.Context, q *JoinRequest, remote string) (*JoinResponse, error) {
	callback, err := tokens.Own()
	if err != nil {
		return nil, fmt.Errorf("could not retrieve self callback token: %w", err)
	}
	kubelet, err := snap.LoadArgs("kubelet")
	if err != nil {
		return nil, err
	}
	if err := snap.Lock("no-cert-reissue"); err != nil {
		return nil, fmt.Errorf("failed to create lock file to disable certificate reissuing: %w", err)
	}
	a := &JoinResponse{CallbackToken: callback, APIPort: snap.Value("kube-apiserver", "--secure-port"),
		AuthorizationMode: snap.Value("kube-apiserver", "--authorization-mode"), KubeletArgs: kubelet.Text(),
		HostnameOverride: remote, ClusterCIDR: snap.Value("kube-proxy", "--cluster-cidr")}
	files := map[string]*string{snap.Data("certs", "ca.crt"): &a.CA}
	if q.Worker {
		for _, part := range []string{"kubelet", "proxy"} {
			if err := tokens.Append(tokens.Certificate, q.Token+"-"+part); err != nil {
				return nil, fmt.Errorf("failed adding certificate request token for %s: %w", part, err)
			}
		}
		if a.ControlPlane, err = controlPlane(); err != nil {
			return nil, fmt.Errorf("failed to retrieve list of control plane nodes: %w", err)
		}
	} else {
		if !q.X509 {
			return nil, errors.New("joining this MicroK8s cluster requires x509 authentication. " +
				"update MicroK8s to version 1.28 or newer and retry the join operation")
		}
		a.CAKey = new(string)
		files[snap.Data("certs", "ca.key")] = a.CAKey
		files[snap.Data("certs", "serviceaccount.key")] = &a.ServiceAccountKey
		files[cluster.Folder("cluster.crt")] = &a.ClusterCert
		files[cluster.Folder("cluster.key")] = &a.ClusterKey
		list, err := cluster.Wait(ctx, func(list []cluster.Member) bool { return len(list) > 0 })
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			if m.Role == cluster.Voter {
				a.Voters = append(a.Voters, m.Address)
			}
		}
	}
	for name, into := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		*into = string(text)
	}
	return a, nil
}

func controlPlane() ([]string, error) {
	out, err := snap.Kubectl("get", "nodes", "-l", "node.kubernetes.io/microk8s-controlplane=microk8s-controlplane",
		"-o", `jsonpath={.items[*].status.addresses[?(@.type=="InternalIP")].address}`).Output()
	return strings.Fields(string(out)), err
}

func signCert(r *http.Request) (any, error) {
	var q struct {
		Token   string `json:"token"`
		Request string `json:"request"`
	}
	if err := decode(r, &q); err != nil {
		return nil, err
	}
	if !tokens.Use(q.Token, tokens.Certificate) {
		return nil, errors.New("invalid token")
	}
	cert, err := certs.SignRequest([]byte(q.Request))
	if err != nil {
		return nil, fmt.Errorf("failed to sign certificate: %w", err)
	}
	return map[string]string{"certificate": string(cert)}, nil
}

// ServiceChange is one service in a request to configure a node.
type ServiceChange struct {
	Name    string              `json:"name"`
	Update  []map[string]string `json:"arguments_update,omitempty"`
	Remove  []string            `json:"arguments_remove,omitempty"`
	Restart any                 `json:"restart,omitempty"` // true or "yes"
}

// Change is a request to configure a node.
type Change struct {
	Callback string          `json:"callback"`
	Services []ServiceChange `json:"service"`
}

func configure(r *http.Request) (any, error) {
	var q Change
	if err := decode(r, &q); err != nil {
		return nil, err
	}
	if !tokens.Valid(q.Callback, tokens.Callback) {
		return nil, errors.New("invalid token")
	}
	for _, s := range q.Services {
		args, err := snap.LoadArgs(s.Name)
		if err != nil {
			return nil, err
		}
		for _, name := range s.Remove {
			args.Remove(name)
		}
		for _, values := range s.Update {
			for name, value := range values {
				args.Update(map[string]*string{name: &value})
			}
		}
		if len(s.Remove)+len(s.Update) > 0 {
			if err := args.Save(); err != nil {
				return nil, fmt.Errorf("failed to update arguments of service %q: %w", s.Name, err)
			}
		}
		if s.Restart == true || s.Restart == "yes" {
			if err := snap.Service("restart", s.Name); err != nil {
				return nil, fmt.Errorf("failed to restart service %q: %w", s.Name, err)
			}
		}
	}
	return map[string]string{}, nil
}

func importImages(r *http.Request) (any, error) {
	if !tokens.Valid(r.Header.Get("x-microk8s-callback-token"), tokens.Callback) {
		return nil, &Refusal{http.StatusUnauthorized, "invalid token"}
	}
	c := exec.CommandContext(r.Context(), filepath.Join(snap.Root("bin"), "ctr"),
		"--address="+snap.Common("run", "containerd.sock"), "--namespace", "k8s.io", "images", "import", "-")
	c.Stdin = r.Body
	if out, err := c.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("failed to import images: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return map[string]string{"status": "OK"}, nil
}
