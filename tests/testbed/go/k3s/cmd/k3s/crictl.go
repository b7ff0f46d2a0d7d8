// SPDX-FileCopyrightText: 2026 lightk8s.edge contributors
// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"lightk8s.invalid/testbed/k3s/internal/agent"
)

// crictl is a small stand-in of the tool of that name: the commands that look, and rmi.
type crictlTool struct {
	ctx     context.Context
	runtime cri.RuntimeServiceClient
	images  cri.ImageServiceClient
	output  string
	quiet   bool
	all     bool
}

var crictlCommands = map[string]func(*crictlTool, []string) error{
	"version": (*crictlTool).version, "info": (*crictlTool).info, "ps": (*crictlTool).ps,
	"pods": (*crictlTool).pods, "images": (*crictlTool).list, "image": (*crictlTool).list, "rmi": (*crictlTool).rmi,
	"img": (*crictlTool).list, "stop": (*crictlTool).stop,
	"pull": func(_ *crictlTool, a []string) error {
		return fmt.Errorf("pulling image %q: no registry is reachable", strings.Join(a, " "))
	},
}

func crictl(argv []string) error {
	global := flag.NewFlagSet("crictl", flag.ContinueOnError)
	endpoint := global.String("runtime-endpoint", "unix://"+agent.Socket, "endpoint of the runtime")
	global.StringVar(endpoint, "r", *endpoint, "")
	limit := global.Duration("timeout", 10*time.Second, "limit of the call")
	if err := global.Parse(argv); err != nil {
		return err
	}
	if global.NArg() == 0 {
		return errors.New("crictl: no command given")
	}
	run, ok := crictlCommands[global.Arg(0)]
	if !ok {
		return fmt.Errorf("crictl: command %q is not part of this build", global.Arg(0))
	}
	t := &crictlTool{}
	flags := flag.NewFlagSet(global.Arg(0), flag.ContinueOnError)
	for _, n := range []string{"o", "output"} {
		flags.StringVar(&t.output, n, "table", "table or json")
	}
	for _, n := range []string{"q", "quiet"} {
		flags.BoolVar(&t.quiet, n, false, "show ids only")
	}
	for _, n := range []string{"a", "all"} {
		flags.BoolVar(&t.all, n, false, "show all, not only those that run")
	}
	if err := flags.Parse(global.Args()[1:]); err != nil {
		return err
	}
	conn, err := grpc.NewClient(*endpoint, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), *limit)
	defer cancel()
	t.ctx, t.runtime, t.images = ctx, cri.NewRuntimeServiceClient(conn), cri.NewImageServiceClient(conn)
	return run(t, flags.Args())
}

func (t *crictlTool) json(m protoadapt.MessageV1) error {
	text, err := protojson.MarshalOptions{Multiline: true, Indent: "  ", EmitUnpopulated: true}.Marshal(
		proto.Message(protoadapt.MessageV2Of(m)))
	if err == nil {
		fmt.Println(string(text))
	}
	return err
}

// table prints rows; with quiet only their first column, whole.
func (t *crictlTool) table(head string, rows [][]string) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	if !t.quiet {
		fmt.Fprintln(w, strings.Join(strings.Fields(head), "\t"))
	}
	for _, r := range rows {
		if t.quiet {
			fmt.Fprintln(w, r[0])
			continue
		}
		r[0] = short(r[0])
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	return w.Flush()
}

func short(id string) string {
	id = strings.TrimPrefix(id, "sha256:")
	return id[:min(13, len(id))]
}

func age(nanoseconds int64) string {
	return time.Since(time.Unix(0, nanoseconds)).Round(time.Second).String() + " ago"
}

func (t *crictlTool) version([]string) error {
	v, err := t.runtime.Version(t.ctx, &cri.VersionRequest{})
	if err != nil {
		return err
	}
	fmt.Printf("Version:  %s\nRuntimeName:  %s\nRuntimeVersion:  %s\nRuntimeApiVersion:  %s\n",
		v.Version, v.RuntimeName, v.RuntimeVersion, v.RuntimeApiVersion)
	return nil
}

