// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package supervise keeps the components running: child processes that are started again 5 s after
// they end, and that outlive a parent which is killed.
package supervise

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"lightk8s.invalid/testbed/k0s/internal/logs"
)

const (
	respawnAfter = 5 * time.Second
	askAgain     = 5 * time.Second
	marker       = "_K0S_MANAGED=yes"
)

// Process is one component.
type Process struct {
	Name    string
	Path    string // the program
	Args    []string
	Env     []string
	RunDir  string
	DataDir string
	UID     int

	mu       sync.Mutex
	cmd      *exec.Cmd
	stopping bool
	stop     chan struct{}
	done     chan struct{}
}

func (p *Process) pidFile() string { return filepath.Join(p.RunDir, p.Name+".pid") }

func (p *Process) fields() logs.Fields { return logs.Fields{"component": p.Name} }

// Start runs the process and returns when it runs for the first time.
func (p *Process) Start() error {
	if err := p.endFormer(); err != nil {
		return err
	}
	p.stop, p.done = make(chan struct{}), make(chan struct{})
	logs.Info("Starting to supervise", p.fields())
	if err := p.spawn(); err != nil {
		return err
	}
	logs.Info(fmt.Sprintf("Started successfully, go nuts pid %d", p.cmd.Process.Pid), p.fields())
	go p.keep()
	return nil
}

func (p *Process) spawn() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	out, errors := logs.Pipe(p.Name, "stdout"), logs.Pipe(p.Name, "stderr")
	defer out.Close()
	defer errors.Close()
	p.cmd = exec.Command(p.Path, p.Args...)
	p.cmd.Dir = p.DataDir
	p.cmd.Env = append(append(os.Environ(), p.Env...), marker)
	p.cmd.Stdout, p.cmd.Stderr = out, errors
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if p.UID != 0 {
		p.cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(p.UID), Gid: 0}
	}
	if err := p.cmd.Start(); err != nil {
		return err
	}
	return os.WriteFile(p.pidFile(), []byte(strconv.Itoa(p.cmd.Process.Pid)+"\n"), 0o644)
}

// keep waits for the end of the process, and starts it again unless it was asked for.
func (p *Process) keep() {
	defer close(p.done)
	for restarts := 1; ; restarts++ {
		err := p.cmd.Wait()
		_ = os.Remove(p.pidFile())
		if p.asked() {
			if err != nil {
				logs.Error("Failed to wait for process", logs.Fields{"component": p.Name, "error": err})
			}
			return
		}
		for {
			if err != nil {
				logs.Warn("Failed to wait for process", logs.Fields{"component": p.Name, "error": err})
			}
			logs.Info("respawning in 5s", p.fields())
			select {
			case <-p.stop:
				return
			case <-time.After(respawnAfter):
			}
			if err = p.spawn(); err == nil {
				break
			}
		}
		logs.Info(fmt.Sprintf("Restarted (%d)", restarts), p.fields())
		if p.asked() {
			_ = p.cmd.Process.Signal(syscall.SIGTERM)
		}
	}
}

func (p *Process) asked() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stopping
}

// Signal sends a signal to the running process.
func (p *Process) Signal(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.cmd.Process.Signal(s)
}

// Stop asks the process to end, again and again, and waits for it.
func (p *Process) Stop() {
	if p.stop == nil {
		return
	}
	p.mu.Lock()
	again := p.stopping
	p.stopping = true
	p.mu.Unlock()
	if !again {
		close(p.stop)
	}
	for {
		p.Signal(syscall.SIGTERM)
		select {
		case <-p.done:
			return
		case <-time.After(askAgain):
		}
	}
}

// endFormer ends the process that a killed parent left behind, if its file in the run folder still
// says which one it is.
func (p *Process) endFormer() error {
	text, err := os.ReadFile(p.pidFile())
	if err != nil {
		return nil
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Errorf("failed to parse PID file %s: %w", p.pidFile(), err)
	}
	if !p.ours(pid) {
		return nil
	}
	_ = syscall.Kill(pid, syscall.SIGTERM)
	for end := time.Now().Add(askAgain); time.Now().Before(end); time.Sleep(25 * time.Millisecond) {
		if !p.ours(pid) {
			return nil
		}
	}
	return fmt.Errorf("while waiting for termination of PID %d from PID file %s: process did not terminate in time", pid, p.pidFile())
}

func (p *Process) ours(pid int) bool {
	command, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil || strings.Split(string(command), "\x00")[0] != p.Path {
		return false
	}
	environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	return err == nil && slices.Contains(strings.Split(string(environ), "\x00"), marker)
}
