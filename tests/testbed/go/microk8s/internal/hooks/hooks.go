// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

// Package hooks is what snapd runs when the snap is installed, configured, refreshed, removed.
package hooks

import (
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"lightk8s.invalid/testbed/microk8s/internal/certs"
	"lightk8s.invalid/testbed/microk8s/internal/cluster"
	"lightk8s.invalid/testbed/microk8s/internal/launch"
	"lightk8s.invalid/testbed/microk8s/internal/snap"
)

const lowMemory = 524288 // kB, at which the control plane is not started by itself

// Install prepares the data of a new installation. When it fails, snapd undoes the installation.
func Install() error {
	if snap.Locked("installed.lock") {
		return nil
	}
	if err := copyTree(snap.Root("default-args"), snap.Data("args")); err != nil {
		return err
	}
	if err := os.Rename(snap.Data("args", "certs.d", "localhost__32000"), snap.Data("args", "certs.d", "localhost:32000")); err != nil {
		return err
	}
	if err := links(); err != nil {
		return err
	}
	for _, dir := range []string{snap.Data("credentials"), snap.Data("certs"), snap.Data("var", "lock"),
		snap.Common("etc", "launcher"), snap.Common("etc", "sideload"), snap.Common("hooks"), snap.Common("var", "lib", "kubelet"),
		snap.Data("args", "cni-network")} {
		if err := os.MkdirAll(dir, 0o770); err != nil {
			return err
		}
	}
	if err := os.WriteFile(snap.Data("certs", "csr.conf.template"), certs.Template(nil), 0o660); err != nil {
		return err
	}
	if err := firstConfiguration(); err != nil {
		return err
	}
	if err := images(); err != nil {
		return err
	}
	if _, err := certs.Produce(); err != nil {
		return err
	}
	if err := errors.Join(certs.Users(), cluster.Initialise(), ranges(), plugins()); err != nil {
		return err
	}
	for _, name := range []string{"no-etcd", "no-flanneld", "no-apiserver-proxy", "ha-cluster", "lite.lock"} {
		if err := snap.Lock(name); err != nil {
			return err
		}
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		var total int
		if _, err := fmt.Sscanf(string(text), "MemTotal: %d kB", &total); err == nil && total <= lowMemory {
			if err := snap.Lock("low-memory-guard.lock"); err != nil {
				return err
			}
		}
	}
	return snap.Lock("installed.lock")
}

// firstConfiguration takes the first launch configuration that is there.
func firstConfiguration() error {
	target := snap.Common("etc", "launcher", "install.yaml")
	for _, name := range []string{"/etc/microk8s.yaml", filepath.Join(userCommon(), ".microk8s.yaml"),
		snap.Common(".microk8s.yaml"), snap.Root("microk8s.default.yaml")} {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		fmt.Printf("Found config file %s, will use to initialize cluster.\n", name)
		if err := os.WriteFile(target, text, 0o660); err != nil {
			return err
		}
		parts, err := launch.Parse(text)
		if err != nil {
			return fmt.Errorf("Error: failed to parse config file: %w", err)
		}
		if err := launch.Apply(parts, true); err != nil {
			return fmt.Errorf("Error: failed to apply configuration: %w", err)
		}
		return nil
	}
	return nil
}

func userCommon() string {
	if dir := os.Getenv("SNAP_USER_COMMON"); dir != "" {
		return dir
	}
	return "/root/snap/microk8s/common"
}