func (t *crictlTool) info([]string) error {
	s, err := t.runtime.Status(t.ctx, &cri.StatusRequest{Verbose: true})
	if err != nil {
		return err
	}
	all := map[string]any{"status": s.Status}
	for k, v := range s.Info {
		all[k] = v
		if json.Valid([]byte(v)) {
			all[k] = json.RawMessage(v)
		}
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err == nil {
		fmt.Println(string(text))
	}
	return err
}

func (t *crictlTool) ps([]string) error {
	filter := &cri.ContainerFilter{}
	if !t.all {
		filter.State = &cri.ContainerStateValue{State: cri.ContainerState_CONTAINER_RUNNING}
	}
	list, err := t.runtime.ListContainers(t.ctx, &cri.ListContainersRequest{Filter: filter})
	if err != nil {
		return err
	}
	if t.output == "json" {
		return t.json(list)
	}
	var rows [][]string
	for _, c := range list.Containers {
		state := strings.TrimPrefix(c.State.String(), "CONTAINER_")
		rows = append(rows, []string{c.Id, short(c.ImageRef), age(c.CreatedAt), state[:1] + strings.ToLower(state[1:]),
			c.Metadata.Name, fmt.Sprint(c.Metadata.Attempt), short(c.PodSandboxId), c.Labels["io.kubernetes.pod.name"],
			c.Labels["io.kubernetes.pod.namespace"]})
	}
	return t.table("CONTAINER IMAGE CREATED STATE NAME ATTEMPT POD-ID POD NAMESPACE", rows)
}

func (t *crictlTool) pods([]string) error {
	list, err := t.runtime.ListPodSandbox(t.ctx, &cri.ListPodSandboxRequest{})
	if err != nil {
		return err
	}
	if t.output == "json" {
		return t.json(list)
	}
	var rows [][]string
	for _, p := range list.Items {
		state := strings.TrimPrefix(p.State.String(), "SANDBOX_")
		rows = append(rows, []string{p.Id, age(p.CreatedAt), state[:1] + strings.ToLower(state[1:]), p.Metadata.Name,
			p.Metadata.Namespace, fmt.Sprint(p.Metadata.Attempt)})
	}
	return t.table("POD-ID CREATED STATE NAME NAMESPACE ATTEMPT", rows)
}

func (t *crictlTool) list([]string) error {
	list, err := t.images.ListImages(t.ctx, &cri.ListImagesRequest{})
	if err != nil {
		return err
	}
	if t.output == "json" {
		return t.json(list)
	}
	var rows [][]string
	for _, i := range list.Images {
		tags := i.RepoTags
		if len(tags) == 0 {
			tags = []string{"<none>:<none>"}
		}
		for _, tag := range tags {
			cut := strings.LastIndex(tag, ":")
			row := []string{tag[:cut], tag[cut+1:], short(i.Id), fmt.Sprintf("%.1fMB", float64(i.Size)/1e6)}
			if t.quiet {
				row = []string{i.Id}
			}
			rows = append(rows, row)
		}
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	if !t.quiet {
		fmt.Fprintln(w, "IMAGE\tTAG\tIMAGE ID\tSIZE")
	}
	for _, r := range rows {
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	return w.Flush()
}

func (t *crictlTool) rmi(names []string) error {
	if len(names) == 0 {
		return errors.New("image name required")
	}
	for _, n := range names {
		found, err := t.images.ImageStatus(t.ctx, &cri.ImageStatusRequest{Image: &cri.ImageSpec{Image: n}})
		if err != nil {
			return err
		}
		if found.Image == nil {
			return fmt.Errorf("no such image %s", n)
		}
		if _, err := t.images.RemoveImage(t.ctx, &cri.RemoveImageRequest{Image: &cri.ImageSpec{Image: n}}); err != nil {
			return err
		}
		fmt.Println("Deleted:", n)
	}
	return nil
}

func (t *crictlTool) stop(ids []string) error {
	for _, id := range ids {
		if _, err := t.runtime.StopContainer(t.ctx, &cri.StopContainerRequest{ContainerId: id}); err != nil {
			return err
		}
		fmt.Println(id)
	}
	return nil
}
