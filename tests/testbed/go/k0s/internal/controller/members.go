// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package controller

import (
	"context"
	_ "embed"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"lightk8s.invalid/testbed/common/api"
	"lightk8s.invalid/testbed/k0s/internal/config"
	"lightk8s.invalid/testbed/k0s/internal/logs"
	"lightk8s.invalid/testbed/k0s/internal/node"
)

//go:embed manifests/members.tmpl
var members string

const (
	etcdMembers  = "/apis/etcd.k0sproject.io/v1beta1/etcdmembers"
	controlNodes = "/apis/autopilot.k0sproject.io/v1beta2/controlnodes"
)

type etcdMember struct {
	Metadata struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		Leave bool `json:"leave"`
	} `json:"spec"`
	Status struct {
		Conditions []struct {
			Type, Status string
		} `json:"conditions"`
	} `json:"status"`
}

func (m *etcdMember) joined() bool {
	for _, c := range m.Status.Conditions {
		if c.Type == "Joined" {
			return c.Status == "True"
		}
	}
	return false
}

func (c *Controller) ownEtcd() bool {
	s := c.config.Spec.Storage
	return s.Type == config.EtcdStorage && s.Etcd.ExternalCluster == nil
}

// runMembers keeps the objects about this controller, and takes members out of etcd that are marked to leave.
func (c *Controller) runMembers(ctx context.Context) {
	for {
		err := c.register(ctx)
		if err == nil {
			break
		}
		logs.Info("Failed to register the controller: " + err.Error())
		if !node.Pause(ctx, time.Second) {
			return
		}
	}
	for ; c.ownEtcd() && ctx.Err() == nil; node.Pause(ctx, time.Second) {
		_ = api.Watch(ctx, c.kube, etcdMembers+"?watch=true", func(e api.Event[etcdMember]) {
			m := &e.Object
			if e.Type == "DELETED" || !m.Spec.Leave || !m.joined() || m.Metadata.Name == c.etcdName() {
				return
			}
			if err := c.leave(ctx, m.Metadata.Name); err != nil {
				logs.Warn("Failed to delete member from cluster: " + err.Error())
			}
		})
	}
}

// register makes the objects, or takes back what an earlier life of this controller was told.
func (c *Controller) register(ctx context.Context) error {
	autopilot := c.Options.Enabled("autopilot")
	values := map[string]any{"Etcd": c.ownEtcd(), "Autopilot": autopilot}
	if err := c.applyTemplate(ctx, members, values); err != nil {
		return err
	}
	if autopilot {
		if err := c.registerControlNode(ctx); err != nil {
			return err
		}
	}
	if !c.ownEtcd() {
		return nil
	}
	ids, err := c.memberIDs(ctx)
	if err != nil {
		return err
	}
	if err := c.ensure(ctx, etcdMembers, api.Object{"apiVersion": "etcd.k0sproject.io/v1beta1", "kind": "EtcdMember",
		"metadata": map[string]any{"name": c.etcdName()}, "spec": map[string]any{"leave": false}}); err != nil {
		return err
	}
	return c.say(ctx, c.etcdName(), "True", "Member joined", api.Object{
		"peerAddress": c.config.Spec.Storage.Etcd.PeerAddress,
		"memberID":    strconv.FormatUint(ids[c.etcdName()], 16), "reconcileStatus": nil})
}

// registerControlNode makes the object of the machine's name, which knows the Node's by a label.
func (c *Controller) registerControlNode(ctx context.Context) error {
	mode := "controller"
	if c.Options.Workloads() {
		mode = "controller+worker"
	}
	if err := c.ensure(ctx, controlNodes, api.Object{"apiVersion": "autopilot.k0sproject.io/v1beta2", "kind": "ControlNode",
		"metadata": map[string]any{"name": machineName(),
			"labels": map[string]string{"kubernetes.io/hostname": c.Name, "kubernetes.io/os": runtime.GOOS,
				"kubernetes.io/arch": runtime.GOARCH},
			"annotations": map[string]string{"autopilot.k0sproject.io/mode": mode}}}); err != nil {
		return err
	}
	return c.kube.Patch(ctx, controlNodes+"/"+machineName()+"/status", api.Object{"status": api.Object{
		"k0sVersion": c.Release.Version,
		"addresses": []any{map[string]string{"type": "InternalIP", "address": c.config.Spec.API.Address},
			map[string]string{"type": "Hostname", "address": c.Name}}}})
}

// machineName is what the host is called, which --hostname-override does not change.
func machineName() string {
	name, _ := os.Hostname()
	return strings.ToLower(strings.TrimSpace(name))
}

func (c *Controller) ensure(ctx context.Context, path string, object api.Object) error {
	err := c.kube.Do(ctx, http.MethodPost, path, object, nil)
	if api.IsCode(err, http.StatusConflict) {
		name, _ := object["metadata"].(map[string]any)["name"].(string)
		return c.kube.Patch(ctx, path+"/"+name, object)
	}
	return err
}

// say writes the status of a member.
func (c *Controller) say(ctx context.Context, name, joined, message string, more api.Object) error {
	more["message"] = message
	more["conditions"] = []any{map[string]any{"type": "Joined", "status": joined, "message": message,
		"lastTransitionTime": time.Now().UTC().Format(time.RFC3339)}}
	return c.kube.Patch(ctx, etcdMembers+"/"+name+"/status", api.Object{"status": more})
}

func (c *Controller) memberIDs(ctx context.Context) (map[string]uint64, error) {
	client, err := EtcdClient(c.Vars)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return listMembers(ctx, client)
}

func listMembers(ctx context.Context, client *clientv3.Client) (map[string]uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	list, err := client.MemberList(ctx)
	if err != nil {
		return nil, err
	}
	ids := map[string]uint64{}
	for _, m := range list.Members {
		ids[m.Name] = m.ID
	}
	return ids, nil
}

// leave takes a member out of etcd, where it still is one, and says so.
func (c *Controller) leave(ctx context.Context, name string) error {
	client, err := EtcdClient(c.Vars)
	if err != nil {
		return err
	}
	defer client.Close()
	ids, err := listMembers(ctx, client)
	if err != nil {
		return err
	}
	if id, ok := ids[name]; ok {
		try, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		if _, err := client.MemberRemove(try, id); err != nil {
			return err
		}
	}
	return c.say(ctx, name, "False", "Member removed from cluster", api.Object{"reconcileStatus": "Success"})
}
