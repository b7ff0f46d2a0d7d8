// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package cloud

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"lightk8s.invalid/testbed/common/api"
	"lightk8s.invalid/testbed/kubeedge/internal/klog"
	"lightk8s.invalid/testbed/kubeedge/internal/link"
)

const (
	syncs      = "/apis/reliablesyncs.kubeedge.io/v1alpha1"
	watchAgain = time.Second
)

// session is one connected edge.
type session struct {
	cloud *Cloud
	node  string
	mu    sync.Mutex
	send  func(link.Message) error
	end   context.CancelFunc
}

func (s *session) tell(m link.Message) {
	if m.Type == "ADDED" || m.Type == "MODIFIED" {
		s.cloud.memory.offer(s.node, m.Object)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.send(m); err != nil {
		s.end()
	}
}

// acknowledged reads what the edge is known to have, by the UID of the pod: from the ObjectSyncs.
func (s *session) acknowledged(ctx context.Context) (map[string]api.Object, error) {
	var list struct{ Items []api.Object }
	if err := s.cloud.kube.Get(ctx, syncs+"/objectsyncs", &list); err != nil {
		return nil, err
	}
	found := map[string]api.Object{}
	for _, o := range list.Items {
		if uid, ok := strings.CutPrefix(read(o).Metadata.Name, s.node+"."); ok {
			found[uid] = o
		}
	}
	return found, nil
}

// follow tells the edge what it does not know yet, then what changes.
func (s *session) follow(ctx context.Context, resource, selector string) {
	path := "/api/v1/" + resource + "?fieldSelector=" + url.QueryEscape(selector)
	for ctx.Err() == nil {
		var list struct {
			Metadata struct{ ResourceVersion string }
			Items    []api.Object
		}
		err := s.cloud.kube.Get(ctx, path, &list)
		if err == nil && resource == "pods" {
			err = s.catchUp(ctx, list.Items)
		}
		if err == nil {
			err = api.Watch(ctx, s.cloud.kube, path+"&watch=true&resourceVersion="+list.Metadata.ResourceVersion, func(e api.Event[api.Object]) {
				if e.Type == "ERROR" {
					return
				}
				s.pass(resource, e)
			})
		}
		if ctx.Err() == nil {
			klog.Warn("downstream.go:343", "watch of %s for node %s ended: %v", resource, s.node, err)
			select {
			case <-ctx.Done():
			case <-time.After(watchAgain):
			}
		}
	}
}

func (s *session) catchUp(ctx context.Context, pods []api.Object) error {
	had, err := s.acknowledged(ctx)
	if err != nil {
		return err
	}
	for _, o := range pods {
		pod := read(o)
		version := ""
		if sync := had[pod.Metadata.UID]; sync != nil {
			status, _ := sync["status"].(map[string]any)
			version, _ = status["objectResourceVersion"].(string)
			delete(had, pod.Metadata.UID)
		}
		before, told := s.cloud.memory.acknowledged(s.node, pod.Metadata.UID)
		if told && before.digest == digest(o) || !told && !pod.newer(version) {
			continue
		}
		s.tell(link.Message{Type: "ADDED", Resource: "pod", Object: o})
	}
	for uid, sync := range had {
		r := read(sync)
		s.tell(link.Message{Type: "DELETED", Resource: "pod", Object: api.Object{"metadata": api.Object{
			"namespace": r.Metadata.Namespace, "name": r.Spec.ObjectName, "uid": uid,
		}}})
	}
	return nil
}

// pass hands a change on, unless only the status has changed. A node that is deleted loses its link.
func (s *session) pass(resource string, e api.Event[api.Object]) {
	kind := strings.TrimSuffix(resource, "s")
	if kind == "node" && e.Type == "DELETED" {
		klog.Warn("node_session.go:160", "node %s is deleted, its session ends", s.node)
		s.end()
		return
	}
	if e.Type == "MODIFIED" && s.cloud.memory.offered(s.node, e.Object) {
		return
	}
	s.tell(link.Message{Type: e.Type, Resource: kind, Object: e.Object})
}

// acknowledge writes down that the edge has a pod.
func (c *Cloud) acknowledge(ctx context.Context, node string, a link.Ack) error {
	path := syncs + "/namespaces/" + a.Namespace + "/objectsyncs"
	name := node + "." + a.UID
	if a.Deleted {
		c.memory.forget(node, a.UID)
		err := c.kube.Do(ctx, http.MethodDelete, path+"/"+name, nil, nil)
		if api.IsCode(err, http.StatusNotFound) {
			return nil
		}
		return err
	}
	c.memory.confirm(node, a.UID, a.Version)
	status := api.Object{"objectResourceVersion": a.Version}
	err := c.kube.Do(ctx, http.MethodPost, path, api.Object{
		"apiVersion": "reliablesyncs.kubeedge.io/v1alpha1", "kind": "ObjectSync",
		"metadata": api.Object{"name": name, "namespace": a.Namespace},
		"spec":     api.Object{"objectAPIVersion": "v1", "objectKind": "pod", "objectName": a.Name},
		"status":   status,
	}, nil)
	if err != nil && !api.IsCode(err, http.StatusConflict) {
		return err
	}
	// as a subresource where the definition has it, else as a part of the object
	patch := api.Object{"status": status}
	if err := c.kube.Patch(ctx, path+"/"+name+"/status", patch); !api.IsCode(err, http.StatusNotFound) {
		return err
	}
	return c.kube.Patch(ctx, path+"/"+name, patch)
}
