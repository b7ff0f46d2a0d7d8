// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestUnknownFields(t *testing.T) {
	for text, refused := range map[string]bool{
		"bogus: 1":                                 true,
		"spec: {bogus: 1}":                         true,
		"spec: {telemetry: {bogus: 1}}":            true,
		"spec: {konnectivity: {bogus: 1}}":         true,
		"spec: {api: {bogus: 1}}":                  false,
		"spec: {storage: {bogus: 1}}":              false,
		"spec: {network: {bogus: 1}}":              false,
		"spec: {images: {bogus: 1}}":               false,
		"metadata: {name: k0s, labels: {a: b}}":    false,
		"spec: {extensions: {helm: {charts: []}}}": false,
	} {
		if _, err := Parse([]byte(text)); (err != nil) != refused {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestStorageOfASingleNode(t *testing.T) {
	file := filepath.Join(t.TempDir(), "k0s.yaml")
	for text, wanted := range map[string]string{
		"":                                   "sqlite:///var/lib/k0s/",
		"spec: {storage: {type: kine}}":      "sqlite://file:/var/lib/k0s/",
		"spec: {storage: {type: etcd}}":      "",
		"spec: {telemetry: {enabled: true}}": "sqlite:///var/lib/k0s/",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(file, true)
		if err != nil {
			t.Fatal(err)
		}
		source := ""
		if c.Spec.Storage.Kine != nil {
			source = c.Spec.Storage.Kine.DataSource
		}
		if wanted == "" && source != "" || !strings.HasPrefix(source, wanted) {
			t.Errorf("%q: %q", text, source)
		}
		if c, err = Load(file, false); err != nil || text == "" && c.Spec.Storage.Type != EtcdStorage {
			t.Errorf("%q: %v %v", text, c.Spec.Storage, err)
		}
	}
}

func TestMissingFile(t *testing.T) {
	if _, err := Load("/nonexistent/k0s.yaml", false); err == nil {
		t.Error("a file that was named and is missing is an error")
	}
}

func TestImagesFollowRepositoryAndVersion(t *testing.T) {
	c, err := Parse([]byte("spec: {images: {repository: local.test/k0s, pause: {image: mine/pause, version: '1'}}}"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range c.Spec.List(true) {
		if !strings.HasPrefix(name, "local.test/k0s/") {
			t.Error(name)
		}
	}
}

func TestJoinable(t *testing.T) {
	for text, wanted := range map[string]bool{
		"spec: {storage: {type: etcd}}":                                          true,
		"spec: {storage: {type: kine}}":                                          false,
		"spec: {storage: {type: kine, kine: {dataSource: 'postgres://db/k0s'}}}": true,
	} {
		c, err := Parse([]byte(text))
		if err != nil || c.Spec.Storage.Joinable() != wanted {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestWhatSectionsHold(t *testing.T) {
	for text, wanted := range map[string]string{
		"spec: {konnectivity: {agentPort: -1}}":                                             "konnectivity: agentPort: Invalid value: -1",
		"spec: {extensions: {helm: {charts: [{name: a, chartname: b}]}}}":                   "extensions: chart must have TargetNS",
		"spec: {network: {provider: calico, calico: {mode: foo}}}":                          `network: calico.mode: Unsupported value: "foo"`,
		"spec: {network: {provider: calico, calico: {mtu: 1400}}}":                          "",
		"spec: {network: {nodeLocalLoadBalancing: {type: foo}}}":                            `nodeLocalLoadBalancing.type: Unsupported value: "foo"`,
		"spec: {images: {calico: {node: {image: '', version: '1'}}}}":                       "spec: images.calico.node.image: Required value",
		"spec: {images: {coredns: {image: a, version: ''}}}":                                `spec: images.coredns.version: Invalid value: ""`,
		"spec: {network: {controlPlaneLoadBalancing: {keepalived: {vrrpInstances: [{}]}}}}": "AuthPass must be defined",
		"spec: {featureGates: [{enabled: true}], podSecurityPolicy: {a: b}}":                "",
	} {
		c, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(text, err)
		}
		said := ""
		if err := c.Validate(); err != nil {
			said = err.Error()
		}
		if !strings.Contains(said, wanted) || wanted == "" && said != "" {
			t.Errorf("%s: %q, not %q", text, said, wanted)
		}
	}
}
