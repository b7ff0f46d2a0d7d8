// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package controller

import (
	"maps"
	"strconv"

	"lightk8s.invalid/testbed/k0s/internal/logs"
	"lightk8s.invalid/testbed/k0s/internal/node"
	"lightk8s.invalid/testbed/k0s/internal/supervise"
	"lightk8s.invalid/testbed/k0s/internal/system"
)

const issuer = "https://kubernetes.default.svc"

// component runs one program with our arguments under the user's.
func (c *Controller) component(name, user string, args, extra map[string]string, raw []string) error {
	if gates := c.gates(name); gates != "" {
		args["feature-gates"] = gates
	}
	args["v"] = c.Options.Logging[name]
	maps.Copy(args, extra)
	logs.Info("Starting " + name)
	return c.Start(&supervise.Process{Name: name, UID: system.UID(user), Args: append(node.Arguments(args), raw...)})
}

func (c *Controller) gates(component string) string {
	text := ""
	for _, gate := range c.config.Spec.FeatureGates {
		applies := len(gate.Components) == 0
		for _, name := range gate.Components {
			applies = applies || name == component
		}
		if applies {
			if text != "" {
				text += ","
			}
			text += gate.Name + "=" + strconv.FormatBool(gate.Enabled)
		}
	}
	return text
}

func (c *Controller) startAPIServer() error {
	s, v := c.config.Spec, c.Vars
	args := map[string]string{
		"advertise-address": s.API.Address, "secure-port": strconv.Itoa(s.API.Port), "authorization-mode": "Node,RBAC",
		"client-ca-file": v.PKI("ca.crt"), "enable-bootstrap-token-auth": "true", "allow-privileged": "true",
		"kubelet-client-certificate":      v.PKI("apiserver-kubelet-client.crt"),
		"kubelet-client-key":              v.PKI("apiserver-kubelet-client.key"),
		"kubelet-preferred-address-types": "InternalIP,ExternalIP,Hostname",
		"kubelet-certificate-authority":   v.PKI("ca.crt"),
		"proxy-client-cert-file":          v.PKI("front-proxy-client.crt"),
		"proxy-client-key-file":           v.PKI("front-proxy-client.key"),
		"requestheader-allowed-names":     "front-proxy-client", "requestheader-client-ca-file": v.PKI("front-proxy-ca.crt"),
		"requestheader-extra-headers-prefix": "X-Remote-Extra-", "requestheader-group-headers": "X-Remote-Group",
		"requestheader-username-headers": "X-Remote-User",
		"service-account-key-file":       v.PKI("sa.pub"), "service-account-signing-key-file": v.PKI("sa.key"),
		"service-account-issuer": issuer, "service-account-jwks-uri": issuer + "/openid/v1/jwks", "api-audiences": issuer,
		"service-cluster-ip-range": s.Network.ServiceCIDR, "tls-min-version": "VersionTLS12",
		"tls-cert-file": v.PKI("server.crt"), "tls-private-key-file": v.PKI("server.key"), "profiling": "false",
		"enable-admission-plugins": "NodeRestriction",
	}
	if s.API.OnlyBindToAddress {
		args["bind-address"] = s.API.Address
	}
	maps.Copy(args, c.endpoint())
	return c.component("kube-apiserver", s.Install.Users.KubeAPIServer, args, s.API.ExtraArgs, s.API.RawArgs)
}

func (c *Controller) startScheduler() error {
	s := c.config.Spec
	conf := c.Vars.PKI("scheduler.conf")
	args := map[string]string{"authentication-kubeconfig": conf, "authorization-kubeconfig": conf, "kubeconfig": conf,
		"bind-address": "127.0.0.1", "leader-elect": strconv.FormatBool(!c.alone()), "profiling": "false"}
	return c.component("kube-scheduler", s.Install.Users.KubeScheduler, args, s.Scheduler.ExtraArgs, s.Scheduler.RawArgs)
}

func (c *Controller) startManager() error {
	s, v := c.config.Spec, c.Vars
	conf := v.PKI("ccm.conf")
	args := map[string]string{
		"authentication-kubeconfig": conf, "authorization-kubeconfig": conf, "kubeconfig": conf,
		"client-ca-file": v.PKI("ca.crt"), "cluster-signing-cert-file": v.PKI("ca.crt"),
		"cluster-signing-key-file": v.PKI("ca.key"), "requestheader-client-ca-file": v.PKI("front-proxy-ca.crt"),
		"root-ca-file": v.PKI("ca.crt"), "service-account-private-key-file": v.PKI("sa.key"),
		"service-cluster-ip-range": s.Network.ServiceCIDR, "cluster-cidr": s.Network.PodCIDR,
		"allocate-node-cidrs": "true", "bind-address": "127.0.0.1", "cluster-name": "k0s",
		"controllers": "*,bootstrapsigner,tokencleaner", "enable-hostpath-provisioner": "true",
		"leader-elect": strconv.FormatBool(!c.alone()), "use-service-account-credentials": "true", "profiling": "false",
		"terminated-pod-gc-threshold": "12500",
	}
	extra := maps.Clone(s.ControllerManager.ExtraArgs)
	if extra == nil {
		extra = map[string]string{}
	}
	maps.Copy(extra, node.Split(c.Options.ManagerExtraArgs))
	// as in the original it reads the key of the authority, which belongs to the API server's user
	uid := system.UID(s.Install.Users.KubeAPIServer)
	for _, key := range []string{"ca.key", "ca.crt"} {
		if err := chown(v.PKI(key), uid); err != nil {
			return err
		}
	}
	return c.component("kube-controller-manager", s.Install.Users.KubeAPIServer, args, extra, s.ControllerManager.RawArgs)
}
