// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package controller

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"text/template"
	"time"

	"sigs.k8s.io/yaml"

	"lightk8s.invalid/testbed/common/api"
	"lightk8s.invalid/testbed/k0s/internal/config"
	"lightk8s.invalid/testbed/k0s/internal/logs"
	"lightk8s.invalid/testbed/k0s/internal/node"
	"lightk8s.invalid/testbed/k0s/internal/worker"
)

//go:embed manifests/rbac.tmpl
var rbac string

//go:embed manifests/coredns.tmpl
var coredns string

func chown(name string, uid int) error { return os.Chown(name, uid, 0) }

// collections are the API paths of the kinds that are applied.
var collections = map[string]string{
	"ConfigMap": "/api/v1/namespaces/%s/configmaps", "ServiceAccount": "/api/v1/namespaces/%s/serviceaccounts",
	"Service": "/api/v1/namespaces/%s/services", "Deployment": "/apis/apps/v1/namespaces/%s/deployments",
	"ClusterRole": "/apis/rbac.authorization.k8s.io/v1/clusterroles", "Namespace": "/api/v1/namespaces",
	"ClusterRoleBinding":       "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
	"CustomResourceDefinition": "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
	"Role":                     "/apis/rbac.authorization.k8s.io/v1/namespaces/%s/roles",
	"RoleBinding":              "/apis/rbac.authorization.k8s.io/v1/namespaces/%s/rolebindings",
}

// apply merges into an object that is there, or creates it.
func (c *Controller) apply(ctx context.Context, object api.Object) error {
	kind, _ := object["kind"].(string)
	metadata, _ := object["metadata"].(map[string]any)
	name, _ := metadata["name"].(string)
	path := collections[kind]
	if strings.Contains(path, "%s") {
		path = fmt.Sprintf(path, metadata["namespace"])
	}
	err := c.kube.Patch(ctx, path+"/"+name, object)
	if api.IsCode(err, http.StatusNotFound) {
		err = c.kube.Do(ctx, http.MethodPost, path, object, nil)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", kind, name, err)
	}
	return nil
}

func (c *Controller) applyTemplate(ctx context.Context, text string, values any) error {
	var out bytes.Buffer
	if err := template.Must(template.New("stack").Parse(text)).Execute(&out, values); err != nil {
		return err
	}
	for _, document := range strings.Split(out.String(), "\n---\n") {
		object := api.Object{}
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			return err
		}
		if len(object) == 0 {
			continue
		}
		if err := c.apply(ctx, object); err != nil {
			return err
		}
	}
	return nil
}

// applyAll writes what workers need to join: rules, profiles, network settings.
func (c *Controller) applyAll(ctx context.Context) error {
	for {
		err := c.applyStacks(ctx)
		if err == nil {
			return nil
		}
		logs.Warn("Failed to apply: " + err.Error())
		if !node.Pause(ctx, time.Second) {
			return ctx.Err()
		}
	}
}

func (c *Controller) applyStacks(ctx context.Context) error {
	profiles := c.profiles()
	names := slices.Sorted(maps.Keys(profiles))
	if c.Options.Enabled("worker-config") {
		for _, name := range names {
			if err := c.apply(ctx, configMap(name, profiles[name])); err != nil {
				return err
			}
		}
		if err := c.dropProfiles(ctx, names); err != nil {
			return err
		}
	}
	text, err := json.Marshal(c.network())
	if err != nil {
		return err
	}
	if err := c.apply(ctx, configMap(worker.NetworkMap, map[string]string{"network": string(text)})); err != nil {
		return err
	}
	if !c.Options.Enabled("system-rbac") {
		return nil
	}
	return c.applyTemplate(ctx, rbac, map[string]any{"Minor": config.Minor(), "Maps": append(names, worker.NetworkMap)})
}

// dropProfiles deletes those of this minor version that the configuration no longer has.
func (c *Controller) dropProfiles(ctx context.Context, kept []string) error {
	var list struct {
		Items []struct {
			Metadata struct {
				Name string `json:"name"`
			} `json:"metadata"`
		} `json:"items"`
	}
	path := fmt.Sprintf(collections["ConfigMap"], "kube-system")
	if err := c.kube.Get(ctx, path, &list); err != nil {
		return err
	}
	for _, item := range list.Items {
		name := item.Metadata.Name
		ours := strings.HasPrefix(name, "worker-config-") && strings.HasSuffix(name, "-"+config.Minor())
		if !ours || slices.Contains(kept, name) {
			continue
		}
		if err := c.kube.Do(ctx, http.MethodDelete, path+"/"+name, nil, nil); err != nil {
			return err
		}
	}
	return nil
}

