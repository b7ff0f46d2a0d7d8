// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package daemon

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"lightk8s.invalid/testbed/common/api"
	"lightk8s.invalid/testbed/microk8s/internal/snap"
)

type nodeObject struct {
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		PodCIDR string `json:"podCIDR"`
	} `json:"spec"`
	Status struct {
		Addresses []struct {
			Type    string `json:"type"`
			Address string `json:"address"`
		} `json:"addresses"`
	} `json:"status"`
}

func (n *nodeObject) address() string {
	for _, a := range n.Status.Addresses {
		if a.Type == "InternalIP" {
			return a.Address
		}
	}
	return ""
}

const cniConfig = `{
  "name": "k8s-pod-network",
  "cniVersion": "0.3.1",
  "plugins": [
    {
      "type": "bridge",
      "bridge": %q,
      "isDefaultGateway": true,
      "hairpinMode": true,
      "ipMasq": true,
      "ipam": {"type": "host-local", "dataDir": "/run/cni-ipam", "subnet": %q}
    },
    {"type": "portmap", "snat": true, "capabilities": {"portMappings": true}}
  ]
}
`

func cniFile() string { return snap.Data("args", "cni-network", "10-calico.conflist") }

// network does what Calico's pods do in the original: addresses and a bridge for pods of this
// node, routes to those of others on the same segment.
func (k *kubelite) network(ctx context.Context) {
	if k.release.Behaviour == "never-ready" {
		if err := os.Remove(cniFile()); err != nil && !os.IsNotExist(err) {
			log.Print(err)
		}
		return
	}
	client, err := Client()
	if err != nil {
		log.Print(err)
		return
	}
	for ; ctx.Err() == nil; pause(ctx, time.Second) {
		_ = api.Watch(ctx, client, "/api/v1/nodes?watch=true", func(e api.Event[nodeObject]) {
			if err := follow(e.Type, &e.Object); err != nil {
				log.Printf("network: %v", err)
			}
		})
	}
}

func follow(event string, n *nodeObject) error {
	if n.Spec.PodCIDR == "" {
		return nil
	}
	if n.Metadata.Name == snap.Hostname() {
		text := fmt.Sprintf(cniConfig, snap.Bridge, n.Spec.PodCIDR)
		if old, err := os.ReadFile(cniFile()); err == nil && string(old) == text {
			return nil
		}
		temp := filepath.Join(filepath.Dir(cniFile()), ".calico.tmp")
		if err := os.WriteFile(temp, []byte(text), 0o644); err != nil {
			return err
		}
		return os.Rename(temp, cniFile())
	}
	route := []string{"route", "replace", n.Spec.PodCIDR, "via", n.address()}
	if event == "DELETED" {
		route = []string{"route", "del", n.Spec.PodCIDR}
	} else if n.address() == "" {
		return nil
	}
	out, err := exec.Command("ip", route...).CombinedOutput()
	if err != nil && event != "DELETED" {
		return fmt.Errorf("route to %s: %w: %s", n.Metadata.Name, err, strings.TrimSpace(string(out)))
	}
	return nil
}
