// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package unpack brings the programs of a release to disk, all or nothing.
package unpack

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/klauspost/compress/zstd"

	"lightk8s.invalid/testbed/k3s/internal/logs"
)

// Ensure returns the folder of a release below dir, unpacked if it is not there yet.
func Ensure(dir, id string, payload io.Reader) (string, error) {
	final := filepath.Join(dir, id)
	if whole(final) {
		return final, link(dir, final)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	if whole(final) { // unpacked by another process while we waited
		return final, link(dir, final)
	}
	logs.Info("Preparing data dir %s", final)
	temp := final + "-tmp"
	if err := os.RemoveAll(temp); err != nil {
		return "", err
	}
	if err := extract(temp, payload); err != nil {
		return "", err
	}
	if err := os.RemoveAll(final); err != nil {
		return "", err
	}
	if err := os.Rename(temp, final); err != nil {
		return "", err
	}
	return final, link(dir, final)
}

// sizesFile lists the files of a release and their sizes.
const sizesFile = "sizes.json"

// whole tells whether every file is there in full: nothing is flushed to disk, so a power cut can
// leave files short.
func whole(dir string) bool {
	text, err := os.ReadFile(filepath.Join(dir, sizesFile))
	var sizes map[string]int64
	if err != nil || json.Unmarshal(text, &sizes) != nil || len(sizes) == 0 {
		return false
	}
	for name, size := range sizes {
		if info, err := os.Lstat(filepath.Join(dir, name)); err != nil || info.Size() != size {
			return false
		}
	}
	return true
}

// link points "current" at the release, and "previous" at the one before.
func link(dir, final string) error {
	current := filepath.Join(dir, "current")
	old, err := os.Readlink(current)
	if err == nil && old == final {
		return nil
	}
	if err == nil {
		if err := replace(old, filepath.Join(dir, "previous")); err != nil {
			return err
		}
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return replace(final, current)
}

func replace(target, name string) error {
	_ = os.Remove(name + ".tmp")
	if err := os.Symlink(target, name+".tmp"); err != nil {
		return err
	}
	return os.Rename(name+".tmp", name)
}

func extract(dir string, payload io.Reader) error {
	z, err := zstd.NewReader(payload)
	if err != nil {
		return err
	}
	defer z.Close()
	sizes := map[string]int64{}
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return writeSizes(dir, sizes)
		}
		if err != nil {
			return err
		}
		if strings.Contains(h.Name, "..") {
			return fmt.Errorf("refusing to unpack %q", h.Name)
		}
		name := filepath.Join(dir, h.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		switch h.Typeflag {
		case tar.TypeReg:
			sizes[h.Name] = h.Size
			err = write(name, t)
		case tar.TypeSymlink:
			err = os.Symlink(h.Linkname, name)
		}
		if err != nil {
			return err
		}
	}
}

func writeSizes(dir string, sizes map[string]int64) error {
	text, err := json.Marshal(sizes)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, sizesFile), text, 0o644)
}

func write(name string, from io.Reader) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, from); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
