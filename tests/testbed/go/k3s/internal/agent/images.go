// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package agent

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"lightk8s.invalid/testbed/common/pki"
	"lightk8s.invalid/testbed/k3s/internal/logs"
)

const imagePoll = 2 * time.Second

// imageState is what is remembered of an imported archive.
type imageState struct {
	Size    int64     `json:"size"`
	ModTime time.Time `json:"modTime"`
}

// images imports the archives of a folder: all at start, later those that appear or change.
type images struct {
	agent *Agent
	dir   string
	seen  map[string]imageState
}

func (i *images) cacheFile() string { return filepath.Join(i.dir, ".cache.json") }

// start imports what lies in the folder. Where .cache.json exists, archives with the size and time
// written there are left out.
func (i *images) start() {
	i.seen = map[string]imageState{}
	if err := os.MkdirAll(i.dir, 0o755); err != nil {
		logs.Error("Unable to create %s: %v", i.dir, err)
		return
	}
	if text, err := os.ReadFile(i.cacheFile()); err == nil && len(text) > 0 {
		if err := json.Unmarshal(text, &i.seen); err != nil {
			logs.Error("Failed to read image cache %s: %v", i.cacheFile(), err)
		}
	}
	i.scan(i.list())
}

// watch looks for archives that are new, once they have stopped growing.
func (i *images) watch(ctx context.Context) {
	pending := map[string]imageState{}
	for ctx.Err() == nil {
		time.Sleep(imagePoll)
		pending = i.scan(pending)
	}
}

func supported(name string) bool {
	for _, s := range []string{".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst", ".txt"} {
		if strings.HasSuffix(name, s) {
			return true
		}
	}
	return false
}

func (i *images) list() map[string]imageState {
	found := map[string]imageState{}
	entries, err := os.ReadDir(i.dir)
	if err != nil {
		return found
	}
	for _, e := range entries {
		info, err := os.Stat(filepath.Join(i.dir, e.Name()))
		if err == nil && info.Mode().IsRegular() && supported(e.Name()) && !strings.HasPrefix(e.Name(), ".") {
			found[filepath.Join(i.dir, e.Name())] = imageState{info.Size(), info.ModTime()}
		}
	}
	return found
}

func (s imageState) same(o imageState) bool { return s.Size == o.Size && s.ModTime.Equal(o.ModTime) }

// scan imports what is new and as it was a moment ago, and returns what is new but still growing.
func (i *images) scan(pending map[string]imageState) map[string]imageState {
	fresh := map[string]imageState{}
	for name, state := range i.list() {
		if old, ok := i.seen[name]; ok && old.same(state) {
			continue
		}
		if before, ok := pending[name]; ok && before.same(state) {
			i.take(name, state)
		} else {
			fresh[name] = state
		}
	}
	i.forget()
	return fresh
}

// take imports one archive, and remembers it whatever comes of it.
func (i *images) take(name string, state imageState) {
	begin := time.Now()
	if err := i.agent.importFile(name); err != nil {
		logs.Error("Error encountered while importing %s: %v", name, err)
	} else {
		logs.Info("Imported images from %s in %s", name, time.Since(begin).Round(time.Millisecond))
	}
	i.seen[name] = state
	if _, err := os.Stat(i.cacheFile()); err == nil {
		text, _ := json.Marshal(i.seen)
		if err := pki.WriteFile(i.cacheFile(), text, 0o644); err != nil {
			logs.Error("Failed to write image cache: %v", err)
		}
	}
}

func (i *images) forget() {
	for name := range i.seen {
		if _, err := os.Stat(name); os.IsNotExist(err) {
			delete(i.seen, name)
		}
	}
}

func decompress(name string, f fs.File) (io.ReadCloser, error) {
	switch {
	case strings.HasSuffix(name, ".zst") || strings.HasSuffix(name, ".tzst"):
		z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return z.IOReadCloser(), nil
	case strings.HasSuffix(name, ".gz") || strings.HasSuffix(name, ".tgz"):
		return gzip.NewReader(f)
	}
	return f, nil
}

// importFile hands an archive to containerd.
func (a *Agent) importFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if strings.HasSuffix(name, ".txt") {
		for s := bufio.NewScanner(f); s.Scan(); {
			if ref := strings.TrimSpace(s.Text()); ref != "" {
				logs.Info("Pulling image %s...", ref)
				logs.Error("Failed to pull %s: no registry is reachable", ref)
			}
		}
		return nil
	}
	logs.Info("Importing images from %s", name)
	in, err := decompress(name, f)
	if err != nil {
		return err
	}
	defer in.Close()
	cmd := a.Group.Command("ctr", "-a", Socket, "-n", "k8s.io", "images", "import",
		"--label", "io.cri-containerd.pinned=pinned", "-")
	cmd.Stdin = in
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}
