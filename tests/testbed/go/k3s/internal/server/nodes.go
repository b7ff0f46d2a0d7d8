// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package server

import (
	"context"
	"time"

	"lightk8s.invalid/testbed/common/api"
	"lightk8s.invalid/testbed/k3s/internal/logs"
)

const etcdLabel = "node-role.kubernetes.io/etcd"

type nodeObject struct {
	Metadata struct {
		Name            string            `json:"name"`
		Labels          map[string]string `json:"labels"`
		ResourceVersion string            `json:"resourceVersion"`
	} `json:"metadata"`
}

type nodeList struct {
	Metadata struct {
		ResourceVersion string `json:"resourceVersion"`
	} `json:"metadata"`
	Items []nodeObject `json:"items"`
}

// followNodes clears away what belongs to a Node when it is deleted: its password, and its etcd
// member if it was a server.
func (s *Server) followNodes(ctx context.Context) {
	for ; ctx.Err() == nil; time.Sleep(time.Second) {
		var list nodeList
		if s.kube.Get(ctx, "/api/v1/nodes", &list) != nil {
			continue
		}
		path := "/api/v1/nodes?watch=true&resourceVersion=" + list.Metadata.ResourceVersion
		_ = api.Watch(ctx, s.kube, path, func(e api.Event[nodeObject]) {
			if e.Type == "DELETED" {
				s.nodeGone(ctx, e.Object)
			}
		})
	}
}

func (s *Server) nodeGone(ctx context.Context, n nodeObject) {
	name := n.Metadata.Name
	if err := s.forgetNodePassword(ctx, name); err != nil {
		logs.Error("Failed to remove the node password of %s: %v", name, err)
	}
	if n.Metadata.Labels[etcdLabel] == "true" && s.kind == etcd && name != s.Name {
		if err := s.removeMember(ctx, name); err != nil {
			logs.Error("Failed to remove etcd member of %s: %v", name, err)
		}
	}
}

// labelNode gives our own Node the roles of a server.
func (s *Server) labelNode(ctx context.Context) {
	labels := map[string]string{"node-role.kubernetes.io/control-plane": "true"}
	notes := map[string]string{}
	if s.kind == etcd {
		labels[etcdLabel] = "true"
		if name, err := s.etcdName(); err == nil {
			notes["etcd.k3s.cattle.io/node-name"] = name
			notes["etcd.k3s.cattle.io/node-address"] = s.IP
		}
	}
	patch := api.Object{"metadata": api.Object{"labels": labels, "annotations": notes}}
	for {
		if err := s.kube.Patch(ctx, "/api/v1/nodes/"+s.Name, patch); err == nil {
			logs.Info("Labels and annotations have been set successfully on node: %s", s.Name)
			return
		}
		if !sleep(ctx, 300*time.Millisecond) {
			return
		}
	}
}
