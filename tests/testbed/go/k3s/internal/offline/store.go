// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package offline

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// SnapshotStore takes and keeps the etcd snapshots of one server.
type SnapshotStore struct {
	Dir       string // default folder
	Node      string
	DataDir   string
	Compress  bool
	Retention int
	// Save writes a snapshot to a path that does not exist yet; nil where there is no etcd.
	Save func(ctx context.Context, path string) error
}

// EtcdctlSave makes a Save function of an etcdctl command line that already holds endpoint and
// certificates.
func EtcdctlSave(command ...string) func(context.Context, string) error {
	return func(ctx context.Context, path string) error {
		line := append(slices.Clone(command), "snapshot", "save", path)
		if text, err := exec.CommandContext(ctx, line[0], line[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(text)))
		}
		return nil
	}
}

// Handler serves PathSnapshot.
func (s SnapshotStore) Handler() http.Handler {
	return handle(http.MethodPost, func(r *SnapshotRequest) (any, error) {
		return s.serve(context.Background(), r)
	})
}

func (s SnapshotStore) serve(ctx context.Context, r *SnapshotRequest) (any, error) {
	if s.Save == nil {
		return nil, fmt.Errorf("etcd database not found in %s", filepath.Join(s.DataDir, "server"))
	}
	if r.S3 {
		return nil, errors.New("failed to initialize S3 client: this server has no S3 support")
	}
	if r.Dir != nil {
		s.Dir = *r.Dir
	}
	if r.Compress != nil {
		s.Compress = *r.Compress
	}
	if r.Retention != nil {
		s.Retention = *r.Retention
	}
	switch r.Operation {
	case SnapshotLs:
		return s.List()
	case SnapshotDelete:
		deleted, err := s.Delete(r.Name...)
		return SnapshotResult{Deleted: deleted}, err
	}
	if len(r.Name) != 1 || r.Name[0] == "" || strings.ContainsRune(r.Name[0], '/') {
		return nil, fmt.Errorf("invalid snapshot name %q", r.Name)
	}
	switch r.Operation {
	case SnapshotSave:
		name, err := s.Take(ctx, r.Name[0])
		return SnapshotResult{Created: []string{name}}, err
	case SnapshotPrune:
		deleted, err := s.Prune(r.Name[0])
		return SnapshotResult{Deleted: deleted}, err
	}
	return nil, fmt.Errorf("unknown snapshot operation %q", r.Operation)
}

// Take saves a snapshot named <base>-<node>-<seconds> and returns its name.
func (s SnapshotStore) Take(ctx context.Context, base string) (string, error) {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return "", err
	}
	name := fmt.Sprintf("%s-%s-%d", base, s.Node, time.Now().Unix())
	path := filepath.Join(s.Dir, name)
	if err := s.Save(ctx, path); err != nil {
		return "", err
	}
	if !s.Compress {
		return name, os.Chmod(path, 0o600)
	}
	if err := compress(path); err != nil {
		return "", errors.Join(err, os.Remove(path))
	}
	return name + ".zip", os.Remove(path)
}

func compress(path string) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(path+".zip", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	archive := zip.NewWriter(out)
	entry, err := archive.Create(filepath.Base(path))
	if err == nil {
		_, err = io.Copy(entry, in)
	}
	return errors.Join(err, archive.Close(), out.Close())
}

// List describes the snapshots in the folder, in order of their names.
func (s SnapshotStore) List() (SnapshotList, error) {
	list := SnapshotList{APIVersion: "k3s.cattle.io/v1", Kind: "ETCDSnapshotFileList", Items: []SnapshotFile{}}
	entries, err := os.ReadDir(s.Dir)
	if errors.Is(err, os.ErrNotExist) {
		return list, nil
	}
	if err != nil {
		return list, err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || strings.HasSuffix(e.Name(), ".part") {
			continue
		}
		created := snapshotTime(e.Name(), info.ModTime())
		list.Items = append(list.Items, SnapshotFile{
			APIVersion: list.APIVersion, Kind: "ETCDSnapshotFile",
			Metadata: SnapshotMeta{
				Name: "local-" + strings.ToLower(e.Name()), CreationTimestamp: created,
				Labels: map[string]string{"etcd.k3s.cattle.io/snapshot-storage-node": s.Node},
			},
			Spec:   SnapshotSpec{e.Name(), s.Node, "file://" + filepath.Join(s.Dir, e.Name())},
			Status: SnapshotStatus{strconv.FormatInt(info.Size(), 10), created, true},
		})
	}
	return list, nil
}

// snapshotTime is the time in a snapshot's name, or that of the file.
func snapshotTime(name string, modified time.Time) time.Time {
	name = strings.TrimSuffix(name, ".zip")
	seconds, err := strconv.ParseInt(name[strings.LastIndex(name, "-")+1:], 10, 64)
	if err != nil {
		return modified.UTC().Truncate(time.Second)
	}
	return time.Unix(seconds, 0).UTC()
}

// Delete removes snapshots by name and returns those that were there.
func (s SnapshotStore) Delete(names ...string) ([]string, error) {
	list, err := s.List()
	if err != nil {
		return nil, err
	}
	var deleted []string
	for _, f := range list.Items {
		if !slices.Contains(names, f.Spec.SnapshotName) {
			continue
		}
		if err := os.Remove(filepath.Join(s.Dir, f.Spec.SnapshotName)); err != nil {
			return deleted, err
		}
		deleted = append(deleted, f.Spec.SnapshotName)
	}
	return deleted, nil
}

// Prune removes the oldest snapshots of a base name beyond the retention count; with a retention
// below 1 it keeps all.
func (s SnapshotStore) Prune(base string) ([]string, error) {
	list, err := s.List()
	if err != nil || s.Retention < 1 {
		return nil, err
	}
	mine := slices.DeleteFunc(list.Items, func(f SnapshotFile) bool {
		return !strings.HasPrefix(f.Spec.SnapshotName, base+"-"+s.Node+"-")
	})
	slices.SortStableFunc(mine, func(a, b SnapshotFile) int {
		return a.Status.CreationTime.Compare(b.Status.CreationTime)
	})
	var names []string
	for i := 0; i < len(mine)-s.Retention; i++ {
		names = append(names, mine[i].Spec.SnapshotName)
	}
	return s.Delete(names...)
}
