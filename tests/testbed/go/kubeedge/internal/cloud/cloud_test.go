// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package cloud

import (
	"strings"
	"testing"

	"lightk8s.invalid/testbed/common/api"
)

func TestTokens(t *testing.T) {
	a, err := newAuthority()
	if err != nil {
		t.Fatal(err)
	}
	_, jwt, _ := strings.Cut(a.token(), ".")
	if err := a.check(jwt); err != nil {
		t.Error(err)
	}
	t.Setenv("KUBEEDGE_STANDIN_TOKEN_VALIDITY", "-1m")
	_, old, _ := strings.Cut(a.token(), ".")
	for text, said := range map[string]string{
		old:       "token is expired",
		jwt + "x": "signature is invalid",
		"a.b":     "invalid number of segments",
		"." + jwt: "invalid number of segments",
		"a.b.!":   "signature is invalid",
	} {
		if err := a.check(text); err == nil || !strings.Contains(err.Error(), said) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func pod(version, image, phase string) api.Object {
	return api.Object{
		"metadata": map[string]any{"namespace": "default", "name": "p", "uid": "1", "resourceVersion": version},
		"spec":     map[string]any{"image": image},
		"status":   map[string]any{"phase": phase},
	}
}

func TestAnEdgeIsToldOncePerChange(t *testing.T) {
	m := newMemory()
	m.offer("edge", pod("1", "a", "Pending"))
	if !m.offered("edge", pod("2", "a", "Running")) {
		t.Error("a change of the status is no news")
	}
	if m.offered("edge", pod("3", "b", "Running")) || m.offered("other", pod("1", "a", "Pending")) {
		t.Error("a change, or another edge, is")
	}
	if _, ok := m.acknowledged("edge", "1"); ok {
		t.Error("nothing was acknowledged")
	}
	m.confirm("edge", "1", "9")
	if _, ok := m.acknowledged("edge", "1"); ok {
		t.Error("that was another version")
	}
	m.confirm("edge", "1", "1")
	if _, ok := m.acknowledged("edge", "1"); !ok {
		t.Error("it was acknowledged")
	}
	if m.forget("edge", "1"); m.offered("edge", pod("1", "a", "Pending")) {
		t.Error("it was forgotten")
	}
}

func TestVersions(t *testing.T) {
	o := read(pod("10", "a", ""))
	if !o.newer("9") || o.newer("10") || !o.newer("") {
		t.Error(o)
	}
}
