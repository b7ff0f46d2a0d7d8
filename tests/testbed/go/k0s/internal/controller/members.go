// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package controller

import (
	"context"
	_ "embed"
	"errors"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
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
	joined       = "Joined"
	removed      = "Member removed from cluster"
	requestLimit = 10 * time.Second
)

type etcdMember struct {
	Metadata struct {
		Name            string `json:"name"`
		ResourceVersion string `json:"resourceVersion"`
	} `json:"metadata"`
	Spec struct {
		Leave bool `json:"leave"`
	} `json:"spec"`
	Status struct {
		MemberID   string      `json:"memberID"`
		Message    string      `json:"message"`
		Conditions []condition `json:"conditions"`
	} `json:"status"`
}

type condition struct {
	Type       string `json:"type"`
	Status     string `json:"status"`
	Message    string `json:"message,omitempty"`
	Transition string `json:"lastTransitionTime"`
}

// now is what the conditions are after such a status; its time changes with the status alone.
func (m *etcdMember) now(status, message string) []condition {
	next := condition{joined, status, message, time.Now().UTC().Format(time.RFC3339)}
	if last := m.joined(); last.Status == status {
		next.Transition = last.Transition
	}
	return []condition{next}
}

func (m *etcdMember) joined() condition {
	for _, c := range m.Status.Conditions {
		if c.Type == joined {
			return c
		}
	}
	return condition{}
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
			if e.Type == "DELETED" || !m.Spec.Leave || m.Metadata.Name == c.etcdName() {
				return
			}
			if err := c.leave(ctx, m); err != nil && !api.IsCode(err, http.StatusConflict) {
				logs.Warn("Failed to delete etcd peer from cluster: " + err.Error())
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
	return c.registerMember(ctx)
}

// registerMember makes the object of this member, or says of the one that is there that it has joined; what was
// said of an earlier end stays.
func (c *Controller) registerMember(ctx context.Context) error {
	ids, err := c.memberIDs(ctx)
	if err != nil {
		return err
	}
	name, m := c.etcdName(), &etcdMember{}
	err = c.kube.Do(ctx, http.MethodPost, etcdMembers, api.Object{"apiVersion": "etcd.k0sproject.io/v1beta1",
		"kind": "EtcdMember", "metadata": map[string]any{"name": name}, "spec": map[string]any{}}, nil)
	if api.IsCode(err, http.StatusConflict) {
		err = c.kube.Patch(ctx, etcdMembers+"/"+name, api.Object{"spec": map[string]any{"leave": nil}})
	}
	if err != nil {
		return err
	}
	if err := c.kube.Get(ctx, etcdMembers+"/"+name, m); err != nil {
		return err
	}
	return c.say(ctx, m, api.Object{"conditions": m.now("True", "Member joined"),
		"peerAddress": c.config.Spec.Storage.Etcd.PeerAddress, "memberID": strconv.FormatUint(ids[name], 16)})
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

// say writes the status of a member, unless someone else has written since it was read.
func (c *Controller) say(ctx context.Context, m *etcdMember, status api.Object) error {
	return c.kube.Patch(ctx, etcdMembers+"/"+m.Metadata.Name+"/status", api.Object{
		"metadata": map[string]any{"resourceVersion": m.Metadata.ResourceVersion}, "status": status})
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
	ctx, cancel := context.WithTimeout(ctx, requestLimit)
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

// leave takes a member out of etcd and says so. Of one that is out already it says that it is, with the message
// that is there.
func (c *Controller) leave(ctx context.Context, m *etcdMember) error {
	client, err := EtcdClient(c.Vars)
	if err != nil {
		return err
	}
	defer client.Close()
	ids, err := listMembers(ctx, client)
	if err != nil {
		return c.failed(ctx, m, err)
	}
	if _, ok := ids[m.Metadata.Name]; !ok {
		if m.joined().Status == "False" {
			return nil
		}
		return c.say(ctx, m, api.Object{"conditions": m.now("False", m.Status.Message), "reconcileStatus": "Success"})
	}
	id, err := strconv.ParseUint(m.Status.MemberID, 16, 64)
	if err != nil {
		return err
	}
	try, cancel := context.WithTimeout(ctx, requestLimit)
	defer cancel()
	// all controllers try, where the original has a leader: another one may have been first
	if _, err := client.MemberRemove(try, id); err != nil && !errors.Is(err, rpctypes.ErrMemberNotFound) {
		return c.failed(ctx, m, err)
	}
	return c.say(ctx, m, api.Object{
		"conditions": m.now("False", removed), "reconcileStatus": "Success", "message": removed})
}

func (c *Controller) failed(ctx context.Context, m *etcdMember, reason error) error {
	return errors.Join(reason, c.say(ctx, m, api.Object{"reconcileStatus": "Failed", "message": reason.Error()}))
}
