// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package cluster

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"slices"
	"sync"
	"time"
)

// Server is the running datastore of a node.
type Server struct {
	self *Member
	home string // address of the member that has the data; empty when it is this one
	mu   sync.Mutex
}

// Open finds out who this member is: it begins a cluster, joins one, or goes on.
func Open(ctx context.Context) (*Server, error) {
	self, err := Self()
	if errors.Is(err, os.ErrNotExist) {
		return begin(ctx)
	}
	if err != nil {
		return nil, err
	}
	list, err := known()
	if err != nil || len(list) == 0 {
		return nil, fmt.Errorf("cluster.yaml: no members (%v)", err)
	}
	var moved Initial
	if read("update.yaml", &moved) == nil {
		log.Printf("new address %s", moved.Address)
		list[0].Address, self.Address = moved.Address, moved.Address
		if err := errors.Join(write("cluster.yaml", list), write("info.yaml", self), os.Remove(Folder("update.yaml"))); err != nil {
			return nil, err
		}
	}
	s := &Server{self: self}
	if list[0].Address != self.Address {
		s.home = list[0].Address
	}
	return s, nil
}

func begin(ctx context.Context) (*Server, error) {
	var first Initial
	if err := read("init.yaml", &first); err != nil {
		return nil, err
	}
	if len(first.Cluster) == 0 {
		self := &Member{ID: 1, Address: first.Address}
		err := errors.Join(write("info.yaml", self), write("cluster.yaml", []Member{*self}), os.Remove(Folder("init.yaml")))
		return &Server{self: self}, err
	}
	for {
		for _, address := range first.Cluster {
			list, err := ask(address, question{Operation: "add", Address: first.Address})
			if err != nil {
				log.Printf("join through %s: %v", address, err)
				continue
			}
			i := slices.IndexFunc(list, func(m Member) bool { return m.Address == first.Address })
			if i < 0 {
				return nil, errors.New("the cluster did not take this node")
			}
			err = errors.Join(write("info.yaml", list[i]), write("cluster.yaml", list), os.Remove(Folder("init.yaml")))
			return &Server{self: &list[i], home: list[0].Address}, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// Home tells whether the data lie on this node.
func (s *Server) Home() bool { return s.home == "" }

// Serve answers other members, and for a node without data the API server too.
func (s *Server) Serve(ctx context.Context) error {
	conf, err := tlsConfig(streams, questions)
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(s.self.Address)
	if err != nil {
		return err
	}
	if host != "127.0.0.1" {
		host = "0.0.0.0"
	}
	members, err := tls.Listen("tcp", net.JoinHostPort(host, port), conf)
	if err != nil {
		return err
	}
	go accept(ctx, members, s.answer)
	if s.Home() {
		return nil
	}
	if err := os.Remove(Socket()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	local, err := net.Listen("unix", Socket())
	if err != nil {
		return err
	}
	go accept(ctx, local, s.forward)
	return nil
}

func accept(ctx context.Context, l net.Listener, serve func(net.Conn)) {
	for ctx.Err() == nil {
		c, err := l.Accept()
		if err != nil {
			log.Printf("accept: %v", err)
			time.Sleep(100 * time.Millisecond)
			continue
		}
		go func() {
			defer c.Close()
			serve(c)
		}()
	}
}

func (s *Server) answer(c net.Conn) {
	t, ok := c.(*tls.Conn)
	if !ok || t.Handshake() != nil {
		return
	}
	if t.ConnectionState().NegotiatedProtocol == streams {
		s.forward(c)
		return
	}
	var q question
	if json.NewDecoder(c).Decode(&q) != nil {
		return
	}
	list, err := s.reply(q)
	a := answer{Members: list}
	if err != nil {
		a.Error = err.Error()
	}
	_ = json.NewEncoder(c).Encode(a)
}

// reply knows the members itself where the data lie, and asks there elsewhere.
func (s *Server) reply(q question) ([]Member, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Home() {
		return change(q)
	}
	list, err := ask(s.home, q)
	if err == nil {
		err = write("cluster.yaml", list)
	}
	return list, err
}

// forward brings a connection to the data.
func (s *Server) forward(c net.Conn) {
	var to net.Conn
	var err error
	if s.Home() {
		to, err = net.Dial("unix", Socket())
	} else {
		to, err = dial(s.home, streams)
	}
	if err != nil {
		log.Printf("datastore: %v", err)
		return
	}
	defer to.Close()
	done := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{c, to}, {to, c}} {
		go func() {
			_, _ = io.Copy(pair[0], pair[1])
			done <- struct{}{}
		}()
	}
	<-done
}
