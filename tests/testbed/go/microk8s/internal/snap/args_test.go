// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package snap

import (
	"slices"
	"testing"
)

func TestArgs(t *testing.T) {
	t.Setenv("SNAP_DATA", "/data")
	a := &Args{}
	a.Replace("# about\n--a=1\n\n--b \"x y\"\n--c=${SNAP_DATA}/c\n--d")
	if got := a.Words(); !slices.Equal(got, []string{"--a=1", "--b", "x y", "--c=/data/c", "--d"}) {
		t.Errorf("words: %q", got)
	}
	a.Set("--a", "2")
	a.Set("--new", "3")
	a.Remove("--d")
	if got := a.Text(); got != "--new=3\n# about\n--a=2\n\n--b \"x y\"\n--c=${SNAP_DATA}/c\n" {
		t.Errorf("text: %q", got)
	}
	value := "4"
	if !a.Update(map[string]*string{"--a": &value, "--b": nil, "--z": &value}) {
		t.Error("nothing changed")
	}
	if got := a.Text(); got != "--new=3\n# about\n--a=4\n--c=${SNAP_DATA}/c\n--z=4\n" {
		t.Errorf("text after an update: %q", got)
	}
	if a.Update(map[string]*string{"--a": &value}) {
		t.Error("the same value is no change")
	}
}
