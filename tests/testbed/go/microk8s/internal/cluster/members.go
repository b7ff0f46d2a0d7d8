// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package cluster is what stands in the place of dqlite: a kine on the node that began the
// cluster, which the other control plane nodes reach through the datastore's port.
package cluster

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"time"

	"go.yaml.in/yaml/v2"

	"lightk8s.invalid/testbed/common/pki"
	"lightk8s.invalid/testbed/microk8s/internal/snap"
)

// Roles of a member, as dqlite numbers them.
const (
	Voter = iota
	Standby
	Spare
)

const (
	// Port is where the datastore listens, next to the address of a member.
	Port      = "19001"
	wanted    = 3 // voters, and standbys
	streams   = "datastore"
	questions = "members"
)

// Member is one node of the datastore.
type Member struct {
	ID      uint64 `json:"ID" yaml:"ID"`
	Address string `json:"Address" yaml:"Address"`
	Role    int    `json:"Role" yaml:"Role"`
}

// Initial is what a member starts with for the first time.
type Initial struct {
	Address string   `yaml:"Address"`
	Cluster []string `yaml:"Cluster,omitempty"`
}

// Folder is a path in the datastore's folder.
func Folder(parts ...string) string {
	return snap.Data(append([]string{"var", "kubernetes", "backend"}, parts...)...)
}

// Socket is where the API server finds the datastore.
func Socket() string { return Folder("kine.sock:12379") }

// Initialise makes the folder of a node that is alone.
func Initialise() error {
	if err := os.MkdirAll(Folder(), 0o770); err != nil {
		return err
	}
	if err := pki.EnsureCA(Folder("cluster.crt"), Folder("cluster.key"), "k8s"); err != nil {
		return err
	}
	return write("init.yaml", Initial{Address: "127.0.0.1:" + Port})
}

func read(name string, into any) error {
	text, err := os.ReadFile(Folder(name))
	if err != nil {
		return err
	}
	return yaml.Unmarshal(text, into)
}

func write(name string, value any) error {
	text, err := yaml.Marshal(value)
	if err != nil {
		return err
	}
	temp := Folder("." + name)
	if err := os.WriteFile(temp, text, 0o660); err != nil {
		return err
	}
	return os.Rename(temp, Folder(name))
}

// WriteInitial says where the next start is to join.
func WriteInitial(i Initial) error { return write("init.yaml", i) }

// Self is this member.
func Self() (*Member, error) {
	m := &Member{}
	return m, read("info.yaml", m)
}

// known are the members as this node last heard of them.
func known() ([]Member, error) {
	var list []Member
	err := read("cluster.yaml", &list)
	return list, err
}

// assign gives roles as the original does: a cluster of less than three has one voter.
func assign(list []Member) {
	for i := range list {
		switch {
		case i == 0, len(list) >= wanted && i < wanted:
			list[i].Role = Voter
		case len(list) > wanted && i < 2*wanted:
			list[i].Role = Standby
		default:
			list[i].Role = Spare
		}
	}
}

func tlsConfig(protocols ...string) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(Folder("cluster.crt"), Folder("cluster.key"))
	if err != nil {
		return nil, err
	}
	// all members have the same certificate: who shows it is one
	same := func(raw [][]byte, _ [][]*x509.Certificate) error {
		if len(raw) == 0 || !bytes.Equal(raw[0], pair.Certificate[0]) {
			return errors.New("not a member of this cluster")
		}
		return nil
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAnyClientCert, NextProtos: protocols,
		InsecureSkipVerify: true, VerifyPeerCertificate: same, MinVersion: tls.VersionTLS12}, nil
}

func dial(address, protocol string) (net.Conn, error) {
	conf, err := tlsConfig(protocol)
	if err != nil {
		return nil, err
	}
	return tls.DialWithDialer(&net.Dialer{Timeout: 4 * time.Second}, "tcp", address, conf)
}

// question is asked of a member; the answer is the list of members afterwards.
type question struct {
	Operation string `json:"operation"` // list, add or remove
	Address   string `json:"address"`
}

type answer struct {
	Members []Member `json:"members"`
	Error   string   `json:"error"`
}

func ask(address string, q question) ([]Member, error) {
	c, err := dial(address, questions)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if err := json.NewEncoder(c).Encode(q); err != nil {
		return nil, err
	}
	var a answer
	if err := json.NewDecoder(c).Decode(&a); err != nil {
		return nil, err
	}
	if a.Error != "" {
		return nil, errors.New(a.Error)
	}
	return a.Members, nil
}

// Members asks the datastore of this node who belongs to it.
func Members() ([]Member, error) {
	self, err := Self()
	if err != nil {
		return nil, err
	}
	return ask(self.Address, question{Operation: "list"})
}

// Wait asks until there is an answer that will do.
func Wait(ctx context.Context, enough func([]Member) bool) ([]Member, error) {
	for {
		list, err := Members()
		if err == nil && enough(list) {
			return list, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("failed to retrieve dqlite cluster nodes: %w", ctx.Err())
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// Remove takes a member out.
func Remove(address string) error {
	self, err := Self()
	if err != nil {
		return err
	}
	_, err = ask(self.Address, question{Operation: "remove", Address: address})
	return err
}

// Move gives the only member an address that others can reach; it takes effect at the next start.
func Move(address string) error { return write("update.yaml", Initial{Address: address}) }

// change is carried out where the datastore lies.
func change(q question) ([]Member, error) {
	list, err := known()
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(list, func(m Member) bool { return m.Address == q.Address })
	switch q.Operation {
	case "list":
		return list, nil
	case "add":
		if at < 0 {
			list = append(list, Member{ID: uint64(time.Now().UnixNano()), Address: q.Address})
		}
	case "remove":
		if at < 0 {
			return nil, fmt.Errorf("no node with address %s", q.Address)
		}
		list = slices.Delete(list, at, at+1)
	default:
		return nil, fmt.Errorf("unknown operation %q", q.Operation)
	}
	assign(list)
	return list, write("cluster.yaml", list)
}
