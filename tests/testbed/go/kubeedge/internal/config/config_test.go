// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

func read(t *testing.T, text string) (*EdgeCoreConfig, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "edgecore.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return ReadEdge(file)
}

func TestWhatIsAcceptedAndRefused(t *testing.T) {
	for text, refused := range map[string]bool{
		"":                             false,
		"kind: Other":                  false,
		"bogus: 1":                     false,
		"modules: {edged: {bogus: 1}}": false,
		"modules: {edged: {tailoredKubeletConfig: {bogus: 1}}}":             false,
		"modules: {edged: {hostnameOverride: [a]}}":                         true,
		"modules: {edgeHub: {websocket: {enable: 'yes'}}}":                  true,
		"modules: {edged: {tailoredKubeletConfig: {maxPods: many}}}":        true,
		"modules: {edged: {tailoredKubeletConfig: {syncFrequency: often}}}": true,
		"a: b: c": true,
	} {
		if _, err := read(t, text); (err != nil) != refused {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestWhatIsNotSaidKeepsItsDefault(t *testing.T) {
	c, err := read(t, "modules: {edged: {tailoredKubeletConfig: {evictionHard: {nodefs.available: 1%}}}}")
	if err != nil {
		t.Fatal(err)
	}
	kubelet := c.Modules.Edged.TailoredKubeletConfig
	if kubelet.EvictionHard["nodefs.available"] != "1%" || kubelet.EvictionHard["memory.available"] != "100Mi" {
		t.Error(kubelet.EvictionHard)
	}
	if kubelet.CgroupDriver != "cgroupfs" || c.Database.DataSource != "/var/lib/kubeedge/edgecore.db" {
		t.Error(kubelet.CgroupDriver, c.Database.DataSource)
	}
}

func TestDefaultsAreWrittenAsTheyWereRead(t *testing.T) {
	text, err := yaml.Marshal(DefaultEdge())
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, line := range strings.Split(string(fill(edgeDefaults)), "\n") {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	if wanted := strings.Join(lines, "\n"); string(text) != wanted {
		t.Errorf("%s\nis not\n%s", text, wanted)
	}
}

func TestFaults(t *testing.T) {
	for text, wanted := range map[string]string{
		"modules: {edged: {hostnameOverride: KE_G}}":                            "HostnameOverride: ",
		"modules: {edged: {tailoredKubeletConfig: {cgroupDriver: frob}}}":       "CGroupDriver: ",
		"modules: {edgeHub: {websocket: {enable: true}, quic: {enable: true}}}": "enable: ",
	} {
		c, err := read(t, text)
		if err != nil {
			t.Fatal(err)
		}
		if faults := c.Faults(); len(faults) != 1 || !strings.HasPrefix(faults[0], wanted) {
			t.Errorf("%s: %v", text, faults)
		}
	}
}
