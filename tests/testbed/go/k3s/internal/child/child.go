// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package child runs the real components as child processes that end with the parent.
package child

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"lightk8s.invalid/testbed/k3s/internal/logs"
)

// Group is the set of components of one process.
type Group struct {
	Bin string // folder of the programs
	Env []string

	mu       sync.Mutex
	stopping bool
	running  []*Child
}

// Spec says what to run.
type Spec struct {
	Program string // file in the group's folder
	Args    []string
	Env     []string
	Log     io.Writer // nil: our standard error
	Gentle  bool      // gets SIGTERM and a moment before it is killed
}

// Child is a running component.
type Child struct {
	spec Spec
	cmd  *exec.Cmd
	done chan struct{}
	// ended: by us, so it is not a failure
	ended bool
}

// Command prepares a short-lived call of a packed program.
func (g *Group) Command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(g.Bin, program), args...)
	cmd.Env = append(os.Environ(), g.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// Start runs a component. When it ends by itself, so do we: the service manager starts all anew.
func (g *Group) Start(s Spec) *Child {
	name := s.Program
	if s.Program == "kube" {
		name = s.Args[0]
	}
	logs.Info("Running %s", name)
	c := &Child{spec: s, cmd: g.Command(s.Program, s.Args...), done: make(chan struct{})}
	c.cmd.Env = append(c.cmd.Env, s.Env...)
	c.cmd.Stdout, c.cmd.Stderr = os.Stderr, os.Stderr
	if s.Log != nil {
		c.cmd.Stdout, c.cmd.Stderr = s.Log, s.Log
	}
	started := make(chan struct{})
	go func() {
		// "parent died" is about the thread that forked, so that one has to stay
		runtime.LockOSThread()
		defer close(c.done)
		g.mu.Lock()
		stopping := g.stopping
		var err error
		if !stopping {
			if err = c.cmd.Start(); err == nil {
				g.running = append(g.running, c)
			}
		}
		g.mu.Unlock()
		close(started)
		if err == nil && !stopping {
			err = c.cmd.Wait()
		}
		g.mu.Lock()
		expected := g.stopping || c.ended
		g.running = slices.DeleteFunc(g.running, func(o *Child) bool { return o == c })
		g.mu.Unlock()
		if !expected {
			logs.Fatal("%s exited: %v", name, c.cmd.ProcessState)
		}
	}()
	<-started
	return c
}

func (c *Child) end() {
	if c.spec.Gentle {
		_ = c.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-c.done:
			return
		case <-time.After(3 * time.Second):
		}
	}
	_ = c.cmd.Process.Kill()
	<-c.done
}

// End stops one component.
func (g *Group) End(c *Child) {
	g.mu.Lock()
	c.ended = true
	g.mu.Unlock()
	c.end()
}

// Stop ends all components.
func (g *Group) Stop() {
	g.mu.Lock()
	g.stopping = true
	running := slices.Clone(g.running)
	g.mu.Unlock()
	var wait sync.WaitGroup
	for _, c := range running {
		wait.Add(1)
		go func() {
			defer wait.Done()
			c.end()
		}()
	}
	wait.Wait()
}
