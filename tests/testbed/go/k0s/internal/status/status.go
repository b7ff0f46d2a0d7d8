// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package status is the socket by which other commands learn about the running k0s.
package status

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"lightk8s.invalid/testbed/k0s/internal/config"
)

// Info is what "status" shows.
type Info struct {
	Version       string
	Pid           int
	PPid          int
	Role          string
	SysInit       string
	StubFile      string
	Output        string
	Workloads     bool
	SingleNode    bool
	Args          []string
	WorkerToAPI   Probe                 `json:"WorkerToAPIConnectionStatus"`
	ClusterConfig *config.ClusterConfig `json:"ClusterConfig"`
	K0sVars       *config.Vars          `json:"K0sVars"`
}

// Probe tells whether the worker reached the API.
type Probe struct {
	Message string
	Success bool
}

// Event is something that a component did.
type Event struct {
	At      time.Time `json:"at"`
	Message string    `json:"message"`
	Payload any       `json:"payload,omitempty"`
}

// Components is what "status components" shows.
type Components struct {
	Events       map[string][]Event  `json:"events"`
	HealthProbes map[string]struct{} `json:"healthProbes"`
}

// Server answers on the socket.
type Server struct {
	Info  Info
	Probe func(context.Context) error // nil without workloads

	mu     sync.Mutex
	events map[string]Event
}

// Emit remembers the latest event of a component.
func (s *Server) Emit(component, message string, payload any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.events == nil {
		s.events = map[string]Event{}
	}
	s.events[component] = Event{time.Now().UTC(), message, payload}
}

// SetProbe says how the worker's way to the API is probed.
func (s *Server) SetProbe(probe func(context.Context) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Probe = probe
}

func (s *Server) status(r *http.Request) Info {
	s.mu.Lock()
	probe, info := s.Probe, s.Info
	s.mu.Unlock()
	if !info.Workloads {
		return info
	}
	if probe == nil {
		info.WorkerToAPI.Message = "stat " + info.K0sVars.KubeletAuthConfig + ": no such file or directory"
		return info
	}
	if err := probe(r.Context()); err != nil {
		info.WorkerToAPI.Message = err.Error()
	} else {
		info.WorkerToAPI.Success = true
	}
	return info
}

func (s *Server) components() Components {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := Components{map[string][]Event{}, map[string]struct{}{}}
	for name, event := range s.events {
		c.Events[name] = []Event{event}
	}
	return c
}

// Start listens until the context ends; then the socket is gone.
func (s *Server) Start(ctx context.Context, socket string) error {
	_ = os.Remove(socket)
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("/status", func(w http.ResponseWriter, r *http.Request) { answer(w, s.status(r)) })
	mux.HandleFunc("/components", func(w http.ResponseWriter, _ *http.Request) { answer(w, s.components()) })
	go func() { _ = http.Serve(listener, mux) }()
	go func() {
		<-ctx.Done()
		_ = listener.Close()
		_ = os.Remove(socket)
	}()
	return nil
}

// Ask reads one path of the socket.
func Ask(socket, path string, out any) error {
	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}}
	response, err := client.Get("http://localhost/" + path)
	if err != nil {
		return fmt.Errorf("status: can't get %q via %q: %w", path, socket, err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, out)
}
