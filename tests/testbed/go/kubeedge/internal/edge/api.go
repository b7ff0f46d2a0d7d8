// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package edge

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"lightk8s.invalid/testbed/common/api"
	"lightk8s.invalid/testbed/kubeedge/internal/klog"
)

// kinds are the resources that one object is asked for by name; others only have empty lists here.
var kinds = map[string]string{
	"configmaps": "configmap", "secrets": "secret", "persistentvolumeclaims": "persistentvolumeclaim",
	"persistentvolumes": "persistentvolume", "volumeattachments": "volumeattachment",
}

// lists are what the kubelet must be able to list before it runs pods; at the edge they are empty.
var lists = map[string]string{
	"services": "ServiceList", "csidrivers": "CSIDriverList", "runtimeclasses": "RuntimeClassList",
	"csinodes": "CSINodeList",
}

// local answers the kubelet: from what is known here, or by asking the cloud.
type local struct {
	edge     *Edge
	pods     *collection
	nodes    *collection
	mu       sync.Mutex
	csiNodes map[string]api.Object
}

// target is what a path names.
type target struct{ resource, namespace, name, sub string }

func parse(path string) target {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if parts[0] == "apis" {
		parts = parts[1:]
	}
	if len(parts) > 2 {
		parts = parts[2:]
	} else {
		parts = nil
	}
	t := target{}
	if len(parts) > 2 && parts[0] == "namespaces" {
		t.namespace, parts = parts[1], parts[2:]
	}
	for i, field := range []*string{&t.resource, &t.name, &t.sub} {
		if i < len(parts) {
			*field = parts[i]
		}
	}
	return t
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if text, ok := body.([]byte); ok {
		_, _ = w.Write(text)
		return
	}
	_ = json.NewEncoder(w).Encode(body)
}

func refuse(w http.ResponseWriter, code int, reason, message string) {
	answer(w, code, api.Object{
		"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message,
	})
}

// failed passes on what the cloud said, or that it could not be asked.
func failed(w http.ResponseWriter, err error) {
	var said *api.Error
	if e, ok := err.(*api.Error); ok {
		said = e
		answer(w, said.Code, []byte(said.Body))
		return
	}
	refuse(w, http.StatusInternalServerError, "InternalError", err.Error())
}

// ServeHTTP answers one request.
func (l *local) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+l.edge.secret {
		refuse(w, http.StatusUnauthorized, "Unauthorized", "Unauthorized")
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	switch t := parse(r.URL.Path); {
	case t.resource == "nodes":
		l.node(w, r, t, body)
	case t.resource == "pods":
		l.pod(w, r, t, body)
	case t.resource == "leases":
		l.lease(w, r, t, body)
	case t.resource == "csinodes":
		l.csiNode(w, r, t, body)
	case t.sub == "token" && r.Method == http.MethodPost:
		l.token(w, r, t, body)
	case kinds[t.resource] != "" && t.name != "":
		l.query(w, r, t)
	default:
		l.other(w, r, body)
	}
}

// other has no objects at the edge: empty lists, and changes that go nowhere.
func (l *local) other(w http.ResponseWriter, r *http.Request, body []byte) {
	t := parse(r.URL.Path)
	switch {
	case r.Method == http.MethodPost:
		answer(w, http.StatusCreated, body)
	case r.Method != http.MethodGet:
		answer(w, http.StatusOK, api.Object{"kind": "Status", "apiVersion": "v1", "status": "Success"})
	case t.name != "" || lists[t.resource] == "":
		refuse(w, http.StatusNotFound, "NotFound", fmt.Sprintf("%s %q not found", t.resource, t.name))
	case r.URL.Query().Get("sendInitialEvents") == "true":
		refuse(w, http.StatusUnprocessableEntity, "Invalid", "sendInitialEvents is not known here")
	case r.URL.Query().Get("watch") != "":
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	default:
		answer(w, http.StatusOK, api.Object{
			"kind": lists[t.resource], "apiVersion": strings.TrimPrefix(strings.TrimPrefix(strings.SplitN(r.URL.Path, "/"+t.resource, 2)[0], "/apis/"), "/api/"),
			"items": []any{}, "metadata": map[string]any{"resourceVersion": "1"},
		})
	}
}

// forward asks the cloud and reads its answer.
func (l *local) forward(r *http.Request, body []byte) (api.Object, []byte, error) {
	text, err := l.edge.hub.ask(r.Context(), r.Method, r.URL.RequestURI(), r.Header.Get("Content-Type"), body)
	if err != nil {
		klog.Warn("process.go:206", "process remote failed, req[%s %s], err: %v", r.Method, r.URL.Path, err)
		return nil, nil, err
	}
	o := api.Object{}
	return o, text, json.Unmarshal(text, &o)
}

func (l *local) node(w http.ResponseWriter, r *http.Request, t target, body []byte) {
	switch {
	case r.Method == http.MethodGet && r.URL.Query().Get("watch") != "":
		l.nodes.watch(w, r)
	case r.Method == http.MethodGet && t.name == "":
		answer(w, http.StatusOK, l.nodes.list())
	case r.Method == http.MethodGet:
		if o := l.nodes.get("", t.name); o != nil {
			answer(w, http.StatusOK, o)
			return
		}
		refuse(w, http.StatusInternalServerError, "InternalError", "node length from meta db is 0")
	default:
		l.change(w, r, l.nodes, l.edge.nodeBody(r.Method, body))
	}
}

