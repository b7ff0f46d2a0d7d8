// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package agent

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"lightk8s.invalid/testbed/common/pki"
	"lightk8s.invalid/testbed/k3s/internal/logs"
)

const (
	dialTimeout   = 2 * time.Second
	checkInterval = 3 * time.Second
)

// balancer passes connections to a loopback port on to a server that lives.
type balancer struct {
	files []string // where the list is kept for the next start
	local string   // address it listens on

	mu      sync.Mutex
	servers []string // first: the one in use
	first   string   // as configured
	open    map[net.Conn]string
}

type balancerState struct {
	ServerURL       string   `json:"ServerURL"`
	ServerAddresses []string `json:"ServerAddresses"`
}

func startBalancer(ctx context.Context, port int, server string, files ...string) (*balancer, error) {
	b := &balancer{files: files, first: server, servers: []string{server}, open: map[net.Conn]string{}}
	var state balancerState
	if text, err := os.ReadFile(files[0]); err == nil && json.Unmarshal(text, &state) == nil {
		for _, s := range state.ServerAddresses {
			if !slices.Contains(b.servers, s) {
				b.servers = append(b.servers, s)
			}
		}
	}
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	b.local = l.Addr().String()
	logs.Info("Running load balancer k3s-agent-load-balancer %s -> %v [default: %s]", b.local, b.servers, server)
	b.save()
	go func() {
		<-ctx.Done()
		_ = l.Close()
	}()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go b.pass(c)
		}
	}()
	go b.check(ctx)
	return b, nil
}

func (b *balancer) save() {
	b.mu.Lock()
	state := balancerState{"https://" + b.first, slices.Clone(b.servers)}
	b.mu.Unlock()
	slices.Sort(state.ServerAddresses)
	text, _ := json.MarshalIndent(state, "", "  ")
	for _, f := range b.files {
		if err := pki.WriteFile(f, text, 0o600); err != nil {
			logs.Error("Failed to write load balancer state: %v", err)
		}
	}
}

// set replaces the list of servers by the one the cluster tells.
func (b *balancer) set(servers []string) {
	if len(servers) == 0 {
		return
	}
	b.mu.Lock()
	old := slices.Sorted(slices.Values(b.servers))
	fresh := slices.Sorted(slices.Values(servers))
	changed := !slices.Equal(old, fresh)
	if changed {
		// the one in use stays in use if it is still there
		if i := slices.Index(fresh, b.servers[0]); i > 0 {
			fresh[0], fresh[i] = fresh[i], fresh[0]
		}
		b.servers = fresh
	}
	b.mu.Unlock()
	if changed {
		logs.Info("Updated load balancer k3s-agent-load-balancer server addresses -> %v [default: %s]", fresh, b.first)
		b.save()
	}
}

// candidates are the servers in the order of trial; the configured one is the last resort.
func (b *balancer) candidates() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := slices.Clone(b.servers)
	if !slices.Contains(all, b.first) {
		all = append(all, b.first)
	}
	return all
}

func (b *balancer) use(server string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.Index(b.servers, server); i > 0 {
		b.servers[0], b.servers[i] = b.servers[i], b.servers[0]
	}
}

func (b *balancer) dial() (net.Conn, string, error) {
	var last error
	for _, s := range b.candidates() {
		c, err := net.DialTimeout("tcp", s, dialTimeout)
		if err == nil {
			b.use(s)
			return c, s, nil
		}
		last = err
	}
	return nil, "", last
}

func (b *balancer) pass(client net.Conn) {
	defer client.Close()
	server, name, err := b.dial()
	if err != nil {
		return
	}
	defer server.Close()
	b.mu.Lock()
	b.open[server] = name
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		delete(b.open, server)
		b.mu.Unlock()
	}()
	done := make(chan struct{}, 2)
	pipe := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		done <- struct{}{}
	}
	go pipe(server, client)
	go pipe(client, server)
	<-done
}

// check cuts the connections to a server that no longer answers: a dead machine closes none.
func (b *balancer) check(ctx context.Context) {
	for failed := 0; ctx.Err() == nil; time.Sleep(checkInterval) {
		server := b.candidates()[0]
		c, err := net.DialTimeout("tcp", server, dialTimeout)
		if err == nil {
			_ = c.Close()
			failed = 0
			continue
		}
		if failed++; failed < 2 {
			continue
		}
		failed = 0
		if c, _, err := b.dial(); err == nil {
			_ = c.Close()
		}
		b.mu.Lock()
		for conn, name := range b.open {
			if name == server {
				_ = conn.Close()
			}
		}
		b.mu.Unlock()
	}
}
