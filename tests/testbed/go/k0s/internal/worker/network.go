// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package worker

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"lightk8s.invalid/testbed/common/api"
	"lightk8s.invalid/testbed/common/release"
	"lightk8s.invalid/testbed/k0s/internal/logs"
	"lightk8s.invalid/testbed/k0s/internal/node"
)

const (
	cniFile = "/etc/cni/net.d/10-kuberouter.conflist"
	bridge  = "kube-bridge"
)

const cniConfig = `{
   "cniVersion":"0.3.0",
   "name":"mynet",
   "plugins":[
      {
         "name":"kubernetes",
         "type":"bridge",
         "bridge":"kube-bridge",
         "isDefaultGateway":true,
         "hairpinMode":true,
         "ipMasq":true,%s
         "ipam":{
            "type":"host-local",
            "dataDir":"/run/cni-ipam",
            "subnet":"%s"
         }
      },
      {
         "type":"portmap",
         "capabilities":{
            "snat":true,
            "portMappings":true
         }
      }
   ]
}
`

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

// runNetwork does what kube-router does for pods of this node, unless the network is somebody
// else's: bridge, addresses, and routes to the pods of other nodes on the same segment.
func (w *Worker) runNetwork(ctx context.Context) {
	if err := w.stagePlugins(); err != nil {
		logs.Error("Failed to install CNI plugins", logs.Fields{"error": err})
		return
	}
	if w.Release.Behaviour == release.NeverReady {
		// What an earlier release has written would make the node Ready all the same.
		if err := os.Remove(cniFile); err != nil && !os.IsNotExist(err) {
			logs.Error("Failed to remove the CNI configuration", logs.Fields{"error": err})
		}
		return
	}
	if w.network.Provider == "custom" {
		return
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644); err != nil {
		logs.Warn("Failed to set net.ipv4.ip_forward", logs.Fields{"error": err})
	}
	for ; ctx.Err() == nil; node.Pause(ctx, time.Second) {
		err := api.Watch(ctx, w.kube, "/api/v1/nodes?watch=true", func(e api.Event[nodeObject]) {
			if err := w.follow(e.Type, &e.Object); err != nil {
				logs.Warn("Failed to set up the network", logs.Fields{"component": "kube-router", "error": err})
			}
		})
		logs.Info("Lost the watch of nodes", logs.Fields{"component": "kube-router", "error": err})
	}
}

func (w *Worker) follow(event string, n *nodeObject) error {
	if n.Spec.PodCIDR == "" {
		return nil
	}
	if n.Metadata.Name == w.Name {
		return w.writeCNI(n.Spec.PodCIDR)
	}
	if event == "DELETED" {
		_ = exec.Command("ip", "route", "del", n.Spec.PodCIDR).Run()
		return nil
	}
	if n.address() == "" {
		return nil
	}
	out, err := exec.Command("ip", "route", "replace", n.Spec.PodCIDR, "via", n.address()).CombinedOutput()
	if err != nil {
		return fmt.Errorf("route to %s: %w: %s", n.Metadata.Name, err, out)
	}
	return nil
}

func (w *Worker) writeCNI(cidr string) error {
	mtu := ""
	if w.network.MTU > 0 {
		mtu = fmt.Sprintf("\n         \"mtu\":%d,", w.network.MTU)
	}
	text := fmt.Sprintf(cniConfig, mtu, cidr)
	if old, err := os.ReadFile(cniFile); err == nil && string(old) == text {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(cniFile), 0o755); err != nil {
		return err
	}
	temp := filepath.Join(filepath.Dir(cniFile), ".kuberouter.tmp")
	if err := os.WriteFile(temp, []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(temp, cniFile)
}

// plugins of CNI in the payload.
var plugins = []string{"bridge", "host-local", "loopback", "portmap"}

// stagePlugins copies the CNI plugins to where the pods of the original put them.
func (w *Worker) stagePlugins() error {
	const dir = "/opt/cni/bin"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, name := range plugins {
		text, err := os.ReadFile(filepath.Join(w.Vars.BinDir, name))
		if err != nil {
			return err
		}
		target := filepath.Join(dir, name)
		if info, err := os.Stat(target); err == nil && info.Size() == int64(len(text)) {
			continue
		}
		temp := filepath.Join(dir, "."+name)
		if err := os.WriteFile(temp, text, 0o755); err != nil {
			return err
		}
		if err := os.Rename(temp, target); err != nil {
			return err
		}
	}
	return nil
}

// Bridge is the device that "reset" removes.
const Bridge = bridge
