// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package daemon

import (
	"errors"
	"log"
	"os/exec"
	"time"

	"lightk8s.invalid/testbed/microk8s/internal/certs"
	"lightk8s.invalid/testbed/microk8s/internal/snap"
)

const (
	kickEvery  = 5 * time.Second
	kicksInRow = 5
)

// Kicker looks every 5 s whether the server's certificate still fits, and restarts the API server
// with another one where it does not.
func Kicker() error {
	if snap.Locked("clustered.lock") {
		log.Print("api service kicker will not run on a cluster node")
		return nil
	}
	if snap.Locked("low-memory-guard.lock") {
		log.Print("not starting api service kicker because of low memory guard lock")
		return nil
	}
	ctx, stop := signals()
	defer stop()
	for inRow := 0; pause(ctx, kickEvery); {
		if inRow >= kicksInRow {
			return errors.New("Service kicker restarted the apiserver too quickly. Exiting.")
		}
		if exec.Command("systemctl", "is-active", "--quiet", "snap.microk8s.daemon-kubelite.service").Run() != nil {
			continue
		}
		changed, err := renew()
		if err != nil {
			log.Print(err)
			continue
		}
		if !changed || snap.Locked("join-in-progress") {
			inRow = 0
			continue
		}
		log.Print("cert change detected. Reconfiguring the kube-apiserver")
		inRow++
		for _, service := range []string{"cluster-agent", "kubelite"} {
			if err := snap.Service("restart", service); err != nil {
				log.Print(err)
			}
		}
	}
	return nil
}

func renew() (bool, error) {
	_, route := snap.DefaultRoute()
	own := snap.Value("kube-apiserver", "--advertise-address") == "" && snap.Value("kube-apiserver", "--bind-address") == ""
	if !snap.Locked("no-cert-reissue") && own && route {
		return certs.Produce()
	}
	if certs.Expected() {
		return false, nil
	}
	return true, certs.Serve()
}
