// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package launch reads and applies launch configurations.
package launch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v2"
)

// Values are flags or variables; one without a value is removed.
type Values map[string]*string

// Configuration is one document. Its fields are those of the schema 0.2.0.
type Configuration struct {
	Version                         string            `yaml:"version"`
	AddonRepositories               []Repository      `yaml:"addonRepositories"`
	Addons                          []Addon           `yaml:"addons"`
	ExtraKubeletArgs                Values            `yaml:"extraKubeletArgs"`
	ExtraKubeAPIServerArgs          Values            `yaml:"extraKubeAPIServerArgs"`
	ExtraKubeProxyArgs              Values            `yaml:"extraKubeProxyArgs"`
	ExtraKubeControllerManagerArgs  Values            `yaml:"extraKubeControllerManagerArgs"`
	ExtraKubeSchedulerArgs          Values            `yaml:"extraKubeSchedulerArgs"`
	ExtraKubeliteEnv                Values            `yaml:"extraKubeliteEnv"`
	ExtraSANs                       *[]string         `yaml:"extraSANs"`
	ContainerdRegistryConfigs       map[string]string `yaml:"containerdRegistryConfigs"`
	ExtraContainerdArgs             Values            `yaml:"extraContainerdArgs"`
	ExtraContainerdEnv              Values            `yaml:"extraContainerdEnv"`
	ExtraDqliteArgs                 Values            `yaml:"extraDqliteArgs"`
	ExtraDqliteEnv                  Values            `yaml:"extraDqliteEnv"`
	ExtraMicroK8sClusterAgentArgs   Values            `yaml:"extraMicroK8sClusterAgentArgs"`
	ExtraMicroK8sClusterAgentEnv    Values            `yaml:"extraMicroK8sClusterAgentEnv"`
	ExtraMicroK8sAPIServerProxyArgs Values            `yaml:"extraMicroK8sAPIServerProxyArgs"`
	ExtraMicroK8sAPIServerProxyEnv  Values            `yaml:"extraMicroK8sAPIServerProxyEnv"`
	ExtraEtcdArgs                   Values            `yaml:"extraEtcdArgs"`
	ExtraEtcdEnv                    Values            `yaml:"extraEtcdEnv"`
	ExtraFlanneldArgs               Values            `yaml:"extraFlanneldArgs"`
	ExtraFlanneldEnv                Values            `yaml:"extraFlanneldEnv"`
	ExtraConfigFiles                map[string]string `yaml:"extraConfigFiles"`
	PersistentClusterToken          string            `yaml:"persistentClusterToken"`
	Join                            Join              `yaml:"join"`
	ExtraCNIEnv                     Values            `yaml:"extraCNIEnv"`
	ExtraFIPSEnv                    Values            `yaml:"extraFIPSEnv"`
}

// Repository is one of add-ons.
type Repository struct {
	Name      string `yaml:"name"`
	URL       string `yaml:"url"`
	Reference string `yaml:"reference"`
}

// Addon is enabled, or disabled.
type Addon struct {
	Name    string   `yaml:"name"`
	Disable bool     `yaml:"disable"`
	Args    []string `yaml:"args"`
}

// Join says which cluster to join.
type Join struct {
	URL    string `yaml:"url"`
	Worker bool   `yaml:"worker"`
}

var semantic = regexp.MustCompile(`^v?(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$`)

// checkVersion accepts 0.1.0 to 0.2.0.
func checkVersion(text string) error {
	m := semantic.FindStringSubmatch(text)
	if m == nil {
		return fmt.Errorf("could not parse config file version %q: could not parse %q as version", text, text)
	}
	number := 0
	for _, part := range m[1:4] {
		n, _ := strconv.Atoi(part)
		number = number*1000 + n
	}
	switch {
	case number > 2000:
		return fmt.Errorf("config file version is %s but the maximum version supported is 0.2.0", text)
	case number < 1000:
		return fmt.Errorf("config file version is %s but the minimum version required is 0.1.0", text)
	}
	return nil
}

// Parse reads the documents of a file. As in the original a field that it does not know is only
// told of; a wrong type or version is an error.
func Parse(text []byte) ([]*Configuration, error) {
	var parts []*Configuration
	for d := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var raw any
		if err := d.Decode(&raw); errors.Is(err, io.EOF) {
			return parts, nil
		} else if err != nil {
			return nil, fmt.Errorf("could not parse configuration: %w", err)
		}
		if raw == nil {
			continue
		}
		document, err := yaml.Marshal(raw)
		if err != nil {
			return nil, err
		}
		c := &Configuration{}
		if strict := yaml.UnmarshalStrict(document, c); strict != nil {
			c = &Configuration{}
			if err := yaml.Unmarshal(document, c); err != nil {
				return nil, fmt.Errorf("could not parse configuration: %w", err)
			}
			log.Printf("WARNING: configuration may contain unknown fields (error was %q).", strict)
			log.Printf("Any unknown fields will be ignored")
		}
		if err := checkVersion(c.Version); err != nil {
			return nil, err
		}
		parts = append(parts, c)
	}
}
