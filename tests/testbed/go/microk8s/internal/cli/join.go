// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package cli

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"lightk8s.invalid/testbed/common/pki"
	"lightk8s.invalid/testbed/microk8s/internal/agent"
	"lightk8s.invalid/testbed/microk8s/internal/certs"
	"lightk8s.invalid/testbed/microk8s/internal/cluster"
	"lightk8s.invalid/testbed/microk8s/internal/daemon"
	"lightk8s.invalid/testbed/microk8s/internal/snap"
	"lightk8s.invalid/testbed/microk8s/internal/tokens"
)

const (
	tokenLength       = 32
	fingerprintLength = 12
)

// parts reads IP:PORT/TOKEN[/FINGERPRINT].
func parts(connection string) ([]string, error) {
	all := strings.Split(connection, "/")
	endpoint := strings.Split(all[0], ":")
	if len(all) < 2 || len(all) > 3 || len(endpoint) != 2 {
		return nil, errors.New("Expected format: <master_IP>:<master_PORT>/<token>[/<fingerprint>]")
	}
	if net.ParseIP(endpoint[0]) == nil {
		return nil, errors.New("Invalid master IP")
	}
	port, err := strconv.Atoi(endpoint[1])
	switch {
	case err != nil:
		return nil, errors.New("Master PORT not a number")
	case port < 1 || port > 65535:
		return nil, errors.New("Master PORT not in range 1:65535")
	case len(all[1]) < tokenLength:
		return nil, fmt.Errorf("Cluster token size should be at least %d bytes", tokenLength)
	case len(all) == 3 && len(all[2]) < fingerprintLength:
		return nil, fmt.Errorf("Fingerprint should be at least %d bytes", fingerprintLength)
	}
	return all, nil
}

type joining struct {
	host, port, token, fingerprint string
	info                           agent.JoinResponse
}

func join(args []string) error {
	if snap.Exists(snap.Common("default-storage")) {
		fmt.Print("WARNING: Hostpath storage is enabled and is not suitable for multi node clusters.\n\n")
	}
	if err := permitted(); err != nil {
		return err
	}
	asWorker, plane, skip, guard := false, false, false, false
	f := flags{nil, map[string]*bool{"--worker": &asWorker, "--controlplane": &plane, "--skip-verify": &skip,
		"--disable-low-memory-guard": &guard}}
	rest, err := f.parse("microk8s join", args)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		fmt.Fprintln(os.Stderr, "Usage: microk8s join [OPTIONS] CONNECTION\n\nError: Missing argument 'CONNECTION'.")
		return Exit(2)
	}
	all, err := parts(rest[0])
	if err != nil {
		fmt.Println("Invalid connection:", err)
		return Exit(1)
	}
	if guard {
		if err := snap.Unlock("low-memory-guard.lock"); err != nil {
			return err
		}
	}
	if snap.Locked("low-memory-guard.lock") && !asWorker {
		fmt.Print("\nThis node does not have enough RAM to host the Kubernetes control plane services\n" +
			"and join the database quorum. You may consider joining this node as a worker instead:\n\n" +
			"    microk8s join " + rest[0] + " --worker\n\n")
		return Exit(1)
	}
	if err := snap.Lock("join-in-progress"); err != nil {
		return err
	}
	host, port, _ := net.SplitHostPort(all[0])
	j := &joining{host: host, port: port, token: all[1]}
	if len(all) == 3 && !skip {
		j.fingerprint = all[2]
	}
	if err := j.join(asWorker); err != nil {
		return err
	}
	fmt.Println("Successfully joined the cluster.")
	return snap.Unlock("join-in-progress")
}

func (j *joining) url(path string) string {
	return "https://" + net.JoinHostPort(j.host, j.port) + path
}

var errIdentity = errors.New("identity")

func (j *joining) verify(s tls.ConnectionState) error {
	sum := sha256.Sum256(s.PeerCertificates[0].Raw)
	if j.fingerprint != "" && !strings.HasPrefix(hex.EncodeToString(sum[:]), j.fingerprint) {
		return errIdentity
	}
	return nil
}

func (j *joining) join(asWorker bool) error {
	fmt.Println("Contacting cluster at " + j.host)
	err := post(caller(j.verify), j.url(agent.V2+"/join"), agent.JoinRequest{Token: j.token, Hostname: snap.Hostname(),
		Port: agentPort(), Worker: agent.Worker(asWorker), CustomEtcd: true, X509: true}, &j.info)
	var no *refused
	switch {
	case errors.Is(err, errIdentity):
		fmt.Printf("Joining cluster failed. Could not verify the identity of %s."+
			" Use '--skip-verify' to skip server certificate check.\n", j.host)
		return Exit(4)
	case errors.As(err, &no):
		fmt.Printf("Connection failed. %s (%d).\n", no.text, no.code)
		return Exit(6)
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		return Exit(1)
	}
	if cidr := snap.Value("kube-proxy", "--cluster-cidr"); j.info.ClusterCIDR != "" && j.info.ClusterCIDR != cidr {
		fmt.Printf("WARNING: Joining a cluster that has a different CIDR. The kube-proxy CIDR configuration will be overwritten.\n"+
			"Cluster CIDR: %s -- Node CIDR: %s(will be overwritten)\n", j.info.ClusterCIDR, cidr)
		if err := snap.SetValue("kube-proxy", "--cluster-cidr", &j.info.ClusterCIDR); err != nil {
			return err
		}
	}
	if err := j.settings(); err != nil {
		return err
	}
	if asWorker {
		return j.worker()
	}
	return j.controlPlane()
}