// images copies archives that lie at the usual places to where containerd takes them.
func images() error {
	for _, dir := range []string{userCommon(), snap.Common(), snap.Root()} {
		found, _ := filepath.Glob(filepath.Join(dir, "sideload", "*.tar"))
		for _, name := range found {
			if err := copyFile(name, snap.Common("etc", "sideload", filepath.Base(name)), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

var setting = regexp.MustCompile(`(?m)^(\w+)=(.*)$`)

// ranges gives the address ranges of cni-env to those that need them.
func ranges() error {
	text, err := os.ReadFile(snap.File("cni-env"))
	if err != nil {
		return err
	}
	env := map[string]string{}
	for _, m := range setting.FindAllStringSubmatch(string(text), -1) {
		env[m[1]] = m[2]
	}
	var pods, services []string
	for _, family := range []string{"IPv4", "IPv6"} {
		if env[family+"_SUPPORT"] != "true" {
			continue
		}
		for _, part := range []string{"CLUSTER", "SERVICE"} {
			if env[family+"_"+part+"_CIDR"] == "" {
				return fmt.Errorf("Failed: %s_SUPPORT is true, but no %[1]s_%s_CIDR was set", family, part)
			}
		}
		pods, services = append(pods, env[family+"_CLUSTER_CIDR"]), append(services, env[family+"_SERVICE_CIDR"])
	}
	if len(pods) == 0 {
		return errors.New("Failed: At least one of IPv4_SUPPORT or IPv6_SUPPORT must be true")
	}
	if env["CNI"] != "calico" {
		return errors.New("CNI must be set to 'calico'")
	}
	pod, service := strings.Join(pods, ","), strings.Join(services, ",")
	return errors.Join(snap.SetValue("kube-controller-manager", "--service-cluster-ip-range", &service),
		snap.SetValue("kube-controller-manager", "--cluster-cidr", &pod),
		snap.SetValue("kube-apiserver", "--service-cluster-ip-range", &service),
		snap.SetValue("kube-proxy", "--cluster-cidr", &pod))
}

// links makes the usual places of kubelet, CNI and Calico known, unless they exist.
func links() error {
	for name, target := range map[string]string{
		"/var/lib/kubelet": snap.Common("var", "lib", "kubelet"), "/var/lib/calico": snap.Current("var", "lib", "calico"),
		"/etc/cni/net.d": snap.Current("args", "cni-network"), "/opt/cni/bin": snap.Current("opt", "cni", "bin"),
	} {
		if snap.Exists(name) {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.Symlink(target, name); err != nil {
			return err
		}
		fmt.Printf("%s linked to %s\n", name, target)
	}
	return nil
}

// plugins links the CNI plugins of the newest revision.
func plugins() error {
	dir := snap.Data("opt", "cni", "bin")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	list, err := os.ReadDir(snap.Root("opt", "cni", "bin"))
	if err != nil {
		return err
	}
	for _, e := range list {
		name := filepath.Join(dir, e.Name())
		_ = os.Remove(name)
		target := filepath.Join(filepath.Dir(snap.Root()), "current", "opt", "cni", "bin", e.Name())
		if err := os.Symlink(target, name); err != nil {
			return err
		}
	}
	return nil
}

// Configure runs after each installation, refresh and "snap set".
func Configure() error {
	if !snap.Locked("installed.lock") && !snap.Exists(snap.Data("certs", "csr.conf.template")) {
		return nil
	}
	if err := links(); err != nil {
		return err
	}
	if err := takeSetting(); err != nil {
		return err
	}
	if addons := snap.Common("addons"); !snap.Exists(addons) {
		if err := copyTree(snap.Root("addons", "core"), filepath.Join(addons, "core")); err != nil {
			return err
		}
	}
	for _, dir := range []string{snap.Common("plugins"), snap.Data("tmp")} {
		if err := os.MkdirAll(dir, 0o770); err != nil {
			return err
		}
	}
	changed := false
	if !snap.Locked("clustered.lock") {
		var err error
		if changed, err = certs.Produce(); err != nil {
			return err
		}
	}
	if err := errors.Join(permissions(), plugins(), snap.Service("restart", "apiserver-proxy")); err != nil {
		return err
	}
	if !changed || snap.Locked("stopped.lock") {
		return nil
	}
	return errors.Join(snap.Service("restart", "kubelite"), snap.Service("restart", "cluster-agent"))
}

// takeSetting hands what "snap set microk8s config=..." says on to the cluster agent, once.
func takeSetting() error {
	out, err := exec.Command("snapctl", "get", "config").Output()
	text := strings.TrimRight(string(out), "\n")
	if err != nil || text == "" {
		return nil
	}
	name := snap.Common("etc", "launcher", "snap-set.yaml")
	if applied, err := os.ReadFile(name + ".applied"); err == nil && strings.TrimRight(string(applied), "\n") == text {
		return nil
	}
	return os.WriteFile(name, []byte(text+"\n"), 0o660)
}

// permissions gives the group what it may read, and others nothing.
func permissions() error {
	if exec.Command("getent", "group", "microk8s").Run() != nil {
		if out, err := exec.Command("groupadd", "microk8s").CombinedOutput(); err != nil {
			log.Printf("groupadd: %v: %s", err, out)
		}
	}
	for _, dir := range []string{snap.Common("plugins"), snap.Common("addons"), snap.Common("hooks"), snap.Data("credentials"),
		snap.Data("certs"), snap.Data("args"), snap.Data("var", "lock"), snap.Data("tmp"), cluster.Folder()} {
		for _, argv := range [][]string{{"chmod", "-R", "ug+rwX,o-rwX", dir}, {"chgrp", "-R", "microk8s", dir}} {
			if out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput(); err != nil {
				log.Printf("%v: %v: %s", argv, err, out)
			}
		}
	}
	return nil
}
