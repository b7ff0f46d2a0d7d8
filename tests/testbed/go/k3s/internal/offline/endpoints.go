// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package offline

import "time"

// Paths of the supervisor that the commands call. All of them need the server token (basic
// authentication as user "server").
const (
	PathToken         = "/v1-k3s/token"          // PUT TokenRotateRequest
	PathSnapshot      = "/db/snapshot"           // POST SnapshotRequest, answered by SnapshotResult or SnapshotList
	PathEncryptStatus = "/v1-k3s/encrypt/status" // GET EncryptionState
	PathEncryptConfig = "/v1-k3s/encrypt/config" // PUT EncryptionRequest
	PathCACerts       = "/v1-k3s/cert/cacerts"   // PUT, a JSON object of file name and content
)

// TokenRotateRequest asks for another server token; without one the server makes it up.
type TokenRotateRequest struct {
	NewToken string `json:"newToken,omitempty"`
}

// Operations of a SnapshotRequest.
const (
	SnapshotSave   = "save"
	SnapshotLs     = "list"
	SnapshotDelete = "delete"
	SnapshotPrune  = "prune"
)

// SnapshotRequest is one snapshot command. Unset pointers mean the server's own settings.
type SnapshotRequest struct {
	Operation string   `json:"operation"`
	Name      []string `json:"name,omitempty"` // base name, or the snapshots to delete
	Dir       *string  `json:"dir,omitempty"`
	Compress  *bool    `json:"compress,omitempty"`
	Retention *int     `json:"retention,omitempty"`
	S3        bool     `json:"s3,omitempty"`
}

// SnapshotResult lists what a snapshot command made or removed.
type SnapshotResult struct {
	Created []string `json:"created,omitempty"`
	Deleted []string `json:"deleted,omitempty"`
}

// SnapshotList is a Kubernetes list of ETCDSnapshotFile objects.
type SnapshotList struct {
	APIVersion string         `json:"apiVersion" yaml:"apiVersion"`
	Kind       string         `json:"kind" yaml:"kind"`
	Metadata   struct{}       `json:"metadata" yaml:"metadata"`
	Items      []SnapshotFile `json:"items" yaml:"items"`
}

// SnapshotFile is one ETCDSnapshotFile.
type SnapshotFile struct {
	APIVersion string         `json:"apiVersion" yaml:"apiVersion"`
	Kind       string         `json:"kind" yaml:"kind"`
	Metadata   SnapshotMeta   `json:"metadata" yaml:"metadata"`
	Spec       SnapshotSpec   `json:"spec" yaml:"spec"`
	Status     SnapshotStatus `json:"status" yaml:"status"`
}

// SnapshotMeta names an ETCDSnapshotFile.
type SnapshotMeta struct {
	Name              string            `json:"name" yaml:"name"`
	CreationTimestamp time.Time         `json:"creationTimestamp" yaml:"creationTimestamp"`
	Labels            map[string]string `json:"labels,omitempty" yaml:"labels,omitempty"`
}

// SnapshotSpec says where a snapshot is.
type SnapshotSpec struct {
	SnapshotName string `json:"snapshotName" yaml:"snapshotName"`
	NodeName     string `json:"nodeName" yaml:"nodeName"`
	Location     string `json:"location" yaml:"location"`
}

// SnapshotStatus says what a snapshot is. Size is a Kubernetes quantity in bytes.
type SnapshotStatus struct {
	Size         string    `json:"size" yaml:"size"`
	CreationTime time.Time `json:"creationTime" yaml:"creationTime"`
	ReadyToUse   bool      `json:"readyToUse" yaml:"readyToUse"`
}

// EncryptionState is the answer of PathEncryptStatus. Enable is unset where encryption was never
// configured. Keys read "<type> <name>".
type EncryptionState struct {
	Stage        string   `json:"stage"`
	ActiveKey    string   `json:"activekey"`
	Enable       *bool    `json:"enable,omitempty"`
	HashMatch    bool     `json:"hashmatch,omitempty"`
	HashError    string   `json:"hasherror,omitempty"`
	InactiveKeys []string `json:"inactivekeys,omitempty"`
}

// EncryptionRequest asks for a step of the encryption.
type EncryptionRequest struct {
	Stage  *string `json:"stage,omitempty"`
	Enable *bool   `json:"enable,omitempty"`
	Force  bool    `json:"force"`
	Skip   bool    `json:"skip"`
}
