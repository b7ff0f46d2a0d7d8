// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

func itoa(n int) string { return strconv.Itoa(n) }

// UnmarshalJSON reads the document over the defaults. Here, and in the sections that do not read
// themselves, unknown fields are refused; as in the original, those that do read themselves
// (api, storage, network, images and a few more) let them pass.
func (c *ClusterConfig) UnmarshalJSON(data []byte) error {
	type config ClusterConfig // messages show the name
	*c = *defaultCluster()
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode((*config)(c)); err != nil {
		return err
	}
	if c.Spec == nil {
		c.Spec = defaultSpec()
		return nil
	}
	c.Spec.fill()
	c.Spec.useRepository()
	return nil
}

// fill sets the sections that were given as null.
func (s *ClusterSpec) fill() {
	d := defaultSpec()
	if s.API == nil {
		s.API = d.API
	}
	if s.ControllerManager == nil {
		s.ControllerManager = d.ControllerManager
	}
	if s.Scheduler == nil {
		s.Scheduler = d.Scheduler
	}
	if s.Storage == nil {
		s.Storage = d.Storage
	}
	if s.Network == nil {
		s.Network = d.Network
	}
	if s.Telemetry == nil {
		s.Telemetry = d.Telemetry
	}
	if s.Install == nil || s.Install.Users == nil {
		s.Install = d.Install
	}
	if s.Images == nil {
		s.Images = d.Images
	}
	if s.Extensions == nil {
		s.Extensions = d.Extensions
	}
	if s.Konnectivity == nil {
		s.Konnectivity = d.Konnectivity
	}
}

// UnmarshalJSON sets defaults.
func (a *APISpec) UnmarshalJSON(data []byte) error {
	type plain APISpec
	if err := json.Unmarshal(data, (*plain)(a)); err != nil {
		return err
	}
	a.setDefaults()
	return nil
}

// UnmarshalJSON sets defaults.
func (s *StorageSpec) UnmarshalJSON(data []byte) error {
	type plain StorageSpec
	s.Type, s.Etcd = EtcdStorage, defaultEtcd()
	if err := json.Unmarshal(data, (*plain)(s)); err != nil {
		return err
	}
	if s.Type == KineStorage && s.Kine == nil {
		s.Kine = &KineConfig{kineDefault}
	}
	return nil
}

// UnmarshalJSON sets defaults.
func (n *Network) UnmarshalJSON(data []byte) error {
	type plain Network
	n.Provider = "kuberouter"
	if err := json.Unmarshal(data, (*plain)(n)); err != nil {
		return err
	}
	switch n.Provider {
	case "calico":
		if n.Calico == nil {
			n.Calico = defaultCalico()
		} else if n.Calico.Mode == "" {
			n.Calico.Mode = defaultCalico().Mode
		}
		n.KubeRouter = nil
	case "kuberouter":
		if n.KubeRouter == nil {
			n.KubeRouter = defaultKubeRouter()
		}
		n.Calico = nil
	}
	if n.KubeProxy == nil {
		n.KubeProxy = defaultKubeProxy()
	}
	return nil
}

// UnmarshalJSON sets defaults.
func (i *ClusterImages) UnmarshalJSON(data []byte) error {
	type plain ClusterImages
	if err := json.Unmarshal(data, (*plain)(i)); err != nil {
		return err
	}
	if i.DefaultPullPolicy == "" {
		i.DefaultPullPolicy = "IfNotPresent"
	}
	return nil
}

// Parse reads a document.
func Parse(text []byte) (*ClusterConfig, error) {
	c := defaultCluster()
	if len(bytes.TrimSpace(text)) == 0 {
		return c, nil
	}
	if err := yaml.UnmarshalStrict(text, c, func(d *json.Decoder) *json.Decoder {
		d.DisallowUnknownFields()
		return d
	}); err != nil {
		return nil, errors.New(strings.ReplaceAll(err.Error(), " of type config.", " of type v1beta1."))
	}
	return c, nil
}

// Read reads a named file, or standard input for "-".
func Read(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(name)
}

// Load reads the file of a node. That the default file is missing is no error: all defaults. A
// single node without a storage section gets kine.
func Load(name string, single bool) (*ClusterConfig, error) {
	if name == "" {
		name = DefaultFile
	}
	text, err := Read(name)
	if name == DefaultFile && errors.Is(err, os.ErrNotExist) {
		text, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	c, err := Parse(text)
	if err != nil {
		return nil, err
	}
	if single && !hasStorage(text) {
		c.Spec.Storage.Type, c.Spec.Storage.Kine = KineStorage, &KineConfig{singleDefault}
	}
	return c, nil
}

func hasStorage(text []byte) bool {
	var d struct {
		Spec struct {
			Storage any `json:"storage"`
		} `json:"spec"`
	}
	return yaml.Unmarshal(text, &d) == nil && d.Spec.Storage != nil
}

// Default is the document that "config create" shows.
func Default(images bool) *ClusterConfig {
	c := defaultCluster()
	if !images {
		c.Spec.Images = nil
		c.Spec.Network.NodeLocalLoadBalancing.EnvoyProxy.Image = nil
	}
	return c
}
