// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package link is what both ends of a connection between cloud and edge agree on.
package link

import "lightk8s.invalid/testbed/common/api"

// Message is a line that the cloud sends. Types: ADDED, MODIFIED, DELETED and, without an object,
// KEEPALIVE.
type Message struct {
	Type     string     `json:"type"`
	Resource string     `json:"resource,omitempty"`
	Object   api.Object `json:"object,omitempty"`
}

// Ack says that a pod is in the edge's database, or gone from it.
type Ack struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	UID       string `json:"uid"`
	Version   string `json:"version"`
	Deleted   bool   `json:"deleted,omitempty"`
}

// Path is where a node finds its events, kube and ack.
func Path(project, node, what string) string { return "/" + project + "/" + node + "/" + what }
