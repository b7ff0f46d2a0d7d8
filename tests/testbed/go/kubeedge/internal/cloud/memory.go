// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package cloud

import (
	"crypto/sha256"
	"encoding/json"
	"strconv"
	"sync"

	"lightk8s.invalid/testbed/common/api"
)

type object struct {
	Metadata struct{ Namespace, Name, UID, ResourceVersion string }
	Spec     struct{ ObjectName string }
}

func read(o api.Object) object {
	var r object
	text, _ := json.Marshal(o)
	_ = json.Unmarshal(text, &r)
	return r
}

// newer tells whether an object is of a later version.
func (o object) newer(than string) bool {
	a, _ := strconv.ParseInt(o.Metadata.ResourceVersion, 10, 64)
	b, err := strconv.ParseInt(than, 10, 64)
	return err != nil || a > b
}

// digest leaves out what a change of the status changes.
func digest(o api.Object) [32]byte {
	m := api.Object{}
	all, _ := o["metadata"].(map[string]any)
	for name, value := range all {
		if name != "resourceVersion" && name != "managedFields" && name != "generation" {
			m[name] = value
		}
	}
	text, _ := json.Marshal([]any{m, o["spec"]})
	return sha256.Sum256(text)
}

// known is one version of an object.
type known struct {
	version string
	digest  [32]byte
}

// memory is what the edges have been told and what of it they have acknowledged, while this
// process lives. It is why an edge that loses its database is not told again.
type memory struct {
	mu        sync.Mutex
	told, has map[string]known // by node and UID
}

func newMemory() *memory { return &memory{told: map[string]known{}, has: map[string]known{}} }

func (m *memory) offer(node string, o api.Object) {
	r := read(o)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.told[node+"/"+r.Metadata.UID] = known{r.Metadata.ResourceVersion, digest(o)}
}

// offered tells whether a node has been told of an object as it is, but for its status.
func (m *memory) offered(node string, o api.Object) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	before, ok := m.told[node+"/"+read(o).Metadata.UID]
	return ok && before.digest == digest(o)
}

func (m *memory) acknowledged(node, uid string) (known, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k, ok := m.has[node+"/"+uid]
	return k, ok
}

func (m *memory) confirm(node, uid, version string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if k, ok := m.told[node+"/"+uid]; ok && k.version == version {
		m.has[node+"/"+uid] = k
	}
}

func (m *memory) forget(node, uid string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.told, node+"/"+uid)
	delete(m.has, node+"/"+uid)
}
