// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package unpack brings the packed programs of a release to disk.
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

	"github.com/klauspost/compress/zstd"
)

// sizesFile lists the files of a release and their sizes.
const sizesFile = "sizes.json"

// Whole tells whether every file is there in full: nothing is flushed to disk, so a power cut can
// leave files short.
func Whole(dir string) bool {
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

// Extract unpacks all of a payload.
func Extract(dir string, payload io.Reader) error {
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
