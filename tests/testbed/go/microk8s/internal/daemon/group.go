// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package daemon holds the services of the snap.
package daemon

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"lightk8s.invalid/testbed/microk8s/internal/snap"
)

// stopAfter is how long a component may take to end: the API server waits for open watches.
const stopAfter = 3 * time.Second

// group are programs of one service. When one ends, the service ends.
type group struct {
	ended chan error
	all   []*exec.Cmd
}

func newGroup() *group { return &group{ended: make(chan error, 8)} }

// start runs a program that goes down with its parent, however that ends. It must be called from
// the main goroutine, which is bound to the thread that the kernel takes for the parent.
func (g *group) start(name string, c *exec.Cmd) error {
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.Start(); err != nil {
		return err
	}
	g.all = append(g.all, c)
	go func() {
		err := c.Wait()
		g.ended <- fmt.Errorf("%s ended: %v", name, err)
	}()
	return nil
}

// wait returns when the service is to stop (nil) or a program has ended.
func (g *group) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		g.stop()
		return nil
	case err := <-g.ended:
		g.stop()
		return err
	}
}

func (g *group) stop() {
	for _, c := range g.all {
		_ = c.Process.Signal(syscall.SIGTERM)
	}
	for end := time.Now().Add(stopAfter); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		alive := false
		for _, c := range g.all {
			alive = alive || c.Process.Signal(syscall.Signal(0)) == nil
		}
		if !alive {
			return
		}
	}
	for _, c := range g.all {
		_ = c.Process.Kill()
	}
}

func signals() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
}

// pause waits; false when the context ended before.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// waitForRoute gives a default route ten seconds to appear.
func waitForRoute(ctx context.Context) {
	if _, ok := snap.DefaultRoute(); ok {
		return
	}
	log.Print("WARNING: No default route exists. MicroK8s might not work properly.")
	log.Print("Refer to https://microk8s.io/docs for instructions on air-gap deployments.")
	for i := range 5 {
		if _, ok := snap.DefaultRoute(); ok {
			return
		}
		log.Printf("Waiting for default route to appear. (attempt %d)", i)
		if !pause(ctx, 2*time.Second) {
			return
		}
	}
}

// notify tells systemd that the service is ready.
func notify() {
	socket := os.Getenv("NOTIFY_SOCKET")
	if socket == "" {
		return
	}
	if name, ok := strings.CutPrefix(socket, "@"); ok {
		socket = "\x00" + name
	}
	c, err := net.Dial("unixgram", socket)
	if err != nil {
		log.Printf("notify: %v", err)
		return
	}
	defer c.Close()
	_, _ = io.WriteString(c, "READY=1")
}