func configMap(name string, data map[string]string) api.Object {
	return api.Object{"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{"name": name, "namespace": "kube-system"}, "data": data}
}

// network is what workers have to know about the pod network: in the original, pods know it.
func (c *Controller) network() worker.Network {
	n := c.config.Spec.Network
	provider := n.Provider
	if !c.Options.Enabled("network-provider") {
		provider = "custom"
	}
	w := worker.Network{Provider: provider, PodCIDR: n.PodCIDR}
	if k := n.KubeProxy; c.Options.Enabled("kube-proxy") && !k.Disabled {
		w.ProxyMode, w.ProxyMetrics, w.ProxyArgs = k.Mode, k.MetricsBindAddress, node.Arguments(k.ExtraArgs)
	}
	if r := n.KubeRouter; r != nil {
		w.MTU = r.MTU
	}
	return w
}

var cipherSuites = []string{"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
	"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
	"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"}

// profiles are the config maps for workers, by name.
func (c *Controller) profiles() map[string]map[string]string {
	n := c.config.Spec.Network
	base := map[string]any{
		"kind": "KubeletConfiguration", "apiVersion": "kubelet.config.k8s.io/v1beta1",
		"tlsCipherSuites": cipherSuites, "tlsMinVersion": "VersionTLS12", "rotateCertificates": true,
		"serverTLSBootstrap": true, "eventRecordQPS": 0, "clusterDomain": n.ClusterDomain,
		"clusterDNS": []string{n.DNS()}, "kubeletCgroups": "/system.slice/containerd.service", "failSwapOn": false,
		"kubeReservedCgroup": "system.slice", "volumePluginDir": "/usr/libexec/k0s/kubelet-plugins/volume/exec",
	}
	windows := maps.Clone(base)
	delete(windows, "kubeletCgroups")
	delete(windows, "kubeReservedCgroup")
	windows["cgroupsPerQOS"] = false
	settings := map[string]map[string]any{"default": base, "default-windows": windows}
	for _, p := range c.config.Spec.WorkerProfiles {
		merged, ok := settings[p.Name]
		if !ok {
			merged = base
		}
		merged = maps.Clone(merged)
		if len(p.Values) > 0 {
			_ = json.Unmarshal(p.Values, &merged)
		}
		settings[p.Name] = merged
	}
	all := map[string]map[string]string{}
	for name, values := range settings {
		all["worker-config-"+name+"-"+config.Minor()] = c.profile(values)
	}
	return all
}

func (c *Controller) profile(kubelet map[string]any) map[string]string {
	s := c.config.Spec
	text := func(v any) string {
		data, _ := json.Marshal(v)
		return string(data)
	}
	data := map[string]string{
		"kubeletConfiguration":   text(kubelet),
		"nodeLocalLoadBalancing": text(s.Network.NodeLocalLoadBalancing),
		"konnectivity": text(map[string]any{"enabled": !c.Options.Single && c.Options.Enabled("konnectivity-server"),
			"agentPort": s.Konnectivity.AgentPort}),
		"pauseImage": text(s.Images.Pause),
	}
	data["apiServerAddresses"] = text([]string{fmt.Sprintf("%s:%d", s.API.Address, s.API.Port)})
	return data
}

type request struct {
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		Signer   string `json:"signerName"`
		Username string `json:"username"`
	} `json:"spec"`
	Status struct {
		Conditions []api.Object `json:"conditions"`
	} `json:"status"`
}

const requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests"

// approve signs off the kubelets' requests for serving certificates.
func (c *Controller) approve(ctx context.Context) {
	for ; ctx.Err() == nil; node.Pause(ctx, time.Second) {
		_ = api.Watch(ctx, c.kube, requests+"?watch=true", func(e api.Event[request]) {
			r := e.Object
			if r.Spec.Signer != "kubernetes.io/kubelet-serving" || len(r.Status.Conditions) > 0 || e.Type == "DELETED" ||
				!strings.HasPrefix(r.Spec.Username, "system:node:") {
				return
			}
			object := api.Object{}
			path := requests + "/" + r.Metadata.Name
			if c.kube.Get(ctx, path, &object) != nil {
				return
			}
			object["status"] = map[string]any{"conditions": []any{map[string]any{"type": "Approved", "status": "True",
				"reason": "Autoapproved by K0s CSRApprover", "message": "k0s approved kubelet serving certificate"}}}
			err := c.kube.Do(ctx, http.MethodPut, path+"/approval", object, nil)
			if err != nil && !api.IsCode(err, http.StatusConflict) { // another controller was faster
				logs.Warn("failed to approve: " + err.Error())
			}
		})
	}
}

// labelRoles gives nodes of controllers the usual label.
func (c *Controller) labelRoles(ctx context.Context) {
	const ours, usual = "node.k0sproject.io/role", "node-role.kubernetes.io/control-plane"
	type object struct {
		Metadata struct {
			Name   string            `json:"name"`
			Labels map[string]string `json:"labels"`
		} `json:"metadata"`
	}
	// the original looks at the nodes once a minute
	for node.Pause(ctx, time.Minute) {
		var nodes struct {
			Items []object `json:"items"`
		}
		if c.kube.Get(ctx, "/api/v1/nodes?labelSelector="+ours+"%3Dcontrol-plane", &nodes) != nil {
			continue
		}
		for _, n := range nodes.Items {
			if n.Metadata.Labels[usual] == "" {
				patch := api.Object{"metadata": api.Object{"labels": map[string]string{usual: "true"}}}
				_ = c.kube.Patch(ctx, "/api/v1/nodes/"+n.Metadata.Name, patch)
			}
		}
	}
}

// deployDNS deploys CoreDNS once there is a node for it, as the original does.
func (c *Controller) deployDNS(ctx context.Context) {
	s := c.config.Spec
	values := map[string]any{"Image": s.Images.CoreDNS.URI(), "Policy": s.Images.DefaultPullPolicy,
		"Domain": s.Network.ClusterDomain, "IP": s.Network.DNS()}
	for ctx.Err() == nil {
		err := c.applyTemplate(ctx, coredns, values)
		if err == nil {
			return
		}
		logs.Warn("Failed to deploy CoreDNS: " + err.Error())
		node.Pause(ctx, 5*time.Second)
	}
}
