// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"go.yaml.in/yaml/v2"

	"lightk8s.invalid/testbed/microk8s/internal/daemon"
	"lightk8s.invalid/testbed/microk8s/internal/snap"
)

type addon struct {
	Name          string   `yaml:"name"`
	Description   string   `yaml:"description"`
	Version       string   `yaml:"version"`
	Check         string   `yaml:"check_status"`
	Confinement   string   `yaml:"confinement"`
	Architectures []string `yaml:"supported_architectures"`
	Repository    string   `yaml:"-"`
}

// available are the add-ons for this machine, by repository and name.
func available() ([]addon, error) {
	files, err := filepath.Glob(snap.Common("addons", "*", "addons.yaml"))
	if err != nil {
		return nil, err
	}
	var list []addon
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var doc struct {
			Addons struct {
				Addons []addon `yaml:"addons"`
			} `yaml:"microk8s-addons"`
		}
		if err := yaml.Unmarshal(text, &doc); err != nil {
			return nil, err
		}
		for _, a := range doc.Addons.Addons {
			if slices.Contains(a.Architectures, runtime.GOARCH) {
				a.Repository = filepath.Base(filepath.Dir(name))
				list = append(list, a)
			}
		}
	}
	slices.SortFunc(list, func(a, b addon) int { return strings.Compare(a.Repository+"/"+a.Name, b.Repository+"/"+b.Name) })
	return list, nil
}

// named are those with a name, which may have the repository before it.
func named(list []addon, name string) []addon {
	return slices.DeleteFunc(slices.Clone(list), func(a addon) bool { return a.Name != name && a.Repository+"/"+a.Name != name })
}

// kinds are what the original lists to find out which add-ons are enabled: names as kubectl shows
// them, and paths of the API.
var kinds = map[string]string{
	"pod": "/api/v1/pods", "service": "/api/v1/services", "daemonset.apps": "/apis/apps/v1/daemonsets",
	"deployment.apps": "/apis/apps/v1/deployments", "replicaset.apps": "/apis/apps/v1/replicasets",
	"statefulset.apps": "/apis/apps/v1/statefulsets", "job.batch": "/apis/batch/v1/jobs",
	"ingressclass.networking.k8s.io":        "/apis/networking.k8s.io/v1/ingressclasses",
	"clusterrole.rbac.authorization.k8s.io": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
}

// objects are the lines "kind/name" of all of these.
func objects() (string, error) {
	client, err := daemon.Client()
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var all strings.Builder
	for kind, path := range kinds {
		var list struct {
			Items []struct {
				Metadata struct {
					Name string `json:"name"`
				} `json:"metadata"`
			} `json:"items"`
		}
		if err := client.Get(ctx, path, &list); err != nil {
			return "", err
		}
		for _, item := range list.Items {
			all.WriteString(kind + "/" + item.Metadata.Name + "\n")
		}
	}
	return all.String(), nil
}

// sorted tells enabled add-ons from others, by objects in the cluster or files on the node.
func sorted(list []addon) (enabled, disabled []addon, err error) {
	all, err := objects()
	if err != nil {
		return nil, nil, err
	}
	for _, a := range list {
		file := os.ExpandEnv(a.Check)
		info, err := os.Stat(file)
		if strings.Contains(all, a.Check) || err == nil && info.Mode().IsRegular() {
			enabled = append(enabled, a)
		} else {
			disabled = append(disabled, a)
		}
	}
	return enabled, disabled, nil
}

func enable(args []string) error  { return toggle("enable", args) }
func disable(args []string) error { return toggle("disable", args) }

func toggle(action string, args []string) error {
	if err := permitted(); err != nil {
		return err
	}
	if len(args) == 0 {
		fmt.Fprintf(os.Stderr, "Usage: microk8s %s [OPTIONS] ADDONS...\nTry 'microk8s %[1]s -h' for help.\n\n"+
			"Error: Missing argument 'ADDONS...'.\n", action)
		return Exit(2)
	}
	if worker("\nPlease use the master node.") {
		return Exit(1)
	}
	if err := running(); err != nil {
		return err
	}
	waitReady(30*time.Second, false)
	lock, err := os.OpenFile(snap.Data("var", "lock", ".microk8s-addon-lock"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o660)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	return toggleAll(action, args)
}

type wish struct {
	repository, name string
	args             []string
}

// wishes reads "a b:args" or "a --args".
func wishes(list []addon, args []string) ([]wish, error) {
	several := true
	for _, arg := range args {
		name, _, _ := strings.Cut(arg, ":")
		several = several && len(named(list, name)) > 0
	}
	if !several {
		w, err := one(list, args[0])
		if err != nil {
			return nil, err
		}
		if len(w.args) > 0 && len(args) > 1 {
			fmt.Println("Can't pass string arguments and flag arguments simultaneously!\n" +
				"Enable or disable addons with only one argument style at a time:\n\n" +
				"    microk8s enable foo:'bar'\nor\n    microk8s enable foo --bar")
			return nil, Exit(1)
		}
		w.args = args[1:]
		return []wish{w}, nil
	}
	var all []wish
	for _, arg := range args {
		w, err := one(list, arg)
		if err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	return all, nil
}

func one(list []addon, arg string) (wish, error) {
	name, rest, given := strings.Cut(arg, ":")
	w := wish{name: name}
	if given {
		w.args = strings.Split(rest, ":")
	}
	if repository, addon, ok := strings.Cut(name, "/"); ok {
		w.repository, w.name = repository, addon
		return w, nil
	}
	found := named(list, name)
	if len(found) == 0 {
		fmt.Fprintf(os.Stderr, "Addon %s was not found in any repository\n", name)
		return w, Exit(1)
	}
	fmt.Fprintf(os.Stderr, "Infer repository %s for addon %s\n", found[0].Repository, name)
	w.repository = found[0].Repository
	return w, nil
}

func toggleAll(action string, args []string) error {
	list, err := available()
	if err != nil {
		return err
	}
	enabled, disabled, err := sorted(list)
	if err != nil {
		return err
	}
	same := enabled
	if action == "disable" {
		same = disabled
	}
	all, err := wishes(list, args)
	if err != nil {
		return err
	}
	if len(all) > 1 {
		fmt.Printf("WARNING: Do not enable or disable multiple addons in one command.\n"+
			"         This form of chained operations on addons will be DEPRECATED in the future.\n"+
			"         Please, %s one addon at a time: 'microk8s %[1]s <addon>'\n", action)
	}
	for _, w := range all {
		full := w.repository + "/" + w.name
		if len(named(list, full)) == 0 {
			fmt.Printf("Addon %s not found\n", full)
			continue
		}
		if len(named(same, full)) > 0 {
			fmt.Printf("Addon %s is already %sd\n", full, action)
			continue
		}
		waitReady(30*time.Second, false)
		if err := carryOut(action, w); err != nil {
			return err
		}
		waitReady(30*time.Second, false)
	}
	return nil
}

func carryOut(action string, w wish) error {
	known, ok := actions[w.name]
	if !ok {
		fmt.Fprintf(os.Stderr, "Addon %s is not part of this stand-in\n", w.name)
		return Exit(1)
	}
	if action == "enable" {
		return known.enable(w.args)
	}
	return known.disable(w.args)
}
