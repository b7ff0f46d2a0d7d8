// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package data brings the programs of a release to disk, all or nothing.
package data

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"lightk8s.invalid/testbed/common/unpack"
	"lightk8s.invalid/testbed/k3s/internal/logs"
)

// Ensure returns the folder of a release below dir, unpacked if it is not there yet.
func Ensure(dir, id string, payload io.Reader) (string, error) {
	final := filepath.Join(dir, id)
	if unpack.Whole(final) {
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
	if unpack.Whole(final) { // unpacked by another process while we waited
		return final, link(dir, final)
	}
	logs.Info("Preparing data dir %s", final)
	temp := final + "-tmp"
	if err := os.RemoveAll(temp); err != nil {
		return "", err
	}
	if err := unpack.Extract(temp, payload); err != nil {
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
