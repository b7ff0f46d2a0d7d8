// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package edge is edgecore: a real kubelet that talks to an API of its own, which answers from the
// database and passes on to cloudcore what is to be changed.
package edge

import (
	"bytes"
	"encoding/json"
	"fmt"

	"lightk8s.invalid/testbed/common/api"
	"lightk8s.invalid/testbed/kubeedge/internal/config"
	"lightk8s.invalid/testbed/kubeedge/internal/ident"
	"lightk8s.invalid/testbed/kubeedge/internal/klog"
	"lightk8s.invalid/testbed/kubeedge/internal/link"
)

// Edge is one running edgecore.
type Edge struct {
	config *config.EdgeCoreConfig
	ident  *ident.Identity
	name   string
	secret string // of the API for the kubelet
	db     *database
	hub    *hub
	local  *local
}

func newEdge(c *config.EdgeCoreConfig, id *ident.Identity, db *database) (*Edge, error) {
	e := &Edge{config: c, ident: id, name: c.Modules.Edged.HostnameOverride, secret: random(), db: db}
	e.hub = &hub{edge: e}
	pods, err := db.all(typePod)
	if err != nil {
		return nil, err
	}
	nodes, err := db.all(typeNode)
	if err != nil {
		return nil, err
	}
	for i := range nodes {
		nodes[i] = kubeletView(nodes[i])
	}
	e.local = &local{
		edge: e, pods: newCollection(typePod, pods), nodes: newCollection(typeNode, nodes),
		csiNodes: map[string]api.Object{},
	}
	return e, nil
}

// keep puts an object into the database, then shows it to the kubelet.
func (e *Edge) keep(c *collection, o api.Object) error {
	o["apiVersion"], o["kind"] = "v1", listKind(c.kind)[:len(c.kind)]
	if err := e.db.putObject(c.kind, o); err != nil {
		return fmt.Errorf("failed to keep %s: %w", c.kind, err)
	}
	c.set(kubeletView(o))
	return nil
}

func (e *Edge) drop(c *collection, namespace, name, uid string) {
	if o := c.get(namespace, name); o == nil || uid != "" && metaOf(o).uid != uid {
		return
	}
	if err := e.db.removeObject(c.kind, namespace, name); err != nil {
		klog.Error("dao.go:60", "failed to remove %s: %v", c.kind, err)
	}
	c.remove(namespace, name, uid)
}

// take keeps what the cloud has told. The node is kept only where it is known already: it comes
// into the database by registering.
func (e *Edge) take(m link.Message) error {
	meta := metaOf(m.Object)
	switch {
	case m.Resource == typePod && m.Type == "DELETED":
		e.drop(e.local.pods, meta.namespace, meta.name, meta.uid)
	case m.Resource == typePod:
		return e.keep(e.local.pods, m.Object)
	case m.Resource == typeNode && e.local.nodes.get("", meta.name) != nil:
		return e.keep(e.local.nodes, m.Object)
	}
	return nil
}

// Ready as the kubelet says it and as edgecore does.
var ready = [][2]string{
	{`"reason":"KubeletReady"`, `"reason":"EdgeReady"`},
	{"kubelet is posting ready status", "edge is posting ready status"},
}

// kubeletView says it in the kubelet's words again: it would take others for a change, and report
// its status each time it looks.
func kubeletView(o api.Object) api.Object {
	text, err := json.Marshal(o)
	if err != nil {
		return o
	}
	for _, words := range ready {
		text = bytes.ReplaceAll(text, []byte(words[1]), []byte(words[0]))
	}
	view := api.Object{}
	if json.Unmarshal(text, &view) != nil {
		return o
	}
	return view
}

// nodeBody makes what the kubelet says of its node what edgecore would say.
func (e *Edge) nodeBody(method string, body []byte) []byte {
	for _, words := range ready {
		body = bytes.ReplaceAll(body, []byte(words[0]), []byte(words[1]))
	}
	o := api.Object{}
	if err := json.Unmarshal(body, &o); err != nil {
		return body
	}
	if method == "POST" {
		m, _ := o["metadata"].(map[string]any)
		labels, _ := m["labels"].(map[string]any)
		if labels == nil {
			return body
		}
		labels["node-role.kubernetes.io/edge"], labels["node-role.kubernetes.io/agent"] = "", ""
		for name, value := range e.config.Modules.Edged.NodeLabels {
			labels[name] = value
		}
		if spec, ok := o["spec"].(map[string]any); ok && !e.config.Modules.Edged.RegisterSchedulable {
			spec["unschedulable"] = true
		}
	}
	if e.ident.Broken() {
		unready(o)
	}
	if text, err := json.Marshal(o); err == nil {
		return text
	}
	return body
}

// unready is what makes a release one that never gets ready.
func unready(o api.Object) {
	status, _ := o["status"].(map[string]any)
	conditions, _ := status["conditions"].([]any)
	for _, c := range conditions {
		if c, ok := c.(map[string]any); ok && c["type"] == "Ready" {
			c["status"], c["reason"], c["message"] = "False", "KubeletNotReady", "container runtime network not ready"
		}
	}
}