// change hands a change on to the cloud and keeps what it became.
func (l *local) change(w http.ResponseWriter, r *http.Request, c *collection, body []byte) {
	o, text, err := l.forward(r, body)
	if err != nil {
		failed(w, err)
		return
	}
	m := metaOf(o)
	if r.Method == http.MethodPatch {
		if err := l.edge.db.put(rowKey(m.namespace, c.kind+"patch", m.name), c.kind+"patch", body); err != nil {
			klog.Error("dao.go:60", "failed to keep patch: %v", err)
		}
	}
	if r.Method == http.MethodPost || c.get(m.namespace, m.name) != nil {
		if err := l.edge.keep(c, o); err != nil {
			klog.Error("dao.go:60", "%v", err)
		}
	}
	code := http.StatusOK
	if r.Method == http.MethodPost {
		code = http.StatusCreated
	}
	answer(w, code, text)
}

func (l *local) pod(w http.ResponseWriter, r *http.Request, t target, body []byte) {
	switch {
	case r.Method == http.MethodGet && r.URL.Query().Get("watch") != "":
		l.pods.watch(w, r)
	case r.Method == http.MethodGet && t.name == "":
		answer(w, http.StatusOK, l.pods.list())
	case r.Method == http.MethodGet:
		if o := l.pods.get(t.namespace, t.name); o != nil {
			answer(w, http.StatusOK, o)
			return
		}
		refuse(w, http.StatusNotFound, "NotFound", fmt.Sprintf("pods %q not found", t.name))
	case r.Method == http.MethodDelete:
		_, text, err := l.forward(r, body)
		if err != nil && !api.IsCode(err, http.StatusNotFound) {
			failed(w, err)
			return
		}
		l.edge.drop(l.pods, t.namespace, t.name, "")
		if err != nil {
			failed(w, err)
			return
		}
		answer(w, http.StatusOK, text)
	default:
		l.change(w, r, l.pods, body)
	}
}

func (l *local) lease(w http.ResponseWriter, r *http.Request, t target, body []byte) {
	o, text, err := l.forward(r, body)
	if err != nil {
		failed(w, err)
		return
	}
	if m := metaOf(o); m.name != "" {
		_ = l.edge.db.put(rowKey(m.namespace, "lease", m.name), "lease", text)
	}
	code := http.StatusOK
	if r.Method == http.MethodPost {
		code = http.StatusCreated
	}
	answer(w, code, text)
}

// csiNode lives in memory: the original never tells the cloud of it. As there, it needs the node.
func (l *local) csiNode(w http.ResponseWriter, r *http.Request, t target, body []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r.Method != http.MethodGet {
		o := api.Object{}
		if err := json.Unmarshal(body, &o); err != nil {
			refuse(w, http.StatusBadRequest, "BadRequest", err.Error())
			return
		}
		if m, ok := o["metadata"].(map[string]any); ok {
			m["resourceVersion"], m["uid"] = "1", "csi-"+metaOf(o).name
		}
		l.csiNodes[metaOf(o).name] = o
		answer(w, http.StatusOK, o)
		return
	}
	if o := l.csiNodes[t.name]; o != nil {
		answer(w, http.StatusOK, o)
		return
	}
	if t.name == "" {
		l.other(w, r, body)
		return
	}
	refuse(w, http.StatusNotFound, "NotFound", fmt.Sprintf("csinodes.storage.k8s.io %q not found", t.name))
}

// token asks the cloud for a token, unless this process has got it already.
func (l *local) token(w http.ResponseWriter, r *http.Request, t target, body []byte) {
	request := api.Object{}
	if err := json.Unmarshal(body, &request); err != nil {
		refuse(w, http.StatusBadRequest, "BadRequest", err.Error())
		return
	}
	key := tokenKey(t.namespace, t.name, request)
	_, text, err := l.forward(r, body)
	if err == nil {
		if err := l.edge.db.put(key, typeToken, text); err != nil {
			klog.Error("dao.go:60", "failed to keep token: %v", err)
		}
	} else if text, err = l.edge.db.get(key, "serviceaccount"); err != nil {
		refuse(w, http.StatusInternalServerError, "InternalError", err.Error())
		return
	}
	answer(w, http.StatusCreated, text)
}

// query asks the cloud for an object and falls back to what it said the last time.
func (l *local) query(w http.ResponseWriter, r *http.Request, t target) {
	kind := kinds[t.resource]
	key := rowKey(t.namespace, kind, t.name)
	_, text, err := l.forward(r, nil)
	switch {
	case err == nil:
		if err := l.edge.db.put(key, kind, text); err != nil {
			klog.Error("dao.go:60", "failed to keep %s: %v", key, err)
		}
	case api.IsCode(err, http.StatusNotFound):
		_ = l.edge.db.remove(key)
		failed(w, err)
		return
	default:
		if text, err = l.edge.db.get(key, kind); err != nil {
			failed(w, err)
			return
		}
	}
	answer(w, http.StatusOK, text)
}
