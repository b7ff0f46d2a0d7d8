// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package offline

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"text/tabwriter"
	"time"

	"gopkg.in/yaml.v2"

	"lightk8s.invalid/testbed/k3s/internal/args"
	"lightk8s.invalid/testbed/k3s/internal/logs"
)

// snapshot runs an etcd-snapshot command against the running server.
func snapshot(t *args.ToolOptions, name string, names []string, out io.Writer) error {
	request := SnapshotRequest{S3: t.S3.Enabled}
	if t.SnapshotDir != "" {
		dir, err := filepath.Abs(t.SnapshotDir)
		if err != nil {
			return err
		}
		request.Dir = &dir
	}
	switch name {
	case "ls":
		return snapshotList(t, request, out)
	case "save":
		request.Operation, request.Name = SnapshotSave, []string{t.SnapshotName}
		if t.Source["etcd-snapshot-compress"] != args.SourceDefault {
			request.Compress = &t.SnapshotCompress
		}
	case "delete":
		request.Operation, request.Name = SnapshotDelete, names
	case "prune":
		request.Operation, request.Name, request.Retention = SnapshotPrune, []string{t.SnapshotName}, &t.SnapshotRetention
	}
	var result SnapshotResult
	if err := call(t, http.MethodPost, PathSnapshot, request, &result); err != nil {
		return err
	}
	for _, n := range result.Created {
		logs.Info("Snapshot %s saved.", n)
	}
	gone := map[string]bool{}
	for _, n := range result.Deleted {
		gone[n] = true
		logs.Info("Snapshot %s deleted.", n)
	}
	if name == "delete" {
		for _, n := range names {
			if !gone[n] {
				logs.Warn("Snapshot %s not found.", n)
			}
		}
	}
	return nil
}

func snapshotList(t *args.ToolOptions, request SnapshotRequest, out io.Writer) error {
	switch t.Output {
	case "table", "json", "yaml":
	default:
		return fmt.Errorf("invalid output format: %s", t.Output)
	}
	request.Operation = SnapshotLs
	var list SnapshotList
	if err := call(t, http.MethodPost, PathSnapshot, request, &list); err != nil {
		return err
	}
	switch t.Output {
	case "json":
		return json.NewEncoder(out).Encode(list)
	case "yaml":
		raw, err := yaml.Marshal(list)
		if err == nil {
			_, err = out.Write(raw)
		}
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	fmt.Fprint(w, "Name\tLocation\tSize\tCreated\n")
	for _, f := range list.Items {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", f.Spec.SnapshotName, f.Spec.Location, f.Status.Size,
			f.Status.CreationTime.UTC().Format(time.RFC3339))
	}
	return w.Flush()
}
