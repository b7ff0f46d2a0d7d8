// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package worker

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lightk8s.invalid/testbed/k0s/internal/logs"
)

const (
	imageDelay  = 10 * time.Second
	bundleLabel = "io.k0sproject.ocibundle-paths"
	pinnedLabel = "io.cri-containerd.pinned"
)

// bundles imports the archives of the images folder.
type bundles struct {
	worker *Worker
	taken  map[string]time.Time
}

// startImages imports what is there, and later what comes.
func (w *Worker) startImages(ctx context.Context) {
	b := &bundles{w, map[string]time.Time{}}
	b.load(ctx)
	go debounce(ctx, w.Vars.OCIBundleDir, imageDelay, func() { b.load(ctx) })
}

func (b *bundles) load(ctx context.Context) {
	dir := b.worker.Vars.OCIBundleDir
	logs.Info("Loading OCI bundles directory", logs.Fields{"component": "OCIBundleReconciler"})
	files, err := os.ReadDir(dir)
	if err != nil {
		logs.Error("Failed to read bundles directory", logs.Fields{"error": err})
		return
	}
	payload := make([]struct{}, len(files))
	b.worker.Status.Emit("OCIBundleReconciler", "importing OCI bundles", payload)
	for _, file := range files {
		name := filepath.Join(dir, file.Name())
		info, err := os.Stat(name)
		if err != nil || info.IsDir() {
			continue
		}
		if at, ok := b.taken[name]; ok && at.Equal(info.ModTime()) {
			continue
		}
		logs.Info("Loading OCI bundle " + name)
		if err := b.take(ctx, name, info.ModTime()); err != nil {
			logs.Error("Failed to load OCI bundle "+name, logs.Fields{"error": err})
			continue
		}
		b.taken[name] = info.ModTime()
		logs.Info("OCI bundle " + name + " loaded")
	}
	b.unpin(ctx)
}

// take imports one archive and notes at its images where they come from.
func (b *bundles) take(ctx context.Context, name string, at time.Time) error {
	references, err := references(name)
	if err != nil {
		return fmt.Errorf("failed to process OCI bundle: can't import bundle: %w", err)
	}
	text, err := b.worker.ctr(ctx, "images", "import", "--all-platforms", name).CombinedOutput()
	if err != nil {
		return fmt.Errorf("failed to process OCI bundle: can't import bundle: %w: %s", err, strings.TrimSpace(string(text)))
	}
	for _, reference := range references {
		logs.Info("Imported image " + reference)
		sources := b.sources(ctx, reference)
		sources[name] = at.UTC()
		if err := b.label(ctx, reference, sources); err != nil {
			return err
		}
	}
	return nil
}

type dockerManifest []struct {
	RepoTags []string
}

type ociIndex struct {
	Manifests []struct {
		Annotations map[string]string `json:"annotations"`
	} `json:"manifests"`
}

// references reads the images' names from an archive: docker's kind, or an OCI layout. As in the
// original, an archive that is compressed as a whole is none.
func references(name string) ([]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var names []string
	for t := tar.NewReader(f); ; {
		head, err := t.Next()
		if errors.Is(err, io.EOF) {
			slices.Sort(names)
			return slices.Compact(names), nil
		}
		if err != nil {
			return nil, err
		}
		switch path.Clean(head.Name) {
		case "manifest.json":
			var list dockerManifest
			if err := json.NewDecoder(t).Decode(&list); err != nil {
				return nil, err
			}
			for _, image := range list {
				names = append(names, image.RepoTags...)
			}
		case "index.json":
			var index ociIndex
			if err := json.NewDecoder(t).Decode(&index); err != nil {
				return nil, err
			}
			for _, m := range index.Manifests {
				if name := m.Annotations["io.containerd.image.name"]; name != "" {
					names = append(names, name)
				}
			}
		}
	}
}

func (b *bundles) label(ctx context.Context, reference string, sources map[string]time.Time) error {
	args := []string{"images", "label", reference}
	if len(sources) == 0 {
		args = append(args, pinnedLabel+"=", bundleLabel+"=")
	} else {
		text, err := json.Marshal(sources)
		if err != nil {
			return err
		}
		args = append(args, pinnedLabel+"=pinned", bundleLabel+"="+string(text))
	}
	if out, err := b.worker.ctr(ctx, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("failed to add labels for image %s: %w: %s", reference, err, out)
	}
	return nil
}

// all gives the labels about bundles, by image.
func (b *bundles) all(ctx context.Context) map[string]string {
	found := map[string]string{}
	out, err := b.worker.ctr(ctx, "images", "ls").Output()
	if err != nil {
		return found
	}
	for _, line := range strings.Split(string(out), "\n") {
		_, rest, ok := strings.Cut(line, bundleLabel+"=")
		if !ok {
			continue
		}
		// a JSON object without spaces, followed by other labels or the end
		if end := strings.Index(rest, "}"); end >= 0 {
			found[strings.Fields(line)[0]] = rest[:end+1]
		}
	}
	return found
}

func (b *bundles) sources(ctx context.Context, reference string) map[string]time.Time {
	sources := map[string]time.Time{}
	_ = json.Unmarshal([]byte(b.all(ctx)[reference]), &sources)
	return sources
}

// unpin frees the images whose archives are gone.
func (b *bundles) unpin(ctx context.Context) {
	for reference, text := range b.all(ctx) {
		sources := map[string]time.Time{}
		if json.Unmarshal([]byte(text), &sources) != nil {
			continue
		}
		before := len(sources)
		for name, at := range sources {
			if info, err := os.Stat(name); err != nil || !info.ModTime().Equal(at) {
				delete(sources, name)
			}
		}
		if len(sources) == before {
			continue
		}
		logs.Info("Unpinning image " + reference)
		if err := b.label(ctx, reference, sources); err != nil {
			logs.Error("Failed to unpin image "+reference, logs.Fields{"error": err})
		}
	}
}
