// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package cloud

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"lightk8s.invalid/testbed/common/api"
	"lightk8s.invalid/testbed/kubeedge/internal/klog"
	"lightk8s.invalid/testbed/kubeedge/internal/link"
)

// hub is the server on 10000: one connection of each edge, with its requests to the API server and
// an answer that does not end.
func (c *Cloud) hub() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{project}/{node}/events", c.events)
	mux.HandleFunc("POST /{project}/{node}/ack", func(w http.ResponseWriter, r *http.Request) {
		ack := link.Ack{}
		if err := json.NewDecoder(r.Body).Decode(&ack); err != nil {
			say(w, http.StatusBadRequest, "%v", err)
			return
		}
		if err := c.acknowledge(r.Context(), r.PathValue("node"), ack); err != nil {
			klog.Error("objectsync.go:80", "failed to keep what node %s acknowledged: %v", r.PathValue("node"), err)
			say(w, http.StatusInternalServerError, "%v", err)
		}
	})
	mux.HandleFunc("/{project}/{node}/kube/", c.kubeRequest)
	return mux
}

func (c *Cloud) admit(node string, end context.CancelFunc) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	former := c.sessions[node]
	if former == nil && len(c.sessions) >= int(c.config.Modules.CloudHub.NodeLimit) {
		return false
	}
	if former != nil {
		former.end()
	}
	c.sessions[node] = &session{cloud: c, node: node, end: end}
	return true
}

func (c *Cloud) leave(s *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sessions[s.node] == s {
		delete(c.sessions, s.node)
	}
}

func (c *Cloud) events(w http.ResponseWriter, r *http.Request) {
	node := r.PathValue("node")
	ctx, end := context.WithCancel(r.Context())
	defer end()
	if !c.admit(node, end) {
		klog.Error("message_handler.go:133", "Fail to serve node %s, reach node limit", node)
		say(w, http.StatusServiceUnavailable, "reach node limit")
		return
	}
	c.mu.Lock()
	s := c.sessions[node]
	c.mu.Unlock()
	defer c.leave(s)
	out, control := json.NewEncoder(w), http.NewResponseController(w)
	s.send = func(m link.Message) error {
		if err := out.Encode(m); err != nil {
			return err
		}
		return control.Flush()
	}
	klog.Info("message_handler.go:143", "edge node %s for project %s connected", node, r.PathValue("project"))
	s.tell(link.Message{Type: "KEEPALIVE"})
	c.annotate(ctx, node)
	go s.follow(ctx, "pods", "spec.nodeName="+node)
	go s.follow(ctx, "nodes", "metadata.name="+node)
	for tick := time.NewTicker(time.Duration(c.config.Modules.CloudHub.KeepaliveInterval) * time.Second / 2); ; {
		select {
		case <-ctx.Done():
			tick.Stop()
			klog.Info("message_handler.go:173", "edge node %s for project %s disConnected", node, r.PathValue("project"))
			return
		case <-tick.C:
			s.tell(link.Message{Type: "KEEPALIVE"})
		}
	}
}

func (c *Cloud) own() string {
	if all := c.config.Modules.CloudHub.AdvertiseAddress; len(all) > 0 {
		return all[0]
	}
	return ""
}

// annotate says at a node which cloudcore it is connected to.
func (c *Cloud) annotate(ctx context.Context, node string) {
	err := c.kube.Patch(ctx, "/api/v1/nodes/"+node, api.Object{
		"metadata": api.Object{"annotations": api.Object{"cloudcore": c.own()}},
	})
	if err != nil && !api.IsCode(err, http.StatusNotFound) {
		klog.Error("upstream.go:1300", "failed to annotate node %s: %v", node, err)
	}
}

// kubeRequest hands a request of an edge on to the API server.
func (c *Cloud) kubeRequest(w http.ResponseWriter, r *http.Request) {
	prefix := link.Path(r.PathValue("project"), r.PathValue("node"), "kube")
	base, err := url.Parse(c.kube.Base)
	if err != nil {
		say(w, http.StatusInternalServerError, "%v", err)
		return
	}
	if r.Method == http.MethodPost && r.URL.Path == prefix+"/api/v1/nodes" {
		c.announce(r)
	}
	proxy := httputil.ReverseProxy{
		Transport: c.kube.HTTP.Transport,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Path = p.In.URL.Path[len(prefix):]
			p.Out.URL.RawPath = ""
			p.SetURL(base)
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) { say(w, http.StatusBadGateway, "%v", err) },
	}
	proxy.ServeHTTP(w, r)
}

// announce adds to a node that registers which cloudcore it came through.
func (c *Cloud) announce(r *http.Request) {
	text, err := io.ReadAll(io.LimitReader(r.Body, largestRequest))
	o := api.Object{}
	if err == nil && json.Unmarshal(text, &o) == nil {
		if m, ok := o["metadata"].(map[string]any); ok {
			a, _ := m["annotations"].(map[string]any)
			if a == nil {
				a = map[string]any{}
			}
			a["cloudcore"] = c.own()
			m["annotations"] = a
			text, _ = json.Marshal(o)
		}
	}
	r.Body = io.NopCloser(bytes.NewReader(text))
	r.ContentLength = int64(len(text))
}
