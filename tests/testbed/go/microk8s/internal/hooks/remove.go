// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package hooks

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"lightk8s.invalid/testbed/microk8s/internal/snap"
)

// Remove ends what would keep the snap's files in use, and takes away what lies elsewhere.
func Remove() error {
	_ = snap.Service("stop", "kubelite")
	_ = snap.Service("start", "containerd")
	EndContainers()
	for _, name := range []string{"/var/lib/kubelet", "/var/lib/calico", "/etc/cni/net.d", "/opt/cni/bin"} {
		if info, err := os.Lstat(name); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			_ = os.Remove(name)
		}
	}
	if cidr := snap.Value("kube-proxy", "--cluster-cidr"); cidr != "" {
		for _, flag := range []string{"-s", "-d"} {
			_ = exec.Command("iptables", "-D", "FORWARD", flag, cidr, "-m", "comment", "--comment", "generated for MicroK8s pods",
				"-j", "ACCEPT").Run()
		}
	}
	_ = snap.Service("stop", "containerd")
	unmount(snap.Common("var", "lib", "kubelet"))
	unmount(snap.Common("run", "containerd"))
	for _, dir := range []string{snap.Common("var", "lib", "containerd"), snap.Common("run", "containerd")} {
		_ = os.RemoveAll(dir)
	}
	for _, name := range []string{"/etc/sysctl.d/10-microk8s.conf", "/etc/systemd/system/snap.microk8s.daemon-kubelite.service.d"} {
		_ = os.RemoveAll(name)
	}
	_ = exec.Command("ip", "link", "delete", snap.Bridge).Run()
	if spaces, err := filepath.Glob("/run/netns/cni-*"); err == nil {
		for _, name := range spaces {
			_ = exec.Command("ip", "netns", "delete", filepath.Base(name)).Run()
		}
	}
	return os.RemoveAll("/run/cni-ipam")
}

// EndContainers ends all pods and what runs them.
func EndContainers() {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end) && snap.Ctr("version").Run() != nil; {
		time.Sleep(200 * time.Millisecond)
	}
	for _, kind := range []string{"tasks", "containers"} {
		out, _ := snap.Ctr(kind, "ls", "-q").Output()
		for _, name := range strings.Fields(string(out)) {
			if kind == "tasks" {
				_ = snap.Ctr("tasks", "kill", "-s", "SIGKILL", name).Run()
				_ = snap.Ctr("tasks", "delete", "--force", name).Run()
			} else {
				_ = snap.Ctr("containers", "delete", name).Run()
			}
		}
	}
	for _, name := range []string{"kubelite", "containerd"} {
		_ = exec.Command("systemctl", "kill", "snap.microk8s.daemon-"+name+".service", "--signal=SIGKILL").Run()
	}
}

// unmount takes everything off that is mounted below a folder.
func unmount(dir string) {
	text, err := os.ReadFile("/proc/mounts")
	if err != nil {
		return
	}
	for _, line := range strings.Split(string(text), "\n") {
		if words := strings.Fields(line); len(words) > 1 && strings.HasPrefix(words[1], dir) {
			_ = exec.Command("umount", "-l", words[1]).Run()
		}
	}
}