// settings takes over what the cluster says about arguments.
func (j *joining) settings() error {
	args := &snap.Args{Service: "kubelet"}
	args.Replace(j.info.KubeletArgs)
	if args.Get("--node-ip") != "" {
		args.Set("--node-ip", j.info.HostnameOverride)
	}
	args.Remove("--hostname-override")
	token := snap.Data("credentials", tokens.Callback)
	return errors.Join(args.Save(), snap.SetValue("kube-apiserver", "--authorization-mode", &j.info.AuthorizationMode),
		snap.SetValue("kube-apiserver", "--secure-port", &j.info.APIPort), os.WriteFile(token, []byte(j.info.CallbackToken), 0o660))
}

func (j *joining) worker() error {
	if j.info.CAKey != nil {
		fmt.Println("Joining process failed. Make sure the cluster you connect to supports joining worker nodes.")
		return Exit(1)
	}
	if err := os.WriteFile(snap.Data("certs", "ca.remote.crt"), []byte(j.info.CA), 0o660); err != nil {
		return err
	}
	requests, err := certs.WorkerRequests()
	if err != nil {
		return err
	}
	for name, request := range requests {
		var signed struct {
			Certificate string `json:"certificate"`
		}
		body := map[string]string{"token": j.token + "-" + name, "request": string(request)}
		if err := post(caller(nil), j.url(agent.V1+"/sign-cert"), body, &signed); err != nil {
			fmt.Printf("Failed to sign %s certificate. %v\n", name, err)
			return Exit(1)
		}
		if err := pki.WriteFile(snap.Data("certs", name+".crt"), []byte(signed.Certificate), 0o660); err != nil {
			return err
		}
	}
	authority := "${SNAP_DATA}/certs/ca.remote.crt"
	labels := "microk8s.io/cluster=true,node.kubernetes.io/microk8s-worker=microk8s-worker"
	if err := errors.Join(snap.SetValue("kubelet", "--client-ca-file", &authority), snap.SetValue("kubelet", "--node-labels", &labels),
		certs.Kubeconfig("kubelet.config", "system:node:"+snap.Hostname(), "kubelet", "ca.remote.crt"),
		certs.Kubeconfig("proxy.config", "system:kube-proxy", "proxy", "ca.remote.crt"),
		daemon.WriteServers([]string{net.JoinHostPort(j.host, j.info.APIPort)}),
		snap.Unlock("no-apiserver-proxy"), snap.Lock("clustered.lock"), snap.Lock("no-k8s-dqlite"), snap.Lock("no-cert-reissue")); err != nil {
		return err
	}
	for _, service := range []string{"k8s-dqlite", "apiserver-kicker", "kubelite", "apiserver-proxy"} {
		operation := "restart"
		if service == "k8s-dqlite" || service == "apiserver-kicker" {
			operation = "stop"
		}
		if err := snap.Service(operation, service); err != nil {
			return err
		}
	}
	fmt.Print("\nThe node has joined the cluster and will appear in the nodes list in a few seconds.\n\n" +
		"This worker node gets automatically configured with the API server endpoints.\n" +
		"If the API servers are behind a loadbalancer please set the '--refresh-interval' to '0s' in:\n" +
		"    /var/snap/microk8s/current/args/apiserver-proxy\n" +
		"and replace the API server endpoints with the one provided by the loadbalancer in:\n" +
		"    /var/snap/microk8s/current/args/traefik/provider.yaml\n\n")
	return nil
}

func (j *joining) controlPlane() error {
	if j.info.CAKey == nil {
		fmt.Println("Joining process failed. The cluster sent no key of its authority.")
		return Exit(1)
	}
	for name, text := range map[string]string{"ca.crt": j.info.CA, "ca.key": *j.info.CAKey, "serviceaccount.key": j.info.ServiceAccountKey} {
		path := snap.Data("certs", name)
		if err := errors.Join(pki.WriteFile(path+".backup", []byte(readFile(path)), 0o660), pki.WriteFile(path, []byte(text), 0o660)); err != nil {
			return err
		}
	}
	if err := errors.Join(certs.Users(), certs.Serve(), snap.Service("stop", "kubelite"), snap.Service("stop", "k8s-dqlite")); err != nil {
		return err
	}
	backup := cluster.Folder() + ".backup"
	if err := errors.Join(os.RemoveAll(backup), os.Rename(cluster.Folder(), backup), os.MkdirAll(cluster.Folder(), 0o770),
		pki.WriteFile(cluster.Folder("cluster.crt"), []byte(j.info.ClusterCert), 0o660),
		pki.WriteFile(cluster.Folder("cluster.key"), []byte(j.info.ClusterKey), 0o660),
		cluster.WriteInitial(cluster.Initial{Address: net.JoinHostPort(j.info.HostnameOverride, cluster.Port), Cluster: j.info.Voters}),
		snap.Service("start", "k8s-dqlite")); err != nil {
		return err
	}
	fmt.Print("Waiting for this node to finish joining the cluster. ")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := cluster.Wait(ctx, func(list []cluster.Member) bool {
		return slices.ContainsFunc(list, func(m cluster.Member) bool { return strings.HasPrefix(m.Address, j.info.HostnameOverride+":") })
	})
	fmt.Println(" ")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return errors.Join(snap.Lock("no-cert-reissue"), snap.Service("start", "kubelite"), snap.Service("restart", "cluster-agent"))
}
