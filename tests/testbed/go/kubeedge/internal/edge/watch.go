// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package edge

import (
	"encoding/json"
	"net/http"
	"strconv"
	"sync"

	"lightk8s.invalid/testbed/common/api"
)

// firstVersion keeps the versions of the lists here apart from those of the API server.
const firstVersion = 1 << 52

type change struct {
	Type   string     `json:"type"`
	Object api.Object `json:"object"`
}

// collection is what the kubelet lists and watches: the pods of this node, or the node.
type collection struct {
	kind    string // of one object
	mu      sync.Mutex
	objects map[string]api.Object // namespace/name
	log     []change
	grown   chan struct{} // closed at the next change
}

func newCollection(kind string, objects []api.Object) *collection {
	c := &collection{kind: kind, objects: map[string]api.Object{}, grown: make(chan struct{})}
	for _, o := range objects {
		m := metaOf(o)
		c.objects[m.namespace+"/"+m.name] = o
	}
	return c
}

func (c *collection) add(change change) {
	c.log = append(c.log, change)
	close(c.grown)
	c.grown = make(chan struct{})
}

// set keeps an object.
func (c *collection) set(o api.Object) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := metaOf(o)
	key, kind := m.namespace+"/"+m.name, "ADDED"
	if former := c.objects[key]; former != nil {
		if kind = "MODIFIED"; metaOf(former).uid != m.uid {
			c.add(change{"DELETED", former})
			kind = "ADDED"
		}
	}
	c.objects[key] = o
	c.add(change{kind, o})
}

func (c *collection) get(namespace, name string) api.Object {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.objects[namespace+"/"+name]
}

// remove takes an object away, unless another of the same name is there.
func (c *collection) remove(namespace, name, uid string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	o := c.objects[namespace+"/"+name]
	if o == nil || uid != "" && metaOf(o).uid != uid {
		return
	}
	delete(c.objects, namespace+"/"+name)
	c.add(change{"DELETED", o})
}

func (c *collection) version() string { return strconv.Itoa(firstVersion + len(c.log)) }

func (c *collection) list() api.Object {
	c.mu.Lock()
	defer c.mu.Unlock()
	items := make([]api.Object, 0, len(c.objects))
	for _, o := range c.objects {
		items = append(items, o)
	}
	return api.Object{
		"kind": listKind(c.kind), "apiVersion": "v1", "items": items,
		"metadata": map[string]any{"resourceVersion": c.version()},
	}
}

func listKind(kind string) string {
	return map[string]string{typePod: "PodList", typeNode: "NodeList"}[kind]
}

// initial is what a watch begins with, and the place in the log from which it goes on; false for a
// version that is not one of ours.
func (c *collection) initial(r *http.Request) ([]change, int, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	q := r.URL.Query()
	text := q.Get("resourceVersion")
	if q.Get("sendInitialEvents") == "true" || text == "" || text == "0" {
		var first []change
		for _, o := range c.objects {
			first = append(first, change{"ADDED", o})
		}
		if q.Get("sendInitialEvents") == "true" {
			first = append(first, change{"BOOKMARK", api.Object{
				"kind": listKind(c.kind)[:len(c.kind)], "apiVersion": "v1",
				"metadata": map[string]any{
					"resourceVersion": c.version(), "annotations": map[string]any{"k8s.io/initial-events-end": "true"},
				},
			}})
		}
		return first, len(c.log), true
	}
	version, err := strconv.Atoi(text)
	at := version - firstVersion
	return nil, at, err == nil && at >= 0 && at <= len(c.log)
}

// watch writes changes until the client goes.
func (c *collection) watch(w http.ResponseWriter, r *http.Request) {
	first, at, ok := c.initial(r)
	if !ok {
		refuse(w, http.StatusGone, "Expired", "too old resource version")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	out, control := json.NewEncoder(w), http.NewResponseController(w)
	for changes := first; ; {
		for _, change := range changes {
			if out.Encode(change) != nil {
				return
			}
		}
		_ = control.Flush()
		c.mu.Lock()
		changes, at = c.log[at:len(c.log):len(c.log)], len(c.log)
		grown := c.grown
		c.mu.Unlock()
		if len(changes) > 0 {
			continue
		}
		select {
		case <-grown:
		case <-r.Context().Done():
			return
		}
	}
}
