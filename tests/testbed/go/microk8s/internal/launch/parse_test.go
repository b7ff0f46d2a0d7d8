// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package launch

import "testing"

func TestParse(t *testing.T) {
	for text, refused := range map[string]bool{
		"version: 0.1.0":                             false,
		"version: 0.2.0\nbogus: 1":                   false, // only told of
		"version: 0.2.1":                             true,
		"version: 0.0.9":                             true,
		"version: '0.2'":                             true,
		"extraSANs: [a]":                             true, // no version
		"version: 0.2.0\naddons: 7":                  true,
		"version: 0.2.0\nextraKubeletArgs: {--v: 4}": false,
		"---\n---\nversion: 0.1.0":                   false,
		"":                                           false,
		"version: 0.1.0\n---\nversion: 9.0.0":        true,
	} {
		if _, err := Parse([]byte(text)); (err != nil) != refused {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestValuesMayBeTakenAway(t *testing.T) {
	parts, err := Parse([]byte("version: 0.2.0\nextraKubeletArgs: {--a: null, --b: 7}"))
	if err != nil {
		t.Fatal(err)
	}
	values := parts[0].ExtraKubeletArgs
	if values["--a"] != nil || *values["--b"] != "7" {
		t.Errorf("%v", values)
	}
}
