// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package daemon

import (
	"log"
	"os"
	"strings"
	"time"

	"lightk8s.invalid/testbed/microk8s/internal/cluster"
	"lightk8s.invalid/testbed/microk8s/internal/snap"
)

// Dqlite is the datastore.
func Dqlite() error {
	if snap.Locked("no-k8s-dqlite") {
		return nil
	}
	if snap.Locked("low-memory-guard.lock") {
		log.Print("not starting dqlite because of low memory guard lock")
		return nil
	}
	args, err := snap.LoadArgs("k8s-dqlite")
	if err != nil {
		return err
	}
	if err := known(args.Words(), "k8s-dqlite", "storage-dir", "listen", "debug", "enable-tls", "profiling", "profiling-address",
		"diskmode", "client-session-cache-size", "min-tls-version", "metrics", "metrics-listen", "otel", "otel-listen",
		"otel-dir", "otel-span-name-filter", "otel-span-min-duration-filter", "watch-storage-available-size-interval",
		"watch-storage-available-size-min-bytes", "low-available-storage-action", "admission-control-policy",
		"admission-control-policy-tx-limit", "admission-control-only-for-write-queries", "watch-query-timeout",
		"connection-pool-size", "tracing", "tuning"); err != nil {
		return err
	}
	ctx, stop := signals()
	defer stop()
	// the original waits so that systemd goes on to try again
	if !pause(ctx, time.Second) {
		return nil
	}
	s, err := cluster.Open(ctx)
	if err != nil {
		return err
	}
	g := newGroup()
	if s.Home() {
		if err := os.Remove(cluster.Socket()); err != nil && !os.IsNotExist(err) {
			return err
		}
		// in the words of this build's driver
		source := "sqlite://" + cluster.Folder("state.db") + "?_journal=WAL&cache=shared&_busy_timeout=30000&_txlock=immediate"
		err := g.start("kine", snap.Kube("kine", "--endpoint="+source, "--listen-address=unix://"+cluster.Socket(),
			"--metrics-bind-address=0"))
		if err != nil {
			return err
		}
	}
	if err := s.Serve(ctx); err != nil {
		g.stop()
		return err
	}
	return g.wait(ctx)
}

// known refuses flags that the original does not have.
func known(words []string, program string, flags ...string) error {
	for _, word := range words {
		if !strings.HasPrefix(word, "-") {
			continue
		}
		name, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "=")
		if !contains(flags, name) {
			return unknownFlag{program, name}
		}
	}
	return nil
}

type unknownFlag struct{ program, name string }

func (u unknownFlag) Error() string { return "unknown flag: --" + u.name + " (" + u.program + ")" }

func contains(list []string, word string) bool {
	for _, one := range list {
		if one == word {
			return true
		}
	}
	return false
}
